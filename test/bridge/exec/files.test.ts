// Files of the machine itself: what is open, what stays closed whoever asks, and links that try to lead from one to the other.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Transfer } from "../../../src/bridge/home-command.ts";
import { openTestExec, type TestExec } from "../../support/exec-room.ts";

let test: TestExec;
let shared: string;
beforeEach(() => {
  test = openTestExec({
    config: { exec: undefined, files: { read: ["~", "/proc", "/dev", "/etc"], write: ["~/Skerry", "~/.config", "~/bin"] } },
  });
  shared = join(test.homeFolder, "Skerry");
  mkdirSync(shared);
  writeFileSync(join(shared, "note.txt"), "hello");
});
afterEach(() => test.close());

const place = { kind: "home" };
const read = async (path: string, more = {}) => given(await test.ask("files.read", { place, path, ...more }));
const write = (path: string, text: string, more = {}) =>
  test.ask("files.write", { place, path, base64: Buffer.from(text).toString("base64"), ...more });
/** What was not asked about. */
function given<T extends object>(answer: T): Exclude<T, { state: "asks" }> {
  if ("state" in answer) throw new Error(`It asked: ${JSON.stringify(answer)}`);
  return answer as Exclude<T, { state: "asks" }>;
}
const asks = { state: "asks", plan: { reason: expect.stringContaining("without a question") } };
const textOf = async (path: string, more = {}) => Buffer.from((await read(path, more)).base64, "base64").toString("utf8");

describe("a folder that is open", () => {
  it("is read from, whole and in parts", async () => {
    expect(await read("~/Skerry/note.txt")).toMatchObject({ size: 5, isWhole: true });
    expect(await textOf("Skerry/note.txt", { offset: 1, bytes: 3 })).toBe("ell");
    expect(await read("Skerry/note.txt", { offset: 99 })).toMatchObject({ base64: "", size: 5, isWhole: false });
  });

  it("is written to, whole or not at all, with the folders on the way", async () => {
    expect(await write("~/Skerry/a/b/new.txt", "one")).toMatchObject({ size: 3, isNew: true });
    expect(readFileSync(join(shared, "a/b/new.txt"), "utf8")).toBe("one");
    expect(await write("~/Skerry/a/b/new.txt", "two!")).toMatchObject({ size: 4, isNew: false });
    expect(readdirSync(join(shared, "a/b"))).toEqual(["new.txt"]);
  });

  it("does not lose what somebody else wrote meanwhile", async () => {
    const { modifiedAt } = await read("~/Skerry/note.txt");
    utimesSync(join(shared, "note.txt"), new Date(), new Date(modifiedAt + 5_000));
    await expect(write("~/Skerry/note.txt", "mine", { ifModifiedAt: modifiedAt })).rejects.toThrow("changed since it was read");
    await expect(write("~/Skerry/none.txt", "mine", { ifModifiedAt: modifiedAt })).rejects.toThrow("changed since");
    expect(readFileSync(join(shared, "note.txt"), "utf8")).toBe("hello");
  });

  it("is listed, deep and up to a limit", async () => {
    mkdirSync(join(shared, "sub"));
    writeFileSync(join(shared, "sub/deep.txt"), "");
    const names = async (params: object) =>
      given(await test.ask("files.list", { place, path: "~/Skerry", ...params }))
        .entries.map(({ path, kind }) => `${kind} ${path.slice(shared.length)}`)
        .sort();
    expect(await names({})).toEqual(["file /note.txt", "folder /sub"]);
    expect(await names({ isDeep: true })).toEqual(["file /note.txt", "file /sub/deep.txt", "folder /sub"]);
    expect(await test.ask("files.list", { place, path: "~/Skerry", limit: 1 })).toMatchObject({ isCut: true });
  });

  it("says what is not there, and what is none", async () => {
    await expect(read("~/Skerry/none")).rejects.toThrow("There is no ~/Skerry/none");
    await expect(read("~/Skerry")).rejects.toThrow();
    await expect(read("~/Skerry/note.txt/x")).rejects.toThrow();
    await expect(read("~root/x")).rejects.toThrow("somebody else");
    await expect(read("~/Skerry/a\0b")).rejects.toThrow("NUL");
    await expect(test.ask("files.write", { place, path: "~/Skerry/x", base64: "not base64!" })).rejects.toThrow("base64");
  });
});

