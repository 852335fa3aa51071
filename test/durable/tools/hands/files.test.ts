// Files in the sandbox and on a machine, as read, write, edit and copy reach them: what is asked of the machine, when the owner is
// asked, and that a call which slept goes on where it was.
import { beforeEach, describe, expect, test } from "vitest";
import { ToolFailure } from "../../../../src/contract/errors.ts";
import type { HomeAnswer } from "../../../../src/contract/home/port.ts";
import { editAnywhere, readAnywhere, writeAnywhere } from "../../../../src/durable/tools/hands/anywhere.ts";
import { copy } from "../../../../src/durable/tools/hands/copy.ts";
import type { AnyTool, ToolContext, ToolResult, ToolWait } from "../../../../src/durable/tools/port.ts";
import { makePlan } from "../../../support/approval.ts";
import { makeHands } from "../../../support/hands.ts";
import { scriptHome } from "../../../support/scripted-home.ts";
import { openTestWorkspace, type TestWorkspace } from "../../../support/workspace.ts";
import { makeContext } from "../context.ts";

const PENDING: HomeAnswer = { outcome: "pending", home: "nas" };
const KEY = `media/${"a".repeat(64)}`;
const told = (payload: unknown): HomeAnswer => ({ outcome: "answered", home: "nas", payload });
const file = (text: string, isWhole = true) =>
  told({ base64: Buffer.from(text).toString("base64"), size: isWhole ? text.length : 9_000_000, modifiedAt: 7, isWhole });
const written = told({ size: 3, modifiedAt: 8, isNew: true });
const given = told({ key: KEY, type: "text/plain", size: 5, name: "a.txt" });

let workspace: TestWorkspace;
beforeEach(() => {
  workspace = openTestWorkspace();
});

type Answers = Partial<Record<string, HomeAnswer[]>>;

/** A machine whose commands answer one after another; the last answer stays. */
function open(answers: Answers, changes: Partial<ToolContext> = {}) {
  const home = scriptHome(({ command }) => {
    const left = answers[command] ?? [];
    return (left.length > 1 ? left.shift() : left[0]) ?? { outcome: "unreachable", reason: `${command} is not offered.` };
  });
  const asked: { part: string; command: string }[] = [];
  const withdrawn: string[] = [];
  const context = makeContext(workspace, {
    hands: { ...makeHands(), elevation: "off" },
    home: {
      homes: home.homes,
      call: (part, wanted) =>
        home.callHome({ ...wanted, id: part, live: { sessionKey: "s", agentId: "main", runId: "r", callId: "c", name: "x" } }),
      cancel: home.cancelCall,
      tokenOf: (part) => part,
    },
    approvals: {
      ask: async (part, { plan }) => {
        asked.push({ part, command: plan.command });
        return { token: `approval:${part}`, until: 1000 };
      },
      withdraw: async (part) => void withdrawn.push(part),
    },
    storeMedia: async (bytes, type, name) => ({ key: KEY, type, name, size: bytes.length }),
    ...changes,
  });
  return { home, context, asked, withdrawn };
}

const run = (tool: AnyTool, input: Record<string, unknown>, context: ToolContext) => tool.run(input, context);
const resume = (tool: AnyTool, input: Record<string, unknown>, wait: ToolWait, answer: unknown, context: ToolContext) =>
  tool.resume?.(input, { memo: JSON.parse(JSON.stringify(wait.memo)), answer }, context) ??
  Promise.reject(new Error("no resume"));
function asWait(answer: ToolResult | ToolWait): ToolWait {
  if (!("waitsFor" in answer)) throw new Error(`It did not wait: ${answer.text}`);
  return answer;
}

describe("read", () => {
  test("of the workspace asks no machine", async () => {
    await workspace.write("a.txt", new TextEncoder().encode("here"));
    const { home, context } = open({});
    expect(await run(readAnywhere, { path: "a.txt" }, context)).toMatchObject({ text: "here" });
    expect(home.requests).toEqual([]);
  });

  test("of a sandbox and of a machine shows a page and says whose file it is", async () => {
    const { home, context } = open({ "files.read": [file("one\ntwo\n")] });
    expect(await run(readAnywhere, { path: "sandbox:/workspace/a.txt", limit: 1 }, context)).toMatchObject({
      text: "one\n\n[Lines 1-1 of 2 in sandbox:/workspace/a.txt. Go on with offset 2.]",
    });
    await run(readAnywhere, { path: "home:~/a.txt", machine: "nas" }, context);
    expect(home.requests.map(({ params }) => params)).toMatchObject([
      { path: "/workspace/a.txt", place: { kind: "sandbox", key: "agent:main:main" } },
      { path: "~/a.txt", place: { kind: "home" }, policy: { security: "allowlist", ask: "on-miss" } },
    ]);
  });

  test("of what is too large says how to look at it", async () => {
    const { context } = open({ "files.read": [file("x", false)] });
    await expect(run(readAnywhere, { path: "home:~/big.log" }, context)).rejects.toThrow(/9\.0 MB.*exec there, or copy/);
  });

  test("of a machine is refused to a session that is kept in the sandbox, before anything is asked there", async () => {
    const { home, context } = open(
      { "files.read": [file("x")] },
      { hands: { ...makeHands({ isSandboxed: true }), elevation: "off" } },
    );
    await expect(run(readAnywhere, { path: "home:/etc/hosts" }, context)).rejects.toThrow(ToolFailure);
    expect(home.requests).toEqual([]);
  });

  test.each(["home:", "sandbox:  "])("names no file: %s", async (path) => {
    await expect(run(readAnywhere, { path }, open({}).context)).rejects.toThrow(/names no file/);
  });
});

