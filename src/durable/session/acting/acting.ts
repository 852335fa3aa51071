// An acting step: the calls of one reply, one row each. Marked before they run and settled with their result in one
// transaction. Neighbours that may run side by side do; others wait their turn, and give way to a person's word. A call
// that waits for somebody sleeps as a row, and the turn with it.
import type { CallOutcome, Entry, ToolCall } from "../../../contract/entry.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import type { MediaRef } from "../../../contract/message.ts";
import { addressKey } from "../../agent/delivery.ts";
import { capResult, cutFailure, resultCap } from "../../agent/results.ts";
import { tools, toolsFor, validateInput } from "../../tools/list.ts";
import type { AnyTool, ToolContext, ToolWait, WaitEnd } from "../../tools/port.ts";
import type { SessionParts } from "../parts.ts";
import { hasSteered } from "../receiving.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";
import { contextOf, mayRepeat } from "./context.ts";

interface Settled {
  outcome: CallOutcome;
  text: string;
  media?: MediaRef[];
  isForPerson?: boolean;
  wroteTo?: string;
  details?: Record<string, unknown>;
}

const INTERRUPTED = "Interrupted, outcome unknown: this was cut off while it ran. Check what it did before you repeat it.";
const TAKEN_BACK =
  "The person wrote something while they had the browser, which ends that. Read it first, then take a snapshot to see what was done.";
const SKIPPED = "Skipped: the person wrote something new before this began. Read it first.";

export async function act(parts: SessionParts, turn: Turn): Promise<void> {
  const allowed = toolsFor(turn.brief);
  parts.showing.follow(turn);
  const open = parts.calls.open(turn.id);
  settleInterrupted(parts, turn, open);
  for (const batch of batchesOf(open.filter((call) => !isLost(call)))) {
    if (parts.abort.signal.aborted || parts.turns.open()?.isStopAsked || parts.wake.isSpent(parts.now())) return;
    if (parts.calls.open(turn.id).length < open.length && hasSteered(parts)) {
      for (const call of parts.calls.open(turn.id)) settle(parts, turn, call, { outcome: "stopped", text: SKIPPED });
      break;
    }
    const ready = batch.filter((call) => !isAsleep(parts, call));
    parts.calls.markStarted(
      ready.flatMap((call) => (call.wait ? [] : [call.rowId])),
      parts.now(),
    );
    parts.showing.work(ready[0] && titleOf(ready[0]));
    await Promise.all(ready.map((call) => runCall(parts, turn, call, allowed)));
    parts.showing.work(undefined);
    if (await fallAsleep(parts, turn, batch)) return;
  }
  if (parts.calls.open(turn.id).length === 0) parts.turns.advance(turn.id, { state: "thinking" });
}

/** Lets the turn sleep while calls of the batch wait. A question to the owner gives way to a person's new word. */
async function fallAsleep(parts: SessionParts, turn: Turn, batch: readonly PlannedCall[]): Promise<boolean> {
  const own = new Set(batch.map((call) => call.rowId));
  let waiting = parts.calls.open(turn.id).filter((call) => own.has(call.rowId) && isAsleep(parts, call));
  if (hasSteered(parts)) {
    for (const call of waiting.filter(isQuestion)) {
      await cancelWait(parts, turn, call);
      const isPersonsTurn = call.wait?.waitsFor === "person";
      settle(parts, turn, call, isPersonsTurn ? { outcome: "done", text: TAKEN_BACK } : { outcome: "stopped", text: SKIPPED });
    }
    waiting = waiting.filter((call) => !isQuestion(call));
  }
  if (waiting.length === 0) return false;
  parts.turns.waitForCalls(turn.id, Math.min(...waiting.map((call) => call.wait?.until ?? 0)));
  return true;
}

function isQuestion(call: PlannedCall): boolean {
  return call.wait?.waitsFor === "approval" || call.wait?.waitsFor === "person";
}

/** Whether the running turn waits for a person, so that a new message has something to say to it. */
export function asksOwner(parts: SessionParts, turn: Turn): boolean {
  return turn.state === "waiting" && parts.calls.open(turn.id).some((call) => isQuestion(call) && isAsleep(parts, call));
}

/** Waits, and neither is there an answer nor is its time up. */
function isAsleep(parts: SessionParts, call: PlannedCall): boolean {
  return call.wait !== undefined && call.wait.until > parts.now() && !parts.calls.answerOf(call);
}

/** Started before this wake and not safe to repeat: nobody knows what it did. */
function isLost(call: PlannedCall): boolean {
  const tool = findTool(call.name);
  return call.state === "started" && !mayRepeat(tool, () => (tool ? validateInput(tool, call.args) : {}));
}

function settleInterrupted(parts: SessionParts, turn: Turn, calls: readonly PlannedCall[]): void {
  for (const call of calls) if (isLost(call)) settle(parts, turn, call, { outcome: "interrupted", text: INTERRUPTED });
}

function batchesOf(calls: readonly PlannedCall[]): PlannedCall[][] {
  const batches: PlannedCall[][] = [];
  let canJoin = false;
  for (const call of calls) {
    const isParallel = findTool(call.name)?.isParallel ?? false;
    const last = batches[batches.length - 1];
    if (last && canJoin && isParallel) last.push(call);
    else batches.push([call]);
    canJoin = isParallel;
  }
  return batches;
}

