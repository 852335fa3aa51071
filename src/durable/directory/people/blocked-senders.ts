// Who is heard nowhere on an account, whatever the policies say: rows, put there and taken away by the owner alone.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { BlockedSender } from "../../../contract/people.ts";
import type { Sql } from "../../storage/sql.ts";
import type { Account } from "../admission/senders.ts";

interface Row {
  channel: string;
  account: string;
  sender: string;
  name: string | null;
  at: number;
}

export class BlockedSenders {
  readonly #sql: Sql;
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  has({ channel, account, sender }: Account): boolean {
    return this.#find(channel, account, sender) !== undefined;
  }

  list(): BlockedSender[] {
    return this.#sql.all<Row>("SELECT * FROM blocked_sender ORDER BY at DESC, channel, sender").map(toBlocked);
  }

  add({ channel, account, sender }: Account, name: string | undefined, now: number): BlockedSender {
    const row: Row = { channel, account, sender, name: name ?? null, at: now };
    this.#sql.run("INSERT OR REPLACE INTO blocked_sender VALUES (?, ?, ?, ?, ?)", channel, account, sender, row.name, now);
    return toBlocked(row);
  }

  remove({ channel, account, sender }: Account): boolean {
    const isThere = this.#find(channel, account, sender) !== undefined;
    this.#sql.run("DELETE FROM blocked_sender WHERE channel = ? AND account = ? AND sender = ?", channel, account, sender);
    return isThere;
  }

  #find(channel: string, account: string, sender: string): Row | undefined {
    return this.#sql.one<Row>(
      "SELECT * FROM blocked_sender WHERE channel = ? AND account = ? AND sender = ?",
      channel,
      account,
      sender,
    );
  }
}

function toBlocked({ channel, account, sender, name, at }: Row): BlockedSender {
  return {
    channel,
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    sender,
    ...(name === null ? {} : { name }),
    blockedAt: at,
  };
}
