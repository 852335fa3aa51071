// An answer whose finished paragraphs are sent while it is being written, each a message of its own. What went out is a
// row together with the message, so that the end of the turn, or a step made again, sends the rest only.

import { openText } from "../../agent/reply.ts";
import { blockLength } from "../../agent/reply-blocks.ts";
import type { SessionParts } from "../parts.ts";
import type { Draft } from "../rows/drafts.ts";
import type { Turn } from "../rows/turns.ts";
import { addBlock } from "./answering.ts";
import { deliverDue } from "./delivering.ts";
import type { Spoken } from "./places.ts";

/** Paragraphs that are finished within this time go out together. */
const COALESCE_MS = 1000;

export class Paragraphs {
  readonly #parts: SessionParts;
  readonly #turn: Turn;
  readonly #target: Spoken;
  #written = "";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(parts: SessionParts, turn: Turn, target: Spoken) {
    this.#parts = parts;
    this.#turn = turn;
    this.#target = target;
    const draft = parts.drafts.of(turn.id);
    this.#isOver = draft !== undefined && (draft.state !== "blocks" || draft.address !== target.address);
  }

  add(delta: string): void {
    this.#written += delta;
    if (this.#isOver || this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (!this.#isOver) this.#send();
    }, COALESCE_MS);
  }

  reset(): void {
    this.#written = "";
  }

  /** What tools do is not told here: a block cannot be taken back. */
  work(): void {}

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async settled(): Promise<void> {}

  #send(): void {
    const parts = this.#parts;
    const known = parts.drafts.of(this.#turn.id);
    const { step } = parts.turns.open() ?? this.#turn;
    const sent = known?.step === step ? known.text : "";
    const text = openText(this.#written);
    // A step made again may say something else: then nothing more goes out before its end.
    if (!text.startsWith(sent)) return;
    const length = blockLength(text.slice(sent.length));
    if (length === 0) return;
    const block = text.slice(sent.length, sent.length + length);
    const draft: Draft = known ?? { address: this.#target.address, state: "blocks", step, count: 0, text: "" };
    try {
      parts.commit(() => addBlock(parts, { ...this.#turn, step }, this.#target, block, draft, sent + block));
    } catch (error) {
      this.#isOver = true;
      console.error("the paragraphs of an answer are not sent one by one any more", error);
      return;
    }
    deliverDue(parts).catch((error: unknown) => console.error("a paragraph was not sent yet, it will be tried again", error));
    if (blockLength(text.slice(sent.length + length)) > 0) this.add("");
  }
}
