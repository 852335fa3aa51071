// The front door of a session: an event becomes a row, deduplicated, and either begins a turn or waits for the one
// that runs. One table (agent/queue.ts) says what each kind does when the session is busy.
import type { Brief } from "../../contract/admission.ts";
import { DEFAULT_ACCOUNT } from "../../contract/channels/facts.ts";
import { NO_SPEND } from "../../contract/entry.ts";
import type { Event, InboxState, QueueMode } from "../../contract/event.ts";
import { newId } from "../../contract/id.ts";
import { textOf } from "../../contract/message.ts";
import type { EarlierMessage, Receipt } from "../../contract/ports/session.ts";
import { belongTogether, isIncomplete, quietWindow, readyTimes } from "../agent/joining.ts";
import { BUSY_RULES, nextTurnMessages, overflowing } from "../agent/queue.ts";
import { markEarlier } from "./incoming/earlier.ts";
import { findListener } from "./incoming/listener.ts";
import { isOnlyOverheard, noteSpeaker, overhear, takeOverheard } from "./incoming/overhearing.ts";
import { readPlainWord } from "./incoming/owners-word.ts";
import { readEvent, textOfEvent, userEntryOf } from "./incoming/reading.ts";
import { acknowledge } from "./outgoing/showing.ts";
import type { SessionParts } from "./parts.ts";
import type { InboxItem } from "./rows/inbox.ts";
import type { Turn } from "./rows/turns.ts";
import { refuseCommand, resetSession, runCommand, runPlainWord } from "./slash.ts";
import { dropItem, stopTurn } from "./stopping.ts";
import { GUARD_MS } from "./wake.ts";

const SAID_ELSEWHERE = { model: "unknown/unknown", stopReason: "stop", spend: NO_SPEND } as const;

/** Stores the event and decides what it does. The caller lets the runner go on afterwards. */
export async function receive(parts: SessionParts, received: Event, brief: Brief): Promise<Receipt> {
  const now = parts.now();
  if (received.kind === "notice") return receiveNotice(parts, received, brief);
  if (received.kind === "result" && received.token !== undefined) return receiveAnswer(parts, received, received.token, brief);
  // The end of what a talk began does not bring back a talk that was deleted.
  if (received.kind === "result" && !parts.profile.exists) return { status: "duplicate", state: "done", runId: received.id };
  const read = readEvent(received.kind === "result" ? findListener(parts, received) : received, brief);
  const { command, forbidden, isNewStart } = read;
  const isPlain = !command && !forbidden && !isNewStart;
  const word = isPlain ? await readPlainWord(parts, read.event, brief) : undefined;
  const event = isPlain && !word ? markEarlier(parts, read.event, brief) : read.event;
  const mode = modeOf(parts, event, brief);
  let isHeardOnly = false;
  const isFresh = parts.commit(() => {
    parts.profile.ensure(brief.sessionKey, brief.agentId, now);
    if (parts.inbox.find(event.id) || (brief.place && parts.overheard.has(event.id))) return false;
    // A command that may be given is for the assistant, whether or not it is named.
    isHeardOnly = !command && !isNewStart && isOnlyOverheard(parts, event, brief);
    if (event.kind === "message") noteSpeaker(parts, event, !isHeardOnly && !command && !forbidden);
    if (event.kind === "message" && isHeardOnly) {
      overhear(parts, event, brief);
      return true;
    }
    if (isNewStart) resetSession(parts);
    const isTurn = !command && !forbidden && !word;
    if (isTurn) parts.profile.noteMessage(textOfEvent(event), now);
    if (isTurn && !mustWait(event, brief) && !parts.turns.open() && parts.inbox.waiting().length === 0) {
      beginTurn(parts, event, brief, mode);
      return true;
    }
    parts.inbox.add(event, brief, mode, now);
    // A command never becomes a turn: its row is settled before it is carried out.
    if (!isTurn) parts.inbox.mark(event.id, "done");
    else if (!parts.turns.open()) {
      beginNextTurn(parts);
      parts.alarm.setFor(now + GUARD_MS);
    }
    return true;
  });
  if (!isFresh) {
    return receiptOf(parts, event.id, "duplicate", parts.inbox.find(event.id)?.state ?? "done");
  }
  if (isHeardOnly) return { status: "accepted", state: "done", runId: event.id };
  if (event.kind === "message" && brief.place?.wantsNews) {
    const { channel, account = DEFAULT_ACCOUNT } = event.message.from;
    parts.newsWanted.add(`${channel}/${account}`);
  }
  if (command) return runCommand(parts, event, brief, command);
  if (word) return runPlainWord(parts, event, brief, word);
  if (forbidden) return refuseCommand(parts, event, brief, forbidden);

  if (event.kind === "message" && brief.place) acknowledge(parts, { message: event.message, address: "", place: brief.place });
  const running = parts.turns.open();
  const isBusy = running !== undefined && running.runId !== event.id;
  if (isBusy) {
    dropOverflow(parts, brief);
    if (BUSY_RULES[mode].stopsTurn) stopTurn(parts);
  }
  const state = parts.inbox.find(event.id)?.state ?? "queued";
  // A message that begins its turn is told with the turn's beginning.
  if (isBusy || state !== "working") parts.publisher.tell({ type: "inbox", inboxId: event.id, state }, { runId: event.id });
  return receiptOf(parts, event.id, "accepted", state);
}

