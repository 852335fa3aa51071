// Whether any machine of the owner is paired, and whether one of them has a browser: the Gateway tells, a row keeps it. Written
// only when it changes.
import type { Sql } from "../../storage/sql.ts";

interface Known {
  hasAny: boolean;
  hasBrowser: boolean;
}

export class KnownHomes {
  readonly #sql: Sql;
  #known: Known | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get hasAny(): boolean {
    return this.#read().hasAny;
  }

  get hasBrowser(): boolean {
    return this.#read().hasBrowser;
  }

  note(hasAny: boolean, hasBrowser: boolean): void {
    const known = this.#read();
    if (hasAny === known.hasAny && hasBrowser === known.hasBrowser) return;
    this.#sql.run(
      "INSERT OR REPLACE INTO known_homes (id, has_any, has_browser) VALUES (1, ?, ?)",
      hasAny ? 1 : 0,
      hasBrowser ? 1 : 0,
    );
    this.#known = { hasAny, hasBrowser };
  }

  #read(): Known {
    if (!this.#known) {
      const row = this.#sql.one<{ has_any: number; has_browser: number }>("SELECT has_any, has_browser FROM known_homes");
      this.#known = { hasAny: row?.has_any === 1, hasBrowser: row?.has_browser === 1 };
    }
    return this.#known;
  }
}
