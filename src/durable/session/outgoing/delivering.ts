// The way out: rows become messages, in order for each address and side by side for different ones. A try is marked
// before it is made; what came of it is decided in agent/delivery.ts and, when a person would miss it, said.
import type { DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Entry } from "../../../contract/entry.ts";
import { addressKey, afterDelivery, isRepeatable } from "../../agent/delivery.ts";
import { channelLabel } from "../../agent/envelope.ts";
import type { SessionParts } from "../parts.ts";
import type { AnswerPlan, OutboxRow } from "../rows/outbox.ts";
import { withinTime } from "./time-limit.ts";

const PLAN_MS = 20_000;
const SEND_MS = 60_000;
/** A pause this short is waited out; a longer one is left to the alarm. */
const SHORT_WAIT_MS = 5000;
const CUT_OFF: DeliveryOutcome = { outcome: "unknown", reason: "I was interrupted while it was being sent" };

/** Sends what is due everywhere. Resolves when nothing more can be sent in this wake. */
export async function deliverDue(parts: SessionParts): Promise<void> {
  await Promise.all(parts.outbox.heads().map((row) => openLane(parts, row.address)));
  await parts.waitingNews.tell();
}

/** Sends what was said at an address before, as far as it goes out within `ms`. */
export async function deliverBefore(parts: SessionParts, address: string, ms: number): Promise<void> {
  if (parts.outbox.head(address)) await withinTime(openLane(parts, address), ms, () => undefined);
}

/** One address is served by one at a time. */
function openLane(parts: SessionParts, address: string): Promise<void> {
  const open = parts.lanes.get(address);
  if (open) return open;
  const lane = serve(parts, address).finally(() => parts.lanes.delete(address));
  parts.lanes.set(address, lane);
  return lane;
}

async function serve(parts: SessionParts, address: string): Promise<void> {
  for (let row = parts.outbox.head(address); row; row = parts.outbox.head(address)) {
    const waitMs = row.nextAt - parts.now();
    if (waitMs > SHORT_WAIT_MS || parts.wake.isSpent(parts.now())) return;
    if (waitMs > 0) {
      parts.alarm.setFor(row.nextAt + SHORT_WAIT_MS);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    } else if (row.plan) await splitAnswer(parts, row, row.plan);
    else if (parts.outbox.isCutOff(row) && !isRepeatable(row.item.act)) conclude(parts, row, row.item, CUT_OFF);
    else await send(parts, row);
  }
}

async function send(parts: SessionParts, row: OutboxRow): Promise<void> {
  const item = await resolveDraft(parts, row.item);
  if (!item) {
    parts.outbox.drop(row.item.id);
    return;
  }
  parts.outbox.begin(item);
  parts.wake.countOutside();
  const sending = parts.ports.delivery.send(item).catch(
    // The call itself broke off: the message may or may not have gone out.
    (error: unknown): DeliveryOutcome => ({ outcome: "unknown", reason: reasonOf(error) }),
  );
  const late = (): DeliveryOutcome => ({ outcome: "unknown", reason: "nobody said within a minute whether it was taken" });
  conclude(parts, row, item, await withinTime(sending, SEND_MS, late));
}

function conclude(parts: SessionParts, row: OutboxRow, item: OutboxItem, outcome: DeliveryOutcome): void {
  const turnId = turnOf(item.id);
  if (outcome.outcome === "refused" && item.act.type === "text" && item.act.replaces !== undefined) {
    // The draft is gone or can no longer be changed: the answer becomes a message of its own.
    const { replaces: _gone, ...act } = item.act;
    parts.commit(() => {
      parts.drafts.remove(turnId);
      parts.outbox.postpone({ ...item, act }, parts.now());
    });
    return;
  }
  const label = channelLabel(item.to.channel);
  const tried = { act: item.act, to: item.to, attempts: row.attempts + 1, madeAt: row.madeAt };
  const after = afterDelivery(outcome, tried, label, parts.now());
  const entry = parts.commit((): Entry | undefined => {
    parts.outbox.settle(item.id, after);
    if (after.state !== "pending" && usesDraft(item) && parts.drafts.of(turnId)?.address === row.address) {
      parts.drafts.remove(turnId);
    }
    if (after.state === "pending" || after.state === "sent" || !after.said) return undefined;
    if (after.state === "refused" && item.act.type === "text") parts.outbox.dropRest(turnId, row.address);
    if (hasBeenTold(parts, turnId)) return undefined;
    return parts.transcript.add(
      { kind: "note", text: after.said, label: "undelivered", isForModel: false, ...(isOfTurn(item) ? { turnId } : {}) },
      parts.now(),
    );
  });
  if (entry) parts.publisher.tell({ type: "entry", entry }, { runId: item.runId });
  const account = item.to.account ?? DEFAULT_ACCOUNT;
  const head = { channel: item.to.channel, account, at: parts.now() };
  if (after.state === "sent") {
    const isNews = isSomethingSaid(item) && parts.newsWanted.delete(`${head.channel}/${account}`);
    if (isNews || row.attempts > 0) noteChannel(parts, { ...head, note: { kind: "out" } });
  } else if (after.state !== "pending" && after.said) {
    noteChannel(parts, { ...head, note: { kind: "error", text: after.said } });
  }
}

