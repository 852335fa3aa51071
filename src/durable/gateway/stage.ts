// From live events to screens: translates, joins deltas, and keeps the whole text of a running step for clients
// that want it with every delta. Never throws, never waits for a screen.
import type { LiveParcel } from "../../contract/live.ts";
import type { SessionPort } from "../../contract/ports.ts";
import { type Clock, type Delta, DeltaJoiner } from "./live/joiner.ts";
import { StepTexts } from "./live/step-texts.ts";
import { tellSession, translate, translateDelta } from "./live/translation.ts";
import type { Screens } from "./screens.ts";

const MAX_RUNS = 2000;

export class Stage {
  readonly #screens: Screens;
  readonly #session: (key: string) => Pick<SessionPort, "history">;
  readonly #texts = new StepTexts();
  readonly #joiner: DeltaJoiner;
  readonly #mending = new Set<string>();
  readonly #sessionOfRun = new Map<string, string>();

  constructor(screens: Screens, clock: Clock, session: (key: string) => Pick<SessionPort, "history">) {
    this.#screens = screens;
    this.#session = session;
    this.#joiner = new DeltaJoiner((delta) => this.#tellDelta(delta), clock);
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
          this.#joiner.add({ runId, sessionKey, agentId, kind: type, step, offset, delta, seq, at });
          continue;
        }
        case "text-reset":
          this.#joiner.discard(event.runId);
          this.#texts.forget(event.runId);
          break;
        case "turn-ended":
          this.#joiner.end(event.runId);
          this.#texts.forget(event.runId);
          break;
        default:
          this.#joiner.flush(event.runId);
      }
      const outgoing = translate(event, parcel);
      isRowTold ||= outgoing.some((one) => one.event === "sessions.changed");
      this.#screens.tellAll(outgoing, sessionKey);
    }
    if (parcel.session && !isRowTold)
      this.#screens.tellAll([tellSession(parcel.session, { reason: "update" }, Date.now())], sessionKey);
  }

  #tellDelta(delta: Delta): void {
    if (delta.kind === "thinking") {
      this.#screens.tellAll(translateDelta(delta, undefined), delta.sessionKey);
      return;
    }
    const whole = this.#texts.append(delta.runId, delta.step, delta.offset, delta.delta);
    this.#screens.tellAll(translateDelta(delta, whole), delta.sessionKey);
    if (whole === undefined && this.#screens.has("whole")) void this.#mend(delta);
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
