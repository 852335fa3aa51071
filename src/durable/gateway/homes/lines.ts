// How the lines of channels are that machines at home hold, as each machine told last. Kept, since this object sleeps between two
// frames; what a person is shown to link an account is not.
import type { LineState } from "../../../contract/channels/at-home.ts";
import { migrate, type Sql } from "../../storage/sql.ts";

export const LINES_SCHEMA = [
  `CREATE TABLE home_line (
    home TEXT NOT NULL, channel TEXT NOT NULL, account TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (home, channel, account)
  ) WITHOUT ROWID`,
];

export interface HeldLine {
  /** Id of the machine. */
  home: string;
  state: LineState;
}

export class Lines {
  readonly #sql: Sql;
  readonly #arrived = new Set<string>();

  constructor(sql: Sql) {
    this.#sql = sql;
    migrate(sql, "home-lines", LINES_SCHEMA);
  }

  /** The machine is back: how its lines are is news, also where nothing has changed. */
  noteArrival(home: string): void {
    this.#arrived.add(home);
  }

  /** All that the machine holds; what it does not name it holds no more. Answers those that are in another phase than before. */
  hear(home: string, states: readonly LineState[]): LineState[] {
    const isBack = this.#arrived.delete(home);
    const before = new Map(this.#of(home).map((state) => [nameOf(state), state]));
    const after = new Map(states.map(({ link: _shown, ...state }) => [nameOf(state), state]));
    for (const [name, { channel, account }] of before) {
      if (after.has(name)) continue;
      this.#sql.run("DELETE FROM home_line WHERE home = ? AND channel = ? AND account = ?", home, channel, account);
    }
    for (const [name, state] of after) {
      const text = JSON.stringify(state);
      // Rows written are counted by the day.
      if (text === JSON.stringify(before.get(name))) continue;
      this.#sql.run("INSERT OR REPLACE INTO home_line VALUES (?, ?, ?, ?)", home, state.channel, state.account, text);
    }
    return states.filter((state) => {
      const known = before.get(nameOf(state));
      return isBack || known?.phase !== state.phase || known.said !== state.said;
    });
  }

  forget(home: string): void {
    this.#sql.run("DELETE FROM home_line WHERE home = ?", home);
  }

  list(): HeldLine[] {
    return this.#sql
      .all<{ home: string; state: string }>("SELECT home, state FROM home_line")
      .map(({ home, state }) => ({ home, state: JSON.parse(state) }));
  }

  #of(home: string): LineState[] {
    return this.list().flatMap((line) => (line.home === home ? [line.state] : []));
  }
}

function nameOf({ channel, account }: Pick<LineState, "channel" | "account">): string {
  return `${channel}/${account}`;
}
