// Drives turns: one step after the other, each committed before the next begins, until nothing is left to do or this
// wake is used up. Whoever wakes the object calls `go`; a turn that is running already just goes on.
import { ModelFailure } from "../../contract/errors.ts";
import { findBreach } from "../agent/breakers.ts";
import { LONGEST_HONOURED_MS } from "../models/ask.ts";
import { act, asksOwner, stopCalls } from "./acting/acting.ts";
import { failTurn, tellEnds } from "./ending.ts";
import { Fetching } from "./incoming/fetching.ts";
import { deliverDue } from "./outgoing/delivering.ts";
import type { SessionParts } from "./parts.ts";
import { beginNextTurn, hasSteered } from "./receiving.ts";
import type { Turn } from "./rows/turns.ts";
import { concludeStopped } from "./stopping.ts";
import { think } from "./thinking.ts";
import { GUARD_MS, Wake } from "./wake.ts";

const RETELL_MS = 5000;

export class Runner {
  readonly #parts: SessionParts;
  #running: Promise<void> | undefined;
  #opened: string | undefined;
  #isInAlarm = false;
  readonly #fetching: Fetching;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#fetching = new Fetching(parts, () => void this.go());
  }

  /** Resolves when this wake has nothing left to do. Never rejects. */
  go(): Promise<void> {
    if (!this.#running) {
      this.#parts.wake = new Wake(this.#parts.now());
      this.#running = this.#run();
    }
    return this.#running;
  }

  /** The same, files that have to be fetched first included. */
  async #goToRest(): Promise<void> {
    await this.go();
    for (let fetching = this.#fetching.underway; fetching; fetching = this.#fetching.underway) {
      await fetching;
      await this.go();
    }
  }

  /** The alarm fired. It stays in progress as long as the turn runs, so that a crash makes it fire again at once. */
  async alarm(longestMs: number): Promise<void> {
    this.#parts.alarm.noteFired();
    this.#isInAlarm = true;
    if (!this.#parts.profile.exists) return;
    this.#parts.turns.writeTold();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, longestMs, false);
    });
    const isOver = await Promise.race([this.#goToRest().then(() => true), limit]);
    // A timer left behind would keep the object awake, and billed, to its end.
    clearTimeout(timer);
    this.#isInAlarm = false;
    this.#parts.turns.writeTold();
    if (!isOver) this.#parts.alarm.setFor(this.#parts.now() + GUARD_MS);
  }

  async #run(): Promise<void> {
    const parts = this.#parts;
    let finishing: Promise<void>[] = [];
    try {
      this.#fetching.go();
      while (await this.#step()) {
        if (!parts.turns.open()) finishing.push(this.#finish());
      }
    } catch (error) {
      // Leave at once: the alarm goes on, with the new code when the code was what changed.
      console.error("turn interrupted", error);
      parts.alarm.setFor(parts.now() + GUARD_MS);
    } finally {
      // Cleared before anything is awaited: an event that comes now starts a run of its own.
      this.#running = undefined;
      parts.showing.end();
    }
    if (finishing.length === 0) finishing = [this.#finish()];
    await Promise.all(finishing);
    try {
      if (!this.#running) this.#rest();
    } catch (error) {
      // Storage itself is going away; the alarm that is set already brings the object back.
      console.error("the alarm was not set anew", error);
    }
  }

  /** One step. False: nothing more can be done in this wake. */
  async #step(): Promise<boolean> {
    const parts = this.#parts;
    const now = parts.now();
    const turn = parts.turns.open() ?? parts.commit(() => beginNextTurn(parts));
    // Also when no turn can begin: what came while the last one ran may wait for its files alone.
    this.#fetching.go();
    if (!turn) return false;
    // What an earlier turn left, or this one's step said, does not wait for this one's end.
    if ((parts.outbox.nextAt() ?? Number.POSITIVE_INFINITY) <= now) this.#deliver();
    this.#announce(turn);
    if (turn.isStopAsked) {
      stopCalls(parts, turn);
      concludeStopped(parts, turn);
      return true;
    }
    if (parts.wake.isSpent(now)) {
      parts.turns.countWake(now);
      parts.alarm.setFor(now);
      return false;
    }
    if (turn.state === "waiting") {
      if ((turn.wakeAt ?? 0) > now && !(asksOwner(parts, turn) && hasSteered(parts))) {
        parts.alarm.setFor(turn.wakeAt ?? now);
        return false;
      }
      parts.turns.wakeUp(turn.id, parts.calls.open(turn.id).length > 0 ? "acting" : "thinking");
      return true;
    }
    const breach = findBreach(
      {
        attempts: parts.turns.failedAttempts(turn.id),
        steps: turn.step,
        wakesThisHour: parts.turns.wakesThisHour(now),
        spend: turn.spend,
        startedAt: turn.startedAt,
        ...("wishes" in turn.event && turn.event.wishes.timeoutMs !== undefined
          ? { timeoutMs: turn.event.wishes.timeoutMs }
          : {}),
      },
      turn.brief.budget,
      now,
    );
    if (breach) {
      stopCalls(parts, turn);
      failTurn(parts, turn, "parked", { kind: "breaker", text: breach });
      return true;
    }
    parts.turns.countAttempt(turn.id);
    if (parts.abort.signal.aborted) parts.abort = new AbortController();
    try {
      if (turn.state === "thinking") await think(parts, turn);
      else await act(parts, turn);
    } catch (error) {
      this.#recover(turn, error);
    }
    return true;
  }

  #announce(turn: Turn): void {
    const parts = this.#parts;
    parts.publisher.openRun(turn.runId, turn.startedAt);
    if (this.#opened === turn.id) return;
    this.#opened = turn.id;
    parts.publisher.tell({ type: "turn-started", startedAt: turn.startedAt }, { withRow: true });
    for (const entry of parts.transcript.window(parts.profile.get().windowSeq)) {
      if (entry.kind !== "user" || entry.turnId !== turn.id) continue;
      parts.publisher.tell({ type: "inbox", inboxId: entry.inboxId, state: "working" }, { runId: entry.inboxId });
      parts.publisher.tell({ type: "entry", entry });
    }
  }

  #recover(turn: Turn, error: unknown): void {
    const parts = this.#parts;
    if (parts.turns.open()?.isStopAsked) return;
    if (isReset(error)) throw error;
    if (!(error instanceof ModelFailure)) {
      // A fault of ours or of another object. The attempts counter bounds how often this is tried.
      console.error(`step ${turn.step} of ${turn.id} failed`, error);
      parts.turns.wait(turn.id, parts.now() + 500 * 2 ** turn.attempts);
      return;
    }
    const { retryAfterMs, kind } = error.data;
    const patienceMs = ("wishes" in turn.event ? turn.event.wishes.patienceMs : undefined) ?? LONGEST_HONOURED_MS;
    if (error.isRetryable && retryAfterMs !== undefined && retryAfterMs <= patienceMs) {
      parts.turns.wait(turn.id, parts.now() + retryAfterMs);
      if (retryAfterMs < 1000) return;
      const seconds = Math.round(retryAfterMs / 1000);
      parts.publisher.tell(
        { type: "status", phase: "waiting", text: `${error.message} I go on by myself in ${seconds} s.` },
        { withRow: true },
      );
      return;
    }
    failTurn(parts, turn, "failed", { kind, text: error.message });
  }

  #deliver(): void {
    deliverDue(this.#parts).catch((error: unknown) => console.error("not sent yet, will be tried again", error));
  }

  /** Tells the ends and sends what is due; what fails here is tried again by the alarm and never fails a turn. */
  async #finish(): Promise<void> {
    const parts = this.#parts;
    const releasing = parts.turns.open() ? undefined : parts.browsers.release();
    const results = await Promise.allSettled([tellEnds(parts), deliverDue(parts), releasing]);
    for (const result of results)
      if (result.status === "rejected") console.error("not told yet, will be tried again", result.reason);
  }

  /** Sets the alarm for what is still to come, or none. */
  #rest(): void {
    const parts = this.#parts;
    parts.publisher.rest();
    const now = parts.now();
    const turn = parts.turns.open();
    const due = [
      turn ? (turn.state === "waiting" ? turn.wakeAt : now + GUARD_MS) : undefined,
      parts.outbox.nextAt(),
      parts.waitingNews.isBehind ? now + RETELL_MS : undefined,
      parts.turns.untold().length > 0 ? now + RETELL_MS : undefined,
      turn === undefined ? parts.browsers.dueAt() : undefined,
      turn === undefined && parts.inbox.waiting().length > 0 ? now + GUARD_MS : undefined,
    ].filter((at) => at !== undefined);
    if (parts.wake.isSpent(now) && due.length > 0) parts.alarm.setFor(now);
    else if (due.length === 0) {
      parts.alarm.clear();
      if (!parts.alarm.isSet && !this.#isInAlarm) parts.turns.writeTold();
    } else parts.alarm.setFor(Math.min(...due));
  }
}

function isReset(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  return /code was updated|object reset|storage operation exceeded|shutting down/i.test(text);
}
