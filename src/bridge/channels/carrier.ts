// Brings what came in to Skerry: of each account in its order, each until Skerry has stored it. What Skerry cannot read is left out after
// it was tried by itself, so that it stops up nothing.

import { idOfItem } from "../../contract/channels/at-home.ts";
import type { HomeDoor } from "../home/door.ts";
import type { ChannelStore, LineName, QueuedInbound } from "./store.ts";

const MOST_AT_ONCE = 20;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;

export interface CarrierRequest {
  line: LineName;
  store: ChannelStore;
  door(): HomeDoor | undefined;
  /** Something was taken, or is not any more. */
  onMoved(): void;
  log(text: string, isBad?: boolean): void;
}

export class Carrier {
  readonly #request: CarrierRequest;
  #isCarrying = false;
  #isClosed = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: CarrierRequest) {
    this.#request = request;
  }

  /** There is something, or Skerry is there again. */
  async carry(): Promise<void> {
    if (this.#isCarrying || this.#isClosed) return;
    this.#isCarrying = true;
    clearTimeout(this.#timer);
    const { store, line, onMoved, log } = this.#request;
    try {
      for (
        let items = store.next(line, MOST_AT_ONCE);
        items.length > 0 && !this.#isClosed;
        items = store.next(line, MOST_AT_ONCE)
      ) {
        if (!(await this.#bring(items))) {
          this.#pause();
          onMoved();
          return;
        }
        this.#failures = 0;
        onMoved();
      }
    } catch (error) {
      // A full disk: what was brought is brought again, and Skerry knows it by its id.
      log(`What came in cannot be read or crossed off here: ${error instanceof Error ? error.message : String(error)}`, true);
      this.#pause();
    } finally {
      this.#isCarrying = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** False: try again later. */
  async #bring(items: readonly QueuedInbound[]): Promise<boolean> {
    const { store, log } = this.#request;
    const answer = await this.#post(items);
    // The store closes with it: what was taken meanwhile is brought once more, and known there.
    if (this.#isClosed) return false;
    if (answer?.ok) {
      store.take(items.map(({ place }) => place));
      return true;
    }
    if (answer?.status !== 400 && answer?.status !== 413) return false;
    const [only] = items;
    if (items.length === 1 && only) {
      log(`A message could not be read by Skerry and is left out (${idOfItem(only.inbound).slice(0, 80)}).`, true);
      store.take([only.place]);
      return true;
    }
    for (const item of items) if (!(await this.#bring([item]))) return false;
    return true;
  }

  async #post(items: readonly QueuedInbound[]): Promise<Response | undefined> {
    const { door, line } = this.#request;
    const { channel, account } = line;
    try {
      const answer = await door()?.(`/channels/${channel}/${account}`, {
        method: "POST",
        body: JSON.stringify({ items: items.map(({ inbound }) => inbound) }),
        headers: { "content-type": "application/json" },
      });
      await answer?.body?.cancel();
      return answer;
    } catch {
      // Skerry was not reached.
      return undefined;
    }
  }

  #pause(): void {
    if (this.#isClosed) return;
    const ms = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(10, this.#failures++)) * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.carry(), ms);
  }
}
