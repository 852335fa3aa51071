// The way of the page to the browser, by its own address: pictures are asked for one after the other, what the person does goes out in
// order and in batches, and nothing is asked while nobody looks.
import type { BrowserFrame, HandEvent } from "../../contract/home/hand-off.ts";

export interface Shown extends BrowserFrame {
  wish: string;
  leftMs: number;
}

export interface Viewer {
  show(shown: Shown): void;
  /** A sentence for the person; empty: all is well. */
  say(text: string): void;
  /** The link is good for nothing any more. */
  end(text: string): void;
}

const RETRY_MS = 1500;
/** A page that never stands still is asked for three times a second. */
const APART_MS = 340;
/** Between two batches: fewer than twenty a second, of the thirty that are heard. */
const BATCH_MS = 50;
const BUSY_MS = 1000;
const MOST_EVENTS = 60;
/** Of one batch; Skerry reads 64 KB. */
const MOST_BYTES = 60_000;
const DONE_WAIT_MS = 5000;

export class HandOffLine {
  readonly #address: string;
  readonly #viewer: Viewer;
  #isOver = false;
  #isFirst = true;
  #hash: string | undefined;
  #looking: AbortController | undefined;
  #events: HandEvent[] = [];
  /** Resolves with whether all that waited has arrived. */
  #sending: Promise<boolean> | undefined;
  /** What became of the person's last deed, when that is no good news: stands until the next one arrives. */
  #trouble = "";

  constructor(address: string, viewer: Viewer) {
    this.#address = address.replace(/\/+$/, "");
    this.#viewer = viewer;
  }

  async watch(): Promise<void> {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#looking?.abort();
    });
    while (!this.#isOver) {
      const lookedAt = Date.now();
      if (document.hidden) await untilSeen();
      else if (!(await this.#look())) await pause(RETRY_MS);
      else await pause(lookedAt + APART_MS - Date.now());
    }
  }

  do(event: HandEvent): void {
    if (this.#isOver) return;
    const last = this.#events.at(-1);
    // Of a way only its latest point, of a wheel only its sum.
    if (event.kind === "move" && last?.kind === "move") this.#events.pop();
    if (event.kind === "wheel" && last?.kind === "wheel") {
      this.#events.pop();
      event = { ...event, dx: within(event.dx + last.dx), dy: within(event.dy + last.dy) };
    }
    this.#events.push(event);
    void this.#send();
  }

  /** Once what was typed before has arrived; else the page stays, and says so. Answers whether it is over. */
  async done(): Promise<boolean> {
    const isSent = await Promise.race([this.#send(), pause(DONE_WAIT_MS)]);
    if (isSent === undefined) this.#complain("What you did last is still on its way; press Done again in a moment.");
    if (!isSent || this.#isOver) return this.#isOver;
    const answer = await fetch(`${this.#address}/done`, { method: "POST" }).catch(() => undefined);
    if (!answer) this.#complain("Skerry was not reached; press Done again.");
    else if (answer.ok) this.#end("Thank you: the browser is the agent's again. You can close this page.");
    else await this.#refused(answer, (text) => this.#complain(text));
    return this.#isOver;
  }

  /** False: it failed, and is worth a pause. */
  async #look(): Promise<boolean> {
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    const query = this.#hash === undefined ? "" : `?since=${encodeURIComponent(this.#hash)}`;
    try {
      const answer = await fetch(`${this.#address}/frame${query}`, { signal });
      if (!answer.ok) return await this.#refused(answer, (text) => this.#viewer.say(text));
      if (answer.status !== 204) {
        const shown = (await answer.json()) as Shown;
        this.#hash = shown.hash;
        this.#viewer.show(shown);
      }
      this.#isFirst = false;
      this.#viewer.say(this.#trouble);
      return true;
    } catch {
      if (!signal.aborted) this.#viewer.say("Skerry was not reached. Trying again…");
      return signal.aborted;
    }
  }

  #send(): Promise<boolean> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<boolean> {
    let isWhole = true;
    while (this.#events.length > 0 && !this.#isOver) {
      await pause(BATCH_MS);
      const events = this.#takeBatch();
      const headers = { "content-type": "application/json" };
      const request = { method: "POST", headers, body: JSON.stringify(events) };
      const answer = await fetch(`${this.#address}/input`, request).catch(() => undefined);
      if (answer?.ok) {
        if (this.#trouble !== "" && isWhole) this.#complain("");
      } else if (answer?.status === 429) {
        // Nothing of it was done: a lost key may be one of a password, a lost `up` a button that stays pressed.
        this.#events.unshift(...events);
        await pause(BUSY_MS);
      } else {
        isWhole = false;
        if (answer) await this.#refused(answer, (text) => this.#complain(text));
        else this.#complain("What you did last did not arrive; do it again.");
      }
    }
    return isWhole;
  }

  /** What one request may carry of what waits; at least one. */
  #takeBatch(): HandEvent[] {
    let bytes = 0;
    const isTooMuch = (event: HandEvent, place: number) => {
      bytes += new TextEncoder().encode(JSON.stringify(event)).length + 1;
      return place > 0 && (place >= MOST_EVENTS || bytes > MOST_BYTES);
    };
    const end = this.#events.findIndex(isTooMuch);
    return this.#events.splice(0, end < 0 ? this.#events.length : end);
  }

  #complain(text: string): void {
    this.#trouble = text;
    this.#viewer.say(text);
  }

  async #refused(answer: Response, say: (text: string) => void): Promise<false> {
    const body = (await answer.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    const message = body?.error?.message ?? `Skerry answered ${answer.status}.`;
    // The link may be there a moment before the call that it is for sleeps.
    if (answer.status === 410 && this.#isFirst) this.#isFirst = false;
    else if (answer.status === 410) this.#end(message);
    else say(message);
    return false;
  }

  #end(text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#looking?.abort();
    this.#viewer.end(text);
  }
}

function within(distance: number): number {
  return Math.max(-4000, Math.min(4000, distance));
}

function pause(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, ms, undefined));
}

function untilSeen(): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", look);
      resolve();
    };
    document.addEventListener("visibilitychange", look);
  });
}
