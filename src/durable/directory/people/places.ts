// Places that were written from, with their way back: rows, the latest ones. Written only when something changed or the
// last note is some minutes old, so that a busy talk costs no row a message.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address } from "../../../contract/message.ts";
import type { Sql } from "../../storage/sql.ts";
import type { Account } from "../admission/senders.ts";

const MOST_PLACES = 2000;
const SEEN_EVERY_MS = 600_000;

export interface Place {
  to: Address;
  /** Who wrote there last. */
  sender: string;
  sessionKey: string;
  name?: string;
  seenAt: number;
}

interface Row {
  channel: string;
  account: string;
  peer: string;
  thread: string;
  kind: string;
  sender: string;
  session_key: string;
  name: string | null;
  route: string | null;
  seen_at: number;
}

export class Places {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  note({ to, sender, sessionKey, name, seenAt }: Place): void {
    const row: Row = {
      channel: to.channel,
      account: to.account ?? DEFAULT_ACCOUNT,
      peer: to.peer,
      thread: to.thread ?? "",
      kind: to.kind ?? "direct",
      // Of a group it matters only that somebody wrote.
      sender: to.kind === "group" ? "" : sender,
      session_key: sessionKey,
      name: name ?? null,
      route: to.route ? JSON.stringify(to.route) : null,
      seen_at: seenAt,
    };
    const known = this.#exact(row);
    if (known && isSame(known, row) && row.seen_at - known.seen_at < SEEN_EVERY_MS) return;
    this.#sql.run(
      "INSERT OR REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.channel,
      row.account,
      row.peer,
      row.thread,
      row.kind,
      row.sender,
      row.session_key,
      row.name,
      row.route,
      row.seen_at,
    );
    if (!known) this.#dropOldest();
  }

  /** The place itself; of a thread that was never seen, its room; of a person, where they wrote from. */
  find(to: Address): Place | undefined {
    const account = to.account ?? DEFAULT_ACCOUNT;
    const exact = this.#exact({ channel: to.channel, account, peer: to.peer, thread: to.thread ?? "" });
    if (exact) return toPlace(exact);
    const near = this.#sql.one<Row>(
      `SELECT * FROM place WHERE channel = ? AND account = ? AND (peer = ? OR (kind = 'direct' AND sender = ?))
       ORDER BY peer = ? DESC, seen_at DESC LIMIT 1`,
      to.channel,
      account,
      to.peer,
      to.peer,
      to.peer,
    );
    if (!near) return undefined;
    const place = toPlace(near);
    // Of another thread only the room is the same.
    const { thread: _thread, ...room } = place.to;
    return { ...place, to: to.thread === undefined ? room : { ...room, thread: to.thread } };
  }

  /** Where a talk was last heard of. */
  ofSession(sessionKey: string): Place | undefined {
    const row = this.#sql.one<Row>("SELECT * FROM place WHERE session_key = ? ORDER BY seen_at DESC LIMIT 1", sessionKey);
    return row && toPlace(row);
  }

  /** Where one of these accounts was last heard of directly. */
  latestOf(accounts: readonly { channel: string; account?: string; sender: string }[]): Place | undefined {
    return accounts
      .flatMap(({ channel, account, sender }) => {
        const row = this.#sql.one<Row>(
          `SELECT * FROM place WHERE channel = ? AND account = ? AND kind = 'direct' AND sender = ?
           ORDER BY seen_at DESC LIMIT 1`,
          channel,
          account ?? DEFAULT_ACCOUNT,
          sender,
        );
        return row ? [toPlace(row)] : [];
      })
      .toSorted((a, b) => b.seenAt - a.seenAt)[0];
  }

  /** The groups that were heard, with their latest time. */
  groups(): Place[] {
    return this.#sql
      .all<Row>(
        `SELECT channel, account, peer, '' AS thread, kind, '' AS sender, session_key, max(name) AS name, NULL AS route,
         max(seen_at) AS seen_at FROM place WHERE kind = 'group' GROUP BY channel, account, peer ORDER BY seen_at DESC`,
      )
      .map(toPlace);
  }

  /** The direct places of somebody who is not known any more. */
  removeDirect({ channel, account, sender }: Account): void {
    this.#sql.run(
      "DELETE FROM place WHERE channel = ? AND account = ? AND kind = 'direct' AND sender = ?",
      channel,
      account,
      sender,
    );
  }

  removeAccount(channel: string, account: string): void {
    this.#sql.run("DELETE FROM place WHERE channel = ? AND account = ?", channel, account);
  }

  #exact({ channel, account, peer, thread }: Pick<Row, "channel" | "account" | "peer" | "thread">): Row | undefined {
    return this.#sql.one<Row>(
      "SELECT * FROM place WHERE channel = ? AND account = ? AND peer = ? AND thread = ?",
      channel,
      account,
      peer,
      thread,
    );
  }

  #dropOldest(): void {
    const count = this.#sql.one<{ n: number }>("SELECT count(*) AS n FROM place")?.n ?? 0;
    if (count <= MOST_PLACES) return;
    this.#sql.run(
      `DELETE FROM place WHERE (channel, account, peer, thread) IN
       (SELECT channel, account, peer, thread FROM place ORDER BY seen_at LIMIT ?)`,
      count - MOST_PLACES,
    );
  }
}

function isSame(a: Row, b: Row): boolean {
  return (
    a.kind === b.kind && a.sender === b.sender && a.session_key === b.session_key && a.name === b.name && a.route === b.route
  );
}

function toPlace(row: Row): Place {
  return {
    to: {
      channel: row.channel,
      ...(row.account === DEFAULT_ACCOUNT ? {} : { account: row.account }),
      peer: row.peer,
      ...(row.thread === "" ? {} : { thread: row.thread }),
      kind: row.kind === "group" ? "group" : "direct",
      ...(row.route === null ? {} : { route: JSON.parse(row.route) as Record<string, string> }),
    },
    sender: row.sender,
    sessionKey: row.session_key,
    ...(row.name === null ? {} : { name: row.name }),
    seenAt: row.seen_at,
  };
}
