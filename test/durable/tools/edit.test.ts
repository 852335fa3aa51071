// edit: exact replacements, and answers that help when they do not fit.
import { beforeEach, describe, expect, it } from "vitest";
import { edit } from "../../../src/durable/tools/edit.ts";
import { openTestWorkspace, type TestWorkspace } from "../../support/workspace.ts";
import { makeContext } from "./context.ts";

const CODE = `function greet(name) {
  const text = "Hello, " + name;
  return text;
}

function part(name) {
  return "Bye, " + name;
}
`;

let workspace: TestWorkspace;
beforeEach(async () => {
  workspace = openTestWorkspace();
  await workspace.writeText("greet.js", CODE);
});
const change = (path: string, ...edits: [string, string][]) =>
  edit.run({ path, edits: edits.map(([oldText, newText]) => ({ oldText, newText })) }, makeContext(workspace));

describe("replaces", () => {
  it("one text, and shows the difference to screens", async () => {
    const result = await change("greet.js", ['"Hello, "', '"Hi, "']);
    expect(result.text).toBe("Edited greet.js: 1 replacement, +1 -1 lines.");
    expect(await workspace.readText("greet.js")).toBe(CODE.replace("Hello", "Hi"));
    expect(result.details).toMatchObject({ path: "greet.js", added: 1, removed: 1 });
    expect(result.details?.["diff"]).toBe(
      '--- greet.js\n+++ greet.js\n@@ -1,4 +1,4 @@\n function greet(name) {\n-  const text = "Hello, " + name;\n+  const text = "Hi, " + name;\n   return text;\n }\n',
    );
  });

  it("several at once, each as the file was before", async () => {
    await change("greet.js", ["Bye", "Hello"], ["Hello, ", "Bye, "]);
    const text = await workspace.readText("greet.js");
    expect(text).toContain('text = "Bye, "');
    expect(text).toContain('return "Hello, "');
  });

  it("in a file with CRLF by text with LF, and keeps the CRLF", async () => {
    await workspace.writeText("dos.txt", "one\r\ntwo\r\nthree\r\n");
    await change("dos.txt", ["one\ntwo", "1\n2"]);
    expect(await workspace.readText("dos.txt")).toBe("1\r\n2\r\nthree\r\n");
  });

  it("and keeps a byte order mark and a missing last line end", async () => {
    await workspace.write("bom.txt", Uint8Array.from([0xef, 0xbb, 0xbf, 0x61, 0x62]));
    await change("bom.txt", ["b", "$&$1"]);
    const outcome = await workspace.read("bom.txt");
    expect(outcome.ok && [...outcome.value.bytes]).toEqual([0xef, 0xbb, 0xbf, 0x61, 0x24, 0x26, 0x24, 0x31]);
  });

  it("with nothing, which removes", async () => {
    await workspace.writeText("a.txt", "keep drop keep2");
    await change("a.txt", [" drop", ""]);
    expect(await workspace.readText("a.txt")).toBe("keep keep2");
  });
});

describe("changes nothing and says why", () => {
  it.each<[string, [string, string][], RegExp]>([
    [
      "a text that is not there",
      [["return txt;", "x"]],
      /oldText is not in it\. Nearest are these lines .*\n2\t.*\n3\t {2}return text;\n4\t\}/s,
    ],
    [
      "only other white space",
      [["    return text;\n}", "x"]],
      /Only white space differs from these lines .*3\t {2}return text;/s,
    ],
    ["nothing near", [["Lorem ipsum dolor sit amet", "x"]], /No line comes near; read the file first/],
    ["a text that is there twice", [["name", "x"]], /more than once \(lines 1 and 2\); add lines around it/],
    [
      "the second of two that is wrong",
      [
        ["Hello", "Hi"],
        ["Hallo", "x"],
      ],
      /oldText of edit 2 is not in it/,
    ],
    [
      "two that overlap",
      [
        ["const text", "a"],
        ["text = ", "b"],
      ],
      /overlaps another; join the two/,
    ],
    ["no difference", [["Hello", "Hello"]], /every newText equals its oldText/],
  ])("%s", async (_name, edits, message) => {
    await expect(change("greet.js", ...edits)).rejects.toThrow(message);
    expect(await workspace.readText("greet.js")).toBe(CODE);
  });

  it("a file that is not there, or not text", async () => {
    await workspace.write("a.bin", Uint8Array.from([0, 1, 2]));
    await expect(change("none.js", ["a", "b"])).rejects.toThrow('There is no "none.js"');
    await expect(change("a.bin", ["a", "b"])).rejects.toThrow("not text");
  });

  it("a file that somebody changed in between", async () => {
    const slow = {
      ...workspace,
      read: async (path: string) => {
        const outcome = await workspace.read(path);
        await workspace.writeText(path, "changed meanwhile");
        return outcome;
      },
    };
    const input = { path: "greet.js", edits: [{ oldText: "Hello", newText: "Hi" }] };
    await expect(edit.run(input, makeContext(slow))).rejects.toThrow("has changed since it was read");
    expect(await workspace.readText("greet.js")).toBe("changed meanwhile");
  });

  it("in a large file within a second or two", async () => {
    await workspace.writeText("big.txt", "some line that looks like every other line\n".repeat(8000));
    const started = performance.now();
    await expect(change("big.txt", [`${"some lime that looks\n".repeat(60)}`, "x"])).rejects.toThrow("is not in it");
    expect(performance.now() - started).toBeLessThan(8000);
  });
});
