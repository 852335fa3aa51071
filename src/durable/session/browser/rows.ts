// The rows of a talk's browsers: which is open and where, its tabs, the cookies of its profiles. At the edge the line is dropped after
// every call, and the next one may be made by an object that has just woken up: all that is known stands here.
import type { BrowserState, TabState } from "../../../browser/state.ts";
import type { Sql } from "../../storage/sql.ts";

export type OpenPlace = "edge" | "cdp";

export interface OpenBrowser {
  place: OpenPlace;
  /** Of the platform; at an address the address. */
  sessionId: string;
  profile: string;
  startedAt: number;
  usedAt: number;
  /** Idle for longer than this, the platform ends it. */
  idleMs: number;
  /** It outlives its turn until then. */
  keepUntil: number;
}

interface BrowserRow {
  place: OpenPlace;
  session_id: string;
  profile: string;
  started_at: number;
  used_at: number;
  idle_ms: number;
  keep_until: number;
  current: string | null;
  next_tab: number;
}

/** Below the largest row; what was seen last is the first that can be done without. */
const MOST_CHARS = 900_000;

export class BrowserRows {
  readonly #sql: Sql;
  /** Whether rows may be there; after a restart they may. */
  #hasRows = true;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  all(): OpenBrowser[] {
    if (!this.#hasRows) return [];
    const rows = this.#sql.all<BrowserRow>("SELECT * FROM browser ORDER BY place").map(readRow);
    this.#hasRows = rows.length > 0;
    return rows;
  }

  find(place: OpenPlace): OpenBrowser | undefined {
    return this.all().find((row) => row.place === place);
  }

  /** A browser was started; nothing is open in it. */
  add(browser: OpenBrowser): void {
    this.#hasRows = true;
    const { place, sessionId, profile, startedAt, usedAt, idleMs, keepUntil } = browser;
    this.#sql.run("DELETE FROM browser_tab WHERE place = ?", place);
    this.#sql.run(
      "INSERT OR REPLACE INTO browser VALUES (?, ?, ?, ?, ?, ?, ?, NULL, 1)",
      place,
      sessionId,
      profile,
      startedAt,
      usedAt,
      idleMs,
      keepUntil,
    );
  }

  stateOf(place: OpenPlace): BrowserState {
    const row = this.#sql.one<BrowserRow>("SELECT * FROM browser WHERE place = ?", place);
    const tabs = this.#sql
      .all<{ body: string }>("SELECT body FROM browser_tab WHERE place = ? ORDER BY length(id), id", place)
      .map(({ body }) => JSON.parse(body) as TabState);
    return { tabs, nextTab: row?.next_tab ?? 1, ...(row?.current ? { current: row.current } : {}) };
  }

  /** What a call left behind. Contract: inside a transaction. */
  save(place: OpenPlace, state: BrowserState, { usedAt, keepUntil }: Pick<OpenBrowser, "usedAt" | "keepUntil">): void {
    this.#sql.run(
      "UPDATE browser SET used_at = ?, keep_until = ?, current = ?, next_tab = ? WHERE place = ?",
      usedAt,
      keepUntil,
      state.current ?? null,
      state.nextTab,
      place,
    );
    this.#sql.run("DELETE FROM browser_tab WHERE place = ?", place);
    for (const tab of state.tabs) {
      const whole = JSON.stringify(tab);
      const { seen: _seen, ...rest } = tab;
      const body = whole.length <= MOST_CHARS ? whole : JSON.stringify({ ...rest, refs: {} });
      this.#sql.run("INSERT INTO browser_tab VALUES (?, ?, ?)", place, tab.id, body);
    }
  }

  remove(place: OpenPlace): void {
    this.#sql.run("DELETE FROM browser WHERE place = ?", place);
    this.#sql.run("DELETE FROM browser_tab WHERE place = ?", place);
  }

  cookiesOf(profile: string): string | undefined {
    return this.#sql.one<{ cookies: string }>("SELECT cookies FROM browser_profile WHERE name = ?", profile)?.cookies;
  }

  keepCookies(profile: string, cookies: string, now: number): void {
    if (this.cookiesOf(profile) === cookies) return;
    this.#sql.run("INSERT OR REPLACE INTO browser_profile VALUES (?, ?, ?)", profile, cookies, now);
  }

  profiles(): { name: string; usedAt: number; cookies: number }[] {
    return this.#sql
      .all<{ name: string; cookies: string; used_at: number }>("SELECT * FROM browser_profile ORDER BY name")
      .map(({ name, cookies, used_at: usedAt }) => ({ name, usedAt, cookies: (JSON.parse(cookies) as unknown[]).length }));
  }

  clearProfile(profile: string): boolean {
    return this.#sql.run("DELETE FROM browser_profile WHERE name = ?", profile) > 0;
  }
}

function readRow(row: BrowserRow): OpenBrowser {
  return {
    place: row.place,
    sessionId: row.session_id,
    profile: row.profile,
    startedAt: row.started_at,
    usedAt: row.used_at,
    idleMs: row.idle_ms,
    keepUntil: row.keep_until,
  };
}
