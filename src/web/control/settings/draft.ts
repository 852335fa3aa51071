// The settings document while it is being changed: reading and writing at a path, the change between two documents, and
// that change put on top of a newer one. Pure.
export type Path = readonly (string | number)[];

export function readAt(value: unknown, path: Path): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string | number, unknown>)[name];
  }
  return found;
}

/** A copy in which `path` holds `next`. Undefined removes it, and objects on the way that are empty then. */
export function writeAt(value: unknown, path: Path, next: unknown): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return next;
  if (Array.isArray(value)) {
    const at = Number(name);
    const written = writeAt(value[at], rest, next);
    return written === undefined ? value.toSpliced(at, 1) : value.with(at, written);
  }
  if (typeof name === "number") return next === undefined ? undefined : [writeAt(undefined, rest, next)];
  const copy: Record<string, unknown> = isObject(value) ? { ...value } : {};
  const written = writeAt(copy[name], rest, next);
  if (written === undefined) delete copy[name];
  else copy[name] = written;
  return Object.keys(copy).length === 0 && next === undefined ? undefined : copy;
}

/** RFC 7396: what to merge into `before` so that it becomes `after`; undefined when nothing differs. */
export function changeBetween(before: unknown, after: unknown): unknown {
  if (isObject(before) && isObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    const changes = names.flatMap((name): [string, unknown][] => {
      if (!Object.hasOwn(after, name)) return [[name, null]];
      const change = changeBetween(before[name], after[name]);
      return change === undefined ? [] : [[name, change]];
    });
    return changes.length === 0 ? undefined : Object.fromEntries(changes);
  }
  return JSON.stringify(before) === JSON.stringify(after) ? undefined : after;
}

/** The settings that two changes of the same document both touch, by name. */
export function sharedPaths(one: unknown, other: unknown, path: Path = []): string[] {
  if (one === undefined || other === undefined) return [];
  if (!isObject(one) || !isObject(other)) return [nameOf(path)];
  return Object.keys(one).flatMap((name) =>
    Object.hasOwn(other, name) ? sharedPaths(one[name], other[name], [...path, name]) : [],
  );
}

export function mergeChange(target: unknown, change: unknown): unknown {
  if (change === undefined) return target;
  if (!isObject(change)) return change;
  const merged: Record<string, unknown> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(change)) {
    if (value === null) delete merged[name];
    else merged[name] = mergeChange(merged[name], value);
  }
  return merged;
}

export function writeDocument(value: unknown): string {
  return `${JSON.stringify(value ?? {}, null, 2)}\n`;
}

/** The document of a text, or why it is none. */
export function parseDocument(text: string): { value: Record<string, unknown> } | { reason: string } {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? { value } : { reason: "The document must be an object: { … }." };
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^JSON\.parse: /, "") : "it cannot be read";
    return { reason: `This is no JSON yet: ${said}.` };
  }
}

export function nameOf(path: Path): string {
  return path.join(".");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
