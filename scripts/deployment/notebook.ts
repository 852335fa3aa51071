// What this folder remembers of its deployment and of the versions before: in .skerry/deployment.json, which git does
// not see, so that an upgrade finds no local change. Without it everything still works, but is asked again.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";

const KEPT = 10;

const release = z.object({
  version: z.string(),
  /** The commit of the code; absent outside a repository. */
  commit: z.string().optional(),
  schemas: z.record(z.string(), z.number()),
  at: z.number(),
});
const deployedRelease = release.extend({
  versionId: z.string(),
  /** Of the objects' classes: Cloudflare goes back over none. */
  migration: z.string(),
  /** Of the build and its configuration, to see whether anything changed. */
  mark: z.string(),
});
const deployment = z.object({
  name: z.string(),
  bucket: z.string(),
  accountId: z.string().optional(),
  domain: z.string().optional(),
  isDomainOnly: z.boolean().optional(),
  url: z.string().optional(),
  salt: z.string(),
  /** Of each secret that went along, salted: what is there already need not go again. */
  secretMarks: z.record(z.string(), z.string()),
  current: deployedRelease,
  /** Newest first. */
  before: z.array(deployedRelease),
});
const notes = z.object({
  deployment: deployment.optional(),
  /** Versions of the code that an upgrade went away from, newest first. */
  codeBefore: z.array(release).default([]),
});

export type Release = z.infer<typeof release>;
export type DeployedRelease = z.infer<typeof deployedRelease>;
export type DeploymentNote = z.infer<typeof deployment>;
export type Notes = z.infer<typeof notes>;

export interface Notebook {
  read(): Notes;
  write(notes: Notes): void;
}

export function openNotebook(root: string): Notebook {
  const path = join(root, ".skerry/deployment.json");
  return {
    read() {
      let text: string;
      try {
        text = readFileSync(path, "utf8");
      } catch {
        return { codeBefore: [] };
      }
      const read = notes.safeParse(parse(text));
      if (!read.success) throw new Error(`${path} cannot be read. Remove it; the next deployment asks again what it held.`);
      return read.data;
    },
    write(next) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      const draft = `${path}.${process.pid}`;
      writeFileSync(draft, `${JSON.stringify(next, null, 2)}\n`, { mode: 0o600 });
      renameSync(draft, path);
    },
  };
}

/** `release` goes in front; the oldest fall off. */
export function keepBefore<T extends Release>(release: T, before: readonly T[]): T[] {
  return [release, ...before].slice(0, KEPT);
}

/** The stores that `later` has changed further than `earlier` can read. */
export function storesTooNew(later: Release, earlier: Release): string[] {
  return Object.entries(later.schemas)
    .filter(([store, schema]) => store in earlier.schemas && schema > (earlier.schemas[store] ?? 0))
    .map(([store]) => store);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