describe("the owner's word", () => {
  const asks = told({ state: "asks", plan: makePlan("write /home/me/a.txt") });

  test("is asked with what would be written, and the same writing goes on with it", async () => {
    const input = { path: "home:~/a.txt", content: "new words" };
    const { home, context, asked } = open({ "files.write": [asks, written] });
    const wait = asWait(await run(writeAnywhere, input, context));
    expect(asked).toEqual([{ part: expect.stringContaining("write-"), command: "write /home/me/a.txt\nnew words" }]);
    const answer = await resume(writeAnywhere, input, wait, { decision: "allow-once", by: "Olga" }, context);
    expect(answer).toMatchObject({ text: "Wrote home:~/a.txt (3 B)." });
    expect(home.requests.map(({ id }) => id)).toEqual(["write", "write:approved"]);
    expect(home.requests[1]?.params).toMatchObject({
      approval: { decision: "allow-once", plan: makePlan("write /home/me/a.txt").hash },
    });
  });

  test.each([
    [{ decision: "deny", by: "Olga" }, /Olga said no/],
    [{ decision: "expired" }, /nobody gave their word/],
    [undefined, /nobody gave their word/],
  ])("that does not come writes nothing: %j", async (word, message) => {
    const input = { path: "home:~/a.txt", content: "x" };
    const { home, context } = open({ "files.write": [asks, written] });
    const wait = asWait(await run(writeAnywhere, input, context));
    const answer = await resume(writeAnywhere, input, wait, word, context);
    expect(answer).toMatchObject({ isError: true, text: expect.stringMatching(message) });
    expect(home.requests).toHaveLength(1);
  });

  test("is asked for all that would be written, or not at all", async () => {
    const { context, asked } = open({ "files.write": [asks, asks] });
    const content = `${"a".repeat(50_000)}; the last words`;
    asWait(await run(writeAnywhere, { path: "home:~/a.txt", content }, context));
    expect(asked).toMatchObject([{ command: `write /home/me/a.txt\n${content}` }]);
    const tooLong = await run(writeAnywhere, { path: "home:~/a.txt", content: content.repeat(2) }, context);
    expect(tooLong).toMatchObject({ isError: true, text: expect.stringContaining("copy it there") });
    expect(asked).toHaveLength(1);
  });

  test("is asked again when another file would be written by then", async () => {
    const input = { path: "home:~/a.txt", content: "x" };
    const other = told({ state: "asks", plan: makePlan("write /srv/elsewhere.txt") });
    const { context, asked } = open({ "files.write": [asks, other] });
    const wait = asWait(await run(writeAnywhere, input, context));
    asWait(await resume(writeAnywhere, input, wait, { decision: "allow-once" }, context));
    expect(asked).toHaveLength(2);
  });

  test("for an edit shows the change, is asked for the file once, and withdrawn when nobody wants it any more", async () => {
    const input = { path: "home:~/a.txt", edits: [{ oldText: "old", newText: "new" }] };
    const plan = told({ state: "asks", plan: makePlan("change /home/me/a.txt") });
    const { home, context, asked, withdrawn } = open({ "files.read": [plan, file("an old word")], "files.write": [written] });
    const wait = asWait(await run(editAnywhere, input, context));
    expect(asked[0]?.command).toBe("change /home/me/a.txt\n- old\n+ new");
    await editAnywhere.cancel?.(wait.memo, context);
    expect(withdrawn).toEqual([asked[0]?.part]);
    const answer = await resume(editAnywhere, input, wait, { decision: "allow-once" }, context);
    expect(answer).toMatchObject({ text: expect.stringContaining("Edited home:~/a.txt: 1 replacement") });
    const last = home.requests.at(-1)?.params as { base64: string };
    expect(last).toMatchObject({ ifModifiedAt: 7, approval: { plan: makePlan("change /home/me/a.txt").hash } });
    expect(Buffer.from(last.base64, "base64").toString()).toBe("an new word");
  });
});

