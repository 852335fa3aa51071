// An answer that is shown at its place while it is being written: one message that grows by edits. Lossy and never waited
// for, but for the one thing that lasts: which message it is, kept as a row so that the answer takes its place even after
// a crash. A draft of which nobody knows whether it stands is given up; the answer is then a message of its own.
import type { DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import { readReply, showableText } from "../../agent/reply.ts";
import type { SessionParts } from "../parts.ts";
import type { Turn } from "../rows/turns.ts";
import { outboxItem, type Spoken, styleOf } from "./places.ts";
import { withinTime } from "./time-limit.ts";

const FIRST_CHARS = 120;
const FIRST_AFTER_MS = 1200;
const AFTER_FAILURE_MS = 3000;
const ASK_MS = 20_000;
const WORKING = "Working";
/** Long answers change more slowly: a platform's patience and a wake's requests are both bounded. */
const SLOWER_EVERY = 10;
const MAX_SLOWNESS = 4;

export class GrowingDraft {
  readonly #parts: SessionParts;
  readonly #turn: Turn;
  readonly #target: Spoken;
  #written = "";
  #work: string | undefined;
  readonly #showsWorking: boolean;
  #beganAt: number | undefined;
  #shown = "";
  #message: string | undefined;
  #isOver = false;
  #notBefore = 0;
  #count = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerFor = 0;
  #asking: Promise<void> | undefined;

  constructor(parts: SessionParts, turn: Turn, target: Spoken) {
    this.#parts = parts;
    this.#turn = turn;
    this.#target = target;
    this.#showsWorking = styleOf(target).showsWorking === true && !this.#isUnasked();
    if (this.#showsWorking) this.#beganAt = parts.now();
    const draft = parts.drafts.of(turn.id);
    if (!draft) {
      this.#plan();
      return;
    }
    // Of an earlier life: what is known to stand goes on growing, what was asked for may or may not stand.
    this.#message = draft.state === "shown" && draft.address === target.address ? draft.platformId : undefined;
    this.#isOver = this.#message === undefined;
    if (draft.state === "asked") parts.drafts.put(turn.id, { ...draft, state: "lost" });
  }

  add(delta: string): void {
    this.#written += delta;
    this.#beganAt ??= this.#parts.now();
    this.#plan();
  }

  reset(): void {
    this.#written = "";
    this.#plan();
  }

  /** What is being done, for as long as it is; a group that was not asked for an answer is not shown it. */
  work(line: string | undefined): void {
    if (this.#isUnasked()) return;
    this.#work = line;
    if (line !== undefined) this.#beganAt ??= this.#parts.now();
    this.#plan();
  }

  #isUnasked(): boolean {
    const { place, message } = this.#target;
    return message.from.kind === "group" && place?.isAddressed === false;
  }

  /** Nothing more is shown; what is on its way comes back before `settled`. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async settled(): Promise<void> {
    await this.#asking;
  }

  #plan(): void {
    if (this.#isOver || this.#asking) return;
    // Reading the whole text with every delta would cost its length each time.
    if (this.#timer && (this.#message !== undefined || this.#written.length < FIRST_CHARS)) return;
    const now = this.#parts.now();
    const text = this.#text();
    if (text === "" || text === this.#shown) return;
    const isLong = this.#message !== undefined || text.length >= FIRST_CHARS;
    const dueAt = Math.max(this.#notBefore, isLong ? now : (this.#beganAt ?? now) + FIRST_AFTER_MS);
    if (this.#timer && this.#timerFor <= dueAt) return;
    clearTimeout(this.#timer);
    this.#timerFor = dueAt;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        if (this.#isOver) return;
        this.#asking = this.#show()
          .catch((error: unknown) => {
            this.#isOver = true;
            console.error("the growing answer is not shown any more", error);
          })
          .finally(() => {
            this.#asking = undefined;
            this.#plan();
          });
      },
      Math.max(0, dueAt - now),
    );
  }

  #text(): string {
    const limit = styleOf(this.#target).textLimit;
    const said = showableText(this.#written);
    const doing = this.#work ?? (said === "" && this.#showsWorking ? WORKING : undefined);
    const work = doing === undefined ? "" : `${doing} …`;
    const room = Math.max(1, limit - work.length - 4);
    const cut = said.length > room ? `${said.slice(0, room).toWellFormed()}…` : said;
    return [cut, work]
      .filter((part) => part !== "")
      .join("\n\n")
      .slice(0, limit);
  }

  async #show(): Promise<void> {
    const text = this.#text();
    if (text === "" || text === this.#shown) return;
    const parts = this.#parts;
    const isFirst = this.#message === undefined;
    if (isFirst) this.#note("asked");
    const outcome = await this.#ask(text);
    const { editEveryMs } = styleOf(this.#target);
    const slowness = Math.min(MAX_SLOWNESS, 1 + Math.floor(++this.#count / SLOWER_EVERY));
    this.#notBefore = parts.now() + Math.max(200, editEveryMs) * slowness;
    switch (outcome.outcome) {
      case "sent":
        this.#shown = text;
        if (!isFirst || this.#message !== undefined) return;
        this.#message = outcome.platformId;
        this.#note(outcome.platformId === undefined ? "lost" : "shown");
        this.#isOver ||= outcome.platformId === undefined;
        return;
      case "refused":
        this.#isOver = true;
        if (isFirst) parts.drafts.remove(this.#turn.id);
        return;
      case "unanswered":
        this.#notBefore = parts.now() + (outcome.retryAfterMs ?? AFTER_FAILURE_MS);
        if (isFirst) parts.drafts.remove(this.#turn.id);
        return;
      case "unknown":
        if (!isFirst) return;
        this.#isOver = true;
        this.#note("lost");
        return;
      default:
        outcome satisfies never;
    }
  }

  #ask(text: string): Promise<DeliveryOutcome> {
    const parts = this.#parts;
    const replyTo = this.#replyTo();
    const item: OutboxItem = outboxItem(parts, {
      id: `${this.#turn.id}:d${parts.now()}-${this.#count}`,
      runId: this.#turn.runId,
      to: this.#target.message.from,
      act: {
        type: "draft",
        text,
        ...(this.#message === undefined ? {} : { message: this.#message }),
        ...(replyTo === undefined ? {} : { replyTo }),
      },
    });
    parts.wake.countInside();
    const lost: DeliveryOutcome = { outcome: "unknown", reason: "nobody answered" };
    const sending = parts.ports.delivery.send(item).catch(() => lost);
    if (this.#message === undefined) void sending.then((outcome) => this.#takeBackLate(outcome));
    return withinTime(sending, ASK_MS, () => lost);
  }

  /** A draft that stands after it was given up, the answer being a message of its own by now: nobody needs both. */
  #takeBackLate(outcome: DeliveryOutcome): void {
    const parts = this.#parts;
    if (outcome.outcome !== "sent" || outcome.platformId === undefined) return;
    if (parts.drafts.of(this.#turn.id)?.state === "asked") return;
    const { runId, id } = this.#turn;
    const act = { type: "delete", message: outcome.platformId } as const;
    this.#message = outcome.platformId;
    parts.outbox.add(outboxItem(parts, { id: `${id}:late`, runId, to: this.#target.message.from, act }), parts.now());
    parts.alarm.setFor(parts.now());
  }

  #replyTo(): string | undefined {
    const { replyTo } = readReply(this.#written);
    const current = this.#target.message.platformId;
    if (replyTo) return replyTo.kind === "current" ? current : replyTo.id;
    return styleOf(this.#target).replyTo === "off" ? undefined : current;
  }

  #note(state: "asked" | "shown" | "lost"): void {
    this.#parts.drafts.put(this.#turn.id, {
      address: this.#target.address,
      state,
      step: 0,
      count: 0,
      text: "",
      ...(this.#message === undefined ? {} : { platformId: this.#message }),
    });
  }
}
