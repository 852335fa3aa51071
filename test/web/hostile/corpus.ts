// Everything that tries to break out of its place: to run a script, to fetch something, to look like the page itself.
// What can run tries `ran()`; addresses under evil.example must never be asked for.
import { BOUNDARIES } from "./boundaries.ts";
import { ELEMENTS } from "./elements.ts";
import { LINKS, SPOOFS } from "./links.ts";
import { NAMES } from "./names.ts";
import { PARSING } from "./parsing.ts";
import { STYLES } from "./styles.ts";
import { TOOL_RESULTS } from "./tool-results.ts";
import { VECTOR } from "./vector.ts";

export const CORPUS = {
  elements: ELEMENTS,
  vector: VECTOR,
  parsing: PARSING,
  styles: STYLES,
  links: LINKS,
  spoofs: SPOOFS.map(([text]) => text),
  boundaries: BOUNDARIES,
  "tool results": TOOL_RESULTS,
  names: NAMES,
} as const satisfies Record<string, readonly string[]>;

export const HOSTILE: readonly string[] = Object.values(CORPUS).flat();
