// Answers requests when their run ends: agent.wait, and the second answer of agent. The waits are rows (waits.ts); this is
// who looks after them, told of ends by live events and looking itself now and then, since an event may be lost.
import type { LiveEvent } from "../../contract/live.ts";
import type { RunState, SessionPort } from "../../contract/ports/session.ts";
import { viewFinal, viewRun, type Wait, type Waits } from "./waits.ts";

export interface RunWatchHost {
  waits: Waits;
  session(key: string): Pick<SessionPort, "run">;
  /** Whether the socket that waits is still there. */
  isHere(connId: string): boolean;
  respond(connId: string, frameId: string, view: Record<string, unknown>): void;
}

export class RunWatch {
  readonly #host: RunWatchHost;

  constructor(host: RunWatchHost) {
    this.#host = host;
  }

  async add(wait: Wait): Promise<void> {
    this.#host.waits.add(wait);
    if (wait.sessionKey !== "") await this.#look(wait);
  }

  async settle(sessionKey: string, end: LiveEvent & { type: "turn-ended" }): Promise<void> {
    const { waits } = this.#host;
    const { outcome, startedAt, endedAt, text, error } = end;
    const run: RunState = { status: outcome === "done" ? "ok" : "error", outcome, startedAt, endedAt, text };
    for (const wait of waits.ofRun(end.runId)) this.#answer(wait, error ? { ...run, error: error.text } : run);
    // Messages that joined this turn have ids of their own.
    await Promise.all(waits.all().map((wait) => (wait.sessionKey === sessionKey ? this.#look(wait) : undefined)));
  }

  /** `isThorough`: asks the sessions too. */
  async tick(now: number, isThorough: boolean): Promise<void> {
    const { waits, isHere } = this.#host;
    for (const wait of waits.all()) {
      if (!isHere(wait.connId)) waits.remove(wait);
      else if (isThorough && wait.sessionKey !== "") await this.#look(wait).catch(() => undefined);
      if (wait.kind === "wait" && wait.dueAt <= now) this.#answer(wait, "timeout");
    }
  }

  async #look(wait: Wait): Promise<void> {
    const run = await this.#host.session(wait.sessionKey).run(wait.runId);
    if (run.status === "ok" || run.status === "error") this.#answer(wait, run);
  }

  #answer(wait: Wait, run: RunState | "timeout"): void {
    if (!this.#host.waits.remove(wait)) return;
    const view = wait.kind === "final" && run !== "timeout" ? viewFinal(wait.runId, run) : viewRun(wait.runId, run);
    this.#host.respond(wait.connId, wait.frameId, view);
  }
}
