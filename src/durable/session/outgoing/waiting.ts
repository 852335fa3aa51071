// Messages that cannot go out just now: the Directory is told of them, and again when it is over, so that the owner sees them wait. What it
// was told last is a row: a note that got lost is told again, and nothing is told twice.
import type { SessionParts } from "../parts.ts";
import type { HeldUp } from "../rows/outbox.ts";

export class WaitingNews {
  readonly #parts: SessionParts;
  #told: Map<string, HeldUp> | undefined;
  #telling: Promise<void> = Promise.resolve();

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /** Whether the Directory knows something else than is true. */
  get isBehind(): boolean {
    return this.#changes().length > 0;
  }

  /** One after the other: the last word is the newest. Never rejects; what was not told is told later. */
  tell(): Promise<void> {
    if (!this.isBehind) return this.#telling;
    this.#telling = this.#telling.then(async () => {
      for (const change of this.#changes()) {
        try {
          await this.#tell(change);
        } catch (error) {
          console.error("what waits was not told yet, will be tried again", error);
        }
      }
    });
    return this.#telling;
  }

  async #tell({ channel, account, count, since }: HeldUp): Promise<void> {
    const { ports, wake, sql } = this.#parts;
    wake.countInside();
    const note = { kind: "waiting" as const, sessionKey: ports.sessionKey, count, since };
    await ports.directory.noteChannel({ channel, account, at: this.#parts.now(), note });
    const told = this.#known();
    if (count === 0) {
      sql.run("DELETE FROM told_waiting WHERE channel = ? AND account = ?", channel, account);
      told.delete(nameOf({ channel, account }));
    } else {
      sql.run("INSERT OR REPLACE INTO told_waiting VALUES (?, ?, ?, ?)", channel, account, count, since);
      told.set(nameOf({ channel, account }), { channel, account, count, since });
    }
  }

  #changes(): HeldUp[] {
    const known = this.#known();
    const held = this.#parts.outbox.heldUp(this.#parts.now());
    const names = held.map(nameOf);
    const over = [...known].flatMap(([name, was]) => (names.includes(name) ? [] : [{ ...was, count: 0 }]));
    const news = held.filter((one) => {
      const was = known.get(nameOf(one));
      return was?.count !== one.count || was.since !== one.since;
    });
    return [...over, ...news];
  }

  #known(): Map<string, HeldUp> {
    this.#told ??= new Map(
      this.#parts.sql
        .all<{ channel: string; account: string; count: number; since: number }>("SELECT * FROM told_waiting")
        .map((row) => [nameOf(row), { ...row }]),
    );
    return this.#told;
  }
}

function nameOf({ channel, account }: Pick<HeldUp, "channel" | "account">): string {
  return `${channel}/${account}`;
}
