// What this browser keeps: theme, drafts, messages not yet handed over. A browser that forbids storage keeps it for
// the life of the page.
const PREFIX = "skerry.";
const inMemory = new Map<string, string>();

export function keep(name: string, value: string | undefined): void {
  if (value === undefined) inMemory.delete(name);
  else inMemory.set(name, value);
  try {
    if (value === undefined) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, value);
  } catch {
    // Full or forbidden: the copy in memory serves.
  }
}

/** Forgets everything but how the page looks: whoever logs out leaves nothing behind. */
export function forgetAll(): void {
  inMemory.clear();
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && name !== `${PREFIX}theme`);
    for (const name of names) localStorage.removeItem(name);
  } catch {
    // Forbidden storage holds nothing.
  }
}

export function recall(name: string): string | undefined {
  try {
    return localStorage.getItem(PREFIX + name) ?? inMemory.get(name);
  } catch {
    return inMemory.get(name);
  }
}
