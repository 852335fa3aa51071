// Stopping: written down as a row first, so that a stop between two steps is not lost; cutting short what runs is
// only the fast path. Messages that wait are dropped with a word to whoever sent them.
import type { Entry } from "../../contract/entry.ts";
import { endTurn } from "./ending.ts";
import { releaseDropped } from "./outgoing/answering.ts";
import type { SessionParts } from "./parts.ts";
import type { InboxItem } from "./rows/inbox.ts";
import type { Turn } from "./rows/turns.ts";

/** Writes the stop down, then cuts short what runs. Answers the run that was asked to stop. */
export function stopTurn(parts: SessionParts, runId?: string): string[] {
  const turn = parts.turns.open();
  if (!turn || (runId !== undefined && turn.runId !== runId)) return [];
  parts.turns.askStop(turn.id, parts.now());
  parts.abort.abort(new DOMException("The person stopped the turn.", "AbortError"));
  return [turn.runId];
}

/** Drops what waits, saying so to whoever sent it. */
export function dropWaiting(parts: SessionParts, reason: string, runId?: string): string[] {
  const dropped = parts.inbox.waiting().filter((item) => runId === undefined || item.inboxId === runId);
  for (const item of dropped) dropItem(parts, item, reason);
  return dropped.map((item) => item.inboxId);
}

export function dropItem(parts: SessionParts, item: InboxItem, reason: string): void {
  parts.inbox.mark(item.inboxId, "dropped", undefined, reason);
  releaseDropped(parts, item.event, item.brief);
  parts.publisher.tell({ type: "inbox", inboxId: item.inboxId, state: "dropped", reason }, { runId: item.inboxId });
}

/** Ends a turn that was asked to stop. What it had said so far stays. */
export function concludeStopped(parts: SessionParts, turn: Turn): void {
  const text = parts.blocks.text(turn.id);
  const thoughts = parts.blocks.thinking(turn.id);
  const entry = parts.commit((): Entry | undefined => {
    const partial =
      text === "" && thoughts === ""
        ? undefined
        : parts.transcript.add(
            {
              kind: "assistant",
              turnId: turn.id,
              step: turn.step,
              text,
              thinking: thoughts === "" ? [] : [{ text: thoughts }],
              calls: [],
              model: turn.model ?? parts.profile.get().model ?? "unknown/unknown",
              stopReason: "aborted",
              spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
            },
            parts.now(),
          );
    parts.blocks.clear(turn.id);
    endTurn(parts, turn, { outcome: "stopped", ...(text === "" ? {} : { text }) });
    return partial;
  });
  if (entry) parts.publisher.tell({ type: "entry", entry });
}
