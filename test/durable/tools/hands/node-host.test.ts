// exec on a machine that runs OpenClaw's node host: whose word counts, what is sent, and what comes back. The frames are those
// that the program itself sends and takes; test/journeys/openclaw-node.test.ts holds them against it.
import { describe, expect, test } from "vitest";
import { ToolFailure } from "../../../../src/contract/errors.ts";
import type { ExecPlan, ExecPolicy } from "../../../../src/contract/home/commands.ts";
import type { HomeAnswer, HomeRow } from "../../../../src/contract/home/port.ts";
import type { ToolContext, ToolResult, ToolWait } from "../../../../src/durable/tools/port.ts";
import { exec } from "../../../../src/durable/tools/shell/exec.ts";
import { makeHands } from "../../../support/hands.ts";
import { scriptHome } from "../../../support/scripted-home.ts";
import { makeContext, NO_WORKSPACE } from "../context.ts";

const SHED: HomeRow = {
  id: "shed-id",
  name: "shed",
  platform: "linux",
  version: "2026.9.6",
  isConnected: true,
  seenAt: 0,
  caps: ["system"],
  commands: ["system.run", "system.run.prepare", "system.which"],
  unapproved: [],
};
const NAS: HomeRow = { ...SHED, id: "nas-id", name: "nas", caps: ["exec"], commands: ["exec.start"] };

const answered = (payload: unknown): HomeAnswer => ({ outcome: "answered", home: "shed", payload });
const denied = (message: string): HomeAnswer => ({ outcome: "refused", home: "shed", code: "SYSTEM_RUN_DENIED", message });
const ran = (stdout: string, more: object = {}) =>
  answered({ exitCode: 0, timedOut: false, success: true, stdout, stderr: "", error: null, ...more });
const PLAN = {
  argv: ["/bin/sh", "-lc", "make"],
  cwd: "/home/ann",
  commandText: '/bin/sh -lc "make"',
  agentId: "main",
  policySnapshot: { v: 1 },
};
const prepared = (execPolicy: object = { security: "full", ask: "off" }) =>
  answered({ plan: PLAN, execPolicy, allowAlwaysCoverage: { complete: false, patterns: [] } });

interface Setting {
  policy?: Partial<ExecPolicy>;
  homes?: HomeRow[];
  answers?: Partial<Record<string, HomeAnswer>>;
  context?: Partial<ToolContext>;
}

function open({ policy, homes = [SHED], answers = {}, context: changes }: Setting = {}) {
  const all: Partial<Record<string, HomeAnswer>> = { "system.run.prepare": prepared(), "system.run": ran("built\n"), ...answers };
  const home = scriptHome(
    ({ command }) => all[command] ?? { outcome: "unreachable", reason: `${command} is not offered.` },
    homes,
  );
  const asked: { part: string; plan: ExecPlan }[] = [];
  const withdrawn: string[] = [];
  const hands = makeHands();
  const context = makeContext(NO_WORKSPACE, {
    hands: { ...hands, exec: { ...hands.exec, ...policy }, elevation: "off" },
    home: {
      homes: home.homes,
      call: (part, wanted) => home.callHome({ ...wanted, id: part }),
      cancel: home.cancelCall,
      tokenOf: (part) => part,
    },
    approvals: {
      ask: async (part, { plan }) => {
        asked.push({ part, plan });
        return { token: `approval:${part}`, until: 1000 };
      },
      withdraw: async (part) => void withdrawn.push(part),
    },
    ...changes,
  });
  const sent = (command: string) => home.requests.filter((request) => request.command === command).map(({ params }) => params);
  return { home, context, asked, withdrawn, sent };
}

const FULL = { security: "full", ask: "off" } as const;
const start = (context: ToolContext, more: object = {}) => exec.run({ command: "make", host: "home", ...more }, context);
const resume = async (context: ToolContext, wait: ToolWait, answer?: unknown) =>
  exec.resume?.({ command: "make", host: "home" }, { memo: JSON.parse(JSON.stringify(wait.memo)), answer }, context) ??
  Promise.reject(new Error("no resume"));