describe("is asked about", () => {
  it.each(["/var/note", "/root/../var/x", "/tmp/x"])("what no folder opens: %s", async (path) => {
    expect(await test.ask("files.read", { place, path })).toMatchObject(asks);
    expect(await write(path, "x")).toMatchObject(asks);
  });

  it("for writing, what is open for reading alone", async () => {
    writeFileSync(join(test.homeFolder, "mine.txt"), "mine");
    expect(await textOf("~/mine.txt")).toBe("mine");
    expect(await write("~/mine.txt", "x")).toMatchObject(asks);
    expect(readFileSync(join(test.homeFolder, "mine.txt"), "utf8")).toBe("mine");
  });
});

describe("stays closed", () => {
  it.each([".ssh/id_rsa", ".aws/credentials", ".netrc", ".npmrc", ".config/gh/hosts.yml", ".gnupg/x", ".docker/config.json"])(
    "what holds keys: ~/%s",
    async (path) => {
      mkdirSync(join(test.homeFolder, path, ".."), { recursive: true });
      writeFileSync(join(test.homeFolder, path), "secret");
      await expect(read(`~/${path}`)).rejects.toThrow("keys or logins");
      await expect(read(`~/Skerry/../${path}`)).rejects.toThrow("keys or logins");
    },
  );

  it.each([".config/autostart/x.desktop", ".config/systemd/user/x.service", "bin/tool", ".config/fish/config.fish"])(
    "for writing, what would run by itself: ~/%s",
    async (path) => {
      await expect(write(`~/${path}`, "x")).rejects.toThrow("run by itself");
      expect(existsSync(join(test.homeFolder, path))).toBe(false);
    },
  );

  it("for writing, a file that can be run", async () => {
    writeFileSync(join(shared, "run.sh"), "#!/bin/sh\n");
    chmodSync(join(shared, "run.sh"), 0o755);
    await expect(write("~/Skerry/run.sh", "x")).rejects.toThrow("run by itself");
  });

  it("what the bridge itself keeps", async () => {
    const inside = openTestExec({ stateDir: join(test.homeFolder, "Skerry/state"), homeFolder: test.homeFolder });
    await expect(read("~/Skerry/state/exec/exec.db")).resolves.toBeDefined();
    const params = { place, path: join(shared, "state/exec/exec.db") };
    await expect(inside.ask("files.read", params)).rejects.toThrow("belongs to Skerry itself");
    await inside.close();
  });

  it.each(["/proc/self/environ", "/proc/1/root/etc/passwd", "/dev/zero", "/dev/stdin", "/sys/kernel"])(
    "what is no file on a disk: %s",
    async (path) => {
      await expect(read(path)).rejects.toThrow(/no file on the disk|no plain file/);
    },
  );

  it("a pipe, a socket and a folder in the place of a file, without waiting", async () => {
    execFileSync("mkfifo", [join(shared, "pipe")]);
    await expect(read("~/Skerry/pipe")).rejects.toThrow("no plain file");
    await expect(write("~/Skerry/pipe", "x")).rejects.toThrow("no plain file");
  });
});