/** One note a turn: a person who blocked the bot is not told of each part. */
function hasBeenTold(parts: SessionParts, turnId: string): boolean {
  return parts.transcript
    .window(parts.profile.get().windowSeq)
    .some((entry) => entry.kind === "note" && entry.label === "undelivered" && entry.turnId === turnId);
}

function noteChannel(parts: SessionParts, note: Parameters<SessionParts["ports"]["directory"]["noteChannel"]>[0]): void {
  parts.wake.countInside();
  parts.ports.directory.noteChannel(note).catch((error: unknown) => console.error("a channel's state was not noted", error));
}

/** Has the channel cut the answer; then its messages stand in its place. Cut again after a crash, under the same ids. */
async function splitAnswer(parts: SessionParts, row: OutboxRow, plan: AnswerPlan): Promise<void> {
  const { item } = row;
  const text = item.act.type === "text" ? item.act.text : "";
  let texts: string[];
  parts.wake.countInside();
  try {
    const planned = text === "" ? Promise.resolve([]) : parts.ports.delivery.plan(item.to, text, plan.style);
    texts = await withinTime(planned, PLAN_MS, () => {
      throw new Error("it took too long to prepare the message");
    });
  } catch (error) {
    const outcome = { outcome: "unanswered", reason: reasonOf(error) } as const;
    const tried = { act: item.act, to: item.to, attempts: row.attempts + 1, madeAt: row.madeAt };
    const after = afterDelivery(outcome, tried, channelLabel(item.to.channel), parts.now());
    if (after.state === "pending") parts.outbox.postpone(item, after.nextAt);
    else conclude(parts, row, item, { outcome: "refused", reason: outcome.reason });
    return;
  }
  const acts: DeliveryAct[] = texts.map((part, index) => ({
    type: "text",
    text: part,
    ...(plan.replyTo !== undefined && (index === 0 || plan.isReplyForAll) ? { replyTo: plan.replyTo } : {}),
  }));
  if (acts.length === 0 && isAnswer(item.id)) acts.push({ type: "delete", message: "" });
  if (plan.media?.length) acts.push({ type: "media", media: plan.media });
  let nextAt = parts.now();
  const items = acts.map((act, part) => {
    if (part > 0) nextAt += pauseOf(plan);
    return { item: { ...item, id: partId(item.id, part), part, act }, nextAt };
  });
  parts.commit(() => parts.outbox.split(row, items));
}

function pauseOf({ style: { pause } }: AnswerPlan): number {
  return pause ? pause.minMs + Math.random() * Math.max(0, pause.maxMs - pause.minMs) : 0;
}

/** The first message of an answer takes the place of the draft that was shown; a removal finds what it removes. */
async function resolveDraft(parts: SessionParts, item: OutboxItem): Promise<OutboxItem | undefined> {
  if (!usesDraft(item)) return item;
  const turnId = turnOf(item.id);
  await parts.showing.settled(turnId);
  const draft = parts.drafts.of(turnId);
  const shown = draft?.state === "shown" && draft.address === addressKey(item.to) ? draft.platformId : undefined;
  // Still not known to stand: should it come to stand after all, it is taken back.
  if (draft?.state === "asked") parts.drafts.put(turnId, { ...draft, state: "lost" });
  if (item.act.type === "text") return shown === undefined ? item : { ...item, act: { ...item.act, replaces: shown } };
  if (item.act.type !== "delete" || item.act.message !== "") return item;
  if (shown !== undefined) return { ...item, act: { type: "delete", message: shown } };
  parts.drafts.remove(turnId);
  return undefined;
}

function usesDraft({ id, part, act }: OutboxItem): boolean {
  if (act.type === "delete") return isAnswer(id) || id.endsWith(":retract");
  return part === 0 && act.type === "text" && isAnswer(id);
}

function isSomethingSaid({ act }: OutboxItem): boolean {
  return act.type === "text" || act.type === "media";
}

function isAnswer(id: string): boolean {
  return id.endsWith(":0");
}

/** `turn:0` has the parts `turn:1` …; `turn:b3` and `run:reply` have `turn:b3.1` … */
function partId(id: string, part: number): string {
  if (part === 0) return id;
  return isAnswer(id) ? `${id.slice(0, -1)}${part}` : `${id}.${part}`;
}

function turnOf(id: string): string {
  return id.slice(0, id.lastIndexOf(":")).replace(/\.\d+$/, "");
}

/** The answer of a command belongs to no turn. */
function isOfTurn({ id }: OutboxItem): boolean {
  return !/:reply(\.\d+)?$/.test(id);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