function receiptOf(parts: SessionParts, id: string, status: Receipt["status"], state: InboxState): Receipt {
  const isNext = state === "queued" && !parts.turns.open() && parts.inbox.waiting()[0]?.inboxId === id;
  return { status, state, runId: id, ...(isNext ? { isNext } : {}) };
}

/** Something happened that asks for no answer: the model reads it with its next request. */
function receiveNotice(parts: SessionParts, event: Event & { kind: "notice" }, brief: Brief): Receipt {
  const now = parts.now();
  const entry = parts.commit(() => {
    parts.profile.ensure(brief.sessionKey, brief.agentId, now);
    if (parts.inbox.find(event.id)) return undefined;
    parts.inbox.addDone(event.id, brief.queue.mode, now);
    return parts.transcript.add({ kind: "note", text: textOfEvent(event), label: "notice", isForModel: true }, now);
  });
  if (entry) parts.publisher.tell({ type: "entry", entry }, { runId: event.id, withRow: true });
  return { status: entry ? "accepted" : "duplicate", state: "done", runId: event.id };
}

/** What a call of the running turn waits for has come: the turn goes on. Nobody waits any more: it is dropped. */
function receiveAnswer(parts: SessionParts, event: Event & { kind: "result" }, token: string, brief: Brief): Receipt {
  const now = parts.now();
  const isTaken = parts.commit(() => {
    if (!parts.profile.exists || parts.inbox.find(event.id)) return false;
    parts.inbox.addDone(event.id, brief.queue.mode, now);
    if (!parts.calls.takeAnswer(event.callId, token, event.payload)) return false;
    const turn = parts.turns.open();
    if (turn?.state === "waiting") parts.turns.wakeUp(turn.id, "acting");
    return true;
  });
  return { status: isTaken ? "accepted" : "duplicate", state: "done", runId: event.id };
}

/** Whether a message may not begin its turn at once: something of it is missing, or more of it may come. */
function mustWait(event: Event, brief: Brief): boolean {
  return isIncomplete(event) || quietWindow(event, brief) > 0;
}

/** A talk that was held elsewhere stands before the first message. A session that has begun is left as it is. */
export function seedTalk(parts: SessionParts, earlier: readonly EarlierMessage[]): void {
  if (parts.transcript.total() > 0) return;
  const now = parts.now();
  parts.commit(() => {
    parts.profile.ensure(parts.ports.sessionKey, parts.ports.agentId, now);
    for (const { role, parts: said } of earlier) {
      if (role === "user") parts.transcript.add({ kind: "user", inboxId: newId("msg", now), parts: said }, now);
      else
        parts.transcript.add({ kind: "assistant", step: 0, text: textOf(said), thinking: [], calls: [], ...SAID_ELSEWHERE }, now);
    }
  });
}