describe("a link", () => {
  it("is followed where it leads to what is open", async () => {
    symlinkSync("note.txt", join(shared, "alias"));
    expect(await textOf("~/Skerry/alias")).toBe("hello");
    await write("~/Skerry/alias", "changed");
    expect(readFileSync(join(shared, "note.txt"), "utf8")).toBe("changed");
  });

  it.each([
    ["to a key", ".ssh/id_rsa"],
    ["to a folder of keys", ".ssh"],
  ])("%s is refused, and said where it leads", async (_name, target) => {
    mkdirSync(join(test.homeFolder, ".ssh"));
    writeFileSync(join(test.homeFolder, ".ssh/id_rsa"), "secret");
    symlinkSync(join(test.homeFolder, target), join(shared, "alias"));
    const path = target === ".ssh" ? "~/Skerry/alias/id_rsa" : "~/Skerry/alias";
    await expect(read(path)).rejects.toThrow(/leads to .*\.ssh/);
    await expect(write(path, "x")).rejects.toThrow(/leads to .*\.ssh/);
    await expect(test.ask("files.list", { place, path: "~/Skerry/alias" })).rejects.toThrow("keys or logins");
  });

  it.each(["/tmp/skerry-nowhere", "/usr/local/bin/made"])(
    "to what is not there yet leads there all the same: %s",
    async (target) => {
      symlinkSync(target, join(shared, "alias"));
      const answer = await write("~/Skerry/alias", "x").catch((error: Error) => error.message);
      expect(JSON.stringify(answer)).toMatch(/leads to|without a question/);
      expect(JSON.stringify(answer)).toContain(target);
      expect(existsSync(target)).toBe(false);
    },
  );

  it("in a circle is told", async () => {
    symlinkSync("b", join(shared, "a"));
    symlinkSync("a", join(shared, "b"));
    await expect(read("~/Skerry/a")).rejects.toThrow("circle");
  });

  it("of the hard kind is replaced by writing, not written through", async () => {
    writeFileSync(join(test.homeFolder, "kept.txt"), "kept");
    linkSync(join(test.homeFolder, "kept.txt"), join(shared, "hard"));
    await write("~/Skerry/hard", "other");
    expect(readFileSync(join(test.homeFolder, "kept.txt"), "utf8")).toBe("kept");
  });
});

describe("files on their way", () => {
  const store = new Map<string, Buffer>();
  const transfer: Transfer = {
    async give(path, name) {
      store.set("key", readFileSync(path));
      return { key: "key", type: "text/plain", size: statSync(path).size, name };
    },
    async take(key, path) {
      writeFileSync(path, store.get(key) ?? "");
      return { size: statSync(path).size };
    },
  };

  it("go out and come in through a copy that is gone afterwards", async () => {
    expect(await test.ask("files.give", { place, path: "~/Skerry/note.txt" }, { transfer })).toEqual({
      key: "key",
      type: "text/plain",
      size: 5,
      name: "note.txt",
    });
    expect(await test.ask("files.take", { place, path: "~/Skerry/in/copy.txt", key: "key" }, { transfer })).toMatchObject({
      size: 5,
      isNew: true,
    });
    expect(readFileSync(join(shared, "in/copy.txt"), "utf8")).toBe("hello");
    expect(readdirSync(join(test.stateDir, "exec/passing"))).toEqual([]);
  });

  it("are held to the same rules", async () => {
    await expect(test.ask("files.give", { place, path: "/proc/self/environ" }, { transfer })).rejects.toThrow(
      "no file on the disk",
    );
    await expect(test.ask("files.take", { place, path: "~/bin/x", key: "key" }, { transfer })).rejects.toThrow("run by itself");
  });

  it("have at most 20 MB, which is known before they are copied", async () => {
    writeFileSync(join(shared, "big"), Buffer.alloc(20 * 1024 * 1024 + 1));
    await expect(test.ask("files.give", { place, path: "~/Skerry/big" }, { transfer })).rejects.toThrow("20 MB");
  });
});

describe("a command's < and >", () => {
  it("reach the open folders without a question, and nothing else", async () => {
    const line = (command: string) => test.start(command, { workdir: shared });
    expect(await line("echo made > made.txt")).toMatchObject({ state: "exited", exitCode: 0 });
    expect(await line("cat < made.txt")).toMatchObject({ output: "made\n" });
    symlinkSync(join(test.homeFolder, "elsewhere"), join(shared, "alias"));
    linkSync(join(shared, "note.txt"), join(shared, "hard"));
    for (const target of ["../x", "alias", "hard", "/etc/x", "sub/../../x", `${test.homeFolder}/x`]) {
      expect(await line(`echo x > ${target}`)).toMatchObject({ state: "asks" });
    }
  });
});
