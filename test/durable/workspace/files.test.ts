// The files of a workspace: writing, versions, folders, removal, several changes at once, large bodies, history.
import fc from "fast-check";
import { expect, test } from "vitest";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const MB = 1024 * 1024;

async function pathsIn(workspace: TestWorkspace, folder: string, isDeep = false): Promise<string[]> {
  const outcome = await workspace.list(folder, isDeep);
  if (!outcome.ok) throw new Error(outcome.error.message);
  return outcome.value.map((info) => info.path + (info.isDirectory ? "/" : ""));
}

test("what was written is read back, byte by byte, and the version counts up", async () => {
  const workspace = openTestWorkspace({ now: () => 42 });
  const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
  expect(await workspace.write("a/b.bin", bytes)).toEqual({
    ok: true,
    value: { path: "a/b.bin", size: 256, updatedAt: 42, version: 1, isDirectory: false },
  });
  expect(await workspace.write("a/b.bin", bytes)).toMatchObject({ value: { version: 2 } });
  const read = await workspace.read("./a//b.bin");
  expect(read.ok && [...read.value.bytes]).toEqual([...bytes]);
  expect(read).toMatchObject({ value: { info: { version: 2, size: 256 } } });
});

test("a view into a larger buffer is stored as what it shows", async () => {
  const workspace = openTestWorkspace();
  await workspace.write("view.txt", bytesOf("one two three").subarray(4, 7));
  expect(await workspace.readText("view.txt")).toBe("two");
});

test("an empty file is a file", async () => {
  const workspace = openTestWorkspace();
  await workspace.write("empty", new Uint8Array());
  expect(await workspace.read("empty")).toMatchObject({ ok: true, value: { info: { size: 0, isDirectory: false } } });
  expect(await workspace.readText("empty")).toBe("");
});

test("an expected version that is not the present one is a conflict, and nothing changes", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("a.md", "one");
  await workspace.writeText("a.md", "two");
  expect(await workspace.write("a.md", bytesOf("three"), 1)).toMatchObject({
    ok: false,
    error: { code: "CONFLICT", details: { version: 2, expectedVersion: 1 } },
  });
  expect(await workspace.readText("a.md")).toBe("two");
  expect(await workspace.write("a.md", bytesOf("three"), 2)).toMatchObject({ ok: true, value: { version: 3 } });
});

test("expecting version 0 writes only where nothing is", async () => {
  const workspace = openTestWorkspace();
  expect(await workspace.write("new.md", bytesOf("x"), 0)).toMatchObject({ ok: true });
  expect(await workspace.write("new.md", bytesOf("y"), 0)).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
});

test("a missing file, a folder and a file as folder are told apart", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("a/b.md", "x");
  expect(await workspace.read("nothing.md")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  expect(await workspace.read("a")).toMatchObject({ ok: false, error: { message: expect.stringContaining("is a folder") } });
  expect(await workspace.list("a/b.md")).toMatchObject({ ok: false, error: { message: expect.stringContaining("is a file") } });
  expect(await workspace.list("c")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  expect(await workspace.write("a", bytesOf("x"))).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await workspace.write("a/b.md/c", bytesOf("x"))).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await workspace.write("", bytesOf("x"))).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
});

test("one folder or everything below it is listed, in order, and no neighbour that begins alike", async () => {
  const workspace = openTestWorkspace();
  for (const path of ["a/x.md", "a/b/y.md", "a-b/z.md", "a.md", "a0/q.md"]) await workspace.writeText(path, "x");
  expect(await pathsIn(workspace, "a")).toEqual(["a/b/", "a/x.md"]);
  expect(await pathsIn(workspace, "a", true)).toEqual(["a/b/", "a/b/y.md", "a/x.md"]);
  const root = await pathsIn(workspace, "");
  const plain = root.map((path) => path.replace(/\/$/, ""));
  expect(plain).toEqual([...plain].sort());
  expect(root).toEqual(expect.arrayContaining(["a/", "a-b/", "a.md", "a0/", "SOUL.md", "skills/"]));
});