/** An idle session begins its turn at once, inside the caller's transaction, without waiting for any quiet window. */
function beginTurn(parts: SessionParts, event: Event, brief: Brief, mode: QueueMode): void {
  const now = parts.now();
  const turn = parts.turns.start(event, brief, now);
  parts.transcript.add({ kind: "user", turnId: turn.id, inboxId: event.id, ...entryPart(parts, event) }, now);
  parts.inbox.addWorking(event.id, turn.id, mode, now);
  parts.alarm.setFor(now + GUARD_MS);
}

/**
 * Makes the next turn of what waits, inside the caller's transaction. Answers undefined when nothing is ready; a
 * quiet window that is still open sets the alarm for its end.
 */
export function beginNextTurn(parts: SessionParts): Turn | undefined {
  const now = parts.now();
  const waiting = parts.inbox.waiting();
  const debounceMs = waiting[0]?.brief.queue.debounceMs ?? 0;
  const ready = { times: readyTimes(waiting), belongTogether };
  const { take, waitMs } = nextTurnMessages(waiting, debounceMs, now, ready);
  if (waitMs !== undefined) parts.alarm.setFor(now + waitMs);
  const first = take[0];
  const last = take[take.length - 1];
  if (!first || !last) return undefined;
  const turn = parts.turns.start(first.event, last.brief, now);
  for (const item of take) {
    parts.transcript.add({ kind: "user", turnId: turn.id, inboxId: item.inboxId, ...entryPart(parts, item.event) }, now);
    parts.inbox.mark(item.inboxId, "working", turn.id);
  }
  parts.alarm.setFor(now + GUARD_MS);
  return turn;
}

/** Messages that came while the turn ran join it before its next request. */
export function absorbSteered(parts: SessionParts, turn: Turn): number {
  const steered = readySteered(parts);
  if (steered.length === 0) return 0;
  const now = parts.now();
  const entries = parts.commit(() =>
    steered.map((item) => {
      parts.inbox.mark(item.inboxId, "steered", turn.id);
      return parts.transcript.add({ kind: "user", turnId: turn.id, inboxId: item.inboxId, ...entryPart(parts, item.event) }, now);
    }),
  );
  entries.forEach((entry, index) => {
    parts.publisher.tell({ type: "entry", entry });
    const item = steered[index];
    if (item) parts.publisher.tell({ type: "inbox", inboxId: item.inboxId, state: "steered" }, { runId: item.inboxId });
  });
  return entries.length;
}

/** Whether a message waits that wants to be heard before the next call runs. */
export function hasSteered(parts: SessionParts): boolean {
  return readySteered(parts).length > 0;
}

/** Those that join the running turn and are whole, in order: nothing overtakes one that still waits for its rest. */
function readySteered(parts: SessionParts): InboxItem[] {
  const waiting = parts.inbox.waiting();
  if (waiting.length === 0) return [];
  const now = parts.now();
  const times = readyTimes(waiting);
  const unready = times.findIndex((at) => at > now);
  return waiting.slice(0, unready < 0 ? waiting.length : unready).filter((item) => BUSY_RULES[item.mode].joinsTurn);
}

function entryPart(parts: SessionParts, event: Event) {
  if (event.kind === "notice") throw new Error("A notice begins no turn.");
  return userEntryOf(event, takeOverheard(parts, event));
}

function dropOverflow(parts: SessionParts, brief: Brief): void {
  const { cap, drop } = brief.queue;
  for (const item of overflowing(parts.inbox.waiting(), cap, drop)) {
    if (drop === "summarize") {
      const text = `A message was left out because ${cap} were waiting already. It began: "${textOfEvent(item.event).slice(0, 200)}"`;
      const turn = parts.turns.open();
      parts.transcript.add({ kind: "note", text, isForModel: true, ...(turn ? { turnId: turn.id } : {}) }, parts.now());
    }
    dropItem(parts, item, `More than ${cap} messages were waiting (messages.queue.cap).`);
  }
}

function modeOf(parts: SessionParts, event: Event, brief: Brief): QueueMode {
  // Nobody's word: it neither stops a turn nor takes a step or a question from it.
  if (event.kind === "result") return "followup";
  const wished = "wishes" in event ? event.wishes.queueMode : undefined;
  const own = parts.profile.exists ? parts.profile.get().queueMode : undefined;
  return wished ?? (own as QueueMode | undefined) ?? brief.queue.mode;
}
