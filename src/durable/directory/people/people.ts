// People and their accounts: rows. The owner is there from the beginning; the first account that is ever approved becomes
// theirs. Every change is one synchronous transaction, so that two approvals at once cannot make two owners.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Outcome } from "../../../contract/errors.ts";
import { newId } from "../../../contract/id.ts";
import { OWNER_ID, type Person, type PersonAccount } from "../../../contract/people.ts";
import type { Sql } from "../../storage/sql.ts";
import type { KnownPeople, KnownPerson } from "../admission/identity.ts";
import { type Account, readNamed } from "../admission/senders.ts";
import { BlockedSenders } from "./blocked-senders.ts";

/** `as` of an approval: someone new, never the owner. */
export const AS_GUEST = "guest";
const SEEN_EVERY_MS = 600_000;

interface PersonRow {
  id: string;
  name: string;
  role: Person["role"];
  home: string | null;
  created_at: number;
  seen_at: number | null;
}

interface AccountRow {
  channel: string;
  account: string;
  sender: string;
  person_id: string;
  name: string | null;
  approved_at: number;
}

export class People implements KnownPeople {
  readonly #sql: Sql;
  readonly blocked: BlockedSenders;
  constructor(sql: Sql) {
    this.#sql = sql;
    this.blocked = new BlockedSenders(sql);
  }

