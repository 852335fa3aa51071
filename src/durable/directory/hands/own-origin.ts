// Where this Skerry is reached from outside, for links that a person opens elsewhere: as its owner opened its page last. An address
// without encryption is used only while no other one is known, one of this machine alone only while neither is. Written at most once
// an hour.
import type { Sql } from "../../storage/sql.ts";

/** The better ones first. */
const KINDS = ["https", "http", "loopback"] as const;
interface Row {
  /** May be one that is not known any more. */
  kind: string;
  origin: string;
  at: number;
}

const REWRITE_MS = 3_600_000;
/** What was not used for so long may be gone. */
const KEEP_MS = 30 * 24 * 3_600_000;
const LOOPBACK = /^https?:\/\/(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

export class OwnOrigin {
  readonly #sql: Sql;
  #rows: Row[] | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  latest(now: number): string | undefined {
    const fresh = this.#read().filter(({ at }) => at > now - KEEP_MS);
    return KINDS.map((wanted) => fresh.find(({ kind }) => kind === wanted)).find((row) => row !== undefined)?.origin;
  }

  note(origin: string, now: number): void {
    const { protocol = "" } = URL.parse(origin) ?? {};
    if (!/^https?:$/.test(protocol) || origin.length > 300) return;
    const kind = LOOPBACK.test(origin) ? "loopback" : protocol === "https:" ? "https" : "http";
    const known = this.#read().find((row) => row.kind === kind);
    if (known?.origin === origin && known.at > now - REWRITE_MS) return;
    this.#sql.run("INSERT OR REPLACE INTO own_origin VALUES (?, ?, ?)", kind, origin, now);
    this.#rows = undefined;
  }

  #read(): Row[] {
    this.#rows ??= this.#sql.all<Row>("SELECT kind, origin, at FROM own_origin");
    return this.#rows;
  }
}
