// A command on a machine that runs OpenClaw's node host in place of our bridge. It does not judge by our policy, so the owner is
// asked for each command unless security is full; its own policy stands as well, and where that wants a word, ours is passed on.
// It answers at the end of a command, never before: nothing is left running there, and nothing is read on.
import * as z from "zod";
import { ToolFailure } from "../../../contract/errors.ts";
import type { ApprovalAnswer } from "../../../contract/home/approval.ts";
import type { ExecPlan } from "../../../contract/home/commands.ts";
import type { HomeAnswer, HomeRow } from "../../../contract/home/port.ts";
import type { ToolContext, ToolResult, ToolWait, WaitEnd } from "../port.ts";
import { describeProcess, interrupted, type RemoteCommand, said } from "./remote-exec.ts";
import { isMeant, policyFor } from "./where.ts";

const WAIT_MS = 18_000;
/** Beyond the command's own time: the way there and back. */
const MARGIN_MS = 60_000;
const LONGEST_MS = 86_400_000;
const RUN = "system.run";
const PREPARE = "system.run.prepare";

const prepared = z.object({
  plan: z.looseObject({
    argv: z.array(z.string()).min(1),
    commandText: z.string(),
    cwd: z.string().nullish(),
  }),
  execPolicy: z.object({ security: z.string(), ask: z.string() }).optional(),
});
type Prepared = z.infer<typeof prepared>;

const ran = z.object({
  exitCode: z.int().nullish(),
  timedOut: z.boolean().optional(),
  stdout: z.string().default(""),
  stderr: z.string().default(""),
  error: z.string().nullish(),
});

interface Memo {
  step: "node-host-run" | "node-host-word";
  home: { id: string; name: string; platform: string };
  prepared?: Prepared;
  /** Why the machine cannot hold a word to this command. */
  unbound?: string;
  approvalId?: string;
  askPart?: string;
  decision?: "allow-once" | "allow-always";
}

/**
 * The machine that is meant, when it is one of these. Undefined: the way of the bridge decides, and says what is wrong.
 * @throws ToolFailure where several could be meant.
 */
export async function findNodeHost(named: string | undefined, context: ToolContext): Promise<HomeRow | undefined> {
  const meant = ((await context.home?.homes()) ?? []).filter((row) => isMeant(row, named));
  const known = meant.filter((row) => offers(row, "exec.start") || offers(row, RUN));
  const here = known.filter((row) => row.isConnected);
  // One that has left since may have answered before: a call that is made again finds that answer.
  const able = here.length > 0 ? here : known;
  const hosts = able.filter((row) => !offers(row, "exec.start"));
  if (hosts.length > 0 && able.length > 1 && here.length > 0) {
    throw new ToolFailure(`Several machines can do that; say which: ${able.map(({ name }) => name).join(", ")}.`);
  }
  return able.length === 1 ? hosts[0] : undefined;
}

export async function startOnNodeHost(
  wanted: RemoteCommand,
  home: HomeRow,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  const unfit = findUnfit(wanted, home);
  if (unfit) return said(`Not run: ${unfit}`);
  const { security, ask } = policyFor(context);
  const isFree = security === "full" && ask !== "always";
  if (!isFree && ask === "off") {
    return said(
      `Not run: ${home.name} runs OpenClaw's node host, which keeps no list of ours, and the settings forbid to ask (tools.exec.ask is off).`,
    );
  }
  const made = offers(home, PREPARE) ? await prepare(wanted, home, context) : {};
  if ("refusal" in made) return said(`Not run: ${made.refusal}`);
  if (made.prepared?.execPolicy?.security === "deny") return said(`Not run: ${explain("SYSTEM_RUN_DISABLED", home.name)}`);
  const { id, name, platform } = home;
  const memo: Memo = { step: "node-host-run", home: { id, name, platform }, ...made };
  return isFree ? run(wanted, memo, context) : askOwner(wanted, memo, context);
}

export function isOfNodeHost(memo: unknown): boolean {
  const step = typeof memo === "object" && memo !== null && "step" in memo ? memo.step : undefined;
  return step === "node-host-run" || step === "node-host-word";
}

export async function resumeOnNodeHost(
  wanted: RemoteCommand,
  end: WaitEnd,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  // Written by this file; whoever changes its shape has to read the old one for a release.
  const memo = end.memo as Memo;
  if (memo.step === "node-host-run") {
    if (end.answer === undefined) return interrupted("It did not answer in time.");
    return conclude(end.answer as HomeAnswer, wanted, memo, context);
  }
  const { decision = "expired", by } = (end.answer ?? {}) as Partial<ApprovalAnswer>;
  if (decision === "expired") return said("Not run: nobody gave their word in time. Ask the person before you try it again.");
  if (decision === "deny") {
    return said(`Not run: ${by ?? "the owner"} said no. Do not try it in another way; ask what to do instead.`);
  }
  return run(wanted, { ...memo, step: "node-host-run", decision }, context);
}

