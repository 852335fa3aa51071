// A command on a machine of the owner, in a sandbox there or on the machine itself: begun, perhaps asked about, perhaps still
// running when the model reads of it. Every step can be made again after a crash: the process has an id of its own.
import * as z from "zod";
import type { ApprovalAnswer } from "../../../contract/home/approval.ts";
import type { ExecAnswer, ExecApproval, ExecPlan, ExecStart, Place, ProcessState } from "../../../contract/home/commands.ts";
import type { HomeAnswer } from "../../../contract/home/port.ts";
import type { ToolContext, ToolResult, ToolWait, WaitEnd } from "../port.ts";
import { type Asked, ask, read } from "./asking.ts";
import { policyFor, type Where } from "./where.ts";

/** What a start may take beyond the wait for output: a container is made, an image's set-up runs. */
const START_MS = 300_000;

export interface RemoteCommand {
  command: string;
  workdir?: string | undefined;
  env: Record<string, string>;
  timeoutSeconds?: number | undefined;
  isBackground: boolean;
  isPty: boolean;
}

interface Memo {
  step: "start" | "approval";
  processId: string;
  host: "sandbox" | "home";
  place: Place;
  home?: string;
  plan?: ExecPlan;
  approvalId?: string;
  askPart?: string;
}

export async function startRemote(
  wanted: RemoteCommand,
  where: Exclude<Where, { host: "edge" }>,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  const processId = await processIdOf(context);
  return begin(wanted, { step: "start", processId, ...where }, context);
}

export async function resumeRemote(wanted: RemoteCommand, end: WaitEnd, context: ToolContext): Promise<ToolResult | ToolWait> {
  // Written by this file; whoever changes its shape has to read the old one for a release.
  const memo = end.memo as Memo;
  if (memo.step === "start") {
    if (end.answer === undefined) return interrupted("It did not answer in time.");
    return conclude(read("exec.start", end.answer as HomeAnswer), wanted, memo, context);
  }
  const { decision = "expired", by } = (end.answer ?? {}) as Partial<ApprovalAnswer>;
  if (decision === "expired") return said("Not run: nobody gave their word in time. Ask the person before you try it again.");
  if (decision === "deny")
    return said(`Not run: ${by ?? "the owner"} said no. Do not try it in another way; ask what to do instead.`);
  const { plan, approvalId } = memo;
  if (!plan || approvalId === undefined) return said("Not run: what was asked about is not known any more.");
  return begin(wanted, { ...memo, step: "start" }, context, { id: approvalId, plan: plan.hash, decision });
}

export async function cancelRemote(memo: unknown, context: ToolContext): Promise<void> {
  const { step, approvalId, askPart = "" } = memo as Memo;
  if (step === "approval") await context.approvals?.withdraw(askPart);
  else await context.home?.cancel(partOf(approvalId));
}

async function begin(
  wanted: RemoteCommand,
  memo: Memo,
  context: ToolContext,
  approval?: ExecApproval,
): Promise<ToolResult | ToolWait> {
  const { hands } = context;
  const yieldMs = wanted.isBackground ? 0 : Math.min(15_000, hands?.exec.yieldMs ?? 10_000);
  const params: ExecStart = {
    processId: memo.processId,
    sessionKey: context.sessionKey,
    place: memo.place,
    command: wanted.command,
    ...(wanted.workdir === undefined ? {} : { workdir: wanted.workdir }),
    env: wanted.env,
    timeoutMs: wanted.timeoutSeconds === undefined ? (hands?.exec.timeoutMs ?? 1_800_000) : wanted.timeoutSeconds * 1000,
    yieldMs,
    isPty: wanted.isPty,
    policy: policyFor(context),
    ...(approval ? { approval } : {}),
  };
  const part = partOf(approval?.id);
  const options = { home: memo.home, timeoutMs: START_MS + yieldMs };
  return conclude(
    await ask(context, part, "exec.start", params, options),
    wanted,
    { ...memo, ...(approval ? { approvalId: approval.id } : {}) },
    context,
  );
}

