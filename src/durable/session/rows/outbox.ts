// What goes out: one row a message, with an idempotency key, in order for each address. A try is marked before it is
// made: a row found marked after a restart may have been sent. What becomes of a try is decided in agent/delivery.ts.
import type { DeliveryStyle, OutboxItem } from "../../../contract/channels/delivery.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { MediaRef } from "../../../contract/message.ts";
import { type AfterDelivery, addressKey, isMissed } from "../../agent/delivery.ts";
import type { Sql } from "../../storage/sql.ts";

/** How an answer becomes messages; the row holds the whole text until then. */
export interface AnswerPlan {
  style: DeliveryStyle;
  /** Message that the first part hangs on, or every part. */
  replyTo?: string;
  isReplyForAll?: boolean;
  /** Goes out after the text. */
  media?: MediaRef[];
}

export interface OutboxRow {
  item: OutboxItem;
  address: string;
  state: "pending" | "sending";
  attempts: number;
  nextAt: number;
  madeAt: number;
  plan?: AnswerPlan;
}

/** Messages of one account of a channel that cannot go out just now. */
export interface HeldUp {
  channel: string;
  account: string;
  count: number;
  /** When the oldest of them was written. */
  since: number;
}

/** Tried again in a moment, or written just now: that is no waiting yet. */
const SOON_MS = 5_000;
const YOUNG_MS = 10_000;

interface StoredRow {
  item: string;
  address: string;
  state: "pending" | "sending";
  attempts: number;
  next_at: number;
  made_at: number;
  plan: string | null;
}

