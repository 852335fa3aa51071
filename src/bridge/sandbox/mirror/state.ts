// What the folder of an agent and Skerry had in common when they were last compared, in a file beside the folder. Losing it loses
// nothing: then all is compared anew, and what differs is kept twice.
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import * as z from "zod";
import type { Known } from "./plan.ts";

const MAX_TOLD = 2_000;

const stored = z.object({
  /** Device and number of the folder: another one has not lost its files, it never had them. */
  folder: z.string(),
  /** When the folder came to be: a file system gives the number of one that went to the next. "": it is not known. */
  bornAt: z.string().default(""),
  /** Of the machine's running when it was written. */
  boot: z.string(),
  known: z.array(
    z.union([
      z.tuple([z.string(), z.string(), z.string(), z.number(), z.number()]),
      /** A folder. */
      z.tuple([z.string()]),
    ]),
  ),
  /** Files that stay here, by what they were when that was found out. */
  left: z.array(z.tuple([z.string(), z.string()])),
  told: z.array(z.string()),
});

export interface MirrorState {
  known: Map<string, Known>;
  left: Map<string, string>;
  /** What was said already: it is not said at every command. */
  told: Set<string>;
  save(): void;
}

/**
 * After a power cut, what was written last may be on the disk in part, and would pass for a change made in the sandbox: of such
 * files nothing is known then.
 */
export function openMirrorState(path: string, root: string, boot = bootOf()): MirrorState {
  const { folder, birth } = identify(root);
  const found = read(path);
  const isOurs = found?.folder === folder && (found.bornAt === "" || found.bornAt === birth);
  const isCertain = (mark: string) => mark !== "" || found?.boot === boot;
  const state: MirrorState = {
    known: new Map(
      (isOurs ? found.known : []).flatMap((row): [string, Known][] => {
        if (row.length === 1) return [[row[0], { kind: "folder" }]];
        const [name, hash, mark, version, updatedAt] = row;
        return isCertain(mark) ? [[name, { kind: "file", hash, mark, version, updatedAt }]] : [];
      }),
    ),
    left: new Map(isOurs ? found.left : []),
    told: new Set(isOurs ? found.told : []),
    save() {
      const known = [...state.known].map(([name, one]) =>
        one.kind === "folder" ? [name] : [name, one.hash, one.mark, one.version, one.updatedAt],
      );
      const told = [...state.told].slice(-MAX_TOLD);
      const { bornAt } = identify(root);
      writeFileSync(`${path}.new`, JSON.stringify({ folder, bornAt, boot, known, left: [...state.left], told }), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
  return state;
}

/** `bornAt`: as it is to be noted. Where a birth is not known, the time of the last change stands for it, and proves nothing. */
function identify(root: string): { folder: string; birth: string; bornAt: string } {
  const { dev, ino, birthtimeNs, ctimeNs } = statSync(root, { bigint: true });
  const birth = String(birthtimeNs);
  return { folder: `${dev}-${ino}`, birth, bornAt: birthtimeNs === ctimeNs ? "" : birth };
}

function bootOf(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

function read(path: string): z.infer<typeof stored> | undefined {
  try {
    return stored.safeParse(JSON.parse(readFileSync(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}