test("removing a folder removes all in it and nothing beside it", async () => {
  const workspace = openTestWorkspace();
  for (const path of ["a/x.md", "a/b/y.md", "a-b/z.md", "a.md"]) await workspace.writeText(path, "x");
  expect(await workspace.remove("a")).toEqual({ ok: true, value: { removed: 4 } });
  expect(await workspace.read("a/b/y.md")).toMatchObject({ ok: false });
  expect(await workspace.readText("a-b/z.md")).toBe("x");
  expect(await workspace.readText("a.md")).toBe("x");
  expect(await workspace.remove("a")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
});

test("the workspace itself is never removed", async () => {
  const workspace = openTestWorkspace();
  for (const root of ["", ".", "/", "/workspace"]) {
    expect(await workspace.remove(root)).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
  }
  expect(await workspace.readText("SOUL.md")).not.toBe("");
});

test("several changes are made together", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("old/a.md", "x");
  const outcome = await workspace.apply([
    { type: "mkdir", path: "empty/deep" },
    { type: "write", path: "new/a.md", bytes: bytesOf("moved") },
    { type: "remove", path: "old" },
    { type: "remove", path: "old/a.md" },
  ]);
  expect(outcome).toEqual({ ok: true, value: { changed: 4 } });
  expect(await pathsIn(workspace, "empty", true)).toEqual(["empty/deep/"]);
  expect(await workspace.readText("new/a.md")).toBe("moved");
  expect(await workspace.list("old")).toMatchObject({ ok: false });
});

test("when one change of several cannot be made, none is", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("file", "x");
  const before = await pathsIn(workspace, "", true);
  const outcome = await workspace.apply([
    { type: "write", path: "first.md", bytes: bytesOf("x") },
    { type: "write", path: "large.bin", bytes: new Uint8Array(MB) },
    { type: "remove", path: "SOUL.md" },
    { type: "mkdir", path: "file/below" },
  ]);
  expect(outcome).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await pathsIn(workspace, "", true)).toEqual(before);
  expect(workspace.objects.size).toBe(0);
});

test("a large body goes to the store for large files and comes back; its row stays small", async () => {
  const workspace = openTestWorkspace({ agentId: "ops" });
  const bytes = new Uint8Array(2 * MB).map((_, index) => index % 251);
  expect(await workspace.write("big.bin", bytes)).toMatchObject({ ok: true, value: { size: 2 * MB } });
  expect([...workspace.objects.keys()]).toEqual([expect.stringMatching(/^workspace\/ops\/file_/)]);
  const read = await workspace.read("big.bin");
  expect(read.ok && Buffer.compare(read.value.bytes, bytes)).toBe(0);
  expect(workspace.sql.one("SELECT body FROM files WHERE path = 'big.bin'")).toEqual({ body: null });
});

test("replacing, shrinking and removing a large file leaves no object behind", async () => {
  const workspace = openTestWorkspace();
  await workspace.write("big.bin", new Uint8Array(MB).fill(1));
  await workspace.write("big.bin", new Uint8Array(MB).fill(2));
  expect(workspace.objects.size).toBe(1);
  await workspace.write("big.bin", new Uint8Array(MB).fill(3));
  await workspace.remove("big.bin");
  expect(workspace.objects.size).toBe(0);
  await workspace.write("folder/big.bin", new Uint8Array(MB));
  await workspace.write("folder/big.bin", bytesOf("small now"));
  expect(workspace.objects.size).toBe(0);
  await workspace.write("folder/big.bin", new Uint8Array(MB));
  await workspace.remove("folder");
  expect(workspace.objects.size).toBe(0);
  expect(workspace.sql.all("SELECT * FROM loose_objects")).toEqual([]);
});

