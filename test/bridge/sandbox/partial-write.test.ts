// A disk that takes only a part of what is written. A program of its own does the writing, held to files of 100 KiB: the kernel
// takes so much then, says so, and refuses the rest.
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const at = (name: string) => new URL(`../../../src/bridge/sandbox/${name}`, import.meta.url).href;
/** Ignored: the write fails then, and the program lives on to say so. */
const HEAD = `process.on("SIGXFSZ", () => undefined);
const [root, from, to] = process.argv.slice(1);
const tell = (work) => work.then((done) => console.log("done", JSON.stringify(done)), (error) => console.log("refused", error.message));
const owner = { uid: process.getuid(), gid: process.getgid() };
`;

describe.skipIf(process.platform !== "linux")("a write that the disk takes only in part", () => {
  let dir: string;
  let root: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "skp-"));
    root = join(dir, "root");
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function run(code: string, ...args: string[]): Promise<string> {
    mkdirSync(root);
    writeFileSync(join(root, "a.txt"), "the old one");
    const limited = 'ulimit -f 200; exec "$@"';
    const program = [process.execPath, "--input-type=module", "-e", HEAD + code, root, ...args];
    const { stdout } = await promisify(execFile)("/bin/sh", ["-c", limited, "sh", ...program]);
    return stdout;
  }

  test("into the sandbox leaves the file that was there, and is refused", async () => {
    const said = await run(`
const { writeFile } = await import(${JSON.stringify(at("folder.ts"))});
const content = (async function* () { yield Buffer.alloc(500_000, 65); })();
await tell(writeFile({ root, name: "/workspace", owner }, "/workspace/a.txt", content));`);
    expect(said).toMatch(/^refused/);
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("the old one");
    expect(readdirSync(root)).toEqual(["a.txt"]);
  });

  test("out of the sandbox is refused, not passed on as the whole", async () => {
    const large = join(dir, "large");
    writeFileSync(large, Buffer.alloc(120_000, 66));
    const said = await run(
      `
const { openFiles } = await import(${JSON.stringify(at("files.ts"))});
const files = openFiles({ isDirect: true, folderOf: async () => ({ root: from, name: "/workspace", owner }), inside: () => { throw new Error("no") } });
await tell(files.copyOut({ workspace: "none" }, "/workspace/large", to));`,
      dir,
      join(dir, "out"),
    );
    expect(said).toMatch(/^refused/);
  });
});