async function runCall(parts: SessionParts, turn: Turn, call: PlannedCall, allowed: readonly AnyTool[]): Promise<void> {
  const { publisher } = parts;
  if (!call.wait) {
    publisher.tell({ type: "call-started", callId: call.id, name: call.name, args: call.args, title: titleOf(call) });
  }
  const settled = await performCall(parts, turn, call, allowed);
  if ("waitsFor" in settled) {
    sleep(parts, call, settled);
    return;
  }
  if (parts.abort.signal.aborted && settled.outcome === "failed") settled.outcome = "stopped";
  settle(parts, turn, call, settled);
}

function sleep(parts: SessionParts, call: PlannedCall, wait: ToolWait): void {
  const { text, ...row } = wait;
  parts.commit(() => parts.calls.wait(call.rowId, row));
  parts.publisher.tell({ type: "call-progress", callId: call.id, name: call.name, text });
  parts.publisher.tell({ type: "status", phase: "waiting", text }, { withRow: true });
}

async function performCall(
  parts: SessionParts,
  turn: Turn,
  call: PlannedCall,
  allowed: readonly AnyTool[],
): Promise<Settled | ToolWait> {
  const tool = allowed.find((candidate) => candidate.name === call.name);
  if (!tool) {
    return {
      outcome: "failed",
      text: `There is no tool "${call.name}" here. Available: ${allowed.map((known) => known.name).join(", ")}.`,
    };
  }
  try {
    const input = validateInput(tool, call.args);
    const context = await contextOf(parts, turn, call);
    const end = call.wait && { memo: call.wait.memo, ...parts.calls.answerOf(call) };
    const result = end ? await resume(tool, input, end, context) : await tool.run(input, context);
    if ("waitsFor" in result) return result;
    const cap = resultCap(parts.profile.get().contextWindow ?? 0);
    parts.wake.countInside();
    return {
      outcome: result.isInterrupted ? "interrupted" : result.isError ? "failed" : "done",
      text: await capResult(result.text, cap, call.rowId.replaceAll(":", "-"), parts.ports.workspace),
      ...(result.media ? { media: result.media } : {}),
      ...(result.isForPerson ? { isForPerson: true } : {}),
      ...(result.wroteTo ? { wroteTo: addressKey(result.wroteTo) } : {}),
      ...(result.details ? { details: result.details } : {}),
    };
  } catch (error) {
    if (error instanceof ToolFailure) return { outcome: "failed", text: cutFailure(error.message) };
    console.error(`tool ${call.name} failed`, error);
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", text: cutFailure(`${call.name} failed: ${reason}`) };
  }
}

function resume(tool: AnyTool, input: Record<string, unknown>, end: WaitEnd, context: ToolContext) {
  if (!tool.resume) throw new Error(`${tool.name} waits, but cannot go on.`);
  return tool.resume(input, end, context);
}

/** What waits elsewhere is told that nobody wants it any more; should that fail, its answer is dropped when it comes. */
async function cancelWait(parts: SessionParts, turn: Turn, call: PlannedCall): Promise<void> {
  if (!call.wait) return;
  const context = await contextOf(parts, turn, call);
  await findTool(call.name)
    ?.cancel?.(call.wait.memo, context)
    .catch((error: unknown) => console.error("a wait was not called off", error));
}

function settle(parts: SessionParts, turn: Turn, call: PlannedCall, settled: Settled): void {
  const entry = parts.commit((): Entry => {
    parts.calls.remove(call.rowId);
    return parts.transcript.add(
      {
        kind: "result",
        turnId: turn.id,
        callId: call.id,
        name: call.name,
        text: settled.text,
        outcome: settled.outcome,
        ...(settled.media ? { media: settled.media } : {}),
        ...(settled.isForPerson ? { isForPerson: true } : {}),
        ...(settled.wroteTo ? { wroteTo: settled.wroteTo } : {}),
      },
      parts.now(),
    );
  });
  const { details } = settled;
  parts.publisher.tell({
    type: "call-ended",
    callId: call.id,
    name: call.name,
    title: titleOf(call),
    text: settled.text,
    outcome: settled.outcome,
    ...(details ? { details } : {}),
  });
  parts.publisher.tell({ type: "entry", entry });
}

/** Settles what has not run when the person stopped the turn. */
export function stopCalls(parts: SessionParts, turn: Turn): void {
  for (const call of parts.calls.open(turn.id)) {
    void cancelWait(parts, turn, call);
    settle(parts, turn, call, {
      outcome: "stopped",
      text: call.state !== "planned" ? INTERRUPTED : "Not run: the person stopped the turn.",
    });
  }
}

/** "Read SOUL.md"; the bare name where the arguments make no sense. */
export function titleOf(call: Pick<ToolCall, "name" | "args">): string {
  const tool = findTool(call.name);
  if (!tool) return call.name;
  try {
    return tool.title(validateInput(tool, call.args));
  } catch {
    return tool.name;
  }
}

function findTool(name: string): AnyTool | undefined {
  return tools.find((tool) => tool.name === name);
}
