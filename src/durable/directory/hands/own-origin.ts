// Where this Skerry is reached from outside, for links that a person opens elsewhere: as screens and machines that were let in
// reached it last. An address of this machine alone is used only while no other one is known. Written at most once an hour.
import type { Sql } from "../../storage/sql.ts";

type Kind = "outside" | "loopback";
interface Row {
  kind: Kind;
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
    return (fresh.find(({ kind }) => kind === "outside") ?? fresh[0])?.origin;
  }

  note(origin: string, now: number): void {
    if (!/^https?:$/.test(URL.parse(origin)?.protocol ?? "") || origin.length > 300) return;
    const kind = LOOPBACK.test(origin) ? "loopback" : "outside";
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