  find({ channel, account, sender }: Account): KnownPerson | undefined {
    const row = this.#sql.one<PersonRow>(
      `SELECT person.* FROM person_account JOIN person ON person.id = person_id
       WHERE channel = ? AND account = ? AND sender = ?`,
      channel,
      account,
      sender,
    );
    return row && toKnown(row);
  }

  findBySender(channel: string, sender: string): KnownPerson | undefined {
    const row = this.#sql.one<PersonRow>(
      `SELECT person.* FROM person_account JOIN person ON person.id = person_id
       WHERE channel = ? AND sender = ? ORDER BY role = 'owner' DESC, approved_at LIMIT 1`,
      channel,
      sender,
    );
    return row && toKnown(row);
  }

  isHome(rest: string): boolean {
    return this.#sql.one("SELECT 1 AS found FROM person WHERE home = ?", rest) !== undefined;
  }

  isBlocked(account: Account): boolean {
    return this.blocked.has(account);
  }

  list(): Person[] {
    const accounts = this.#sql.all<AccountRow>("SELECT * FROM person_account ORDER BY approved_at, channel, sender");
    return this.#sql
      .all<PersonRow>("SELECT * FROM person ORDER BY role = 'owner' DESC, created_at, id")
      .map((row) => toPerson(row, accounts));
  }

  get(id: string): Person | undefined {
    return this.list().find((person) => person.id === id);
  }

  /** By id, by an account (`telegram:42`), or by a name that only one person has. */
  resolve(word: string): Outcome<Person> {
    const people = this.list();
    const byId = people.find((person) => person.id === word);
    if (byId) return { ok: true, value: byId };
    const named = readNamed(word);
    const owning = named && this.findBySender(named.channel, named.sender);
    const byAccount = owning && people.find((person) => person.id === owning.id);
    if (byAccount) return { ok: true, value: byAccount };
    const byName = people.filter((person) => person.name.toLowerCase() === word.trim().toLowerCase());
    const [only] = byName;
    if (only && byName.length === 1) return { ok: true, value: only };
    const message =
      byName.length > 1
        ? `${byName.length} people are called "${word}"; give the id: ${byName.map((person) => person.id).join(", ")}.`
        : `There is no person "${word}". \`skerry people list\` shows who is known.`;
    return { ok: false, error: { code: byName.length > 1 ? "INVALID_REQUEST" : "NOT_FOUND", message } };
  }

  /**
   * Adds an approved account. `home` is the rest of the key of the account's own talk; when it is another person's talk
   * already, a number is added. Call it inside a transaction.
   */
  approve(account: Account & { name?: string }, as: string | undefined, home: string, now: number): Outcome<Person> {
    const target = this.#chooseTarget(as);
    if (!target.ok) return target;
    const id = target.value ?? newId("person", now);
    // An account is one person's: whoever it was before has it no longer.
    if (this.find(account)?.id !== id) this.#drop(account);
    const known = this.#sql.one<PersonRow>("SELECT * FROM person WHERE id = ?", id);
    if (!known) {
      const name = account.name?.trim() || `${account.channel}:${account.sender}`;
      this.#sql.run("INSERT INTO person VALUES (?, ?, 'guest', ?, ?, NULL, NULL)", id, name, this.#freeHome(home), now);
    } else if (known.home === null) {
      this.#sql.run("UPDATE person SET home = ? WHERE id = ?", this.#freeHome(home), id);
    }
    if (id === OWNER_ID) this.#claim(account.name, now);
    this.#sql.run(
      "INSERT OR REPLACE INTO person_account VALUES (?, ?, ?, ?, ?, ?)",
      account.channel,
      account.account,
      account.sender,
      id,
      account.name ?? null,
      now,
    );
    return this.#mustGet(id);
  }

  /** Makes two people one; the first one's talk stays. */
  link(id: string, other: string): Outcome<Person> {
    return this.#sql.transaction(() => {
      const [kept, gone] = [this.resolve(id), this.resolve(other)];
      if (!kept.ok) return kept;
      if (!gone.ok) return gone;
      if (kept.value.id === gone.value.id) return refuse("INVALID_REQUEST", "They are one person already.");
      if (gone.value.id === OWNER_ID) {
        return refuse("INVALID_REQUEST", "Name the owner first: what is given second becomes part of the first.");
      }
      const home = this.#sql.one<PersonRow>("SELECT * FROM person WHERE id = ?", gone.value.id)?.home ?? null;
      this.#sql.run("UPDATE person_account SET person_id = ? WHERE person_id = ?", kept.value.id, gone.value.id);
      this.#sql.run("DELETE FROM person WHERE id = ?", gone.value.id);
      this.#sql.run("UPDATE person SET home = ? WHERE id = ? AND home IS NULL", home, kept.value.id);
      if (kept.value.id === OWNER_ID) this.#claim(undefined, Date.now());
      return this.#mustGet(kept.value.id);
    });
  }

  /** Makes one of somebody's accounts a guest of their own; `home` as in `approve`. */
  unlink(account: Account, home: string, now: number): Outcome<Person> {
    return this.#sql.transaction(() => {
      const known = this.find(account);
      if (!known) return refuse("NOT_FOUND", `Nobody was let in as ${account.channel}:${account.sender}.`);
      const accounts = this.get(known.id)?.accounts ?? [];
      if (accounts.length < 2) return refuse("INVALID_REQUEST", `It is the only account of ${known.name}.`);
      const isIt = (one: PersonAccount) =>
        one.channel === account.channel && one.sender === account.sender && (one.account ?? DEFAULT_ACCOUNT) === account.account;
      const name = accounts.find(isIt)?.name;
      return this.approve({ ...account, ...(name ? { name } : {}) }, AS_GUEST, home, now);
    });
  }

  rename(id: string, name: string): Outcome<Person> {
    const found = this.resolve(id);
    if (!found.ok) return found;
    this.#sql.run("UPDATE person SET name = ? WHERE id = ?", name, found.value.id);
    return this.#mustGet(found.value.id);
  }

  /** Whoever has no account left is forgotten, but for the owner. */
  forget(account: Account): boolean {
    return this.#sql.transaction(() => this.#drop(account));
  }

  #drop(account: Account): boolean {
    const person = this.find(account);
    if (!person) return false;
    this.#sql.run(
      "DELETE FROM person_account WHERE channel = ? AND account = ? AND sender = ?",
      account.channel,
      account.account,
      account.sender,
    );
    this.#sql.run(
      "DELETE FROM person WHERE id = ? AND id <> ? AND NOT EXISTS (SELECT 1 FROM person_account WHERE person_id = person.id)",
      person.id,
      OWNER_ID,
    );
    return true;
  }

  noteSeen(id: string, now: number): void {
    this.#sql.run("UPDATE person SET seen_at = ? WHERE id = ? AND coalesce(seen_at, 0) < ?", now, id, now - SEEN_EVERY_MS);
  }

  hasOwner(): boolean {
    return this.#sql.one("SELECT 1 AS found FROM person WHERE id = ? AND claimed_at IS NOT NULL", OWNER_ID) !== undefined;
  }

  /** Undefined: someone new. */
  #chooseTarget(as: string | undefined): Outcome<string | undefined> {
    if (as === undefined) return { ok: true, value: this.hasOwner() ? undefined : OWNER_ID };
    if (as === AS_GUEST) return { ok: true, value: undefined };
    const found = this.resolve(as);
    return found.ok ? { ok: true, value: found.value.id } : found;
  }

  /** Once an account of the owner was approved, nobody becomes owner by being first. */
  #claim(name: string | undefined, now: number): void {
    this.#sql.run("UPDATE person SET claimed_at = coalesce(claimed_at, ?) WHERE id = ?", now, OWNER_ID);
    if (name?.trim()) this.#sql.run("UPDATE person SET name = ? WHERE id = ? AND name = 'Owner'", name.trim(), OWNER_ID);
  }

  #freeHome(home: string): string {
    for (let count = 2, free = home; ; count++) {
      if (!this.isHome(free)) return free;
      free = `${home}:${count}`;
    }
  }

  #mustGet(id: string): Outcome<Person> {
    const person = this.get(id);
    return person ? { ok: true, value: person } : refuse("NOT_FOUND", `There is no person "${id}".`);
  }
}

function refuse(code: "INVALID_REQUEST" | "NOT_FOUND", message: string): Outcome<never> {
  return { ok: false, error: { code, message } };
}

function toKnown({ id, name, role, home }: PersonRow): KnownPerson {
  return { id, name, role, ...(home === null ? {} : { home }) };
}

function toPerson(row: PersonRow, accounts: readonly AccountRow[]): Person {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    accounts: accounts.filter((account) => account.person_id === row.id).map(toAccount),
    createdAt: row.created_at,
    ...(row.seen_at === null ? {} : { lastSeenAt: row.seen_at }),
  };
}

function toAccount({ channel, account, sender, name, approved_at: approvedAt }: AccountRow): PersonAccount {
  return {
    channel,
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    sender,
    ...(name === null ? {} : { name }),
    approvedAt,
  };
}