test("when the store for large files does not answer, the old content stays and the answer says to try again", async () => {
  const workspace = openTestWorkspace({ store: { put: () => Promise.reject(new Error("R2 is down")) } });
  await workspace.writeText("report.md", "old");
  expect(await workspace.write("report.md", new Uint8Array(MB))).toMatchObject({
    ok: false,
    error: { code: "UNAVAILABLE", retryable: true },
  });
  expect(await workspace.readText("report.md")).toBe("old");
});

test("an object whose removal failed is removed with a later change", async () => {
  let isDown = true;
  const objects = new Map<string, Uint8Array>();
  const store = {
    put: async (key: string, bytes: Uint8Array) => void objects.set(key, bytes),
    delete: async (keys: string[]) => {
      if (isDown) throw new Error("R2 is down");
      for (const key of keys) objects.delete(key);
    },
  };
  const workspace = openTestWorkspace({ store });
  await workspace.write("big.bin", new Uint8Array(MB));
  expect(await workspace.remove("big.bin")).toMatchObject({ ok: true });
  expect(objects.size).toBe(1);
  isDown = false;
  await workspace.writeText("other.md", "x");
  await workspace.remove("other.md");
  expect(objects.size).toBe(0);
});

test("an object that a crash left without a row is removed an hour later", async () => {
  let now = 1_000_000;
  const first = openTestWorkspace({ now: () => now });
  first.objects.set("workspace/main/file_lost", new Uint8Array(1));
  first.sql.run("INSERT INTO loose_objects VALUES (?, ?)", "workspace/main/file_lost", now + 3_600_000);
  await first.write("big.bin", new Uint8Array(MB));
  expect(first.objects.has("workspace/main/file_lost")).toBe(true);
  now += 3_600_001;
  await first.write("big.bin", new Uint8Array(MB));
  expect(first.objects.has("workspace/main/file_lost")).toBe(false);
  expect(first.objects.size).toBe(1);
});

test("a file over 25 MB is refused with its size", async () => {
  const workspace = openTestWorkspace();
  const outcome = await workspace.write("film.mp4", new Uint8Array(26 * MB));
  expect(outcome).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST", message: expect.stringContaining("26.0 MB") } });
  expect(workspace.objects.size).toBe(0);
});

