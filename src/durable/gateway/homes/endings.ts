// Commands that a machine goes on with after its answer, and the word of their end. A machine may speak for a session of what that
// session asked of it alone, once; a session hears of several ends at once, and of the next no sooner than after a while, so
// that no machine keeps a model busy. A word that was taken is a row until the session has it.
import type { Event } from "../../../contract/event.ts";
import type { ProcessEnded } from "../../../contract/home/notices.ts";
import { migrate, type Sql } from "../../storage/sql.ts";
import { wrapUntrusted } from "../../tools/untrusted.ts";
import { Retelling } from "./retelling.ts";

/** At most three turns a minute. */
const GAP_MS = 20_000;
/** In one word; the rest follows with the next. */
const MOST_AT_ONCE = 10;
/** Longer nobody waits for the end of a command. */
const KEPT_MS = 30 * 86_400_000;
const SHOWN_COMMAND = 300;
const SHOWN_TAIL = 4_000;

export const ENDINGS_SCHEMA = [
  `-- What was begun for which session; call: the one that began it.
  CREATE TABLE home_process (
    home TEXT NOT NULL, session_key TEXT NOT NULL, process TEXT NOT NULL, call TEXT NOT NULL, begun_at INTEGER NOT NULL,
    PRIMARY KEY (home, session_key, process)
  ) WITHOUT ROWID;
  CREATE INDEX home_process_call ON home_process (call);
  -- Ends of which the session has not heard. parcel: those that are told together, set when they are told first.
  CREATE TABLE home_ending (
    place INTEGER PRIMARY KEY AUTOINCREMENT, session_key TEXT NOT NULL, home TEXT NOT NULL, notice TEXT NOT NULL, parcel TEXT
  );
  CREATE TABLE home_ending_told (session_key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID`,
];

export interface EndingsHost {
  now(): number;
  receive(sessionKey: string, event: Event): Promise<unknown>;
  rearm(): void;
  log(level: "warn", text: string, facts?: Record<string, unknown>): void;
}

interface KeptNotice extends ProcessEnded {
  /** Absent in rows of earlier versions. */
  heardAt?: number;
}

interface EndingRow {
  place: number;
  session_key: string;
  home: string;
  notice: string;
  parcel: string | null;
}

export class Endings {
  readonly #sql: Sql;
  readonly #host: EndingsHost;
  readonly #telling = new Set<string>();
  readonly #retelling = new Retelling();

  constructor(sql: Sql, host: EndingsHost) {
    this.#sql = sql;
    this.#host = host;
    migrate(sql, "home-endings", ENDINGS_SCHEMA);
  }

  /** A machine is asked to begin something. */
  begin(home: string, call: string, params: Record<string, unknown>): void {
    const { processId, sessionKey } = params;
    if (typeof processId !== "string" || typeof sessionKey !== "string") return;
    const now = this.#host.now();
    this.#sql.run("INSERT OR REPLACE INTO home_process VALUES (?, ?, ?, ?, ?)", home, sessionKey, processId, call, now);
    this.#sql.run("DELETE FROM home_process WHERE begun_at < ?", now - KEPT_MS);
  }

  /** The call was answered: what does not run now ends unheard. */
  settle(call: string, payload: unknown): void {
    const isRunning = typeof payload === "object" && payload !== null && "state" in payload && payload.state === "running";
    if (!isRunning) this.#sql.run("DELETE FROM home_process WHERE call = ?", call);
  }

