// The shell texts of the files in a container, run by this machine's own shell: what they do when the line to them is cut, and
// with more than can be told.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LIST, WRITE } from "../../../src/bridge/sandbox/inside.ts";
import { readListing } from "../../../src/bridge/sandbox/inside-files.ts";

describe.skipIf(process.platform !== "linux")("in a container", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "skin-"));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));
  const run = (script: string, args: string[], input = "") =>
    spawnSync("/bin/sh", ["-c", script, "skerry", root, ...args], { input, maxBuffer: 64 * 1024 * 1024 });

  test("a file whose end did not arrive is not written, and what was there stays", () => {
    const path = join(root, "a.txt");
    writeFileSync(path, "the old one");
    const cut = run(WRITE, [path, "", "100"], "only a part");
    expect([cut.status === 0, String(cut.stderr).trim()]).toEqual([false, "partial"]);
    expect(readFileSync(path, "utf8")).toBe("the old one");
    expect(readdirSync(root)).toEqual(["a.txt"]);
    const fresh = run(WRITE, [join(root, "deep/b.txt"), "", "5"], "");
    expect(fresh.status).not.toBe(0);
    expect(existsSync(join(root, "deep/b.txt"))).toBe(false);
    expect(run(WRITE, [path, "", "7"], "the new").status).toBe(0);
    expect(readFileSync(path, "utf8")).toBe("the new");
    expect(run(WRITE, [join(root, "empty"), "", "0"]).status).toBe(0);
  });

  test("a list that is too long is cut at whole entries", { timeout: 90_000 }, () => {
    mkdirSync(join(root, "many"));
    for (let at = 0; at < 2_000; at++) writeFileSync(join(root, "many", `file ${at}\nof two lines`), "x");
    const cut = run(LIST, [join(root, "many"), "1", "20000"]);
    expect(cut.status).toBe(0);
    expect(cut.stdout.length).toBe(20_000);
    const { entries, isCut } = readListing(cut.stdout, 20_000, 10_000);
    expect(isCut).toBe(true);
    expect(entries.length).toBeGreaterThan(100);
    for (const { path, kind, size } of entries) {
      expect({ kind, size, isWhole: /\/many\/file \d+\nof two lines$/.test(path) }).toEqual({
        kind: "file",
        size: 1,
        isWhole: true,
      });
    }
    const whole = run(LIST, [join(root, "many"), "1", "20000000"]);
    expect(readListing(whole.stdout, 20_000_000, 10_000)).toMatchObject({ isCut: false, entries: { length: 2_000 } });
    expect(readListing(whole.stdout, 20_000_000, 100)).toMatchObject({ isCut: true, entries: { length: 100 } });
  });
});
