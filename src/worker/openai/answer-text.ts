// The text of a turn out of its live events, in pieces that only ever add: a client of OpenAI can take nothing back.
// Steps are parted by a blank line. Text that was withdrawn and comes again is not sent twice; when something else
// comes in its place, that follows after a blank line.
import type { LiveEvent } from "../../contract/live.ts";

export class AnswerText {
  #step = -1;
  /** Text of the running step. */
  #current = "";
  /** How much of it was sent. */
  #sent = 0;
  /** Sent, then withdrawn. */
  #ghost = "";
  #hasSent = false;
  readonly #steps = new Map<number, string>();

  /** The text of all steps, as they are now. */
  whole(): string {
    return [...this.#steps.values()].filter((text) => text.trim() !== "").join("\n\n");
  }

  /** Answers what is new to send. */
  take(event: LiveEvent): string {
    switch (event.type) {
      case "text":
        this.#goTo(event.step);
        return this.#put(this.#current.slice(0, event.offset) + event.delta, event.offset);
      case "text-reset":
        this.#goTo(event.step);
        this.#withdraw();
        return "";
      case "entry": {
        if (event.entry.kind !== "assistant" || event.entry.step < this.#step) return "";
        this.#goTo(event.entry.step);
        const { text } = event.entry;
        this.#steps.set(this.#step, text);
        // The whole text may be trimmed at its ends: that is no other text.
        return text.trim() === this.#current.trim() && this.#ghost === "" ? "" : this.#put(text, 0);
      }
      default:
        return "";
    }
  }

  #goTo(step: number): void {
    if (step === this.#step) return;
    this.#step = step;
    this.#current = "";
    this.#sent = 0;
    this.#ghost = "";
  }

  #withdraw(): void {
    if (this.#ghost === "") this.#ghost = this.#current.slice(0, this.#sent);
    this.#current = "";
    this.#sent = 0;
  }

  #put(text: string, offset: number): string {
    if (offset < this.#sent && !text.startsWith(this.#current.slice(0, this.#sent))) this.#withdraw();
    this.#current = text;
    this.#steps.set(this.#step, text);
    if (this.#ghost !== "") {
      if (this.#ghost.startsWith(text)) return "";
      if (text.startsWith(this.#ghost)) this.#sent = this.#ghost.length;
      this.#ghost = "";
    }
    const piece = text.slice(this.#sent);
    if (piece === "" || (this.#sent === 0 && piece.trim() === "")) return "";
    const isNewParagraph = this.#sent === 0 && this.#hasSent;
    this.#sent = text.length;
    this.#hasSent = true;
    return isNewParagraph ? `\n\n${piece}` : piece;
  }
}