export async function cancelOnNodeHost(memo: unknown, context: ToolContext): Promise<void> {
  const { step, decision, askPart = "" } = memo as Memo;
  if (step === "node-host-word") await context.approvals?.withdraw(askPart);
  else await context.home?.cancel(partOf(decision));
}

/** Why such a machine cannot do what was asked for. */
function findUnfit({ isBackground, isPty, workdir, env }: RemoteCommand, { name, platform }: HomeRow): string | undefined {
  if (isBackground || isPty) {
    return `${name} runs OpenClaw's node host, which waits for the end of a command and has no terminal; leave out ${isPty ? "pty" : "background"}.`;
  }
  if (workdir !== undefined && !/^(\/|[A-Za-z]:[\\/])/.test(workdir)) {
    return `${name} wants workdir as a whole path, such as /home/ann/project.`;
  }
  if (isWindows(platform) && Object.keys(env).length > 0) return `${name} takes no env; set them in the command.`;
  return undefined;
}

/** What the machine says it would run and what its own policy is. */
async function prepare(
  wanted: RemoteCommand,
  home: HomeRow,
  context: ToolContext,
): Promise<Pick<Memo, "prepared" | "unbound"> | { refusal: string }> {
  const text = textOf(wanted);
  const answer = await call(context, "prepare", home.id, PREPARE, WAIT_MS, {
    command: shellOf(text, home.platform),
    rawCommand: text,
    ...whose(context),
    ...(wanted.workdir === undefined ? {} : { cwd: wanted.workdir }),
    // Its own policy alone decides whether it binds the plan to files: ours is judged here.
    security: "full",
    ask: "off",
  });
  switch (answer.outcome) {
    case "answered": {
      const read = prepared.safeParse(answer.payload);
      if (read.success) return { prepared: read.data };
      return { refusal: `${home.name} answered ${PREPARE} with something that cannot be read.` };
    }
    case "refused": {
      // It may be on the machine's own list all the same: then no word is wanted, and none has to be held to it.
      const refusal = explain(answer.message, home.name);
      return /cannot safely bind/.test(answer.message) ? { unbound: refusal } : { refusal };
    }
    case "unreachable":
    case "interrupted":
      return { refusal: answer.reason };
    case "pending":
      await context.home?.cancel("prepare");
      return { refusal: `${home.name} did not answer in time; try again.` };
    default:
      return answer satisfies never;
  }
}

async function askOwner(wanted: RemoteCommand, memo: Memo, context: ToolContext): Promise<ToolResult | ToolWait> {
  const plan = await planOf(wanted, memo, context);
  if (!context.approvals) return said(`Not run: ${plan.reason} Nobody can be asked for it here.`);
  const askPart = `plan-${plan.hash.slice(0, 16)}`;
  const { token, until } = await context.approvals.ask(askPart, { home: memo.home.name, host: "home", plan });
  const approvalId = token.slice(token.indexOf(":") + 1);
  const next: Memo = { ...memo, step: "node-host-word", approvalId, askPart };
  const text = `Waits for the owner's word: ${wanted.command.slice(0, 200)}`;
  return { waitsFor: "approval", token, until, memo: next, text };
}

async function planOf(wanted: RemoteCommand, memo: Memo, context: ToolContext): Promise<ExecPlan> {
  const { home } = memo;
  const command = textOf(wanted);
  const workdir = memo.prepared?.plan.cwd ?? wanted.workdir ?? "";
  const reason = `${home.name} runs OpenClaw's node host, which does not judge by Skerry's list, so each command is asked for; "always" lets it run once as well.`;
  const held = JSON.stringify([home.id, shellOf(command, home.platform), workdir, context.sessionKey]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(held));
  return {
    hash: Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    command,
    workdir,
    segments: [{ text: command, verdict: "unprovable", reason: "What it would run is not known here." }],
    reason,
  };
}

async function run(wanted: RemoteCommand, memo: Memo, context: ToolContext): Promise<ToolResult | ToolWait> {
  const timeoutMs = timeoutOf(wanted, context);
  const deadlineMs = timeoutMs === 0 ? LONGEST_MS : Math.min(LONGEST_MS, timeoutMs) + MARGIN_MS;
  const params = { ...commandOf(wanted, memo, context), ...(timeoutMs === 0 ? {} : { timeoutMs }), suppressNotifyOnExit: true };
  const answer = await call(context, partOf(memo.decision), memo.home.id, RUN, deadlineMs, params);
  return conclude(answer, wanted, memo, context);
}

