// What a turn leaves to be sent: its answer to each place that waits for one, its files, and what tidies up behind it (a
// draft that no longer holds, the reaction that said "seen"). Rows only, written with the end of the turn.
import type { Brief } from "../../../contract/admission.ts";
import type { Event } from "../../../contract/event.ts";
import type { TurnError, TurnOutcome } from "../../../contract/live.ts";
import { isAnsweredInPlace, type MediaRef } from "../../../contract/message.ts";
import { type ReadReply, readReply } from "../../agent/reply.ts";
import { restOf, trimBlock } from "../../agent/reply-blocks.ts";
import type { SessionParts } from "../parts.ts";
import type { Draft } from "../rows/drafts.ts";
import type { TurnItem } from "../rows/inbox.ts";
import type { Turn } from "../rows/turns.ts";
import { awaitedElsewhere, outboxItem, type Spoken, spokenIn, styleOf, targetsOf } from "./places.ts";

export interface Answer {
  outcome: TurnOutcome;
  text?: string;
  error?: TurnError;
}

/** What a person in a direct talk gets when the model chose to be silent: that their message was read. */
const NOTED = "Noted.";
const STOPPED = "(Stopped.)";
const ELSEWHERE = "(Answered where you wrote last.)";

/** Contract: called inside the transaction that ends the turn. */
export function queueAnswer(parts: SessionParts, turn: Turn, answer: Answer, items: readonly TurnItem[]): void {
  const spoken = spokenIn(turn, items);
  const targets = targetsOf(spoken);
  const draft = parts.drafts.of(turn.id);
  const now = parts.now();
  let hasDraftUse = false;
  targets.forEach((target, index) => {
    const own = draft?.address === target.address ? draft : undefined;
    const media = answer.outcome === "done" ? mediaFor(parts, turn) : [];
    const said = wordsFor(parts, turn, answer, target, own);
    if (said.text === "" && media.length === 0) return;
    hasDraftUse ||= own?.state === "asked" || own?.state === "shown";
    const id = `${turn.id}${index === 0 ? "" : `.${index}`}:0`;
    const style = styleOf(target);
    const replyTo = replyTarget(said, target, own);
    parts.outbox.add(
      outboxItem(parts, { id, runId: turn.runId, to: target.message.from, act: { type: "text", text: said.text } }),
      now,
      {
        style,
        ...(replyTo === undefined ? {} : { replyTo, isReplyForAll: style.replyTo === "all" }),
        ...(media.length > 0 ? { media } : {}),
      },
    );
  });
  awaitedElsewhere(spoken, targets).forEach(({ message }, index) => {
    const act = { type: "text", text: ELSEWHERE } as const;
    parts.outbox.add(outboxItem(parts, { id: `${turn.id}:away${index}`, runId: turn.runId, to: message.from, act }), now);
  });
  if (draft && !hasDraftUse) retractDraft(parts, turn, draft, spoken);
  spoken.forEach(({ message, place }, index) => {
    if (!place?.style.ackReaction || message.platformId === undefined) return;
    const act = { type: "react", message: message.platformId, emoji: null } as const;
    parts.outbox.add(outboxItem(parts, { id: `${turn.id}:ack${index}`, runId: turn.runId, to: message.from, act }), now);
  });
}

/** Sends the answer of a command to where it was asked. Contract: as above. */
export function queueReply(parts: SessionParts, event: Event & { kind: "message" }, brief: Brief, text: string): void {
  const { message } = event;
  if (isAnsweredInPlace(message.from)) return;
  const target = { message, ...(brief.place ? { place: brief.place } : {}) };
  const style = styleOf(target);
  const replyTo = style.replyTo === "off" ? undefined : message.platformId;
  parts.outbox.add(
    outboxItem(parts, { id: `${event.id}:reply`, runId: event.id, to: message.from, act: { type: "text", text } }),
    parts.now(),
    { style, ...(replyTo === undefined ? {} : { replyTo, isReplyForAll: style.replyTo === "all" }) },
  );
}

/** Takes the reaction away from a message that will not be answered. */
export function releaseDropped(parts: SessionParts, event: Event, brief: Brief): void {
  if (event.kind !== "message" || !brief.place?.style.ackReaction || event.message.platformId === undefined) return;
  const act = { type: "react", message: event.message.platformId, emoji: null } as const;
  const item = outboxItem(parts, { id: `${event.id}:dropped`, runId: event.id, to: event.message.from, act });
  parts.outbox.add(item, parts.now());
}

/** A step ends and the turn goes on: where finished paragraphs are sent, the rest of what it said goes out now. */
export function queueStepRest(parts: SessionParts, turn: Turn, text: string): void {
  const draft = parts.drafts.of(turn.id);
  const target = draft?.state === "blocks" ? spokenIn(turn, parts.inbox.ofTurn(turn.id)).at(-1) : undefined;
  if (!draft || !target || target.address !== draft.address) return;
  const reply = readReply(text);
  const rest = reply.isSilent ? "" : restOf(reply.text, draft.step === turn.step ? draft.text : "");
  if (rest.trim() !== "") addBlock(parts, turn, target, rest, draft);
  else parts.drafts.put(turn.id, { ...draft, step: turn.step + 1, text: "" });
}

