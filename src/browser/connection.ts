// One browser at the end of a line: its targets, its guard, and who may use it: one call at a time.
import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import { Guard, type GuardOptions } from "./guard.ts";
import type { Cdp } from "./line.ts";

export class Connection {
  readonly cdp: Cdp;
  readonly guard: Guard;
  readonly targets = new Map<string, Protocol.Target.TargetInfo>();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(cdp: Cdp, guard: Guard) {
    this.cdp = cdp;
    this.guard = guard;
    cdp.on("Target.targetCreated", ({ targetInfo }) => this.targets.set(targetInfo.targetId, targetInfo));
    cdp.on("Target.targetInfoChanged", ({ targetInfo }) => this.targets.set(targetInfo.targetId, targetInfo));
    cdp.on("Target.targetDestroyed", ({ targetId }) => this.targets.delete(targetId));
  }

  static async open(cdp: Cdp, options: GuardOptions): Promise<Connection> {
    const connection = new Connection(cdp, new Guard(cdp, options));
    await connection.guard.start();
    await cdp.send("Target.setDiscoverTargets", { discover: true });
    return connection;
  }

  /** Runs `work` when whatever began before it is over. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.#last.then(work, work);
    this.#last = run.catch(() => undefined);
    return run;
  }
}