function asWait(answer: ToolResult | ToolWait): ToolWait {
  if (!("waitsFor" in answer)) throw new Error(`It did not wait: ${answer.text}`);
  return answer;
}

describe("by default", () => {
  test("the owner is asked for each command, and sees all of it", async () => {
    const { context, asked, sent } = open();
    const wait = asWait(await start(context, { env: { NAME: "it's" } }));
    expect(wait).toMatchObject({ waitsFor: "approval", until: 1000, text: "Waits for the owner's word: make" });
    expect(asked[0]?.plan).toMatchObject({
      command: "export NAME='it'\\''s'\nmake",
      workdir: "/home/ann",
      segments: [{ verdict: "unprovable" }],
    });
    expect(sent("system.run")).toEqual([]);
  });

  test("a yes runs it as it was given, with no word passed on that the machine did not ask for", async () => {
    const { context, sent } = open();
    const wait = asWait(await start(context));
    expect(await resume(context, wait, { decision: "allow-once", by: "Ann" })).toMatchObject({ text: "built", isError: false });
    expect(sent("system.run")).toEqual([
      {
        command: ["/bin/sh", "-lc", "make"],
        rawCommand: "make",
        agentId: "main",
        sessionKey: "agent:main:main",
        timeoutMs: 1_800_000,
        suppressNotifyOnExit: true,
      },
    ]);
  });

  test.each([
    ["a no", { decision: "deny", by: "Ann" }, "Ann said no"],
    ["an answer that never came", undefined, "nobody gave their word in time"],
  ])("%s runs nothing", async (_name, answer, text) => {
    const { context, sent } = open();
    const wait = asWait(await start(context));
    expect(await resume(context, wait, answer)).toMatchObject({ isError: true, text: expect.stringContaining(text) });
    expect(sent("system.run")).toEqual([]);
  });

  test("a stop takes the question back", async () => {
    const { context, withdrawn, asked } = open();
    const wait = asWait(await start(context));
    await exec.cancel?.(wait.memo, context);
    expect(withdrawn).toEqual([asked[0]?.part]);
  });

  test("another command, folder or talk is another question", async () => {
    const hashOf = async (more: object, changes: Partial<ToolContext> = {}) => {
      const { context, asked } = open({
        context: changes,
        answers: { "system.run.prepare": answered({ plan: { ...PLAN, cwd: null } }) },
      });
      await start(context, more);
      return asked[0]?.plan.hash;
    };
    const hashes = [
      await hashOf({}),
      await hashOf({ command: "make all" }),
      await hashOf({ workdir: "/srv" }),
      await hashOf({ env: { A: "1" } }),
      await hashOf({}, { sessionKey: "agent:main:other" }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(await hashOf({})).toBe(hashes[0]);
  });
});

describe("Skerry's own policy", () => {
  test("full runs it without a question", async () => {
    const { context, asked } = open({ policy: FULL });
    expect(await start(context)).toMatchObject({ text: "built" });
    expect(asked).toEqual([]);
  });

  test("full that is asked for every time is asked for", async () => {
    const { context, asked } = open({ policy: { security: "full", ask: "always" } });
    asWait(await start(context));
    expect(asked).toHaveLength(1);
  });

  test("a list without a question refuses, since no list of ours holds there", async () => {
    const { context, home } = open({ policy: { security: "allowlist", ask: "off" } });
    expect(await start(context)).toMatchObject({ isError: true, text: expect.stringContaining("keeps no list of ours") });
    expect(home.requests).toEqual([]);
  });

  test("deny never reaches the machine", async () => {
    const { context, home } = open({ policy: { security: "deny" } });
    await expect(start(context)).rejects.toThrow("tools.exec.security is deny");
    expect(home.requests).toEqual([]);
  });

  test("without anybody to ask nothing runs", async () => {
    const { context, sent } = open();
    const { approvals: _none, ...alone } = context;
    expect(await start(alone)).toMatchObject({ isError: true, text: expect.stringContaining("Nobody can be asked") });
    expect(sent("system.run")).toEqual([]);
  });
});

describe("the machine's own policy", () => {
  const OWN = { security: "allowlist", ask: "on-miss" };

  test("that wants a word gets the owner's, with its own plan back to the letter", async () => {
    const answers = { "system.run.prepare": prepared(OWN), "system.run": denied("SYSTEM_RUN_DENIED: approval required") };
    const { context, asked, sent } = open({ policy: FULL, answers });
    const wait = asWait(await start(context));
    expect(asked).toHaveLength(1);
    answers["system.run"] = ran("built\n");
    const again = open({ policy: FULL, answers });
    expect(await resume(again.context, wait, { decision: "allow-always" })).toMatchObject({ text: "built" });
    expect(sent("system.run")).toHaveLength(1);
    expect(again.sent("system.run")).toMatchObject([
      {
        command: PLAN.argv,
        rawCommand: PLAN.commandText,
        cwd: PLAN.cwd,
        systemRunPlan: PLAN,
        approved: true,
        approvalDecision: "allow-always",
      },
    ]);
  });

  test("that wants a word again after one was given ends there", async () => {
    const answers = {
      "system.run.prepare": prepared(OWN),
      "system.run": denied("SYSTEM_RUN_DENIED: exec approval policy changed; approval required"),
    };
    const { context, asked } = open({ answers });
    const wait = asWait(await start(context));
    expect(await resume(context, wait, { decision: "allow-once" })).toMatchObject({
      text: expect.stringContaining("Not run: shed refused"),
    });
    expect(asked).toHaveLength(1);
  });

  test("that asks nobody is not overruled by a word from here", async () => {
    const answers = {
      "system.run.prepare": prepared({ security: "allowlist", ask: "off" }),
      "system.run": denied("SYSTEM_RUN_DENIED: allowlist miss"),
    };
    const { context, sent } = open({ answers });
    const wait = asWait(await start(context));
    const result = await resume(context, wait, { decision: "allow-once" });
    expect(result).toMatchObject({ text: expect.stringContaining("not on the list that shed itself keeps") });
    expect(sent("system.run")[0]).not.toHaveProperty("approved");
  });

  test("that denies everything asks nobody", async () => {
    const { context, asked, sent } = open({ answers: { "system.run.prepare": prepared({ security: "deny", ask: "off" }) } });
    expect(await start(context)).toMatchObject({ text: expect.stringContaining("shed itself denies all commands") });
    expect([asked, sent("system.run")]).toEqual([[], []]);
  });

  test("that cannot hold a word to a command runs what its own list has, and else says why", async () => {
    const answers = {
      "system.run.prepare": denied("SYSTEM_RUN_DENIED: approval cannot safely bind shell pipelines\nMore of it."),
      "system.run": ran("built\n"),
    };
    const listed = open({ policy: FULL, answers });
    expect(await start(listed.context)).toMatchObject({ text: "built" });
    answers["system.run"] = denied("SYSTEM_RUN_DENIED: approval required");
    const { context, asked } = open({ policy: FULL, answers });
    const text = "Not run: shed refused it: approval cannot safely bind shell pipelines.";
    expect(await start(context)).toMatchObject({ isError: true, text });
    expect(asked).toEqual([]);
  });

  test("that refuses a folder is heard before anybody is asked", async () => {
    const message = "SYSTEM_RUN_DENIED: working directory does not exist or is inaccessible";
    const { context, asked, sent } = open({ answers: { "system.run.prepare": denied(message) } });
    expect(await start(context)).toMatchObject({ text: expect.stringContaining("does not exist or is inaccessible") });
    expect([asked, sent("system.run")]).toEqual([[], []]);
  });
});

describe("what comes back", () => {
  test.each([
    [
      "both streams and the exit code",
      ran("out\n", { exitCode: 2, success: false, stderr: "bad\n" }),
      "out\nbad\n[Exit code 2.]",
    ],
    ["that it took too long", ran("", { exitCode: undefined, timedOut: true, success: false }), "longer than the 1800 seconds"],
    [
      "that it could not be begun",
      ran("", { exitCode: undefined, error: "spawn ENOENT" }),
      "shed could not run it: spawn ENOENT",
    ],
    ["that nobody knows", { outcome: "interrupted", home: "shed", reason: "shed's line broke." } as const, "outcome unknown"],
  ])("%s", async (_name, answer, text) => {
    const { context } = open({ policy: FULL, answers: { "system.run": answer } });
    expect(await start(context)).toMatchObject({ isError: true, text: expect.stringContaining(text) });
  });

  test("something that cannot be read is a failure, not a success", async () => {
    const { context } = open({ policy: FULL, answers: { "system.run": answered({ exitCode: "zero" }) } });
    await expect(start(context)).rejects.toThrow(ToolFailure);
    const strange = open({ policy: FULL, answers: { "system.run.prepare": answered({ plan: {} }) } });
    expect(await start(strange.context)).toMatchObject({ text: expect.stringContaining("cannot be read") });
    expect(strange.sent("system.run")).toEqual([]);
  });

  test("later lets the turn sleep for as long as the command may take", async () => {
    const { context, home } = open({ policy: FULL, answers: { "system.run": { outcome: "pending", home: "shed" } } });
    const wait = asWait(await start(context, { timeoutSeconds: 600 }));
    expect(wait).toMatchObject({ waitsFor: "home", token: "run" });
    expect(wait.until - context.now()).toBeGreaterThan(600_000);
    expect(home.requests.at(-1)).toMatchObject({ timeoutMs: 660_000, params: { timeoutMs: 600_000 } });
    expect(await resume(context, wait, ran("late\n"))).toMatchObject({ text: "late" });
    expect(await resume(context, wait)).toMatchObject({ isInterrupted: true });
    await exec.cancel?.(wait.memo, context);
    expect(home.cancelled).toEqual(["run"]);
  });
});

describe("what such a machine cannot do", () => {
  test.each([
    [{ background: true }, "leave out background"],
    [{ pty: true }, "leave out pty"],
    [{ workdir: "~/project" }, "whole path"],
  ])("%j is said before anybody is asked", async (more, text) => {
    const { context, home, asked } = open();
    expect(await start(context, more)).toMatchObject({ isError: true, text: expect.stringContaining(text) });
    expect([home.requests, asked]).toEqual([[], []]);
  });

  test.each([
    ["windows", ["cmd.exe", "/d", "/s", "/c", "make"]],
    ["macOS 26.1", ["/bin/sh", "-c", "make"]],
  ])("on %s it has another shell", async (platform, command) => {
    const { context, sent } = open({ policy: FULL, homes: [{ ...SHED, platform }] });
    await start(context);
    expect(sent("system.run")).toMatchObject([{ command }]);
  });
});

describe("which machine", () => {
  test("a bridge is used as ever, also beside one of these when it is named", async () => {
    const { context, home } = open({ homes: [NAS, SHED] });
    await start(context, { machine: "nas" }).catch(() => undefined);
    expect(home.requests.map(({ command }) => command)).toEqual(["exec.start"]);
  });

  test("of several is asked for, not guessed", async () => {
    const { context, home } = open({ homes: [NAS, SHED] });
    await expect(start(context)).rejects.toThrow("say which: nas, shed");
    expect(home.requests).toEqual([]);
  });

  test("that has left meanwhile is still the one that may have answered", async () => {
    const { context, sent } = open({ policy: FULL, homes: [{ ...SHED, isConnected: false }] });
    expect(await start(context)).toMatchObject({ text: "built" });
    expect(sent("system.run")).toHaveLength(1);
  });

  test("a sandbox is never looked for there", async () => {
    const { context, home } = open();
    await start(context, { host: "sandbox" }).catch(() => undefined);
    expect(home.requests.map(({ command }) => command)).toEqual(["exec.start"]);
  });
});
