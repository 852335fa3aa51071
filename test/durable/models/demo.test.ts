// The demo model: understands plain words, drives the loop with the tools it is offered, and tells the results.
import { describe, expect, it } from "vitest";
import type { ModelMessage, ModelReply, ModelRequest, ToolSpec } from "../../../src/durable/models/port.ts";
import { hear, modelOf, textOfDeltas, userSays } from "./rig.ts";

const TOOL_NAMES = [
  "ls",
  "read",
  "write",
  "edit",
  "exec",
  "memory_search",
  "memory_get",
  "web_fetch",
  "session_status",
  "find",
  "grep",
];
const TOOLS: ToolSpec[] = TOOL_NAMES.map((name) => ({ name, description: name, parameters: { type: "object" } }));
const rig = { model: modelOf("demo/demo"), deps: { env: {}, fetch, now: Date.now } };

async function say(messages: ModelMessage[], more: Partial<ModelRequest> = {}): Promise<ModelReply> {
  const { reply, deltas } = await hear(rig, { messages, tools: TOOLS, ...more });
  expect(textOfDeltas(deltas)).toBe(reply.text);
  return reply;
}

/** Runs the loop: `answer` stands for the tools. Returns the calls in order and the last words. */
async function loop(
  text: string,
  answer: (name: string, args: Record<string, unknown>) => string,
  more: Partial<ModelRequest> = {},
) {
  const messages: ModelMessage[] = [userSays(text)];
  const calls: [string, Record<string, unknown>][] = [];
  for (let step = 0; step < 6; step += 1) {
    const reply = await say(messages, more);
    if (reply.calls.length === 0) return { calls, text: reply.text };
    messages.push({ role: "assistant", text: reply.text, thinking: [], calls: reply.calls, model: rig.model.ref });
    for (const call of reply.calls) {
      calls.push([call.name, call.args]);
      const found = answer(call.name, call.args);
      messages.push({ role: "tool", callId: call.id, name: call.name, text: found, isError: found.startsWith("!"), images: [] });
    }
  }
  throw new Error("The demo never came to an end.");
}

const PHRASES: [said: string, tool: string, args: Record<string, unknown>][] = [
  ["list the files", "ls", {}],
  ["List files", "ls", {}],
  ["what files do you have?", "ls", {}],
  ["Show me the files in the workspace", "ls", {}],
  ["ls", "ls", {}],
  ["list the files in memory", "ls", { path: "memory" }],
  ["read SOUL.md", "read", { path: "SOUL.md" }],
  ["Can you show me what is in memory/2026-11-22.md?", "read", { path: "memory/2026-11-22.md" }],
  ["open `notes.txt` please", "read", { path: "notes.txt" }],
  ["what does USER.md say?", "read", { path: "USER.md" }],
  ['write "buy milk" to todo.md', "write", { path: "todo.md", content: "buy milk\n" }],
  ["write hello world to greeting.txt", "write", { path: "greeting.txt", content: "hello world\n" }],
  ['save "x = 1" in a file called src/a.py', "write", { path: "src/a.py", content: "x = 1\n" }],
  ["create a file notes.md with the text remember the milk", "write", { path: "notes.md", content: "remember the milk\n" }],
  ["Please create a file hello.txt containing 'Hi there'", "write", { path: "hello.txt", content: "Hi there\n" }],
  ['replace "milk" with "tea" in todo.md', "edit", { path: "todo.md", edits: [{ oldText: "milk", newText: "tea" }] }],
  ["what do you remember about tea?", "memory_search", { query: "tea" }],
  ["What do you know about my birthday?", "memory_search", { query: "birthday" }],
  ["do you remember my cat", "memory_search", { query: "cat" }],
  ["what do you remember?", "memory_get", { path: "MEMORY.md" }],
  ["what time is it?", "session_status", {}],
  ["What's the date today?", "session_status", {}],
  ["tell me the time", "session_status", {}],
  ["which day is it", "session_status", {}],
  ["fetch https://example.com/page.", "web_fetch", { url: "https://example.com/page" }],
  ["Can you summarise https://example.com for me?", "web_fetch", { url: "https://example.com" }],
  ["fetch example.com", "web_fetch", { url: "https://example.com" }],
  ["what's on example.org/news", "web_fetch", { url: "https://example.org/news" }],
  ["run `echo hello | tr a-z A-Z`", "exec", { command: "echo hello | tr a-z A-Z" }],
  ["run the command ls -la", "exec", { command: "ls -la" }],
  ["execute: date", "exec", { command: "date" }],
  ["$ wc -l *.md", "exec", { command: "wc -l *.md" }],
  ["find *.md", "find", { pattern: "*.md" }],
  ["search for tea in my files", "grep", { pattern: "tea" }],
  ["grep TODO in the workspace", "grep", { pattern: "TODO" }],
  ["[Telegram Ada +2m 14:05] read SOUL.md", "read", { path: "SOUL.md" }],
];

