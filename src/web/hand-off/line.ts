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
const BATCH_MS = 40;
const MOST_EVENTS = 60;

export class HandOffLine {
  readonly #address: string;
  readonly #viewer: Viewer;
  #isOver = false;
  #isFirst = true;
  #hash: string | undefined;
  #looking: AbortController | undefined;
  #events: HandEvent[] = [];
  #isSending = false;

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

  async done(): Promise<boolean> {
    const answer = await fetch(`${this.#address}/done`, { method: "POST" }).catch(() => undefined);
    if (!answer) this.#viewer.say("Skerry was not reached; press Done again.");
    else if (answer.ok) this.#end("Thank you: the browser is the agent's again. You can close this page.");
    else await this.#refused(answer);
    return this.#isOver;
  }

  /** False: it failed, and is worth a pause. */
  async #look(): Promise<boolean> {
    this.#looking = new AbortController();
    const { signal } = this.#looking;
    const query = this.#hash === undefined ? "" : `?since=${encodeURIComponent(this.#hash)}`;
    try {
      const answer = await fetch(`${this.#address}/frame${query}`, { signal });
      if (!answer.ok) return await this.#refused(answer);
      if (answer.status !== 204) {
        const shown = (await answer.json()) as Shown;
        this.#hash = shown.hash;
        this.#viewer.show(shown);
      }
      this.#isFirst = false;
      this.#viewer.say("");
      return true;
    } catch {
      if (!signal.aborted) this.#viewer.say("Skerry was not reached. Trying again…");
      return signal.aborted;
    }
  }

  async #send(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      await pause(BATCH_MS);
      while (this.#events.length > 0 && !this.#isOver) {
        const events = this.#events.splice(0, MOST_EVENTS);
        const headers = { "content-type": "application/json" };
        const answer = await fetch(`${this.#address}/input`, { method: "POST", headers, body: JSON.stringify(events) });
        if (answer.status === 429) await pause(1000);
        if (!answer.ok) await this.#refused(answer);
      }
    } catch {
      this.#viewer.say("What you did last did not arrive; do it again.");
    } finally {
      this.#isSending = false;
    }
  }

  async #refused(answer: Response): Promise<false> {
    const body = (await answer.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    const message = body?.error?.message ?? `Skerry answered ${answer.status}.`;
    // The link may be there a moment before the call that it is for sleeps.
    if (answer.status === 410 && this.#isFirst) this.#isFirst = false;
    else if (answer.status === 410) this.#end(message);
    else this.#viewer.say(message);
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

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
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
