// read, write, ls, find and grep over the real workspace.
import { beforeEach, describe, expect, it } from "vitest";
import { ToolFailure } from "../../../src/contract/errors.ts";
import { find, grep, ls } from "../../../src/durable/tools/lookup.ts";
import { read } from "../../../src/durable/tools/read.ts";
import { toWorkspacePath } from "../../../src/durable/tools/workspace-path.ts";
import { write } from "../../../src/durable/tools/write.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";
import { makeContext, NO_WORKSPACE } from "./context.ts";

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = openTestWorkspace();
});
const context = () => makeContext(workspace);
const put = (path: string, bytes: number[] | string) =>
  workspace.write(path, typeof bytes === "string" ? new TextEncoder().encode(bytes) : Uint8Array.from(bytes));
const PNG = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13];

describe("read", () => {
  it("gives a small file as it is", async () => {
    await put("a.txt", "one\r\ntwo\n\n");
    expect((await read.run({ path: "./a.txt" }, context())).text).toBe("one\r\ntwo\n\n");
  });

  it("numbers lines when asked", async () => {
    await put("a.txt", "one\ntwo\n");
    expect((await read.run({ path: "a.txt", numbered: true }, context())).text).toBe("1\tone\n2\ttwo");
  });

  it("pages, and says how to go on until the end", async () => {
    await put("a.txt", Array.from({ length: 10 }, (_, index) => `line ${index + 1}`).join("\n"));
    const page = (offset: number) => read.run({ path: "a.txt", offset, limit: 4 }, context()).then((result) => result.text);
    expect(await page(1)).toBe("line 1\nline 2\nline 3\nline 4\n\n[Lines 1-4 of 10 in a.txt. Go on with offset 5.]");
    expect(await page(9)).toBe("line 9\nline 10\n\n[Lines 9-10 of 10 in a.txt.]");
    await expect(page(11)).rejects.toThrow("a.txt has 10 lines; line 11 is after its end");
  });

  it("loses nothing when every page is read, and no page is over 16,000 characters", async () => {
    const lines = Array.from({ length: 3000 }, (_, index) => `${index} ${"x".repeat(index % 90)}`);
    await put("long.txt", lines.join("\n"));
    const seen: string[] = [];
    for (let offset: number | undefined = 1; offset !== undefined; ) {
      const { text } = await read.run({ path: "long.txt", offset }, context());
      expect(text.length).toBeLessThan(16_000);
      const [body = "", note = ""] = text.split("\n\n[Lines ");
      seen.push(...body.split("\n"));
      const next = /offset (\d+)/.exec(note)?.[1];
      offset = next === undefined ? undefined : Number(next);
    }
    expect(seen).toEqual(lines);
  });

  it("shows a line that is longer than a page in parts, by what each says of the next, without a character cut in two", async () => {
    const line = `${"y".repeat(13_999)}${"😀".repeat(10_000)}z`;
    await put("min.js", `first\n${line}\nend`);
    const seen: string[] = [];
    for (let next: { offset: number; column?: number } | undefined = { offset: 2 }; next; ) {
      const { text } = await read.run({ path: "min.js", ...next }, context());
      expect(text.length).toBeLessThan(16_000);
      expect(text).toContain("The next line: offset 3.");
      const [part = "", note = ""] = text.split("\n\n[");
      expect(part.isWellFormed()).toBe(true);
      seen.push(part);
      const [, offset, column] = /Go on with offset (\d+), column (\d+)/.exec(note) ?? [];
      next = offset === undefined ? undefined : { offset: Number(offset), column: Number(column) };
    }
    expect(seen).toHaveLength(3);
    expect(seen.join("")).toBe(line);
    await expect(read.run({ path: "min.js", offset: 2, column: 34_001 }, context())).rejects.toThrow(
      "Line 2 has 34000 characters; column 34001 is after its end",
    );
    expect((await read.run({ path: "min.js", offset: 3, column: 2 }, context())).text).toBe(
      "nd\n\n[Line 3, characters 2-3 of 3.]",
    );
  });

  it("describes bytes that are not text", async () => {
    await put("a.pdf", [...new TextEncoder().encode("%PDF-1.7 ")]);
    await put("b.bin", [1, 2, 0, 3]);
    await put("c.txt", [0x66, 0xff, 0xfe, 0x01]);
    await put("d.bin", [0x66, 0xff, 0xe9]);
    expect((await read.run({ path: "a.pdf" }, context())).text).toBe(
      "a.pdf: application/pdf, 9 B. Not text, so it is not shown.",
    );
    expect((await read.run({ path: "b.bin" }, context())).text).toContain("application/octet-stream, 4 B");
    expect((await read.run({ path: "c.txt" }, context())).text).toContain("application/octet-stream");
    expect((await read.run({ path: "d.bin" }, context())).text).toContain("application/octet-stream");
  });

  it("reads older charsets where the name says that it is text", async () => {
    await put("latin.csv", [0x63, 0x61, 0x66, 0xe9]);
    await put("wide.txt", [0xff, 0xfe, 0x61, 0x00, 0xe9, 0x00]);
    await put("said.xml", [...new TextEncoder().encode('<?xml version="1.0" encoding="iso-8859-2"?><a>'), 0xb1]);
    expect((await read.run({ path: "latin.csv" }, context())).text).toBe("café");
    expect((await read.run({ path: "wide.txt" }, context())).text).toBe("aé");
    expect((await read.run({ path: "said.xml" }, context())).text).toContain("<a>ą");
  });

  it("takes text whose character is cut in two at the end of what is looked at", async () => {
    await put("a.txt", `${"a".repeat(8191)}é`);
    expect((await read.run({ path: "a.txt" }, context())).text.at(-1)).toBe("é");
  });

  it("hands a picture on where it can be kept, and describes it elsewhere", async () => {
    await put("pics/a.png", PNG);
    const storeMedia = async (bytes: Uint8Array, type: string, name: string) => ({ key: "k", type, name, size: bytes.length });
    const kept = await read.run({ path: "pics/a.png" }, makeContext(workspace, { storeMedia }));
    expect(kept.media).toEqual([{ key: "k", type: "image/png", name: "a.png", size: 12 }]);
    expect((await read.run({ path: "pics/a.png" }, context())).text).toContain("Pictures cannot be shown here");
  });

  it("says what is wrong with a path that names no file", async () => {
    await put("folder/a.txt", "a");
    await expect(read.run({ path: "none.txt" }, context())).rejects.toThrow('There is no "none.txt"');
    await expect(read.run({ path: "folder" }, context())).rejects.toThrow("is a folder");
    await expect(read.run({ path: "." }, context())).rejects.toThrow("names the workspace itself");
  });
});

