// How the accounts of channels are doing: when something last came in and went out, and the latest trouble. Trouble and its
// end are written at once; the times once a minute, so that a message costs no row.
import type { ChannelNote } from "../../../contract/channels/channel.ts";
import type { Sql } from "../../storage/sql.ts";

const WRITE_EVERY_MS = 60_000;
/** A session says that something went out in a request of its own, so it is asked for seldom. */
const NEWS_EVERY_MS = 600_000;
const MOST_ERROR_CHARS = 500;

/** What waits is another part's business; see waiting.ts. */
type HealthNote = Omit<ChannelNote, "note"> & { note: Exclude<ChannelNote["note"], { kind: "waiting" }> };

export interface Health {
  lastInAt?: number;
  lastOutAt?: number;
  error?: { text: string; at: number };
}

interface Row {
  in_at: number | null;
  out_at: number | null;
  error: string | null;
  error_at: number | null;
}

export class ChannelHealth {
  readonly #sql: Sql;
  readonly #known = new Map<string, Health & { writtenAt: number }>();
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get(channel: string, account: string): Health {
    const { writtenAt: _writtenAt, ...health } = this.#read(channel, account);
    return health;
  }

  note({ channel, account, at, note }: HealthNote): void {
    const health = this.#read(channel, account);
    const error = health.error?.text;
    switch (note.kind) {
      case "in":
        health.lastInAt = at;
        break;
      case "out":
        health.lastOutAt = at;
        // What went out shows that the trouble is over.
        delete health.error;
        break;
      case "fine":
        delete health.error;
        break;
      case "error":
        health.error = { text: note.text.slice(0, MOST_ERROR_CHARS), at };
        break;
      default:
        note satisfies never;
    }
    if (error !== health.error?.text || at - health.writtenAt >= WRITE_EVERY_MS) this.#write(channel, account, health, at);
  }

  /** Whether it would be news that something went out. */
  wantsNews(channel: string, account: string, now: number): boolean {
    const { error, lastOutAt = 0 } = this.#read(channel, account);
    return error !== undefined || now - lastOutAt >= NEWS_EVERY_MS;
  }

  remove(channel: string, account: string): void {
    this.#known.delete(`${channel}/${account}`);
    this.#sql.run("DELETE FROM channel_health WHERE channel = ? AND account = ?", channel, account);
  }

  #read(channel: string, account: string): Health & { writtenAt: number } {
    const name = `${channel}/${account}`;
    const known = this.#known.get(name);
    if (known) return known;
    const row = this.#sql.one<Row>("SELECT * FROM channel_health WHERE channel = ? AND account = ?", channel, account);
    const health = {
      ...(row?.in_at ? { lastInAt: row.in_at } : {}),
      ...(row?.out_at ? { lastOutAt: row.out_at } : {}),
      ...(row?.error ? { error: { text: row.error, at: row.error_at ?? 0 } } : {}),
      writtenAt: 0,
    };
    this.#known.set(name, health);
    return health;
  }

  #write(channel: string, account: string, health: Health & { writtenAt: number }, at: number): void {
    health.writtenAt = at;
    this.#sql.run(
      "INSERT OR REPLACE INTO channel_health VALUES (?, ?, ?, ?, ?, ?)",
      channel,
      account,
      health.lastInAt ?? null,
      health.lastOutAt ?? null,
      health.error?.text ?? null,
      health.error?.at ?? null,
    );
  }
}
