// What the model is told of the tools, which of them a policy leaves, and how wrong arguments are answered.
import { describe, expect, it } from "vitest";
import { selectTools, toolSpecs, tools, toolsFor, validateInput } from "../../../src/durable/tools/list.ts";
import type { AnyTool } from "../../../src/durable/tools/port.ts";
import { makeBrowserBrief } from "../../support/browser-brief.ts";
import { makeHands } from "../../support/hands.ts";

const names = (some: readonly { name: string }[]) => some.map((one) => one.name);
const toolNamed = (name: string): AnyTool => {
  const tool = tools.find((one) => one.name === name);
  if (!tool) throw new Error(`There is no tool ${name}.`);
  return tool;
};

describe("specs", () => {
  const specs = toolSpecs(tools);
  const bytesOf = (brief: Parameters<typeof toolsFor>[0]) =>
    new TextEncoder().encode(JSON.stringify(toolSpecs(toolsFor(brief)))).length;

  it("are at most 5,000 bytes together, and 6,700 where a machine is paired", () => {
    expect(bytesOf({ tools: {}, hasChannels: true })).toBeLessThanOrEqual(5000);
    expect(bytesOf({ tools: {}, hasChannels: true, hands: makeHands() })).toBeLessThanOrEqual(6700);
  });

  it("have a browser only where one may be used, in at most 2,500 bytes", () => {
    const has = (brief: Parameters<typeof toolsFor>[0]) => names(toolsFor(brief)).includes("browser");
    const atHome = makeBrowserBrief({ places: ["home"] });
    expect(has({ tools: {}, hands: makeHands() })).toBe(false);
    expect(has({ tools: {}, browser: atHome })).toBe(false);
    expect(has({ tools: {}, hands: makeHands(), browser: atHome })).toBe(true);
    const keptIn = makeHands({ isSandboxed: true, mayElevate: false });
    expect(has({ tools: {}, hands: keptIn, browser: atHome })).toBe(false);
    expect(has({ tools: {}, hands: keptIn, browser: { ...atHome, isChosen: true } })).toBe(true);
    expect(has({ tools: {}, hands: keptIn, browser: makeBrowserBrief({ places: ["home", "edge"] }) })).toBe(true);
    // Its owner can raise it in mid-talk.
    expect(has({ tools: {}, hands: { ...keptIn, mayElevate: true }, browser: atHome })).toBe(true);
    expect(new TextEncoder().encode(JSON.stringify(toolSpecs([toolNamed("browser")]))).length).toBeLessThanOrEqual(2500);
  });

  it("say nothing of machines where none is paired", () => {
    const without = toolSpecs(toolsFor({ tools: {} }));
    expect(names(without)).not.toContain("process");
    expect(JSON.stringify(without)).not.toMatch(/machine|sandbox/);
    expect(names(toolsFor({ tools: {}, hands: makeHands() }))).toContain("process");
    expect(toolsFor({ tools: {}, hands: makeHands({ hasHomes: false }) }).map(({ name }) => name)).not.toContain("process");
  });

  it("are plain objects that every provider takes", () => {
    for (const { name, description, parameters } of specs) {
      expect(name).toMatch(/^[a-z_]{1,64}$/);
      expect(description.length).toBeGreaterThan(10);
      expect(parameters).toMatchObject({ type: "object", properties: expect.any(Object) });
      expect(JSON.stringify(parameters)).not.toMatch(
        /\$schema|\$ref|oneOf|allOf|anyOf|"additionalProperties":(false|\{\})|9007199254740991/,
      );
    }
  });

  it("are made once", () => {
    expect(toolSpecs(tools)[3]).toBe(specs[3]);
  });

  it("tell what is required and what may be left out", () => {
    expect(specs.find((one) => one.name === "web_fetch")).toMatchObject({ parameters: { required: ["url"] } });
  });
});