async function conclude(
  asked: Asked<"exec.start">,
  wanted: RemoteCommand,
  memo: Memo,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  switch (asked.outcome) {
    case "interrupted":
      return interrupted(asked.reason);
    case "pending": {
      const token = context.home?.tokenOf(partOf(memo.approvalId)) ?? "";
      const until = context.now() + START_MS + 60_000;
      return { waitsFor: "home", token, until, memo: { ...memo, home: asked.home }, text: `${asked.home} works on it.` };
    }
    case "answered":
      return describe(asked.value, asked.home, wanted, memo, context);
    default:
      return asked satisfies never;
  }
}

async function describe(
  answer: ExecAnswer,
  home: string,
  wanted: RemoteCommand,
  memo: Memo,
  context: ToolContext,
): Promise<ToolResult | ToolWait> {
  switch (answer.state) {
    case "running":
    case "exited":
      return describeProcess(answer, { home, host: memo.host });
    case "refused":
      return said(`Not run: ${answer.reason}`);
    case "asks": {
      if (!context.approvals) return said(`Not run: ${answer.plan.reason} Nobody can be asked for it here.`);
      const askPart = `plan-${answer.plan.hash.slice(0, 16)}`;
      const { token, until } = await context.approvals.ask(askPart, { home, host: memo.host, plan: answer.plan });
      const approvalId = token.slice(token.indexOf(":") + 1);
      const text = `Waits for the owner's word: ${wanted.command.slice(0, 200)}`;
      const next: Memo = { ...memo, step: "approval", home, plan: answer.plan, approvalId, askPart };
      return { waitsFor: "approval", token, until, memo: next, text };
    }
    default:
      return answer satisfies never;
  }
}

export function describeProcess(state: ProcessState, where: { home: string; host: string }): ToolResult {
  const { processId, output, outputBytes } = state;
  const shownBytes = new TextEncoder().encode(output).length;
  const cut =
    outputBytes > shownBytes ? `[${outputBytes - shownBytes} bytes before this are in: process log ${processId}.]\n` : "";
  const details = { host: where.host, home: where.home, processId, state: state.state };
  if (state.state === "running") {
    const note = `[Still running as process ${processId} on ${where.home}; look after it with the tool process.]`;
    return { text: `${cut}${output.trimEnd()}\n${note}`.trim(), details };
  }
  const ended = state.endedBy ?? (state.signal ? `Ended by ${state.signal}.` : undefined);
  const isGood = state.exitCode === 0 && ended === undefined;
  const note = isGood
    ? ""
    : `[${[ended, state.exitCode ? `Exit code ${state.exitCode}.` : undefined].filter(Boolean).join(" ")}]`;
  const text = [`${cut}${output.trimEnd()}`.trimStart(), note].filter((part) => part !== "").join("\n");
  return {
    text: text === "" ? "Done, no output." : text,
    isError: !isGood,
    details: { ...details, ...(state.exitCode === undefined ? {} : { exitCode: state.exitCode }) },
  };
}

function partOf(approvalId: string | undefined): string {
  return approvalId === undefined ? "start" : "approved";
}

export function said(text: string): ToolResult {
  return { text, isError: true };
}

export function interrupted(reason: string): ToolResult {
  return {
    text: `Interrupted, outcome unknown: ${reason} Check what it did before you repeat it.`,
    isError: true,
    isInterrupted: true,
  };
}

/** Short enough to be typed by a model, and the same whenever this call is made again. */
async function processIdOf(context: ToolContext): Promise<string> {
  const seed = context.home?.tokenOf("process") ?? context.callId;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${context.sessionKey}\n${seed}`));
  return Array.from(new Uint8Array(digest).slice(0, 5), (byte) => byte.toString(36).padStart(2, "0")).join("");
}

export const remoteInput = {
  host: z.enum(["auto", "edge", "sandbox", "home"]).optional(),
  machine: z.string().max(200).optional().describe("Where there are several"),
};
