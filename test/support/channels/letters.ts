// Whether a text that was cut and rendered still says everything: by its letters and digits, in their order.

export function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

export function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}

/** Whether every letter is there as often as it is wanted, in whatever order: where an address is written before its words. */
export function isContained(wanted: string, found: string): boolean {
  const left = new Map<string, number>();
  for (const letter of found) left.set(letter, (left.get(letter) ?? 0) + 1);
  for (const letter of wanted) {
    const count = left.get(letter) ?? 0;
    if (count === 0) return false;
    left.set(letter, count - 1);
  }
  return true;
}
