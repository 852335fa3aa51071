// What a session knows of itself: its key, its person's choices, its counters. Held in memory, written when changed.
import { addSpend, NO_SPEND, type Spend } from "../../../contract/entry.ts";
import type { HandsChoice } from "../../../contract/home/hands.ts";
import { newId } from "../../../contract/id.ts";
import type { SessionRow } from "../../../contract/live.ts";
import type { Sql } from "../../storage/sql.ts";

interface Profile {
  key: string;
  agentId: string;
  sessionId: string;
  createdAt: number;
  updatedAt: number;
  spend: Spend;
  messageCount: number;
  /** The model reads from here on. */
  windowSeq: number;
  label?: string | undefined;
  title?: string | undefined;
  lastMessage?: string | undefined;
  model?: string | undefined;
  modelOverride?: string | undefined;
  thinking?: string | undefined;
  queueMode?: string | undefined;
  verbose?: string | undefined;
  reasoning?: string | undefined;
  contextTokens?: number | undefined;
  contextWindow?: number | undefined;
  lastOutcome?: string | undefined;
  /** A group's own choice of what is answered. */
  activation?: string | undefined;
  /** What the owner chose by /exec and /elevated. */
  hands?: HandsChoice | undefined;
  /** Turns in a row that programs began. */
  botTurns?: number | undefined;
}

const PREVIEW_CHARS = 140;

export class SessionProfile {
  readonly #sql: Sql;
  #profile: Profile | undefined;
  #holds = 0;
  #isChanged = false;

  constructor(sql: Sql) {
    this.#sql = sql;
    const row = sql.one<{ value: string }>("SELECT value FROM profile WHERE name = 'profile'");
    this.#profile = row && (JSON.parse(row.value) as Profile);
  }

  get exists(): boolean {
    return this.#profile !== undefined;
  }

  get(): Readonly<Profile> {
    if (!this.#profile) throw new Error("The session has no profile before it has received something.");
    return this.#profile;
  }

  ensure(key: string, agentId: string, now: number): void {
    if (this.#profile) return;
    this.#profile = {
      key,
      agentId,
      sessionId: newId("entry", now).replace("entry_", "session_"),
      createdAt: now,
      updatedAt: now,
      spend: NO_SPEND,
      messageCount: 0,
      windowSeq: 1,
    };
    this.#save();
  }

  change(change: Partial<Omit<Profile, "key" | "agentId" | "createdAt">>, now: number): void {
    this.#profile = { ...this.get(), ...change, updatedAt: now };
    this.#save();
  }

  /** A rolled-back transaction took the row back: take the memory back too. */
  reload(): void {
    this.#holds = 0;
    this.#isChanged = false;
    const row = this.#sql.one<{ value: string }>("SELECT value FROM profile WHERE name = 'profile'");
    this.#profile = row && (JSON.parse(row.value) as Profile);
  }

  noteMessage(text: string, now: number): void {
    const profile = this.get();
    const preview = text.replace(/\s+/g, " ").trim().slice(0, PREVIEW_CHARS);
    this.change(
      { messageCount: profile.messageCount + 1, lastMessage: preview, title: profile.title ?? (preview || undefined) },
      now,
    );
  }

  noteSpend(spend: Spend, model: string, contextTokens: number, contextWindow: number, now: number): void {
    this.change({ spend: addSpend(this.get().spend, spend), model, contextTokens, contextWindow }, now);
  }

  row(status: SessionRow["status"], activeRunIds: string[]): SessionRow {
    const { windowSeq: _window, lastOutcome: _outcome, activation: _activation, botTurns: _bots, ...rest } = this.get();
    const row: Record<string, unknown> = { ...rest, status, activeRunIds };
    for (const [name, value] of Object.entries(row)) if (value === undefined) delete row[name];
    return row as unknown as SessionRow;
  }

  /** Several changes become one row written: between `hold` and `release`, both in the same transaction. */
  hold(): void {
    this.#holds += 1;
  }

  release(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && this.#isChanged) this.#save();
  }

  #save(): void {
    this.#isChanged = this.#holds > 0;
    if (this.#isChanged) return;
    this.#sql.run("INSERT OR REPLACE INTO profile VALUES ('profile', ?)", JSON.stringify(this.#profile));
  }
}
