// Keys of providers that were given in the page: sealed with AES-GCM under a key made (HKDF) of the owner's token and a
// stored salt, opened into memory once when the Directory wakes. A row never holds a key in the clear, and nothing here
// hands one to a screen. With another owner's token the rows cannot be opened: they are told as unreadable and asked again.
import type { Outcome } from "../../contract/errors.ts";
import type { KeyNote, ProviderKeys } from "../../contract/ports.ts";
import type { Sql } from "../storage/sql.ts";

const SALT_BYTES = 32;
const NONCE_BYTES = 12;
/** A key must be this long before its last four characters are shown. */
const LONG_ENOUGH = 12;
const PURPOSE = "skerry provider keys 1";

interface SealedRow {
  provider: string;
  nonce: ArrayBuffer;
  sealed: ArrayBuffer;
  set_at: number;
}

interface Known {
  key: string | undefined;
  setAt: number;
}

export class KeyStore {
  readonly #sql: Sql;
  readonly #token: string | undefined;
  readonly #known = new Map<string, Known>();
  #version = 0;

  constructor(sql: Sql, token: string | undefined) {
    this.#sql = sql;
    this.#token = token || undefined;
  }

  /** Opens what is stored. Call it before anything else is asked. */
  async open(): Promise<void> {
    const ring = this.#ring();
    if (!ring) return;
    this.#version = ring.version;
    const rows = this.#sql.all<SealedRow>("SELECT provider, nonce, sealed, set_at FROM provider_key ORDER BY provider");
    const sealer = rows.length > 0 && this.#token ? await makeSealer(this.#token, ring.salt) : undefined;
    for (const row of rows) {
      this.#known.set(row.provider, { key: sealer && (await unseal(sealer, row)), setAt: row.set_at });
    }
  }

  async set(provider: string, key: string, now: number): Promise<Outcome<KeyNote>> {
    if (!this.#token) {
      const message =
        "A key is kept sealed under the owner's token, and SKERRY_TOKEN is not set. Set it, start again, then repeat.";
      return { ok: false, error: { code: "UNAVAILABLE", message } };
    }
    const salt = this.#ring()?.salt ?? crypto.getRandomValues(new Uint8Array(SALT_BYTES)).buffer;
    const sealer = await makeSealer(this.#token, salt);
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = await crypto.subtle.encrypt(cipher(nonce, provider), sealer, new TextEncoder().encode(key));
    this.#sql.transaction(() => {
      // Another key may have been sealed while this one was: its salt stays.
      this.#sql.run("INSERT OR IGNORE INTO key_ring VALUES (1, ?, 0)", salt);
      this.#sql.run("INSERT OR REPLACE INTO provider_key VALUES (?, ?, ?, ?)", provider, nonce.buffer, sealed, now);
      this.#raiseVersion();
    });
    this.#known.set(provider, { key, setAt: now });
    return { ok: true, value: noteOf(provider, { key, setAt: now }) };
  }

  remove(provider: string): boolean {
    return this.#sql.transaction(() => {
      if (!this.#known.has(provider)) return false;
      this.#sql.run("DELETE FROM provider_key WHERE provider = ?", provider);
      this.#raiseVersion();
      this.#known.delete(provider);
      return true;
    });
  }

  notes(): KeyNote[] {
    return [...this.#known].map(([provider, known]) => noteOf(provider, known)).toSorted(byProvider);
  }

  /** The keys themselves: for those who ask models. */
  all(): ProviderKeys {
    const readable = [...this.#known].flatMap(([provider, { key }]) => (key === undefined ? [] : [[provider, key]]));
    return { version: this.#version, keys: Object.fromEntries(readable) };
  }

  /** What a brief says of them. */
  mark(): { keysVersion?: number; keyedProviders?: string[] } {
    if (this.#version === 0) return {};
    return { keysVersion: this.#version, keyedProviders: Object.keys(this.all().keys) };
  }

  #ring(): { salt: ArrayBuffer; version: number } | undefined {
    return this.#sql.one<{ salt: ArrayBuffer; version: number }>("SELECT salt, version FROM key_ring");
  }

  #raiseVersion(): void {
    this.#sql.run("UPDATE key_ring SET version = version + 1");
    this.#version = this.#ring()?.version ?? this.#version + 1;
  }
}

function noteOf(provider: string, { key, setAt }: Known): KeyNote {
  if (key === undefined) return { provider, state: "unreadable", setAt };
  return { provider, state: "set", setAt, ...(key.length >= LONG_ENOUGH ? { ending: key.slice(-4) } : {}) };
}

function byProvider(a: KeyNote, b: KeyNote): number {
  return a.provider < b.provider ? -1 : 1;
}

/** The provider's name is bound in: a row moved to another provider does not open. */
function cipher(nonce: ArrayBuffer | Uint8Array<ArrayBuffer>, provider: string) {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(provider) };
}

async function makeSealer(token: string, salt: ArrayBuffer): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(token), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: new TextEncoder().encode(PURPOSE) };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function unseal(sealer: CryptoKey, row: SealedRow): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt(cipher(row.nonce, row.provider), sealer, row.sealed));
  } catch {
    return undefined;
  }
}
