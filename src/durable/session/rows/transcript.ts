// The transcript: append-only. Reading for the model starts at the window (profile: window_seq), so that the cost
// of a turn does not grow with the length of the talk.
import type { Entry, NewEntry } from "../../../contract/entry.ts";
import { newId } from "../../../contract/id.ts";
import type { Sql } from "../../storage/sql.ts";

interface EntryRow {
  seq: number;
  id: string;
  at: number;
  body: string;
}

export class Transcript {
  readonly #sql: Sql;
  #nextSeq: number;
  #cache: { fromSeq: number; entries: Entry[] } | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#nextSeq = (sql.one<{ top: number | null }>("SELECT max(seq) AS top FROM entry")?.top ?? 0) + 1;
  }

  /** Adds one line and answers it with its place. */
  add(entry: NewEntry, now: number): Entry {
    const placed = { ...entry, seq: this.#nextSeq, id: newId("entry", now), at: now } as Entry;
    this.#sql.run(
      "INSERT INTO entry (seq, id, at, kind, turn_id, body) VALUES (?, ?, ?, ?, ?, ?)",
      placed.seq,
      placed.id,
      now,
      placed.kind,
      placed.turnId ?? null,
      JSON.stringify(entry),
    );
    this.#nextSeq += 1;
    this.#cache?.entries.push(placed);
    return placed;
  }

  /** A transaction was rolled back: forget what was counted in memory. */
  forgetCache(): void {
    this.#cache = undefined;
    this.#nextSeq = (this.#sql.one<{ top: number | null }>("SELECT max(seq) AS top FROM entry")?.top ?? 0) + 1;
  }

  /** What the model may read: everything from `fromSeq` on. Kept in memory while the object lives. */
  window(fromSeq: number): readonly Entry[] {
    if (this.#cache?.fromSeq !== fromSeq) {
      const rows = this.#sql.all<EntryRow>("SELECT seq, id, at, body FROM entry WHERE seq >= ? ORDER BY seq", fromSeq);
      this.#cache = { fromSeq, entries: rows.map(toEntry) };
    }
    return this.#cache.entries;
  }

  page(request: { limit: number; afterSeq?: number; beforeSeq?: number }): { entries: Entry[]; hasMore: boolean } {
    const after = request.afterSeq ?? 0;
    const before = request.beforeSeq ?? Number.MAX_SAFE_INTEGER;
    const rows =
      request.afterSeq === undefined
        ? this.#sql
            .all<EntryRow>(
              "SELECT seq, id, at, body FROM entry WHERE seq < ? ORDER BY seq DESC LIMIT ?",
              before,
              request.limit + 1,
            )
            .reverse()
        : this.#sql.all<EntryRow>(
            "SELECT seq, id, at, body FROM entry WHERE seq > ? ORDER BY seq LIMIT ?",
            after,
            request.limit + 1,
          );
    const hasMore = rows.length > request.limit;
    if (hasMore) request.afterSeq === undefined ? rows.shift() : rows.pop();
    return { entries: rows.map(toEntry), hasMore };
  }

  byId(id: string): Entry | undefined {
    const row = this.#sql.one<EntryRow>("SELECT seq, id, at, body FROM entry WHERE id = ?", id);
    return row && toEntry(row);
  }

  total(): number {
    return this.#nextSeq - 1;
  }
}

function toEntry(row: EntryRow): Entry {
  return { ...JSON.parse(row.body), seq: row.seq, id: row.id, at: row.at };
}
