// Folders that whoever works in a sandbox closed to the bridge. To root none is closed: the folder is looked at by a program of
// its own then, as a user that has no rights here.
import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Scan } from "../../../src/bridge/sandbox/mirror/tree.ts";

const NOBODY = 65_534;
const TREE = new URL("../../../src/bridge/sandbox/mirror/tree.ts", import.meta.url).href;
const LOOK = `
const { openTree } = await import(process.argv[1]);
const [root] = process.argv.slice(2);
const { files, folders, blind } = await openTree({ root, arriving: root, owner: { uid: 0, gid: 0 }, now: Date.now }).scan();
console.log(JSON.stringify({ files: [...files.keys()], folders: [...folders].sort(), blind: [...blind].sort() }));
`;

describe.skipIf(process.platform !== "linux")("a folder that is closed to the bridge", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "skerry-closed-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  async function scan(): Promise<Record<keyof Pick<Scan, "files" | "folders" | "blind">, string[]>> {
    const who = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", LOOK, TREE, root], who);
    return JSON.parse(stdout);
  }

  test.each([0o644, 0o444, 0o311, 0])("by mode %o is left out by itself, and the rest is seen", async (mode) => {
    for (const path of ["open", "shut", "shut/deep"]) mkdirSync(join(root, path));
    for (const path of ["open/a", "shut/b", "shut/deep/c", "d"]) writeFileSync(join(root, path), "x");
    for (const path of [".", "open", "open/a", "shut", "shut/b", "shut/deep", "shut/deep/c", "d"]) {
      if (process.getuid?.() === 0) chownSync(join(root, path), NOBODY, NOBODY);
    }
    chmodSync(join(root, "shut"), mode);
    const seen = await scan();
    chmodSync(join(root, "shut"), 0o755);
    expect(seen.files.sort()).toEqual(["d", "open/a"]);
    expect(seen.folders).toEqual(["open", "shut"]);
    expect(seen.blind).toEqual(["shut"]);
  });
});
