// What belongs to a message and is still at its platform: what stood in its thread before (earlier.ts), then its files,
// one after the other, each with a time limit and some tries, before its turn begins. The row knows what is missing and
// how often the present one was tried, so a crash costs one try. A file that cannot be had becomes a sentence in its place.
import type { Outcome } from "../../../contract/errors.ts";
import type { Event } from "../../../contract/event.ts";
import type { MediaRef, Part, RemoteMedia } from "../../../contract/message.ts";
import { isIncomplete } from "../../agent/joining.ts";
import { withinTime } from "../outgoing/time-limit.ts";
import type { SessionParts } from "../parts.ts";
import type { InboxItem } from "../rows/inbox.ts";
import { GUARD_MS } from "../wake.ts";
import { readEarlier } from "./earlier.ts";

const TRY_MS = 20_000;
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 1000;
const LAST_PAUSE_MS = 15_000;
/** All tries of one file together. */
const PATIENCE_MS = 60_000;
/** An interrupted look at a thread is not worth a third one. */
const MAX_THREAD_TRIES = 3;
const MAX_AT_ONCE = 4;
/** What models take as pictures. */
const PICTURES = ["image/jpeg", "image/png", "image/gif", "image/webp"];

export class Fetching {
  readonly #parts: SessionParts;
  readonly #onReady: () => void;
  readonly #underway = new Map<string, Promise<void>>();

  constructor(parts: SessionParts, onReady: () => void) {
    this.#parts = parts;
    this.#onReady = onReady;
  }

  /** Begins what is to be fetched and not being fetched yet. */
  go(): void {
    for (const item of this.#parts.inbox.waiting()) {
      if (this.#underway.size >= MAX_AT_ONCE) return;
      if (!isIncomplete(item.event) || this.#underway.has(item.inboxId)) continue;
      const over = () => this.#underway.delete(item.inboxId);
      const fetching = this.#fetchAll(item).then(
        () => {
          over();
          this.#onReady();
        },
        (error: unknown) => {
          // A fault of ours or of the storage: the alarm takes it up again, never this wake at once.
          over();
          console.error("files were not fetched, they will be tried again", error);
          this.#parts.alarm.setFor(this.#parts.now() + GUARD_MS);
        },
      );
      this.#underway.set(item.inboxId, fetching);
    }
  }

  /** What is being fetched just now; undefined: nothing. */
  get underway(): Promise<unknown> | undefined {
    return this.#underway.size > 0 ? Promise.all(this.#underway.values()) : undefined;
  }

  async #fetchAll(item: InboxItem): Promise<void> {
    let { event } = item;
    if (event.kind === "message" && event.earlier === "unread") {
      const isLastTry = this.#parts.inbox.countTry(item.inboxId) >= MAX_THREAD_TRIES;
      event = { ...event, earlier: isLastTry ? [] : await readEarlier(this.#parts, event.message, item.brief) };
      this.#parts.inbox.changeWaiting(item.inboxId, event);
    }
    while (event.kind === "message") {
      const [remote, ...missing] = event.message.attachments ?? [];
      if (!remote) return;
      const part = await this.#fetchOne(item.inboxId, event, remote);
      // Dropped meanwhile: nobody asks for its files any more.
      if (!part) return;
      event = { ...event, message: { ...event.message, parts: [...event.message.parts, part], attachments: missing } };
      this.#parts.inbox.changeWaiting(item.inboxId, event);
    }
  }

  async #fetchOne(id: string, event: Event & { kind: "message" }, remote: RemoteMedia): Promise<Part | undefined> {
    const parts = this.#parts;
    const endAt = parts.now() + PATIENCE_MS;
    for (;;) {
      if (parts.inbox.find(id)?.state !== "queued") return undefined;
      const tries = parts.inbox.countTry(id);
      if (tries > MAX_TRIES) return missingPart(remote, "I was interrupted each time I fetched it");
      parts.wake.countInside();
      const outcome = await withinTime(
        parts.ports.delivery.fetchMedia(event.message.from, remote).catch((error: unknown) => unanswered(error)),
        TRY_MS,
        () => unanswered(new Error("it took too long")),
      );
      if (outcome.ok) return partOf(outcome.value);
      const { message, retryable, retryAfterMs } = outcome.error;
      const pause = retryAfterMs ?? Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1));
      if (!retryable || tries >= MAX_TRIES || parts.now() + pause > endAt) return missingPart(remote, message);
      await new Promise((resolve) => setTimeout(resolve, Math.min(pause, LAST_PAUSE_MS)));
    }
  }
}

function unanswered(error: unknown): Outcome<MediaRef> {
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, error: { code: "UNAVAILABLE", message, retryable: true } };
}

function partOf(media: MediaRef): Part {
  return { type: PICTURES.includes(media.type) ? "image" : "file", media };
}

function missingPart({ kind, name }: RemoteMedia, reason: string): Part {
  const what = name ? `${kind} "${name.slice(0, 100)}"` : kind;
  const said = reason.trim().slice(0, 300).replace(/\.$/, "");
  return { type: "text", text: `(A file was sent along and could not be had: ${what}. ${said}.)` };
}