describe("copy", () => {
  test("from a machine lays the file into the workspace without its bytes passing here", async () => {
    await workspace.write("there.txt", new TextEncoder().encode("mine"));
    workspace.objects.set(KEY, new TextEncoder().encode("bytes"));
    const { home, context } = open({ "files.give": [given] });
    expect(await run(copy, { from: "home:~/a.txt", to: "in/a.txt" }, context)).toMatchObject({
      text: "Copied home:~/a.txt to in/a.txt (5 B).",
    });
    expect(home.requests.map(({ command }) => command)).toEqual(["files.give"]);
    expect(await workspace.list("in")).toMatchObject({ ok: true, value: [{ path: "in/a.txt", size: 5 }] });
    const again = open({ "files.give": [given] });
    await expect(run(copy, { from: "home:~/a.txt", to: "there.txt" }, again.context)).rejects.toThrow(/is there already/);
    const forced = open({ "files.give": [given] });
    await run(copy, { from: "home:~/a.txt", to: "there.txt", overwrite: true }, forced.context);
    expect(await workspace.list("")).toMatchObject({
      value: expect.arrayContaining([expect.objectContaining({ path: "there.txt", size: 5 })]),
    });
  });

  test("onto a folder's name is refused, and all in the folder stays", async () => {
    await workspace.writeText("reports/may.md", "may");
    workspace.objects.set(KEY, new TextEncoder().encode("bytes"));
    const { context } = open({ "files.give": [given] });
    await expect(run(copy, { from: "home:~/a.txt", to: "reports", overwrite: true }, context)).rejects.toThrow(/is a folder/);
    expect(await workspace.readText("reports/may.md")).toBe("may");
  });

  test("done again after a break is done, and keeps what was there before as an earlier version", async () => {
    await workspace.writeText("SOUL.md", "old soul");
    workspace.objects.set(KEY, new TextEncoder().encode("new soul"));
    for (const _again of [1, 2]) {
      await run(copy, { from: "home:~/a.txt", to: "SOUL.md", overwrite: true }, open({ "files.give": [given] }).context);
    }
    await run(copy, { from: "home:~/a.txt", to: "SOUL.md" }, open({ "files.give": [given] }).context);
    expect(await workspace.readText("SOUL.md")).toBe("new soul");
    const versions = await workspace.versions("SOUL.md");
    const kept = versions.ok ? versions.value.find(({ size }) => size === "old soul".length) : undefined;
    const earlier = await workspace.readVersion("SOUL.md", kept?.version ?? -1);
    expect(earlier.ok && new TextDecoder().decode(earlier.value)).toBe("old soul");
    const bootstrap = await workspace.bootstrap();
    expect(JSON.stringify(bootstrap)).toContain("new soul");
    expect(JSON.stringify(bootstrap)).not.toContain("too large");
  });

  test("into a folder keeps the name; from a sandbox to the machine goes over the store", async () => {
    const { home, context } = open({ "files.give": [given], "files.take": [written] });
    await run(copy, { from: "sandbox:/workspace/out/a.txt", to: "home:~/Downloads/" }, context);
    expect(home.requests.map(({ command, params }) => [command, params])).toMatchObject([
      ["files.give", { path: "/workspace/out/a.txt", place: { kind: "sandbox" } }],
      ["files.take", { path: "~/Downloads/a.txt", place: { kind: "home" }, key: KEY }],
    ]);
  });

  test("that takes long sleeps, and does not fetch again what it has", async () => {
    const input = { from: "sandbox:/workspace/a.txt", to: "home:~/a.txt" };
    const { home, context } = open({ "files.give": [given], "files.take": [PENDING] });
    const wait = asWait(await run(copy, input, context));
    expect(wait).toMatchObject({ waitsFor: "home", token: "take" });
    expect(await resume(copy, input, wait, written, context)).toMatchObject({ text: expect.stringContaining("Copied") });
    expect(home.requests.map(({ command }) => command)).toEqual(["files.give", "files.take"]);
    expect(await resume(copy, input, wait, undefined, context)).toMatchObject({ isInterrupted: true });
    await copy.cancel?.(wait.memo, context);
    expect(home.cancelled).toEqual(["take"]);
  });

  test("without a place gives the file to the person", async () => {
    const { context } = open({ "files.give": [given] });
    expect(await run(copy, { from: "home:~/a.txt" }, context)).toMatchObject({
      isForPerson: true,
      media: [{ key: KEY, name: "a.txt" }],
    });
    await workspace.write("b.txt", new TextEncoder().encode("bytes"));
    expect(await run(copy, { from: "b.txt" }, context)).toMatchObject({ isForPerson: true, media: [{ name: "b.txt", size: 5 }] });
  });

  test("of an empty file from a machine lays an empty one into the workspace", async () => {
    const empty = told({ key: "", type: "text/plain", size: 0, name: "a.txt" });
    await run(copy, { from: "home:~/a.txt", to: "none.txt" }, open({ "files.give": [empty] }).context);
    expect(await workspace.readText("none.txt")).toBe("");
    await expect(run(copy, { from: "home:~/a.txt" }, open({ "files.give": [empty] }).context)).rejects.toThrow(/is empty/);
  });

  test("of an empty file writes an empty one, and of two workspace files says what to use", async () => {
    await workspace.write("empty.txt", new Uint8Array());
    const { home, context } = open({ "files.write": [written] });
    await run(copy, { from: "empty.txt", to: "home:~/e.txt" }, context);
    expect(home.requests[0]).toMatchObject({ command: "files.write", params: { base64: "" } });
    await expect(run(copy, { from: "empty.txt", to: "b.txt" }, context)).rejects.toThrow(/use exec with cp/);
  });
});