describe("a path", () => {
  it.each([
    ["a", "a"],
    ["./a//b/", "a/b"],
    ["/workspace/a", "a"],
    ["~/a", "a"],
    ["a/../b", "b"],
    ["~", ""],
    ["/", ""],
    ["/workspace", ""],
    [".", ""],
    ["...", "..."],
    ["workspace/a", "workspace/a"],
  ])("%s means %j", (written, path) => {
    expect(toWorkspacePath(written)).toBe(path);
  });

  it.each([
    "..",
    "../a",
    "a/../../b",
    "/etc/passwd",
    "/workspace/../etc",
    "/workspaces/a",
    "~/../x",
    "a\0b",
    "x".repeat(2000),
    "//etc",
  ])("%j is refused before the workspace is asked", async (path) => {
    for (const run of [
      read.run({ path }, makeContext(NO_WORKSPACE)),
      write.run({ path, content: "" }, makeContext(NO_WORKSPACE)),
    ]) {
      await expect(run).rejects.toThrow(ToolFailure);
    }
  });

  it.each(["a\u202eb", "a\nb", "back\\slash", `${"d/".repeat(40)}x`])("%j is refused by the workspace", async (path) => {
    await expect(write.run({ path, content: "" }, context())).rejects.toThrow(ToolFailure);
  });
});