describe("selectTools", () => {
  it("leaves all without a policy", () => {
    expect(names(selectTools({}))).toEqual(names(tools));
    expect(names(tools)).toEqual(
      "read write edit ls find grep exec process copy memory_search memory_get web_fetch browser message session_status".split(
        " ",
      ),
    );
  });

  it("takes names, groups and the star", () => {
    expect(names(selectTools({ allow: ["group:memory", "read"] }))).toEqual(["read", "memory_search", "memory_get"]);
    expect(
      names(selectTools({ allow: ["*"], deny: ["group:fs", "group:web", "group:runtime", "group:sessions", "group:messaging"] })),
    ).toEqual(["memory_search", "memory_get"]);
  });

  it("lets deny win, and leaves nothing to an empty or unknown allow", () => {
    expect(names(selectTools({ allow: ["exec", "read"], deny: ["group:runtime"] }))).toEqual(["read"]);
    expect(selectTools({ allow: [] })).toEqual([]);
    expect(selectTools({ allow: ["nonsense", "group:nonsense"] })).toEqual([]);
    expect(selectTools({ deny: ["*"] })).toEqual([]);
  });
});

describe("validateInput", () => {
  it("gives the arguments back", () => {
    expect(validateInput(toolNamed("read"), { path: "a", offset: 2 })).toEqual({ path: "a", offset: 2 });
  });

  it("reads numbers, flags and lists that were written as text", () => {
    expect(validateInput(toolNamed("read"), { path: "1", offset: "2", numbered: "true" })).toEqual({
      path: "1",
      offset: 2,
      numbered: true,
    });
    const edits = [{ oldText: "a", newText: "b" }];
    expect(validateInput(toolNamed("edit"), { path: "a", edits: JSON.stringify(edits) })).toEqual({ path: "a", edits });
  });

  it.each<[string, unknown, RegExp]>([
    [
      "read",
      { file_path: "a" },
      /^read was not run\. path: .*There is no file_path\. It takes path, offset, limit, column, numbered, machine\.$/,
    ],
    ["read", { path: "a", offset: "two" }, /offset: .*expected number/],
    ["read", { path: "a", offset: 0 }, /offset: /],
    ["edit", { path: "a", edits: [{ oldText: "x" }] }, /edits\.0\.newText/],
    ["exec", { command: "ls", host: "moon" }, /host: .*"edge"/],
    ["exec", { command: "ls", env: { "A B": "x" } }, /env/],
    ["ls", "notes", /arguments: .*expected object/],
    ["ls", null, /ls was not run/],
    ["web_fetch", { url: "" }, /url/],
  ])("says what is wrong with %s %j", (name, args, message) => {
    expect(() => validateInput(toolNamed(name), args)).toThrow(message);
  });
});

it("marks what is unsafe to repeat, and all that changes something as not for running side by side", () => {
  expect(names(tools.filter((tool) => tool.isRepeatable === false))).toEqual(["message"]);
  const mayRepeat = (name: string, input: Record<string, unknown>) => {
    const { isRepeatable } = toolNamed(name);
    return typeof isRepeatable === "function" ? isRepeatable(input) : isRepeatable;
  };
  // Elsewhere the process of a repeated call is found again by its id; at the edge half of it may be done.
  expect(mayRepeat("exec", { command: "date" })).toBe(false);
  expect(mayRepeat("exec", { command: "date", host: "auto" })).toBe(false);
  expect(mayRepeat("exec", { command: "date", host: "sandbox" })).toBe(true);
  expect(mayRepeat("edit", { path: "a.txt" })).toBe(false);
  expect(mayRepeat("edit", { path: "home:~/a.txt" })).toBe(true);
  expect(mayRepeat("process", { action: "poll", id: "p" })).toBe(true);
  expect(mayRepeat("process", { action: "write", id: "p" })).toBe(false);
  // At home a call is known by its id; at the edge a click would be a second one.
  expect(mayRepeat("browser", { action: "snapshot" })).toBe(true);
  expect(mayRepeat("browser", { action: "act", kind: "click" })).toBe(false);
  expect(mayRepeat("browser", { action: "act", kind: "click", where: "home" })).toBe(true);
  expect(names(tools.filter((tool) => !tool.isParallel))).toEqual([
    "write",
    "edit",
    "exec",
    "process",
    "copy",
    "browser",
    "message",
  ]);
});