  /** False: this machine has nothing to say of it to that session, or has said it before. */
  hear(home: { id: string; name: string }, notice: ProcessEnded): boolean {
    const { sessionKey, processId } = notice;
    const isKnown =
      this.#sql.run(
        "DELETE FROM home_process WHERE home = ? AND session_key = ? AND process = ?",
        home.id,
        sessionKey,
        processId,
      ) > 0;
    if (!isKnown) return false;
    const kept: KeptNotice = {
      ...notice,
      heardAt: this.#host.now(),
      command: notice.command.slice(0, SHOWN_COMMAND + 1),
      tail: notice.tail.slice(-SHOWN_TAIL),
    };
    this.#sql.run(
      "INSERT INTO home_ending (session_key, home, notice) VALUES (?, ?, ?)",
      sessionKey,
      home.name,
      JSON.stringify(kept),
    );
    if (this.#dueAt(sessionKey) <= this.#host.now()) void this.#tell(sessionKey);
    else this.#host.rearm();
    return true;
  }

  async tick(): Promise<void> {
    const now = this.#host.now();
    await Promise.all(this.#waiting().flatMap((key) => (this.#dueAt(key) <= now ? [this.#tell(key)] : [])));
  }

  nextDueAt(): number | undefined {
    const due = this.#waiting().map((key) => this.#dueAt(key));
    return due.length === 0 ? undefined : Math.min(...due);
  }

  #waiting(): string[] {
    return this.#sql
      .all<{ session_key: string }>("SELECT DISTINCT session_key FROM home_ending")
      .map(({ session_key }) => session_key);
  }

  #dueAt(sessionKey: string): number {
    const told = this.#sql.one<{ at: number }>("SELECT at FROM home_ending_told WHERE session_key = ?", sessionKey);
    return Math.max(told ? told.at + GAP_MS : 0, this.#retelling.notBefore(sessionKey) ?? 0);
  }

  async #tell(sessionKey: string): Promise<void> {
    if (this.#telling.has(sessionKey)) return;
    const rows = this.#nextParcel(sessionKey);
    const [first] = rows;
    if (!first) return;
    this.#telling.add(sessionKey);
    try {
      const id = `home:ended:${first.parcel}`;
      const text = describeEndings(rows.map(({ home, notice }) => ({ home, ...(JSON.parse(notice) as ProcessEnded) })));
      await this.#host.receive(sessionKey, { kind: "result", id, callId: "", text, isError: false });
      const now = this.#host.now();
      for (const { place } of rows) this.#sql.run("DELETE FROM home_ending WHERE place = ?", place);
      this.#sql.run("INSERT OR REPLACE INTO home_ending_told VALUES (?, ?)", sessionKey, now);
      this.#sql.run("DELETE FROM home_ending_told WHERE at < ?", now - 2 * GAP_MS);
      this.#retelling.forget(sessionKey);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#retelling.putOff(sessionKey, heardAt(first.notice) ?? this.#host.now(), this.#host.now());
      this.#host.log("warn", "the end of a command was not handed over yet", { sessionKey, reason });
    } finally {
      this.#telling.delete(sessionKey);
      this.#host.rearm();
    }
  }

  /** What was tried before is tried again as it was: the session knows it by its id. */
  #nextParcel(sessionKey: string): EndingRow[] {
    const rows = this.#sql.all<EndingRow>("SELECT * FROM home_ending WHERE session_key = ? ORDER BY place", sessionKey);
    const [first] = rows;
    if (!first) return [];
    if (first.parcel !== null) return rows.filter(({ parcel }) => parcel === first.parcel);
    const parcel = crypto.randomUUID();
    const taken = rows.slice(0, MOST_AT_ONCE).map((row) => ({ ...row, parcel }));
    for (const { place } of taken) this.#sql.run("UPDATE home_ending SET parcel = ? WHERE place = ?", parcel, place);
    return taken;
  }
}

function heardAt(notice: string): number | undefined {
  return (JSON.parse(notice) as KeptNotice).heardAt;
}

function describeEndings(endings: readonly (ProcessEnded & { home: string })[]): string {
  return endings.map(describeEnding).join("\n\n");
}

/** Our own line holds nothing of the machine's but names: what it ran and wrote is content. */
function describeEnding({ home, processId, command, exitCode, signal, endedBy, tail }: ProcessEnded & { home: string }): string {
  const how = exitCode !== undefined ? `exit code ${exitCode}` : "no exit code";
  const id = plain(processId);
  const line = `[A command that was left running has ended with ${how}: process ${id} on ${plain(home)}. Nobody wrote this; go on with what it was for.]`;
  const shown = command.length > SHOWN_COMMAND ? `${command.slice(0, SHOWN_COMMAND)}…` : command;
  const why = [signal === undefined ? "" : `signal ${signal}`, endedBy ?? ""].filter((part) => part !== "").join("; ");
  const notes = [`Command: ${shown}`, ...(why === "" ? [] : [`Ended by: ${why}`])];
  return `${line}\n${wrapUntrusted(tail.trim() === "" ? "(no output)" : tail.trimEnd(), `the end of its output, on ${home}`, notes)}`;
}

function plain(name: string): string {
  return name.replace(/[^\p{L}\p{N} .:_-]/gu, "").slice(0, 64);
}
