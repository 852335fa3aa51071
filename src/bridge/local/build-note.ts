// What the last build left behind, and whether it still fits the sources. Reads a few hundred files in milliseconds.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";

const INPUTS = ["src", "skills", "scripts/build.ts", "scripts/bundles.ts", "package.json", "package-lock.json"];

export interface BuildNote {
  /** Of all inputs. */
  hash: string;
  version: string;
  builtAt: number;
  /** How far the tables of each store have come in it. */
  schemas?: Record<string, number>;
}

/** Undefined when there is no build. */
export function readBuild(root: string): BuildNote | undefined {
  try {
    return JSON.parse(readFileSync(join(root, "dist/build.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** Undefined when there is no build, or its inputs changed since. */
export function readFreshBuild(root: string): BuildNote | undefined {
  const note = readBuild(root);
  return note?.hash === hashInputs(root) ? note : undefined;
}

export function hashInputs(root: string): string {
  const hash = createHash("sha256");
  for (const path of INPUTS.flatMap((input) => listFiles(join(root, input)))) {
    hash.update(relative(root, path).split(sep).join("/")).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

function listFiles(path: string): string[] {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return [];
  if (stat.isFile()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