/** One block goes out; `said` is remembered as sent. Contract: called inside a transaction. */
export function addBlock(parts: SessionParts, turn: Turn, target: Spoken, text: string, draft: Draft, said?: string): void {
  const style = styleOf(target);
  const current = style.replyTo === "all" || (style.replyTo === "first" && draft.count === 0);
  const replyTo = current ? target.message.platformId : undefined;
  parts.outbox.add(
    outboxItem(parts, {
      id: `${turn.id}:b${draft.count}`,
      runId: turn.runId,
      to: target.message.from,
      act: { type: "text", text: trimBlock(text) },
    }),
    parts.now(),
    { style, ...(replyTo === undefined ? {} : { replyTo, isReplyForAll: style.replyTo === "all" }) },
  );
  const step = said === undefined ? turn.step + 1 : turn.step;
  parts.drafts.put(turn.id, { ...draft, count: draft.count + 1, step, text: said ?? "" });
}

function wordsFor(parts: SessionParts, turn: Turn, answer: Answer, target: Spoken, draft: Draft | undefined): ReadReply {
  switch (answer.outcome) {
    case "done": {
      const isInBlocks = draft?.state === "blocks" && draft.count > 0;
      const reply = readReply(isInBlocks ? (answer.text ?? "") : answer.text || turn.text);
      if (isInBlocks) return { ...reply, text: reply.isSilent ? "" : restFor(turn, reply, draft) };
      if (!reply.isSilent && reply.text !== "") return reply;
      const { from, isAwaited } = target.message;
      const isAsked = turn.event.kind === "message";
      const mustSpeak = isAsked && (from.kind !== "group" || isAwaited === true) && !hasWrittenHere(parts, turn, target);
      return { ...reply, text: mustSpeak ? NOTED : "" };
    }
    case "stopped": {
      const reply = readReply(answer.text ?? "");
      const text = reply.isSilent ? "" : restFor(turn, reply, draft);
      if (text !== "") return { ...reply, text: `${text}\n\n${STOPPED}` };
      const isShown = draft ? draft.state !== "blocks" : target.message.isAwaited === true;
      return { ...reply, text: isShown ? STOPPED : "" };
    }
    case "failed":
    case "parked":
      return { text: answer.error?.text ?? answer.text ?? "", isSilent: false };
    default:
      return answer.outcome satisfies never;
  }
}

function restFor(turn: Turn, reply: ReadReply, draft: Draft | undefined): string {
  if (draft?.state !== "blocks") return reply.text;
  return trimBlock(restOf(reply.text, draft.step === turn.step ? draft.text : ""));
}

/** Whether the turn wrote to this place with the message tool: then silence is no lack of an answer. */
function hasWrittenHere(parts: SessionParts, turn: Turn, target: Spoken): boolean {
  return entriesOf(parts, turn).some(
    (entry) => entry.name === "message" && entry.outcome === "done" && entry.wroteTo === target.address,
  );
}

/** Files that tools made for the person. */
function mediaFor(parts: SessionParts, turn: Turn): MediaRef[] {
  return entriesOf(parts, turn).flatMap((entry) => (entry.isForPerson ? (entry.media ?? []) : []));
}

function entriesOf(parts: SessionParts, turn: Turn) {
  const { windowSeq } = parts.profile.get();
  return parts.transcript
    .window(windowSeq)
    .flatMap((entry) => (entry.kind === "result" && entry.turnId === turn.id ? [entry] : []));
}

function replyTarget({ replyTo }: ReadReply, target: Spoken, draft: Draft | undefined): string | undefined {
  const current = target.message.platformId;
  if (replyTo) return replyTo.kind === "current" ? current : replyTo.id;
  const style = styleOf(target);
  const isFirst = draft?.state !== "blocks" || draft.count === 0;
  return style.replyTo === "all" || (style.replyTo === "first" && isFirst) ? current : undefined;
}

/** Takes back what the place was shown of an answer that does not come there. */
function retractDraft(parts: SessionParts, turn: Turn, draft: Draft, spoken: readonly Spoken[]): void {
  const place = spoken.find(({ address }) => address === draft.address);
  if (!place || draft.state === "blocks" || draft.state === "lost") {
    parts.drafts.remove(turn.id);
    return;
  }
  // Which message it is may not be known yet: it is looked up when its turn comes.
  const act = { type: "delete", message: "" } as const;
  parts.outbox.add(outboxItem(parts, { id: `${turn.id}:retract`, runId: turn.runId, to: place.message.from, act }), parts.now());
}
