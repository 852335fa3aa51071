// Who wrote to the assistant last, and in which talk: whoever asks how a channel is learns who is there and can ask the
// talks whether an answer is being written. In memory: after a restart it begins anew.

import type { LateTalk } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address } from "../../../contract/message.ts";

const MOST_TALKS = 8;
const MOST_KEPT = 500;

export class Lately {
  readonly #talks = new Map<string, LateTalk & { account: string }>();

  note(from: Address, sessionKey: string, name: string | undefined, at: number): void {
    const account = `${from.channel}/${from.account ?? DEFAULT_ACCOUNT}`;
    // Put at the end: the first is the one that was silent longest.
    this.#talks.delete(sessionKey);
    this.#talks.set(sessionKey, { account, sessionKey, at, ...(name ? { name } : {}) });
    const [oldest] = this.#talks.keys();
    if (oldest !== undefined && this.#talks.size > MOST_KEPT) this.#talks.delete(oldest);
  }

  /** The latest talks of an account, newest first. */
  of(channel: string, account: string): LateTalk[] {
    const name = `${channel}/${account}`;
    return [...this.#talks.values()]
      .filter((talk) => talk.account === name)
      .toReversed()
      .slice(0, MOST_TALKS)
      .map(({ account: _account, ...talk }) => talk);
  }
}
