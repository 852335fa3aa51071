// Bodies that are too large for a row live in R2, one object a write. An object that no row names is "loose": noted before
// it is stored and after it is replaced, so that a crash at any point leaves nothing behind that a later sweep cannot find.
import { GatewayError } from "../../../contract/errors.ts";
import { newId } from "../../../contract/id.ts";
import type { Sql } from "../../storage/sql.ts";

/** The part of an R2 bucket that is used. */
export interface ObjectStore {
  put(key: string, bytes: Uint8Array): Promise<unknown>;
  get(key: string): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
  delete(keys: string[]): Promise<void>;
}

/** A write that has not committed after this long has failed. */
const STAGE_MS = 60 * 60 * 1000;
const SWEEP_BATCH = 50;

export class LargeBodies {
  readonly #sql: Sql;
  readonly #store: ObjectStore;
  readonly #prefix: string;
  readonly #now: () => number;

  constructor(sql: Sql, store: ObjectStore, agentId: string, now: () => number) {
    this.#sql = sql;
    this.#store = store;
    this.#prefix = `workspace/${encodeURIComponent(agentId)}`;
    this.#now = now;
  }

  /** Stores the bytes under a new key; the key is loose until `adopt`. */
  async stage(bytes: Uint8Array): Promise<string> {
    const key = `${this.#prefix}/${newId("file", this.#now())}`;
    this.#loosen(key, this.#now() + STAGE_MS);
    try {
      await this.#store.put(key, bytes);
    } catch (cause) {
      this.release(key);
      throw unanswered(cause);
    }
    return key;
  }

  /** A row names the key now. Call it in the transaction that writes the row. */
  adopt(key: string): void {
    this.#sql.run("DELETE FROM loose_objects WHERE object_key = ?", key);
  }

  /** No row names the key any more. Call it in the transaction that changes the row. */
  release(key: string): void {
    // What lies elsewhere belongs to others: a message still shows it.
    if (key.startsWith(`${this.#prefix}/`)) this.#loosen(key, this.#now());
  }

  /** The bytes, or undefined when the object was replaced while we asked. */
  async fetch(key: string): Promise<Uint8Array | undefined> {
    try {
      const found = await this.#store.get(key);
      return found ? new Uint8Array(await found.arrayBuffer()) : undefined;
    } catch (cause) {
      throw unanswered(cause);
    }
  }

  /** Removes loose objects that are due. Failing is harmless: the rows stay and a later sweep finds them. */
  async sweep(): Promise<void> {
    const due = this.#sql
      .all<{ object_key: string }>("SELECT object_key FROM loose_objects WHERE due_at <= ? LIMIT ?", this.#now(), SWEEP_BATCH)
      .map((row) => row.object_key);
    if (due.length === 0) return;
    try {
      await this.#store.delete(due);
    } catch {
      return;
    }
    for (const key of due) this.adopt(key);
  }

  #loosen(key: string, dueAt: number): void {
    this.#sql.run("INSERT OR REPLACE INTO loose_objects VALUES (?, ?)", key, dueAt);
  }
}

function unanswered(cause: unknown): GatewayError {
  const error = new GatewayError({
    code: "UNAVAILABLE",
    message: "The store for large files did not answer; try again in a moment.",
    retryable: true,
  });
  error.cause = cause;
  return error;
}
