// What the place of a turn sees before the answer is there: typing, and the answer growing or coming in paragraphs, as
// its style wants. Follows the turn from step to step; a turn that no channel waits for is shown nowhere but on screens.
import type { SessionParts } from "../parts.ts";
import type { Turn } from "../rows/turns.ts";
import { GrowingDraft } from "./growing-draft.ts";
import { Paragraphs } from "./paragraphs.ts";
import { outboxItem, presentTarget, type Spoken, styleOf } from "./places.ts";
import { withinTime } from "./time-limit.ts";
import { Typing } from "./typing.ts";

type Writer = GrowingDraft | Paragraphs;

/** A change that is still on its way to the platform would overwrite the answer: it is waited for, but not forever. */
const SETTLE_MS = 8000;

export class Showing {
  readonly #parts: SessionParts;
  readonly #typing: Typing;
  #turnId: string | undefined;
  #address: string | undefined;
  #writer: Writer | undefined;
  readonly #ending = new Map<string, Promise<void>>();

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#typing = new Typing(parts);
  }

  /** A step begins or is taken up again. Called with every step: the place may have changed. */
  follow(turn: Turn): void {
    const target = presentTarget(this.#parts, turn);
    this.#typing.show(target);
    if (this.#turnId === turn.id && this.#address === target?.address) return;
    this.#leave();
    this.#turnId = turn.id;
    this.#address = target?.address;
    this.#writer = target && this.#writerFor(turn, target);
  }

  add(delta: string): void {
    this.#writer?.add(delta);
  }

  reset(): void {
    this.#writer?.reset();
  }

  /** "Read SOUL.md" while it is done; undefined: it is over. */
  work(title: string | undefined): void {
    this.#writer?.work(title === undefined ? undefined : workLine(title));
  }

  /** The turn has ended, or sleeps. */
  end(): void {
    this.#typing.end();
    this.#leave();
  }

  /** Resolves when nothing of this turn is on its way to the platform. */
  async settled(turnId: string): Promise<void> {
    if (this.#turnId === turnId) this.#leave();
    const ending = this.#ending.get(turnId);
    if (ending) await withinTime(ending, SETTLE_MS, () => undefined);
  }

  /**
   * Something else is about to be said at this address: the answer that grows there would stand above it. It is taken back,
   * and grows anew behind.
   */
  async makeWay(turn: Turn, address: string): Promise<void> {
    const writer = this.#writer;
    if (this.#turnId !== turn.id || this.#address !== address || !(writer instanceof GrowingDraft)) return;
    this.#writer = undefined;
    writer.end();
    await withinTime(writer.settled(), SETTLE_MS, () => undefined);
    const parts = this.#parts;
    const target = presentTarget(parts, turn);
    const draft = parts.drafts.of(turn.id);
    if (draft?.state === "asked") parts.drafts.put(turn.id, { ...draft, state: "lost" });
    if (draft?.platformId !== undefined && target) {
      const act = { type: "delete", message: draft.platformId } as const;
      const item = { id: `${turn.id}:way${draft.platformId}`, runId: turn.runId, to: target.message.from, act };
      parts.commit(() => {
        parts.drafts.remove(turn.id);
        parts.outbox.add(outboxItem(parts, item), parts.now());
      });
    }
    if (this.#turnId === turn.id && target) this.#writer ??= this.#writerFor(turn, target);
  }

  #leave(): void {
    const writer = this.#writer;
    const turnId = this.#turnId;
    this.#writer = undefined;
    this.#turnId = undefined;
    this.#address = undefined;
    if (!writer || turnId === undefined) return;
    writer.end();
    const ending = writer.settled().finally(() => this.#ending.delete(turnId));
    this.#ending.set(turnId, ending);
  }

  #writerFor(turn: Turn, target: Spoken): Writer | undefined {
    const { streaming } = styleOf(target);
    switch (streaming) {
      case "partial":
        return new GrowingDraft(this.#parts, turn, target);
      case "block":
        return new Paragraphs(this.#parts, turn, target);
      case "off":
        return undefined;
      default:
        return streaming satisfies never;
    }
  }
}

/** Says "seen" with a reaction. Lossy: it is taken away with the answer, which is a row. */
export function acknowledge(parts: SessionParts, target: Spoken): void {
  const { message, place } = target;
  const emoji = place?.style.ackReaction;
  if (!emoji || message.platformId === undefined) return;
  const act = { type: "react", message: message.platformId, emoji } as const;
  parts.wake.countInside();
  parts.ports.delivery
    .send(outboxItem(parts, { id: `${message.id}:ack`, runId: message.id, to: message.from, act }))
    .catch(() => undefined);
}

const GOING_ON: Readonly<Record<string, string>> = {
  Read: "Reading",
  Write: "Writing",
  Edit: "Editing",
  List: "Listing",
  Find: "Finding",
  Search: "Searching",
  Fetch: "Fetching",
  Run: "Running",
  Send: "Sending",
};
const LINE_CHARS = 120;

/** "Reading SOUL.md", from a tool's title. */
function workLine(title: string): string {
  const [word = "", ...rest] = title.replace(/\s+/g, " ").split(" ");
  return [GOING_ON[word] ?? word, ...rest].join(" ").slice(0, LINE_CHARS);
}
