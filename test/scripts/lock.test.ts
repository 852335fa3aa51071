// The lock file must hold for every machine: `npm ci` refuses one that leaves out another platform's optional packages,
// and npm itself leaves them out when the registry it asks does not have them.
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

interface Locked {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const packages: Record<string, Locked> = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")).packages;

/** Whether a package that stands at `place` finds `name`, as Node looks for it. */
function isLocked(place: string, name: string): boolean {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/")))) {
    if (packages[from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`]) return true;
    if (from === "") return false;
  }
}

it("names the optional packages of every platform", () => {
  const missing = Object.entries(packages).flatMap(([place, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(place, name)),
  );
  expect(missing).toEqual([]);
});

it("gives every package a version and none a download address", () => {
  const entries = Object.entries(packages).filter(([place]) => place !== "");
  expect(entries.filter(([, { version }]) => !version).map(([place]) => place)).toEqual([]);
  expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([]);
});
