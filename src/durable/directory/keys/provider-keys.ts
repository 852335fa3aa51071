// Keys of providers that were given in the page: the part of the sealed keys whose names are providers' ids. Nothing here
// hands one to a screen.
import type { Outcome } from "../../../contract/errors.ts";
import type { KeyNote, ProviderKeys } from "../../../contract/ports/directory.ts";
import type { KnownKey, SealedKeys } from "./sealed-keys.ts";

/** A key must be this long before its last four characters are shown. */
const LONG_ENOUGH = 12;

export class KeyStore {
  readonly #keys: SealedKeys;
  constructor(keys: SealedKeys) {
    this.#keys = keys;
  }

  async set(provider: string, key: string, now: number): Promise<Outcome<KeyNote>> {
    const kept = await this.#keys.set({ [provider]: key }, now, () => this.#keys.raiseVersion("version"));
    return kept.ok ? { ok: true, value: noteOf(provider, { key, setAt: now }) } : kept;
  }

  remove(provider: string): boolean {
    return this.#keys.remove([provider], () => this.#keys.raiseVersion("version"));
  }

  notes(): KeyNote[] {
    return this.#own().map(([provider, known]) => noteOf(provider, known));
  }

  /** The keys themselves: for those who ask models. */
  all(): ProviderKeys {
    const readable = this.#own().flatMap(([provider, { key }]) => (key === undefined ? [] : [[provider, key]]));
    return { version: this.#keys.version("version"), keys: Object.fromEntries(readable) };
  }

  /** What a brief says of them. */
  mark(): { keysVersion?: number; keyedProviders?: string[] } {
    const { version, keys } = this.all();
    return version === 0 ? {} : { keysVersion: version, keyedProviders: Object.keys(keys) };
  }

  /** Keys of channels have a "/" in their names. */
  #own(): [string, KnownKey][] {
    return this.#keys.entries().filter(([name]) => !name.includes("/"));
  }
}

function noteOf(provider: string, { key, setAt }: KnownKey): KeyNote {
  if (key === undefined) return { provider, state: "unreadable", setAt };
  return { provider, state: "set", setAt, ...(key.length >= LONG_ENOUGH ? { ending: key.slice(-4) } : {}) };
}
