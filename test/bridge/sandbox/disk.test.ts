// When the disk that sandboxes may fill has no room: for bytes, and for files.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explainLack, roomOf } from "../../../src/bridge/sandbox/disk.ts";

const MIB = 1024 * 1024;

test("too few bytes and too few files are said, each for itself", () => {
  const room = { freeBytes: 600 * MIB, files: 1_000, freeFiles: 500 };
  expect(explainLack(room, 512 * MIB)).toBeUndefined();
  expect(explainLack({ ...room, freeBytes: 511 * MIB }, 512 * MIB)).toContain("nearly full (511 MB left)");
  expect(explainLack({ ...room, freeFiles: 20 }, 512 * MIB)).toBeUndefined();
  expect(explainLack({ ...room, freeFiles: 19 }, 512 * MIB)).toContain("only 19 more files");
});

test("a disk that does not count files, or says nothing, is not taken for full", async () => {
  expect(explainLack({ freeBytes: 600 * MIB, files: 0, freeFiles: 0 }, 512 * MIB)).toBeUndefined();
  expect(await roomOf("/no/such/folder")).toBeUndefined();
  expect(explainLack(undefined, 512 * MIB)).toBeUndefined();
});

const canMount = process.platform === "linux" && process.getuid?.() === 0;
test.skipIf(!canMount)("a disk whose files are used up, with bytes to spare, is known as such", async () => {
  const dir = mkdtempSync(join(tmpdir(), "skf-"));
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m,nr_inodes=200", "tmpfs", dir]);
  try {
    expect(explainLack(await roomOf(dir), MIB)).toBeUndefined();
    for (let at = 0; at < 197; at++) writeFileSync(join(dir, String(at)), "");
    expect(explainLack(await roomOf(dir), MIB)).toMatch(/can hold only [0-3] more files/);
  } finally {
    execFileSync("umount", [dir]);
    rmSync(dir, { recursive: true, force: true });
  }
});