export class Outbox {
  readonly #sql: Sql;
  /** Whether something may wait; after a restart it may. */
  #mayWait = true;
  /** Rows that this life of the object is sending. */
  readonly #underway = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  add(item: OutboxItem, now: number, plan?: AnswerPlan): void {
    this.#mayWait = true;
    this.#sql.run(
      "INSERT OR IGNORE INTO outbox (id, state, attempts, next_at, item, address, made_at, plan) VALUES (?, 'pending', 0, ?, ?, ?, ?, ?)",
      item.id,
      now,
      JSON.stringify(item),
      addressKey(item.to),
      now,
      plan ? JSON.stringify(plan) : null,
    );
  }

  /** The oldest unsettled row of each address: nothing overtakes it there. */
  heads(): OutboxRow[] {
    if (!this.#mayWait) return [];
    const rows = this.#open();
    const seen = new Set<string>();
    return rows.flatMap((row) => (seen.has(row.address) ? [] : seen.add(row.address) && [toRow(row)]));
  }

  /** Behind a message that could not be sent all others of its address wait. What nobody would miss is not counted. */
  heldUp(now: number): HeldUp[] {
    if (!this.#mayWait) return [];
    const rows = this.#open().map(toRow);
    const heads = new Map(rows.toReversed().map((row) => [row.address, row]));
    const held = rows.filter(({ address, item }) => {
      const head = heads.get(address);
      return head !== undefined && isHeldUp(head, now) && isMissed(item.act);
    });
    const accounts = Map.groupBy(held, ({ item: { to } }) => JSON.stringify([to.channel, to.account ?? DEFAULT_ACCOUNT]));
    return [...accounts].map(([name, waiting]) => {
      const [channel, account] = JSON.parse(name);
      return { channel, account, count: waiting.length, since: Math.min(...waiting.map(({ madeAt }) => madeAt)) };
    });
  }

  /** What waits for this account is due now. */
  hasten(channel: string, account: string, now: number): void {
    this.#sql.run(
      "UPDATE outbox SET next_at = ? WHERE state = 'pending' AND attempts > 0 AND next_at > ? AND json_extract(address, '$[0]') = ? AND coalesce(nullif(json_extract(address, '$[1]'), ''), ?) = ?",
      now,
      now,
      channel,
      DEFAULT_ACCOUNT,
      account,
    );
  }

  #open(): StoredRow[] {
    const rows = this.#sql.all<StoredRow>(
      "SELECT item, address, state, attempts, next_at, made_at, plan FROM outbox WHERE state IN ('pending', 'sending') ORDER BY CASE rank WHEN 0 THEN place ELSE rank END, place",
    );
    this.#mayWait = rows.length > 0;
    return rows;
  }

  head(address: string): OutboxRow | undefined {
    return this.heads().find((row) => row.address === address);
  }

  /** Where a message was sent, or will be; undefined: there is none of this id. */
  addressOf(id: string): string | undefined {
    return this.#sql.one<{ address: string }>("SELECT address FROM outbox WHERE id = ?", id)?.address;
  }

  nextAt(): number | undefined {
    const times = this.heads().map((row) => row.nextAt);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  countWaiting(): number {
    if (!this.#mayWait) return 0;
    const query = "SELECT count(*) AS count FROM outbox WHERE state IN ('pending', 'sending')";
    return this.#sql.one<{ count: number }>(query)?.count ?? 0;
  }

  /** A try was begun by an earlier life of the object and never came back. */
  isCutOff(row: OutboxRow): boolean {
    return row.state === "sending" && !this.#underway.has(row.item.id);
  }

  /** A try begins: should it never come back, it may have been sent. */
  begin(item: OutboxItem): void {
    this.#underway.add(item.id);
    this.#sql.run(
      "UPDATE outbox SET state = 'sending', attempts = attempts + 1, item = ? WHERE id = ?",
      JSON.stringify(item),
      item.id,
    );
  }

  settle(id: string, after: AfterDelivery): void {
    this.#underway.delete(id);
    switch (after.state) {
      case "pending":
        this.#sql.run("UPDATE outbox SET state = 'pending', next_at = ? WHERE id = ?", after.nextAt, id);
        return;
      case "sent":
        this.#sql.run("UPDATE outbox SET state = 'sent', item = '', platform_id = ? WHERE id = ?", after.platformId ?? null, id);
        return;
      case "refused":
      case "unknown":
        this.#sql.run("UPDATE outbox SET state = ?, item = '', reason = ? WHERE id = ?", after.state, after.reason, id);
        return;
      default:
        after satisfies never;
    }
  }

  /** The planned answer becomes its messages, in its own place of the order. None: there was nothing to send. */
  split(row: OutboxRow, items: readonly { item: OutboxItem; nextAt: number }[]): void {
    const [first, ...others] = items;
    const id = row.item.id;
    if (!first) {
      this.drop(id);
      return;
    }
    this.#sql.run("UPDATE outbox SET item = ?, plan = NULL WHERE id = ?", JSON.stringify(first.item), id);
    for (const { item, nextAt } of others) {
      this.#sql.run(
        "INSERT OR IGNORE INTO outbox (id, state, attempts, next_at, item, address, made_at, rank) SELECT ?, 'pending', 0, ?, ?, address, made_at, CASE rank WHEN 0 THEN place ELSE rank END FROM outbox WHERE id = ?",
        item.id,
        nextAt,
        JSON.stringify(item),
        id,
      );
    }
  }

  drop(id: string): void {
    this.#underway.delete(id);
    this.#sql.run("DELETE FROM outbox WHERE id = ?", id);
  }

  /** Nothing was sent yet: it is tried later, as `item` when that has changed. */
  postpone(item: OutboxItem, nextAt: number): void {
    this.#underway.delete(item.id);
    this.#sql.run(
      "UPDATE outbox SET state = 'pending', attempts = attempts + 1, next_at = ?, item = ? WHERE id = ?",
      nextAt,
      JSON.stringify(item),
      item.id,
    );
  }

  /** Drops what is left of a turn's answer toward an address where a message of it was refused. */
  dropRest(turnId: string, address: string): void {
    const head = `${turnId}:`;
    this.#sql.run(
      "UPDATE outbox SET state = 'refused', item = '', reason = 'an earlier part was not taken' WHERE state = 'pending' AND address = ? AND substr(id, 1, ?) = ? AND substr(id, ?, 1) GLOB '[0-9b]'",
      address,
      head.length,
      head,
      head.length + 1,
    );
  }
}

function isHeldUp({ state, attempts, nextAt, madeAt }: OutboxRow, now: number): boolean {
  const failed = state === "sending" ? attempts - 1 : attempts;
  return failed > 0 && (nextAt - now > SOON_MS || now - madeAt > YOUNG_MS);
}

function toRow(row: StoredRow): OutboxRow {
  return {
    item: JSON.parse(row.item),
    address: row.address,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at,
    madeAt: row.made_at,
    ...(row.plan === null ? {} : { plan: JSON.parse(row.plan) }),
  };
}
