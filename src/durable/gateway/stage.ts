// From live events to screens: translates, joins deltas, and keeps the whole text of a running step for clients
// that want it with every delta. Never throws, never waits for a screen.
import type { LiveParcel } from "../../contract/live.ts";
import type { SessionPort } from "../../contract/ports/session.ts";
import { type Clock, type Delta, DeltaJoiner, wholePauseMs } from "./live/joiner.ts";
import { StepTexts } from "./live/step-texts.ts";
import { tellSession, translate, translateDelta, translateWhole } from "./live/translation.ts";
import type { Screens } from "./screens.ts";

const MAX_RUNS = 2000;

export const REAL_CLOCK: Clock = {
  now: Date.now,
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
};

export class Stage {
  readonly #screens: Screens;
  readonly #session: (key: string) => Pick<SessionPort, "history">;
  readonly #texts = new StepTexts();
  readonly #deltas: DeltaJoiner;
  readonly #wholes: DeltaJoiner;
  readonly #mending = new Set<string>();
  readonly #sessionOfRun = new Map<string, string>();

  constructor(screens: Screens, clock: Clock, session: (key: string) => Pick<SessionPort, "history">) {
    this.#screens = screens;
    this.#session = session;
    this.#deltas = new DeltaJoiner((delta) => this.#tellDelta(delta), clock);
    this.#wholes = new DeltaJoiner(
      (delta) => this.#tellWhole(delta),
      clock,
      ({ offset, delta }) => wholePauseMs(offset + delta.length),
    );
  }

  /** The session of a run that was heard of lately. */
  sessionOf(runId: string): string | undefined {
    return this.#sessionOfRun.get(runId);
  }

  perform(parcel: LiveParcel): void {
    const { sessionKey, agentId } = parcel;
    let isRowTold = false;
    for (const event of parcel.events) {
      this.#noteRun(event.runId, sessionKey);
      switch (event.type) {
        case "text":
        case "thinking": {
          const { runId, seq, at, step, delta, type } = event;
          const offset = event.type === "text" ? event.offset : 0;
          this.#perform({ runId, sessionKey, agentId, kind: type, step, offset, delta, seq, at });
          continue;
        }
        case "text-reset":
          for (const joiner of [this.#deltas, this.#wholes]) joiner.discard(event.runId);
          this.#texts.forget(event.runId);
          break;
        case "turn-ended":
          for (const joiner of [this.#deltas, this.#wholes]) joiner.end(event.runId);
          this.#texts.forget(event.runId);
          break;
        default:
          for (const joiner of [this.#deltas, this.#wholes]) joiner.flush(event.runId);
      }
      const outgoing = translate(event, parcel);
      isRowTold ||= outgoing.some((one) => one.event === "sessions.changed");
      this.#screens.tellAll(outgoing, sessionKey);
    }
    if (parcel.session && !isRowTold)
      this.#screens.tellAll([tellSession(parcel.session, { reason: "update" }, Date.now())], sessionKey);
  }

  #perform(delta: Delta): void {
    this.#deltas.add(delta);
    if (delta.kind === "thinking") return;
    const whole = this.#texts.append(delta.runId, delta.step, delta.offset, delta.delta);
    if (!this.#screens.has("whole")) return;
    this.#wholes.add(delta);
    if (whole === undefined) void this.#mend(delta);
  }

  #tellDelta(delta: Delta): void {
    this.#screens.tellAll([translateDelta(delta)], delta.sessionKey);
  }

  #tellWhole(delta: Delta): void {
    const whole = this.#texts.upTo(delta.runId, delta.step, delta.offset + delta.delta.length);
    if (whole !== undefined) this.#screens.tellAll(translateWhole(delta, whole), delta.sessionKey);
  }

  /** After a sleep in mid-answer: gets the beginning of the text from the session. */
  async #mend(delta: Delta): Promise<void> {
    const { runId, sessionKey } = delta;
    if (this.#mending.has(runId)) return;
    this.#mending.add(runId);
    try {
      const { active } = await this.#session(sessionKey).history({ limit: 1 });
      if (active?.runId === runId) this.#texts.mend(runId, active.step, active.text);
    } catch {
      // The next delta tries again.
    } finally {
      this.#mending.delete(runId);
    }
  }

  #noteRun(runId: string, sessionKey: string): void {
    if (this.#sessionOfRun.has(runId)) return;
    this.#sessionOfRun.set(runId, sessionKey);
    if (this.#sessionOfRun.size > MAX_RUNS) this.#sessionOfRun.delete(this.#sessionOfRun.keys().next().value ?? "");
  }
}
