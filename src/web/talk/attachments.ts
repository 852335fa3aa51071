// The files beside a message that is being written. Each is judged, uploaded at once and kept by its stored name with the
// draft, so that it outlives a reload. Without a connection a file waits, and goes up when there is one again.
import { newId } from "../../contract/id.ts";
import type { MediaRef } from "../../contract/message.ts";
import { keep, recall } from "../state/shelf.ts";
import { Signal } from "../state/signal.ts";
import { addressOf, isShownPicture, MAX_FILES, refuseFile } from "./file-limits.ts";
import { readMedia, type Upload, type UploadOutcome, uploadFile } from "./upload.ts";

const RETRY_MS = 3_000;

export interface Attached {
  id: string;
  name: string;
  type: string;
  size: number;
  /** Of a picture that can be shown. */
  picture: string | undefined;
  state: "uploading" | "waiting" | "ready" | "refused";
  /** Between 0 and 1. */
  progress: number;
  problem?: string;
  media?: MediaRef;
}

export class Attachments extends Signal {
  readonly #shelfName: string;
  readonly #upload: Upload;
  #items: readonly Attached[];
  #files = new Map<string, File>();
  #cancels = new Map<string, () => void>();
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(sessionKey: string, upload: Upload) {
    super();
    this.#shelfName = `files.${sessionKey}`;
    this.#upload = upload;
    this.#items = readShelf(recall(this.#shelfName)).map(ready);
  }

  get items(): readonly Attached[] {
    return this.#items;
  }
  /** Whether something is still on its way. */
  get isBusy(): boolean {
    return this.#items.some(({ state }) => state === "uploading" || state === "waiting");
  }
  get isWaiting(): boolean {
    return this.#items.some(({ state }) => state === "waiting");
  }

  /** Takes files in; answers a sentence for each that cannot go along. */
  add(files: Iterable<File>): string[] {
    const refusals: string[] = [];
    for (const file of files) {
      const reason =
        this.#items.length >= MAX_FILES ? `${file.name} was left out: a message takes ${MAX_FILES} files.` : refuseFile(file);
      if (reason === undefined) this.#take(file);
      else refusals.push(reason);
    }
    return refusals;
  }

  remove(id: string): void {
    this.#cancels.get(id)?.();
    this.#drop(id);
    this.#changed();
  }

  /** Tries what waits once more: the connection is back. */
  retry(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = undefined;
    for (const { id, state } of this.#items) if (state === "waiting") void this.#send(id);
  }

  /** Hands over what is stored, and forgets it here. */
  takeStored(): MediaRef[] {
    const stored = this.#items.flatMap(({ media }) => (media ? [media] : []));
    for (const { id } of this.#items) this.#drop(id);
    this.#changed();
    return stored;
  }

  #take(file: File): void {
    const id = newId("file");
    const picture = isShownPicture(file.type) ? URL.createObjectURL(file) : undefined;
    const { name, type, size } = file;
    this.#files.set(id, file);
    this.#items = [...this.#items, { id, name, type, size, picture, state: "uploading", progress: 0 }];
    void this.#send(id);
  }

  async #send(id: string): Promise<void> {
    const file = this.#files.get(id);
    if (!file) return;
    this.#change(id, { state: "uploading", progress: 0 });
    const { done, cancel } = this.#upload(file, (progress) => this.#change(id, { progress }));
    this.#cancels.set(id, cancel);
    const outcome = await done;
    this.#cancels.delete(id);
    this.#settle(id, outcome);
  }

  #settle(id: string, outcome: UploadOutcome): void {
    switch (outcome.outcome) {
      case "stored":
        this.#files.delete(id);
        this.#change(id, { state: "ready", progress: 1, media: outcome.media });
        break;
      case "lost":
        this.#retryTimer ??= setTimeout(() => this.retry(), RETRY_MS);
        this.#change(id, { state: "waiting", progress: 0 });
        break;
      case "refused":
        this.#files.delete(id);
        this.#change(id, { state: "refused", problem: outcome.reason });
        break;
      case "cancelled":
        break;
      default:
        outcome satisfies never;
    }
  }

  #change(id: string, change: Partial<Attached>): void {
    this.#items = this.#items.map((item) => (item.id === id ? { ...item, ...change } : item));
    this.#changed();
  }

  #drop(id: string): void {
    forgetPicture(this.#items.find((item) => item.id === id)?.picture);
    this.#files.delete(id);
    this.#items = this.#items.filter((item) => item.id !== id);
  }

  #changed(): void {
    const stored = this.#items.flatMap(({ media }) => (media ? [media] : []));
    keep(this.#shelfName, stored.length === 0 ? undefined : JSON.stringify(stored));
    this.tell();
  }
}

const open = new Map<string, Attachments>();

/** Those of a session: the same for as long as the page lives, so that an upload goes on while one looks elsewhere. */
export function attachmentsOf(sessionKey: string): Attachments {
  const known = open.get(sessionKey);
  if (known) return known;
  const made = new Attachments(sessionKey, uploadFile);
  open.set(sessionKey, made);
  addEventListener("online", () => made.retry());
  return made;
}

/** Those of a session are these. */
export function keepAttachments(sessionKey: string, attachments: Attachments): void {
  open.set(sessionKey, attachments);
}

function ready(media: MediaRef): Attached {
  const { name = "file", type, size } = media;
  const picture = isShownPicture(type) ? addressOf(media) : undefined;
  return { id: newId("file"), name, type, size, picture, state: "ready", progress: 1, media };
}

function forgetPicture(address: string | undefined): void {
  if (address?.startsWith("blob:")) URL.revokeObjectURL(address);
}

function readShelf(text: string | undefined): MediaRef[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.flatMap((item) => readMedia(item) ?? []) : [];
  } catch {
    return [];
  }
}