describe("write", () => {
  it("makes folders on the way and replaces what was there", async () => {
    await write.run({ path: "a/b/c.txt", content: "first" }, context());
    const result = await write.run({ path: "a/b/c.txt", content: "zweite ü" }, context());
    expect(result.text).toBe("Wrote a/b/c.txt (9 B).");
    expect(await workspace.readText("a/b/c.txt")).toBe("zweite ü");
  });

  it("refuses a folder's name", async () => {
    await put("a/b.txt", "b");
    await expect(write.run({ path: "a", content: "x" }, context())).rejects.toThrow("is a folder");
  });
});

describe("ls", () => {
  it("names folders with a slash, files with size and time", async () => {
    workspace = openTestWorkspace({ now: () => Date.UTC(2026, 0, 2, 3, 4) });
    await put("dir/sub/x.md", "x");
    await put("dir/a.md", "y".repeat(1500));
    expect((await ls.run({ path: "dir" }, context())).text).toBe("a.md  1.5 kB  2026-01-02 03:04\nsub/");
  });

  it("says when a folder is empty or not there", async () => {
    await workspace.apply([{ type: "mkdir", path: "empty" }]);
    expect((await ls.run({ path: "empty" }, context())).text).toBe("empty is empty.");
    await expect(ls.run({ path: "nowhere" }, context())).rejects.toThrow("nowhere");
  });

  it("cuts a long list and says so", async () => {
    await workspace.apply(
      Array.from({ length: 600 }, (_, index) => ({ type: "write", path: `d/${index}`, bytes: new Uint8Array() })),
    );
    expect((await ls.run({ path: "d" }, context())).text).toMatch(/\[100 more; ls a folder below\.\]$/);
  });
});

describe("find", () => {
  beforeEach(async () => {
    for (const path of ["p/a.md", "p/x/b.md", "p/x/c.txt", "p/.hidden/d.md"]) await put(path, path);
  });

  it.each([
    ["*.md", "p", "p/.hidden/d.md\np/a.md\np/x/b.md"],
    ["x/*", "p", "p/x/b.md\np/x/c.txt"],
    ["p/**/*.txt", undefined, "p/x/c.txt"],
    ["*.{txt,pdf}", "p", "p/x/c.txt"],
    ["*.gif", "p", "No file matches *.gif in p."],
  ])("%s in %s", async (pattern, path, expected) => {
    const input = path === undefined ? { pattern } : { pattern, path };
    expect((await find.run(input, context())).text).toBe(expected);
  });

  it("stops at the limit", async () => {
    expect((await find.run({ pattern: "*.md", path: "p", limit: 1 }, context())).text).toContain(
      "[2 more; narrow the pattern or raise limit.]",
    );
  });

  it("refuses a glob made to take for ever", async () => {
    await expect(find.run({ pattern: "*a*b*c*d*e*f*g" }, context())).rejects.toThrow(ToolFailure);
  });
});

describe("grep", () => {
  beforeEach(async () => {
    await put("g/a.md", "Tide\nrocks (sharp)\ntide again\n");
    await put("g/b.txt", "no TIDE here\n");
  });

  it("shows path, line and text", async () => {
    expect((await grep.run({ pattern: "[Tt]ide", path: "g" }, context())).text).toBe("g/a.md:1: Tide\ng/a.md:3: tide again");
  });

  it("takes plain text, any case, a glob, lines around, a limit", async () => {
    const run = (input: Partial<Parameters<typeof grep.run>[0]>) => grep.run({ pattern: "tide", path: "g", ...input }, context());
    expect((await run({ pattern: "(sharp)", literal: true })).text).toBe("g/a.md:2: rocks (sharp)");
    expect((await run({ ignoreCase: true, glob: "*.txt" })).text).toBe("g/b.txt:1: no TIDE here");
    expect((await run({ pattern: "Tide", context: 1, glob: "*.md" })).text).toBe("g/a.md:1: Tide\ng/a.md:2: rocks (sharp)");
    expect((await run({ ignoreCase: true, limit: 1 })).text).toBe(
      "g/a.md:1: Tide\n[More than 1 lines; narrow the search or raise limit.]",
    );
    expect((await run({ pattern: "whale" })).text).toBe("Nothing matches whale.");
  });

  it("says what is wrong with a pattern", async () => {
    await expect(grep.run({ pattern: "(" }, context())).rejects.toThrow(ToolFailure);
  });
});