describe("the demo model", () => {
  it.each(PHRASES)("%s → %s", async (said, tool, args) => {
    const { calls, stopReason, spend } = await say([userSays(said)]);
    expect(calls.map((call) => [call.name, call.args])).toEqual([[tool, args]]);
    expect(stopReason).toBe("tools");
    expect(spend.costUsd).toBe(0);
  });

  it("reads two files side by side", async () => {
    const { calls, text } = await loop("read a.md and b.md", (_name, args) => `text of ${String(args["path"])}`);
    expect(calls).toEqual([
      ["read", { path: "a.md" }],
      ["read", { path: "b.md" }],
    ]);
    expect(text).toContain("text of a.md");
    expect(text).toContain("text of b.md");
  });

  it.each([
    "remember that I like tea",
    "Please remember: I like tea.",
    "note that I like tea",
    "don't forget I like tea",
    "Keep in mind that I like tea",
  ])("%s: adds a line to what it remembers", async (said) => {
    const { calls, text } = await loop(said, (name) => (name === "read" ? "# Memory\n\n- older fact\n" : "Written."));
    expect(calls).toEqual([
      ["read", { path: "MEMORY.md" }],
      ["write", { path: "MEMORY.md", content: "# Memory\n\n- older fact\n- I like tea\n" }],
    ]);
    expect(text).toContain("I like tea");
  });

  it("begins a memory where there is none", async () => {
    const { calls } = await loop("remember that I like tea", (name) => (name === "read" ? "!No file MEMORY.md" : "Written."));
    expect(calls.at(-1)).toEqual(["write", { path: "MEMORY.md", content: "# Memory\n\n- I like tea\n" }]);
  });

  it("writes no memory back that it saw only in part", async () => {
    const { calls, text } = await loop("remember that I like tea", (name) =>
      name === "read" ? "- a fact\n".repeat(900) : "Written.",
    );
    expect(calls.at(-1)).toEqual(["write", { path: "memory/i-like-tea.md", content: "- I like tea\n" }]);
    expect(text).toContain("memory/i-like-tea.md");
  });

  it("tells the page and leaves out the marks around it", async () => {
    const marked =
      '<<<EXTERNAL_UNTRUSTED_CONTENT id="1">>>\nSource: https://example.com\nRule.\n---\nExample Domain\n<<<END_EXTERNAL_UNTRUSTED_CONTENT id="1">>>';
    const { text } = await loop("fetch https://example.com", () => marked);
    expect(text).toContain("> Example Domain");
    expect(text).not.toContain("UNTRUSTED");
  });

  it("tells what the tools answered", async () => {
    expect((await loop("list the files", () => "SOUL.md  1 KB\nUSER.md  2 KB")).text).toContain("USER.md  2 KB");
    expect((await loop("what time is it?", () => "now: Sunday, 22 November 2026 at 14:05\ntimeZone: UTC")).text).toBe(
      "It is Sunday, 22 November 2026 at 14:05.",
    );
    expect((await loop("run `echo hi`", () => "hi")).text).toContain("hi");
    expect((await loop("what do you remember about tea?", () => 'Nothing in memory matches "tea".')).text).toContain(
      "remember nothing about tea",
    );
    expect((await loop('write "x" to a.md', () => "Written.")).text).toBe("Done: I wrote 1 character to `a.md`.");
  });

  it("says what did not work", async () => {
    expect((await loop("read gone.md", () => "!There is no file gone.md.")).text).toContain("There is no file gone.md");
  });

  it("tells the time from the prompt where no tool is offered", async () => {
    const { text } = await loop("what time is it?", () => "", {
      tools: [],
      system: { stable: "", volatile: "Now: Sunday, 22 November 2026, 14:05 (UTC)." },
    });
    expect(text).toBe("It is Sunday, 22 November 2026, 14:05 (UTC).");
  });

  it("says which tool it would need", async () => {
    expect((await say([userSays("read SOUL.md")], { tools: [] })).text).toContain("`read`");
  });

  it.each(["hi", "Hello!", "help", "who are you?", "what can you do?", "bake me a cake"])("%s: says what it is", async (said) => {
    const reply = await say([userSays(said)]);
    expect(reply.calls).toEqual([]);
    expect(reply.text).toMatch(/demo model/);
  });

  it("says how to get a real model", async () => {
    expect((await say([userSays("help")])).text).toContain("ANTHROPIC_API_KEY");
  });

  describe("in a new workspace", () => {
    const system = { stable: "# BOOTSTRAP.md\nYou have just come to life.", volatile: "" };

    it("asks for names", async () => {
      expect((await say([userSays("hi")], { system })).text).toMatch(/what is your name, and what shall I be called/);
    });

    it.each([
      "I'm Ada, call yourself Kelp",
      "My name is Ada and you are Kelp.",
      "Call me Ada. Your name is Kelp!",
      "hi, I am Ada; I'll call you Kelp",
    ])("%s: writes both names down and ends the ritual", async (said) => {
      const { calls, text } = await loop(said, () => "ok", { system });
      expect(calls.map(([name, args]) => [name, args["path"] ?? args["command"]])).toEqual([
        ["write", "USER.md"],
        ["write", "IDENTITY.md"],
        ["exec", "rm -f BOOTSTRAP.md"],
      ]);
      expect(calls[0]?.[1]["content"]).toContain("Name: Ada");
      expect(calls[1]?.[1]["content"]).toContain("Name: Kelp");
      expect(text).toMatch(/Hello Ada!.*I am Kelp/);
    });

    it("asks for the other name when it hears one", async () => {
      const { calls, text } = await loop("I'm Ada", () => "ok", { system });
      expect(calls.map(([name]) => name)).toEqual(["write"]);
      expect(text).toContain("What shall I be called?");
    });
  });

  it.each(["I'm tired", "you are great", "I am going home"])("%s: takes no word for a name", async (said) => {
    expect((await say([userSays(said)])).calls).toEqual([]);
  });

  it("streams in pieces without making anybody wait", async () => {
    const startedAt = performance.now();
    const { deltas } = await hear(rig, { messages: [userSays("help")], tools: TOOLS });
    expect(deltas.length).toBeGreaterThan(10);
    expect(performance.now() - startedAt).toBeLessThan(250);
  });

  it("stops when told", async () => {
    const reason = new Error("stop");
    await expect(hear(rig, { messages: [userSays("help")], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
