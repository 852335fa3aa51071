// Strangers who wait: rows. Each sender has one code while it lives (an hour) and is answered once in that time; three may
// wait on one account of a channel. A sender who was turned down stays silent until the hour is over.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { GatewayErrorData, Outcome } from "../../../contract/errors.ts";
import type { Address } from "../../../contract/message.ts";
import type { Pairing } from "../../../contract/people.ts";
import { GuessLimit } from "../../gateway/access/guess-limit.ts";
import type { Sql } from "../../storage/sql.ts";
import type { Account } from "../admission/senders.ts";

/** 32 signs: no 0 and O, no 1 and I. */
const SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH = 8;
const LIFE_MS = 3_600_000;
const MOST_WAITING = 3;
const MOST_NAME_CHARS = 80;
const GUESSER = "pairing";

/** `full`: too many wait already. `rejected`: turned down within the hour. */
export type Asked = { state: "new" | "waiting"; pairing: Pairing; isAnswered: boolean } | { state: "full" | "rejected" };

interface Row {
  channel: string;
  account: string;
  sender: string;
  code: string;
  state: "waiting" | "approved" | "rejected";
  name: string | null;
  place: string;
  created_at: number;
  expires_at: number;
}

export class Pairings {
  readonly #sql: Sql;
  readonly #guesses: GuessLimit;
  constructor(sql: Sql) {
    this.#sql = sql;
    this.#guesses = new GuessLimit(sql);
  }

  ask(stranger: Account & { name?: string }, from: Address, now: number): Asked {
    return this.#sql.transaction(() => {
      this.#dropExpired(now);
      const row = this.#find(stranger);
      if (row?.state === "waiting") return { state: "waiting", pairing: toPairing(row), isAnswered: true };
      if (row?.state === "rejected") return { state: "rejected" };
      if (this.#countWaiting(stranger) >= MOST_WAITING) return { state: "full" };
      const made: Row = {
        channel: stranger.channel,
        account: stranger.account,
        sender: stranger.sender,
        code: this.#freeCode(),
        state: "waiting",
        name: cleanName(stranger.name),
        place: JSON.stringify(from),
        created_at: now,
        expires_at: now + LIFE_MS,
      };
      this.#put(made);
      // Let in and forgotten again within the hour: the answer of then still counts.
      return { state: "new", pairing: toPairing(made), isAnswered: row !== undefined };
    });
  }

  list(now: number): Pairing[] {
    return this.#sql
      .all<Row>("SELECT * FROM pairing WHERE state = 'waiting' AND expires_at > ? ORDER BY created_at, code", now)
      .map(toPairing);
  }

  /** Who waits with a code, and where from. A wrong one counts as a guess; too many lock all codes for some minutes. */
  look(code: string, now: number): Outcome<{ pairing: Pairing; from: Address }> {
    const lockedMs = this.#guesses.lockedForMs(GUESSER, now);
    if (lockedMs > 0) return refuse(lockedError(lockedMs));
    this.#dropExpired(now);
    const row = this.#sql.one<Row>("SELECT * FROM pairing WHERE code = ? AND state = 'waiting'", cleanCode(code));
    if (!row) {
      const nowLockedMs = this.#guesses.noteFailure(GUESSER, now);
      if (nowLockedMs > 0) return refuse(lockedError(nowLockedMs));
      const message = "Nobody waits with that code: it may be mistyped, answered already, or older than an hour.";
      return refuse({ code: "NOT_FOUND", message });
    }
    return { ok: true, value: { pairing: toPairing(row), from: JSON.parse(row.place) as Address } };
  }

  close(pairing: Pairing, as: "approved" | "rejected"): void {
    this.#sql.run("UPDATE pairing SET state = ? WHERE code = ?", as, pairing.code);
  }

  /** Somebody who waits no longer; answers what they waited with. */
  remove(stranger: Account): Pairing | undefined {
    const row = this.#find(stranger);
    if (row) this.#sql.run("DELETE FROM pairing WHERE code = ?", row.code);
    return row?.state === "waiting" ? toPairing(row) : undefined;
  }

  /** Whoever waited on an account that is gone. */
  removeAccount(channel: string, account: string): void {
    this.#sql.run("DELETE FROM pairing WHERE channel = ? AND account = ?", channel, account);
  }

  #dropExpired(now: number): void {
    this.#sql.run("DELETE FROM pairing WHERE expires_at <= ?", now);
  }

  #find({ channel, account, sender }: Account): Row | undefined {
    return this.#sql.one<Row>("SELECT * FROM pairing WHERE channel = ? AND account = ? AND sender = ?", channel, account, sender);
  }

  #countWaiting({ channel, account }: Account): number {
    const row = this.#sql.one<{ n: number }>(
      "SELECT count(*) AS n FROM pairing WHERE channel = ? AND account = ? AND state = 'waiting'",
      channel,
      account,
    );
    return row?.n ?? 0;
  }

  #put(row: Row): void {
    this.#sql.run(
      "INSERT OR REPLACE INTO pairing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      row.channel,
      row.account,
      row.sender,
      row.code,
      row.state,
      row.name,
      row.place,
      row.created_at,
      row.expires_at,
    );
  }

  #freeCode(): string {
    for (;;) {
      const random = crypto.getRandomValues(new Uint8Array(CODE_LENGTH));
      const code = Array.from(random, (byte) => SIGNS.charAt(byte % SIGNS.length)).join("");
      if (!this.#sql.one("SELECT 1 AS found FROM pairing WHERE code = ?", code)) return code;
    }
  }
}

/** As people type it: in any case, with blanks or dashes in it. */
function cleanCode(code: string): string {
  return code.toUpperCase().replace(/[\s-]/g, "").slice(0, 64);
}

/** The name is a stranger's choice and is shown in terminals. */
function cleanName(name: string | undefined): string | null {
  const clean = (name ?? "")
    .replace(/\p{C}+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return clean === "" ? null : [...clean].slice(0, MOST_NAME_CHARS).join("");
}

function lockedError(lockedMs: number): GatewayErrorData {
  const minutes = Math.max(1, Math.ceil(lockedMs / 60_000));
  const message = `Too many wrong codes. Codes are taken again in ${minutes} minute${minutes === 1 ? "" : "s"}.`;
  return { code: "FORBIDDEN", message, retryAfterMs: lockedMs };
}

function refuse(error: GatewayErrorData): { ok: false; error: GatewayErrorData } {
  return { ok: false, error };
}

function toPairing(row: Row): Pairing {
  return {
    channel: row.channel,
    ...(row.account === DEFAULT_ACCOUNT ? {} : { account: row.account }),
    code: row.code,
    sender: row.sender,
    ...(row.name === null ? {} : { name: row.name }),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