test("the last 20 versions of a file that shapes the agent are kept, also of a removed one", async () => {
  const workspace = openTestWorkspace();
  for (let count = 2; count <= 30; count++) await workspace.writeText("SOUL.md", `soul ${count}`);
  const versions = await workspace.versions("SOUL.md");
  expect(versions.ok && versions.value.map((version) => version.version)).toEqual(
    Array.from({ length: 20 }, (_, index) => 29 - index),
  );
  const old = await workspace.readVersion("SOUL.md", 12);
  expect(old.ok && new TextDecoder().decode(old.value)).toBe("soul 12");
  await workspace.remove("SOUL.md");
  const last = await workspace.readVersion("SOUL.md", 30);
  expect(last.ok && new TextDecoder().decode(last.value)).toBe("soul 30");
  expect(await workspace.write("SOUL.md", bytesOf("again"))).toMatchObject({ value: { version: 31 } });
  expect(await workspace.readVersion("SOUL.md", 3)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
});

test("ordinary files keep no history", async () => {
  const workspace = openTestWorkspace();
  await workspace.writeText("notes.md", "one");
  await workspace.writeText("notes.md", "two");
  expect(await workspace.versions("notes.md")).toEqual({ ok: true, value: [] });
});

test("bundled skills are there to read, and not to remove", async () => {
  const workspace = openTestWorkspace();
  expect(await pathsIn(workspace, "skills")).toContain("skills/weather/");
  expect(await pathsIn(workspace, "skills/weather")).toEqual(["skills/weather/SKILL.md"]);
  expect(await workspace.read("skills/weather/SKILL.md")).toMatchObject({
    ok: true,
    value: { info: { isReadOnly: true, version: 0 } },
  });
  for (const path of ["skills/weather/SKILL.md", "skills/weather", "skills"]) {
    expect(await workspace.remove(path)).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
  }
  expect(await workspace.write("skills/weather", bytesOf("x"))).toMatchObject({ ok: false, error: { code: "CONFLICT" } });
  expect(await workspace.write("skills/weather/SKILL.md/x", bytesOf("x"))).toMatchObject({
    ok: false,
    error: { code: "CONFLICT" },
  });
});

test("a file of the workspace hides the bundled one of the same path, until it is removed", async () => {
  const workspace = openTestWorkspace();
  const bundled = await workspace.readText("skills/weather/SKILL.md");
  await workspace.writeText("skills/weather/SKILL.md", "mine");
  expect(await workspace.readText("skills/weather/SKILL.md")).toBe("mine");
  expect(await pathsIn(workspace, "skills/weather")).toEqual(["skills/weather/SKILL.md"]);
  await workspace.remove("skills/weather/SKILL.md");
  expect(await workspace.readText("skills/weather/SKILL.md")).toBe(bundled);
});

/** What a workspace should be, said in the shortest way: paths to texts, and folders. */
class Model {
  files = new Map<string, string>();
  folders = new Set<string>();
  has = (path: string) => this.files.has(path) || this.folders.has(path);
  parents = (path: string) =>
    path
      .split("/")
      .slice(0, -1)
      .map((_, index, names) => names.slice(0, index + 1).join("/"));
  write(path: string, text: string): boolean {
    if (this.folders.has(path) || this.parents(path).some((parent) => this.files.has(parent))) return false;
    for (const parent of this.parents(path)) this.folders.add(parent);
    this.files.set(path, text);
    return true;
  }
  mkdir(path: string): boolean {
    if ([...this.parents(path), path].some((folder) => this.files.has(folder))) return false;
    for (const folder of [...this.parents(path), path]) this.folders.add(folder);
    return true;
  }
  remove(path: string): boolean {
    if (!this.has(path)) return false;
    for (const other of [...this.files.keys()]) if (other === path || other.startsWith(`${path}/`)) this.files.delete(other);
    for (const other of [...this.folders]) if (other === path || other.startsWith(`${path}/`)) this.folders.delete(other);
    return true;
  }
}

test("any run of writes, folders and removals leaves what a plain file system would have", async () => {
  const path = fc
    .array(fc.constantFrom("a", "b", "a-", "a.", "A", "é", "a0"), { minLength: 1, maxLength: 3 })
    .map((names) => `t/${names.join("/")}`);
  const step = fc.oneof(
    fc.record({ type: fc.constant("write" as const), path, text: fc.string({ maxLength: 5 }) }),
    fc.record({ type: fc.constant("mkdir" as const), path }),
    fc.record({ type: fc.constant("remove" as const), path }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const workspace = openTestWorkspace();
      const model = new Model();
      await workspace.apply([{ type: "mkdir", path: "t" }]);
      model.mkdir("t");
      for (const step of steps) {
        const path = step.path.normalize("NFC");
        if (step.type === "write") {
          expect((await workspace.write(path, bytesOf(step.text))).ok).toBe(model.write(path, step.text));
        } else if (step.type === "mkdir") {
          expect((await workspace.apply([{ type: "mkdir", path }])).ok).toBe(model.mkdir(path));
        } else {
          expect((await workspace.remove(path)).ok).toBe(model.remove(path));
        }
      }
      const expected = [...model.files.keys(), ...[...model.folders].map((folder) => `${folder}/`)].filter(
        (entry) => entry !== "t/",
      );
      expect((await pathsIn(workspace, "t", true)).sort()).toEqual(expected.sort());
      for (const [path, text] of model.files) expect(await workspace.readText(path)).toBe(text.toWellFormed());
    }),
    { numRuns: 150 },
  );
});
