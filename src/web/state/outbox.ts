// Messages that were written but not yet taken by the Gateway. They outlive a reload and a lost connection; their id is
// the idempotency key, so that sending one twice is harmless. Several tabs share the list: it is read anew each time.
import type { MediaRef } from "../../contract/message.ts";
import { keep, recall } from "./shelf.ts";

export interface Unsent {
  id: string;
  sessionKey: string;
  text: string;
  media?: MediaRef[];
  at: number;
  /** Why the Gateway refused it; such a message waits for its person. */
  refusal?: string;
}

const NAME = "outbox";
const MAX_AGE_MS = 7 * 24 * 3_600_000;

export class Outbox {
  list(sessionKey?: string): Unsent[] {
    const oldest = Date.now() - MAX_AGE_MS;
    return readList(recall(NAME)).filter(
      (item) => item.at > oldest && (sessionKey === undefined || item.sessionKey === sessionKey),
    );
  }

  put(item: Unsent): void {
    this.#write([...this.list().filter((other) => other.id !== item.id), item]);
  }

  refuse(id: string, refusal: string): void {
    this.#write(this.list().map((item) => (item.id === id ? { ...item, refusal } : item)));
  }

  remove(id: string): void {
    this.#write(this.list().filter((item) => item.id !== id));
  }

  #write(items: Unsent[]): void {
    keep(NAME, items.length === 0 ? undefined : JSON.stringify(items));
  }
}

function readList(text: string | undefined): Unsent[] {
  try {
    const list: unknown = JSON.parse(text ?? "[]");
    return Array.isArray(list) ? list.filter(isUnsent) : [];
  } catch {
    return [];
  }
}

function isUnsent(item: unknown): item is Unsent {
  if (typeof item !== "object" || item === null) return false;
  const { id, sessionKey, text, at } = item as Partial<Unsent>;
  return typeof id === "string" && typeof sessionKey === "string" && typeof text === "string" && typeof at === "number";
}
