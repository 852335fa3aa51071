// Secrets at rest: sealed with AES-GCM under a key made (HKDF) of the owner's token and a stored salt, opened into memory
// once when the Directory wakes. A row never holds one in the clear. With another owner's token the rows cannot be opened:
// they are told as unreadable and asked again. Names say whose: a provider's id, or `channel/account/NAME`.
import type { Outcome } from "../../../contract/errors.ts";
import type { Sql } from "../../storage/sql.ts";

const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const PURPOSE = "skerry provider keys 1";

interface SealedRow {
  name: string;
  nonce: ArrayBuffer;
  sealed: ArrayBuffer;
  set_at: number;
}

/** `key` is undefined when it cannot be read. */
export interface KnownKey {
  key: string | undefined;
  setAt: number;
}

export class SealedKeys {
  readonly #sql: Sql;
  readonly #token: string | undefined;
  readonly #known = new Map<string, KnownKey>();
  readonly #versions = new Map<string, number>();

  constructor(sql: Sql, token: string | undefined) {
    this.#sql = sql;
    this.#token = token || undefined;
  }

  /** Opens what is stored. Call it before anything else is asked. */
  async open(): Promise<void> {
    const salt = this.#salt();
    if (!salt) return;
    const rows = this.#sql.all<SealedRow>("SELECT name, nonce, sealed, set_at FROM sealed_key ORDER BY name");
    const sealer = rows.length > 0 && this.#token ? await makeSealer(this.#token, salt) : undefined;
    for (const row of rows) {
      this.#known.set(row.name, { key: sealer && (await unseal(sealer, row)), setAt: row.set_at });
    }
  }

  /** Keeps all of them or none. `also` is done in the same transaction. */
  async set(keys: Record<string, string>, now: number, also: () => void): Promise<Outcome<void>> {
    if (!this.#token) {
      const message =
        "A key is kept sealed under the owner's token, and SKERRY_TOKEN is not set. Set it, start again, then repeat.";
      return { ok: false, error: { code: "UNAVAILABLE", message } };
    }
    const salt = this.#salt() ?? this.#makeSalt();
    const sealer = await makeSealer(this.#token, salt);
    const rows = await Promise.all(Object.entries(keys).map(([name, key]) => seal(sealer, name, key)));
    this.#sql.transaction(() => {
      for (const { name, nonce, sealed } of rows) {
        this.#sql.run("INSERT OR REPLACE INTO sealed_key VALUES (?, ?, ?, ?)", name, nonce, sealed, now);
      }
      also();
    });
    for (const [name, key] of Object.entries(keys)) this.#known.set(name, { key, setAt: now });
    return { ok: true, value: undefined };
  }

  /** Answers whether one of them was there; then `also` is done in the same transaction. */
  remove(names: readonly string[], also: () => void): boolean {
    const there = names.filter((name) => this.#known.has(name));
    if (there.length === 0) return false;
    this.#sql.transaction(() => {
      for (const name of there) this.#sql.run("DELETE FROM sealed_key WHERE name = ?", name);
      also();
    });
    for (const name of there) this.#known.delete(name);
    return true;
  }

  get(name: string): KnownKey | undefined {
    return this.#known.get(name);
  }

  entries(): [string, KnownKey][] {
    return [...this.#known].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  /** Counts changes: of the keys of providers, and of those of channels. */
  version(of: "version" | "channels"): number {
    const known = this.#versions.get(of) ?? this.#sql.one<Record<string, number>>(`SELECT ${of} FROM key_ring`)?.[of] ?? 0;
    this.#versions.set(of, known);
    return known;
  }

  raiseVersion(of: "version" | "channels"): void {
    this.#versions.delete(of);
    this.#sql.run(`UPDATE key_ring SET ${of} = ${of} + 1`);
  }

  #salt(): ArrayBuffer | undefined {
    return this.#sql.one<{ salt: ArrayBuffer }>("SELECT salt FROM key_ring")?.salt;
  }

  /** Before anything is sealed: two keys that are given at once must meet the same salt. */
  #makeSalt(): ArrayBuffer {
    const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES)).buffer;
    this.#sql.run("INSERT OR IGNORE INTO key_ring (id, salt, version, channels) VALUES (1, ?, 0, 0)", salt);
    return salt;
  }
}

/** The name is bound in: a row moved to another name does not open. */
function cipher(nonce: ArrayBuffer | Uint8Array<ArrayBuffer>, name: string) {
  return { name: "AES-GCM", iv: nonce, additionalData: new TextEncoder().encode(name) };
}

async function makeSealer(token: string, salt: ArrayBuffer): Promise<CryptoKey> {
  const material = await crypto.subtle.importKey("raw", new TextEncoder().encode(token), "HKDF", false, ["deriveKey"]);
  const how = { name: "HKDF", hash: "SHA-256", salt, info: new TextEncoder().encode(PURPOSE) };
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
}

async function seal(sealer: CryptoKey, name: string, key: string) {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(cipher(nonce, name), sealer, new TextEncoder().encode(key));
  return { name, nonce: nonce.buffer, sealed };
}

async function unseal(sealer: CryptoKey, row: SealedRow): Promise<string | undefined> {
  try {
    return new TextDecoder().decode(await crypto.subtle.decrypt(cipher(row.nonce, row.name), sealer, row.sealed));
  } catch {
    return undefined;
  }
}
