// The folder of a sandbox and the agent's files: both change, in every order, and are brought together without anything being lost.
// The routes, the workspace and the folder are the real ones; the container is this process.
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { NOBODY } from "../../../src/bridge/sandbox/container-plan.ts";
import { readList } from "../../../src/bridge/sandbox/mirror/agent-files.ts";
import { openMirror } from "../../../src/bridge/sandbox/mirror/mirror.ts";
import { besideName } from "../../../src/bridge/sandbox/mirror/plan.ts";
import { cutOff } from "../../support/agent-files.ts";
import { openHouse, filesPlace as place, type TestHouse } from "../../support/mirrored-folder.ts";

const canRun = process.platform === "linux";
const BESIDE = / \(from the sandbox [\d.\- ]+\)/;

describe.skipIf(!canRun)("the agent's files in the sandbox", () => {
  let house: TestHouse;
  beforeEach(async () => {
    house = await openHouse();
  });
  afterEach(() => rmSync(house.dir, { recursive: true, force: true }));
  const same = async () => expect(house.texts()).toEqual(await house.files.texts());

  test("what the agent wrote is there before a command, what the command did is at the agent's afterwards", async () => {
    await house.files.workspace.writeText("notes/plan.md", "from the agent");
    const said = await house.run(() => {
      expect(readFileSync(house.at("notes/plan.md"), "utf8")).toBe("from the agent");
      house.put("notes/plan.md", "from the sandbox");
      house.put("neu/größe ✓ 日本.txt", "hello");
      mkdirSync(house.at("empty/deep"), { recursive: true });
      rmSync(house.at("TOOLS.md"));
    });
    expect(said).toEqual([]);
    await same();
    const texts = await house.files.texts();
    expect(texts).toMatchObject({ "notes/plan.md": "from the sandbox", "neu/größe ✓ 日本.txt": "hello" });
    expect(texts["TOOLS.md"]).toBeUndefined();
    expect(await house.files.workspace.list("empty")).toMatchObject({
      ok: true,
      value: [{ path: "empty/deep", isDirectory: true }],
    });
    await house.files.workspace.remove("neu");
    await house.files.workspace.remove("empty");
    await house.files.workspace.writeText("notes/plan.md", "from the agent again");
    await house.run(() => {
      expect(existsSync(house.at("neu"))).toBe(false);
      expect(existsSync(house.at("empty"))).toBe(false);
      expect(readFileSync(house.at("notes/plan.md"), "utf8")).toBe("from the agent again");
    });
    await same();
  });

  test("only what changed is fetched or sent, and after a command that changed nothing Skerry is not asked", async () => {
    for (let at = 0; at < 20; at++) await house.files.workspace.writeText(`f/${at}`, `text ${at}`);
    await house.run();
    await house.run();
    house.files.asked.length = 0;
    await house.files.workspace.writeText("f/7", "changed");
    await house.run();
    expect(house.files.asked).toEqual(["GET ", "GET /file?path=f/7"]);
    house.files.asked.length = 0;
    await house.run(() => {
      // Written, but with what was in it.
      house.put("f/3", "text 3");
      house.put("f/4", "other");
    });
    expect(house.files.asked).toEqual(["GET ", "GET ", expect.stringMatching(/^PUT \/file\?path=f\/4&/)]);
  });

  test("times and sizes that were made up do not hide a change", async () => {
    await house.files.workspace.writeText("a", "1234");
    await house.run();
    await house.run(() => {
      const { atime, mtime } = statSync(house.at("a"));
      house.put("a", "4321");
      utimesSync(house.at("a"), atime, mtime);
    });
    expect(await house.files.workspace.readText("a")).toBe("4321");
  });

  test("changed on both sides, Skerry's stays and the sandbox's is beside it, on both sides, and it is said", async () => {
    await house.files.workspace.writeText("doc.tar.gz", "base");
    await house.files.workspace.writeText("gone.md", "base");
    await house.files.workspace.writeText("kept.md", "base");
    const said = await house.run(async () => {
      house.put("doc.tar.gz", "sandbox");
      house.put("gone.md", "sandbox");
      rmSync(house.at("kept.md"));
      house.put("new.md", "sandbox");
      house.put("twin.md", "the same");
      await house.files.workspace.writeText("doc.tar.gz", "agent");
      await house.files.workspace.remove("gone.md");
      await house.files.workspace.writeText("kept.md", "agent");
      await house.files.workspace.writeText("new.md", "agent");
      await house.files.workspace.writeText("twin.md", "the same");
    });
    await same();
    const texts = await house.files.texts();
    expect(texts).toMatchObject({ "doc.tar.gz": "agent", "kept.md": "agent", "new.md": "agent", "twin.md": "the same" });
    expect(texts["gone.md"]).toBeUndefined();
    const beside = Object.entries(texts).filter(([path]) => BESIDE.test(path));
    expect(beside.map(([path, text]) => [path.replace(BESIDE, "|"), text]).sort()).toEqual([
      ["doc.tar|.gz", "sandbox"],
      ["gone|.md", "sandbox"],
      ["new|.md", "sandbox"],
    ]);
    for (const [path] of beside) expect(said.join("\n")).toContain(path);
    expect(said.join("\n")).toContain("there again: kept.md");
    expect(await house.run()).toEqual([]);
  });

  test("a file that was removed and written anew meanwhile is no longer the one that was known", async () => {
    await house.files.workspace.writeText("a.md", "first");
    await house.run(async () => {
      house.put("a.md", "sandbox");
      await house.files.workspace.remove("a.md");
      await new Promise((resolve) => setTimeout(resolve, 5));
      await house.files.workspace.writeText("a.md", "anew");
    });
    expect(await house.files.workspace.readText("a.md")).toBe("anew");
    await same();
  });

  test("files become folders and folders files", async () => {
    await house.files.workspace.writeText("x", "file");
    await house.files.workspace.writeText("y/in", "in a folder");
    await house.run(() => {
      rmSync(house.at("x"));
      house.put("x/in", "now in a folder");
      rmSync(house.at("y"), { recursive: true });
      house.put("y", "now a file");
    });
    await same();
    expect(await house.files.texts()).toMatchObject({ "x/in": "now in a folder", y: "now a file" });
    await house.files.workspace.remove("x");
    await house.files.workspace.writeText("x", "file again");
    await house.files.workspace.remove("y");
    await house.files.workspace.writeText("y/in", "folder again");
    await house.run();
    await same();
  });

  test("a read-only folder is as Skerry says, whatever was in it", async () => {
    await house.files.workspace.writeText("a.md", "agent");
    house.files.access = "ro";
    const at = (path: string) => join(house.dir, "main.ro", path);
    await house.run(undefined, { workspace: "ro" });
    expect(readFileSync(at("a.md"), "utf8")).toBe("agent");
    writeFileSync(at("a.md"), "somebody else");
    writeFileSync(at("b.md"), "somebody else");
    mkdirSync(at("c"));
    house.files.asked.length = 0;
    await house.run(undefined, { workspace: "ro" });
    expect(readFileSync(at("a.md"), "utf8")).toBe("agent");
    expect([existsSync(at("b.md")), existsSync(at("c"))]).toEqual([false, false]);
    expect(house.files.asked.filter((what) => !what.startsWith("GET"))).toEqual([]);
    await expect(house.run(() => house.put("b.md", "x"), { workspace: "rw" })).resolves.toEqual([
      expect.stringContaining("can only be read"),
    ]);
    expect(Object.keys(await house.files.texts())).not.toContain("b.md");
  });

  describe("never passes on", () => {
    test("what a link leads to, and leaves what is behind it at Skerry", async () => {
      const outside = join(house.dir, "outside");
      mkdirSync(outside);
      writeFileSync(join(outside, "secret"), "of this machine");
      await house.files.workspace.writeText("d/inner.md", "inner");
      await house.files.workspace.writeText("f.md", "f");
      const said = await house.run(() => {
        rmSync(house.at("d"), { recursive: true });
        symlinkSync(outside, house.at("d"));
        rmSync(house.at("f.md"));
        symlinkSync(join(outside, "secret"), house.at("f.md"));
        symlinkSync("/etc/passwd", house.at("passwd"));
        symlinkSync("/", house.at("root"));
        symlinkSync("AGENTS.md", house.at("inside"));
      });
      const texts = await house.files.texts();
      expect(JSON.stringify(texts)).not.toMatch(/of this machine|root:/);
      expect(texts).toMatchObject({ "d/inner.md": "inner", "f.md": "f" });
      expect(Object.keys(texts).filter((path) => /passwd|root|inside|secret/.test(path))).toEqual([]);
      expect(said.join("\n")).toMatch(/links are not passed on\): d, f\.md, inside, passwd, root/);
      // Skerry writes where a link stands: nothing of it reaches what the link leads to.
      await house.files.workspace.writeText("d/inner.md", "newer");
      await house.files.workspace.writeText("d/more.md", "more");
      await house.files.workspace.writeText("f.md", "newer");
      await house.files.workspace.remove("d/inner.md");
      expect(await house.run()).toEqual([]);
      expect(readdirSync(outside)).toEqual(["secret"]);
      expect(readFileSync(join(outside, "secret"), "utf8")).toBe("of this machine");
      expect(lstatSync(house.at("f.md")).isSymbolicLink()).toBe(true);
    });

    test("pipes, names that are no text or none of a workspace, and what is too large", async () => {
      const { execFileSync } = await import("node:child_process");
      const said = await house.run(() => {
        execFileSync("mkfifo", [house.at("pipe")]);
        writeFileSync(Buffer.concat([Buffer.from(`${house.at("")}/`), Buffer.from([0x66, 0xff, 0xfe])]), "x");
        house.put("e\u0301.md", "decomposed");
        house.put("back\\slash", "x");
        house.put(`${"d/".repeat(30)}deep`, "x");
        execFileSync("truncate", ["-s", "30M", house.at("large")]);
        house.put("fine", "fine");
      });
      const text = said.join("\n");
      for (const word of ["pipe", "no text", "e\u0301.md", "back\\slash", "deep", "large", "25 MB"]) expect(text).toContain(word);
      expect(await house.files.texts()).toMatchObject({ fine: "fine" });
      expect(
        Object.keys(await house.files.texts()).filter((path) => /pipe|slash|large|deep|\.md/.test(path) && !/^[A-Z]/.test(path)),
      ).toEqual([]);
      // Said once, and not tried again.
      house.files.asked.length = 0;
      expect(await house.run()).toEqual([]);
      expect(house.files.asked.filter((what) => what.startsWith("PUT /file"))).toEqual([]);
    });

    test("what lies in a folder that may not be looked into, nor takes it for removed", async () => {
      if (process.getuid?.() === 0) {
        // To root no folder is closed: one that is too deep stands for it.
        await house.files.workspace.writeText("a/b.md", "b");
        const said = await house.run(() => house.put(`${"a/".repeat(45)}x`, "x"));
        expect(said.join()).toContain("too deep");
        expect(await house.files.texts()).toMatchObject({ "a/b.md": "b" });
        return;
      }
      await house.files.workspace.writeText("a/b.md", "b");
      await house.run(() => chmodSync(house.at("a"), 0));
      chmodSync(house.at("a"), 0o755);
      expect(await house.files.texts()).toMatchObject({ "a/b.md": "b" });
    });

    test("more than 5,000 new files, and says so; what was known passes all the same", async () => {
      await house.files.workspace.writeText("known", "1");
      const said = await house.run(() => {
        mkdirSync(house.at("node_modules"));
        for (let at = 0; at < 5_001; at++) writeFileSync(house.at(`node_modules/${at}`), "x");
        house.put("known", "2");
      });
      expect(said.join()).toContain("5001 new files");
      const texts = await house.files.texts();
      expect(texts["known"]).toBe("2");
      expect(Object.keys(texts).some((path) => path.startsWith("node_modules"))).toBe(false);
    });
  });

  describe("is cut off", () => {
    test("on its way there: the command is refused, and the next one finds all", async () => {
      for (let at = 0; at < 300; at++) await house.files.workspace.writeText(`f/${at}`, `text ${at}`);
      let left = 3;
      house.files.before = () => (left-- > 0 ? undefined : cutOff());
      await expect(house.run()).rejects.toMatchObject({ code: "UNAVAILABLE" });
      expect(Object.keys(house.texts()).filter((path) => path.startsWith("f/")).length).toBeLessThan(300);
      house.files.before = () => undefined;
      house.restart();
      await house.run();
      await same();
    });

    test("on its way back: it is said, nothing is lost, and the next one brings it", async () => {
      await house.run();
      const said = await house.run(() => {
        for (let at = 0; at < 300; at++) house.put(`out/${at}`, `text ${at}`);
        let left = 3;
        house.files.before = () => (left-- > 0 ? undefined : cutOff());
      });
      expect(said.join()).toContain("goes there with the next command");
      house.files.before = () => undefined;
      house.restart();
      await house.run();
      await same();
      expect(Object.keys(await house.files.texts()).filter((path) => path.startsWith("out/"))).toHaveLength(300);
      expect(Object.keys(await house.files.texts()).filter((path) => BESIDE.test(path))).toEqual([]);
    });

    test("and its tidying brings it without a command", async () => {
      await house.run();
      await house.run(() => {
        house.put("late", "text");
        house.files.before = () => cutOff();
      });
      house.files.before = () => undefined;
      house.restart();
      await house.mirror.settle();
      expect(await house.files.texts()).toMatchObject({ late: "text" });
    });

    test("by a list that broke off: nothing is taken for removed", async () => {
      await house.files.workspace.writeText("a", "1");
      await house.run();
      expect(() => readList('{"path":"a","kind":"file","size":1,"version":1,"updatedAt":1}\n')).toThrow("broke off");
      expect(() => readList('{"path":"a","kind":"file"}\n{"end":2}\n')).toThrow("broke off");
      expect(() => readList("")).toThrow("broke off");
      const paths = ["../a", "/a", "a/../b", "a//b", "", ".", "a/.", "a\0b"];
      const rows = paths.map((path) => JSON.stringify({ path, kind: "file", size: 1, version: 1, updatedAt: 1 }));
      expect(readList([...rows, JSON.stringify({ end: rows.length })].join("\n")).size).toBe(0);
    });

    test("by a power cut that left a file in part: the part does not replace the whole", async () => {
      await house.files.workspace.writeText("a", "the whole text");
      await house.run();
      const path = join(house.dir, "main.rw.json");
      const state = JSON.parse(readFileSync(path, "utf8"));
      expect(state.boot).toMatch(/^[0-9a-f-]{36}$/);
      writeFileSync(path, JSON.stringify({ ...state, boot: "the one before" }));
      writeFileSync(house.at("a"), "");
      await house.run();
      expect(await house.files.workspace.readText("a")).toBe("the whole text");
      expect(readFileSync(house.at("a"), "utf8")).toBe("the whole text");
    });

    test("by the loss of its folder: the agent's files are not taken for removed", async () => {
      await house.files.workspace.writeText("a", "1");
      await house.run();
      renameSync(house.at(""), join(house.dir, "lost"));
      await house.run();
      expect(await house.files.texts()).toMatchObject({ a: "1" });
      rmSync(join(house.dir, "main.rw.json"));
      house.put("a", "changed while nobody remembered");
      await house.run();
      expect(await house.files.workspace.readText("a")).toBe("1");
      await same();
      expect(Object.values(await house.files.texts())).toContain("changed while nobody remembered");
    });
  });

  test("while one command works, another one's beginning takes nothing from under its hands", async () => {
    await house.files.workspace.writeText("a", "1");
    await house.files.workspace.writeText("b", "1");
    const leave = await house.mirror.enter(place(), () => undefined);
    house.put("a", "half");
    rmSync(house.at("b"));
    await house.files.workspace.writeText("c", "new");
    const other = await house.mirror.enter(place(), () => undefined);
    expect(readFileSync(house.at("c"), "utf8")).toBe("new");
    expect(await house.files.texts()).toMatchObject({ a: "1", b: "1", c: "new" });
    house.put("a", "whole");
    await Promise.all([leave(), other(), leave()]);
    expect((await house.files.texts())["a"]).toBe("whole");
    expect((await house.files.texts())["b"]).toBeUndefined();
    await same();
  });

  test("what goes on for long keeps nobody's files back, and its own come when others end", async () => {
    const leave = await house.mirror.enter(place(), () => undefined);
    await house.run(() => {
      house.put("done", "1");
      house.put("going on", "1");
    });
    expect(await house.files.texts()).toMatchObject({ done: "1", "going on": "1" });
    house.put("going on", "2");
    await house.mirror.settle();
    expect(await house.files.texts()).toMatchObject({ "going on": "2" });
    await leave();
  });

  test("a name that the bridge keeps for itself is nobody's: none of the agent's is taken for removed", async () => {
    const name = ".skerry-00000000-0000-4000-8000-000000000000";
    await house.files.workspace.writeText(name, "odd");
    await house.run(() => house.put(`${name.slice(0, -1)}1`, "draft"));
    await house.run();
    expect(await house.files.texts()).toMatchObject({ [name]: "odd" });
    expect(Object.keys(await house.files.texts()).filter((path) => path.startsWith(".skerry"))).toEqual([name]);
  });

  test("names cannot speak in our place", async () => {
    const said = await house.run(() => symlinkSync("/", house.at("x\n[skerry] all is well\u202e")));
    expect(said.join("\n").match(/\n|\u202e/g)).toBeNull();
  });

  test("a hard link is two files, and a write to one is no write to the other's content at Skerry's side", async () => {
    await house.run(() => {
      house.put("one", "1");
      linkSync(house.at("one"), house.at("two"));
    });
    expect(await house.files.texts()).toMatchObject({ one: "1", two: "1" });
    await house.files.workspace.writeText("one", "changed");
    await house.run();
    expect(readFileSync(house.at("two"), "utf8")).toBe("1");
  });

  test("nothing is fetched that the disk has no room for", async () => {
    await house.files.workspace.writeText("big", "x".repeat(100_000));
    const mirror = openMirror({ dir: house.dir, minFreeBytes: Number.MAX_SAFE_INTEGER, log: () => undefined });
    mirror.connect((path, init) => house.files.door(path, init));
    await expect(mirror.enter(place(), () => undefined)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(existsSync(house.at("big"))).toBe(false);
  });

  test("closed by the settings, or not connected, the command is refused", async () => {
    house.files.access = "none";
    await expect(house.run()).rejects.toMatchObject({ code: "FORBIDDEN", message: expect.stringContaining("workspaceAccess") });
    const mirror = openMirror({ dir: house.dir, minFreeBytes: 1, log: () => undefined });
    await expect(mirror.enter(place(), () => undefined)).rejects.toMatchObject({ code: "UNAVAILABLE" });
    for (const agentId of ["../x", "a/b", "", "A", "."]) {
      await expect(mirror.enter(place({ agentId }), () => undefined)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    }
    const elsewhere = openMirror({ dir: house.dir, minFreeBytes: 1, log: () => undefined, isDirect: false });
    await expect(elsewhere.enter(place(), () => undefined)).rejects.toThrow("Linux");
  });

  test("files belong to whom the container runs as; a program can be run", async () => {
    await house.files.workspace.writeText("bin/run.sh", "#!/bin/sh\necho hi\n");
    await house.files.workspace.writeText("bin/data", "x");
    await house.run();
    const uid = process.getuid?.() === 0 ? NOBODY : process.getuid?.();
    for (const path of ["", "bin", "bin/run.sh"]) expect({ path, uid: statSync(house.at(path)).uid }).toEqual({ path, uid });
    expect(statSync(house.at("bin/run.sh")).mode & 0o777).toBe(0o755);
    expect(statSync(house.at("bin/data")).mode & 0o777).toBe(0o644);
    expect(statSync(house.at("")).mode & 0o777).toBe(0o700);
    expect(statSync(join(house.dir, "main.rw.json")).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(house.dir, "main.rw.arriving"))).toEqual([]);
  });

  test("the name beside is one that a workspace can have, and not taken", () => {
    const at = Date.UTC(2026, 10, 23, 14, 5, 9);
    expect(besideName("a/plan.md", at, () => false)).toBe("a/plan (from the sandbox 2026-11-23 14.05.09).md");
    expect(besideName(".env", at, (path) => !path.includes(" 2)"))).toBe(".env (from the sandbox 2026-11-23 14.05.09 2)");
    const long = besideName(`${"ü".repeat(99)}.md`, at, () => false);
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(200);
    expect(long).toMatch(/^ü+ \(from the sandbox .*\)\.md$/);
  });

  test("whatever both sides do, and wherever it is cut off, both end up the same and no word is lost", async () => {
    const path = fc.constantFrom("a", "b", "d/a", "d/b", "d/e/f");
    const act = fc.record({
      side: fc.constantFrom("here", "there"),
      what: fc.constantFrom("write", "write", "write", "remove"),
      path,
    });
    const round = fc.record({
      before: fc.array(act, { maxLength: 3 }),
      during: fc.array(act, { maxLength: 5 }),
      cutAfter: fc.option(fc.integer({ min: 0, max: 8 }), { nil: undefined }),
      /** The line breaks when it was done already, and the answer is lost. */
      isDone: fc.boolean(),
    });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 4 }), async (rounds) => {
        const one = await openHouse();
        try {
          // What each word stood in when it was last written or removed on purpose.
          const words = new Map<string, string>();
          const perform = async ({ side, what, path }: { side: string; what: string; path: string }) => {
            const word = `word-${++count}`;
            if (side === "there") {
              const now = await one.files.workspace.read(path);
              if (now.ok) words.delete(new TextDecoder().decode(now.value.bytes));
              if (what === "remove") await one.files.workspace.remove(path);
              else if ((await one.files.workspace.write(path, new TextEncoder().encode(word))).ok) words.set(word, path);
              return;
            }
            try {
              if (existsSync(one.at(path))) words.delete(readFileSync(one.at(path), "utf8"));
              if (what === "remove") rmSync(one.at(path));
              else {
                one.put(path, word);
                words.set(word, path);
              }
            } catch {
              // A folder of that name is there, or none.
            }
          };
          await one.run();
          for (const { before, during, cutAfter, isDone } of rounds) {
            for (const act of before) if (act.side === "there") await perform(act);
            let left = cutAfter ?? Number.POSITIVE_INFINITY;
            one.files[isDone ? "after" : "before"] = () => (left-- > 0 ? undefined : cutOff());
            await one
              .run(async () => {
                for (const act of during) await perform(act);
              })
              .catch(() => undefined);
            one.files.before = one.files.after = () => undefined;
            if (cutAfter !== undefined) one.restart();
          }
          await one.run();
          await one.run();
          const there = await one.files.texts();
          expect(one.texts()).toEqual(there);
          const kept = Object.values(there);
          for (const [word, path] of words) expect({ word, path, isKept: kept.includes(word) }).toMatchObject({ isKept: true });
        } finally {
          rmSync(one.dir, { recursive: true, force: true });
        }
      }),
      { numRuns: 60 },
    );
  }, 120_000);
});