/** With the owner's word the machine wants its own plan back, to the letter; without, it gets the command as it was given. */
function commandOf(wanted: RemoteCommand, memo: Memo, context: ToolContext): Record<string, unknown> {
  const { decision } = memo;
  const own = memo.prepared;
  // Where the machine's owner chose that nobody is asked, a word from here does not stand above its list.
  if (own && decision && (own.execPolicy?.ask ?? "off") !== "off") {
    const { argv, commandText, cwd } = own.plan;
    return {
      command: argv,
      rawCommand: commandText,
      ...(typeof cwd === "string" ? { cwd } : {}),
      ...whose(context),
      systemRunPlan: own.plan,
      approved: true,
      approvalDecision: decision,
    };
  }
  const text = textOf(wanted);
  return {
    command: shellOf(text, memo.home.platform),
    rawCommand: text,
    ...(wanted.workdir === undefined ? {} : { cwd: wanted.workdir }),
    ...whose(context),
  };
}

async function conclude(
  answer: HomeAnswer,
  wanted: RemoteCommand,
  memo: Memo,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  const { name } = memo.home;
  switch (answer.outcome) {
    case "answered": {
      const read = ran.safeParse(answer.payload);
      if (!read.success) throw new ToolFailure(`${name} answered ${RUN} with something that cannot be read.`);
      return describeRun(read.data, name, wanted, context);
    }
    case "refused":
      if (/approval required/i.test(answer.message) && memo.decision === undefined && memo.prepared) {
        return askOwner(wanted, memo, context);
      }
      return said(`Not run: ${memo.unbound ?? explain(answer.message, name)}`);
    case "unreachable":
      throw new ToolFailure(answer.reason);
    case "interrupted":
      return interrupted(answer.reason);
    case "pending": {
      const timeoutMs = timeoutOf(wanted, context) || LONGEST_MS;
      const until = context.now() + timeoutMs + 2 * MARGIN_MS;
      const token = context.home?.tokenOf(partOf(memo.decision)) ?? "";
      return { waitsFor: "home", token, until, memo, text: `${name} works on it.` };
    }
    default:
      return answer satisfies never;
  }
}

function describeRun(end: z.infer<typeof ran>, home: string, wanted: RemoteCommand, context: ToolContext): ToolResult {
  if (end.error) return said(`${home} could not run it: ${end.error}`);
  const output = [end.stdout, end.stderr]
    .map((text) => text.trimEnd())
    .filter((text) => text !== "")
    .join("\n");
  const seconds = Math.round(timeoutOf(wanted, context) / 1000);
  return describeProcess(
    {
      state: "exited",
      processId: context.callId,
      startedAt: context.now(),
      endedAt: context.now(),
      ...(typeof end.exitCode === "number" ? { exitCode: end.exitCode } : {}),
      ...(end.timedOut ? { endedBy: `It ran longer than the ${seconds} seconds that it was given, so it was ended.` } : {}),
      output,
      outputBytes: new TextEncoder().encode(output).length,
    },
    { home, host: "home" },
  );
}

async function call(
  context: ToolContext,
  part: string,
  home: string,
  command: string,
  timeoutMs: number,
  params: Record<string, unknown>,
): Promise<HomeAnswer> {
  if (!context.home) throw new ToolFailure("No machine of the owner can be reached from here.");
  return context.home.call(part, { home, command, params, timeoutMs, waitMs: Math.min(WAIT_MS, timeoutMs) });
}

/** The machine's own words of refusal, for the model. */
function explain(message: string, home: string): string {
  if (/allowlist miss/i.test(message)) return `it is not on the list that ${home} itself keeps (openclaw approvals).`;
  if (/SYSTEM_RUN_DISABLED/.test(message)) return `${home} itself denies all commands (openclaw approvals).`;
  return `${home} refused it: ${message.replace(/^SYSTEM_RUN_DENIED:\s*/, "").split("\n")[0]}.`;
}

function timeoutOf({ timeoutSeconds }: RemoteCommand, { hands }: ToolContext): number {
  return timeoutSeconds === undefined ? (hands?.exec.timeoutMs ?? 1_800_000) : timeoutSeconds * 1000;
}

/** Its shell drops most variables that come beside a command, without a word: they are part of the text, and seen by who is asked. */
function textOf({ command, env }: RemoteCommand): string {
  const lines = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  return [...lines, command].join("\n");
}

function shellOf(text: string, platform: string): string[] {
  if (isWindows(platform)) return ["cmd.exe", "/d", "/s", "/c", text];
  return ["/bin/sh", /^(darwin|macos)/i.test(platform) ? "-c" : "-lc", text];
}

function isWindows(platform: string): boolean {
  return /^win/i.test(platform);
}

function whose({ agentId, sessionKey }: ToolContext): { agentId: string; sessionKey: string } {
  return { agentId, sessionKey };
}

function offers(row: HomeRow, command: string): boolean {
  return row.commands.includes(command) || row.unapproved.includes(command);
}

function partOf(decision: string | undefined): string {
  return decision === undefined ? "run" : "run-approved";
}
