// For how long a tab is a person's, wherever its browser stands: no longer than a link to it is good.
import type { BrowserInput } from "../../contract/home/browser.ts";

const LONGEST_MS = 600_000;

export function heldMs({ seconds }: Pick<BrowserInput, "seconds">): number {
  return seconds === undefined ? LONGEST_MS : Math.min(seconds * 1000, LONGEST_MS);
}
