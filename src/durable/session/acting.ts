// An acting step: the calls of one reply, one row each. Marked before they run and settled with their result in one
// transaction. Neighbours that may run side by side do; others wait their turn, and give way to a person's word.
import type { CallOutcome, Entry, ToolCall } from "../../contract/entry.ts";
import { ToolFailure } from "../../contract/errors.ts";
import type { MediaRef } from "../../contract/message.ts";
import { addressKey } from "../agent/delivery.ts";
import { capResult, resultCap } from "../agent/results.ts";
import { tools, toolsFor, validateInput } from "../tools/list.ts";
import type { Tool, ToolContext } from "../tools/port.ts";
import { describeStatus } from "./describing.ts";
import { messageDesk } from "./outgoing/message-desk.ts";
import type { SessionParts } from "./parts.ts";
import { hasSteered } from "./receiving.ts";
import type { PlannedCall } from "./rows/calls.ts";
import type { Turn } from "./rows/turns.ts";

interface Settled {
  outcome: CallOutcome;
  text: string;
  media?: MediaRef[];
  isForPerson?: boolean;
  wroteTo?: string;
  details?: Record<string, unknown>;
}

const INTERRUPTED = "Interrupted, outcome unknown: this was cut off while it ran. Check what it did before you repeat it.";
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
    parts.calls.markStarted(
      batch.map((call) => call.rowId),
      parts.now(),
    );
    parts.showing.work(batch[0] && titleOf(batch[0]));
    await Promise.all(batch.map((call) => runCall(parts, turn, call, allowed)));
    parts.showing.work(undefined);
  }
  if (parts.calls.open(turn.id).length === 0) parts.turns.advance(turn.id, { state: "thinking" });
}

/** Started before this wake and not safe to repeat: nobody knows what it did. */
function isLost(call: PlannedCall): boolean {
  return call.state === "started" && !(findTool(call.name)?.isRepeatable ?? false);
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

async function runCall(parts: SessionParts, turn: Turn, call: PlannedCall, allowed: readonly Tool[]): Promise<void> {
  const { publisher } = parts;
  publisher.tell({ type: "call-started", callId: call.id, name: call.name, args: call.args, title: titleOf(call) });
  const settled = await performCall(parts, turn, call, allowed);
  if (parts.abort.signal.aborted && settled.outcome === "failed") settled.outcome = "stopped";
  settle(parts, turn, call, settled);
}

async function performCall(parts: SessionParts, turn: Turn, call: PlannedCall, allowed: readonly Tool[]): Promise<Settled> {
  const tool = allowed.find((candidate) => candidate.name === call.name);
  if (!tool) {
    return {
      outcome: "failed",
      text: `There is no tool "${call.name}" here. Available: ${allowed.map((known) => known.name).join(", ")}.`,
    };
  }
  try {
    const result = await tool.run(validateInput(tool, call.args), contextOf(parts, turn, call));
    const cap = resultCap(parts.profile.get().contextWindow ?? 0);
    parts.wake.countInside();
    return {
      outcome: result.isError ? "failed" : "done",
      text: await capResult(result.text, cap, call.rowId.replaceAll(":", "-"), parts.ports.workspace),
      ...(result.media ? { media: result.media } : {}),
      ...(result.isForPerson ? { isForPerson: true } : {}),
      ...(result.wroteTo ? { wroteTo: addressKey(result.wroteTo) } : {}),
      ...(result.details ? { details: result.details } : {}),
    };
  } catch (error) {
    if (error instanceof ToolFailure) return { outcome: "failed", text: error.message };
    console.error(`tool ${call.name} failed`, error);
    const reason = error instanceof Error ? error.message : String(error);
    return { outcome: "failed", text: `${call.name} failed: ${reason}` };
  }
}

function contextOf(parts: SessionParts, turn: Turn, call: PlannedCall): ToolContext {
  const { ports } = parts;
  return {
    agentId: ports.agentId,
    sessionKey: ports.sessionKey,
    callId: call.id,
    workspace: ports.workspace,
    status: async () => describeStatus(parts, turn.brief),
    fetch: (input, init) => {
      parts.wake.countOutside();
      return ports.fetchOutside(input, init);
    },
    storeMedia: (bytes, _type, name) => {
      parts.wake.countInside();
      return ports.storeMedia(new Uint8Array(bytes), name);
    },
    ...(ports.resolveHost ? { resolveHost: ports.resolveHost } : {}),
    ...(call.name === "message" ? { messages: messageDesk(parts, turn, call) } : {}),
    allowedHosts: ports.allowedHosts,
    signal: parts.abort.signal,
    progress: (text) =>
      parts.publisher.tell({ type: "call-progress", callId: call.id, name: call.name, text: text.slice(-4000) }),
    now: ports.now,
    timeZone: turn.brief.timeZone,
  };
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
    settle(parts, turn, call, {
      outcome: "stopped",
      text: call.state === "started" ? INTERRUPTED : "Not run: the person stopped the turn.",
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

function findTool(name: string): Tool | undefined {
  return tools.find((tool) => tool.name === name);
}
