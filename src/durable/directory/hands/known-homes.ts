// Whether any machine of the owner is paired: the Gateway tells, a row keeps it. Written only when it changes.
import type { Sql } from "../../storage/sql.ts";

export class KnownHomes {
  readonly #sql: Sql;
  #hasAny: boolean | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get hasAny(): boolean {
    this.#hasAny ??= (this.#sql.one<{ has_any: number }>("SELECT has_any FROM known_homes")?.has_any ?? 0) !== 0;
    return this.#hasAny;
  }

  note(hasAny: boolean): void {
    if (hasAny === this.hasAny) return;
    this.#sql.run("INSERT OR REPLACE INTO known_homes (id, has_any) VALUES (1, ?)", hasAny ? 1 : 0);
    this.#hasAny = hasAny;
  }
}
