// Calls to homes: picks the home, writes the row, sends the frame, and brings the answer to whoever waits: in memory for up
// to 20 s, by `Session.receive` afterwards. A home that comes back says which calls it still works on; the others that
// were sent to it were interrupted.
import type { Event } from "../../../contract/event.ts";
import type { ConnectParams } from "../../../contract/gateway.ts";
import { isFleeting } from "../../../contract/home/commands.ts";
import type { ProcessEnded } from "../../../contract/home/notices.ts";
import type { HomeAnswer, HomePort, HomeRequest, HomeRow } from "../../../contract/home/port.ts";
import type { LiveParcel } from "../../../contract/live.ts";
import type { EventName } from "../../../contract/methods.ts";
import type { Sql } from "../../storage/sql.ts";
import { type HomeCall, HomeCalls } from "./calls.ts";
import { Endings } from "./endings.ts";
import { FleetingCalls } from "./fleeting-calls.ts";
import { Lines } from "./lines.ts";
import { type Arrival, Homes } from "./registry.ts";
import { Retelling } from "./retelling.ts";
import { type CommandRules, isDenied, refuseToScreens } from "./rules.ts";

const MAX_WAIT_MS = 20_000;
const RETELL_MS = 5_000;
/** What it begins may go on after its answer. */
const BEGINS = "exec.start";
/** A machine that asks for more at once would only be flooded. */
const MAX_OPEN = 64;

/** One socket of a home. */
export interface HomeLine {
  id: string;
  send(event: EventName, payload: Record<string, unknown>): void;
}

export interface DeskHost {
  now(): number;
  /** The live socket of a home. */
  lineOf(home: string): HomeLine | undefined;
  show(parcel: LiveParcel): void;
  receive(sessionKey: string, event: Event): Promise<unknown>;
  /** Something is due at another time now. */
  rearm(): void;
  /** What the owner's settings say of commands. */
  rules(): Promise<CommandRules>;
  log(level: "info" | "warn" | "error", text: string, facts?: Record<string, unknown>): void;
}

export class HomesDesk implements Omit<HomePort, "askingHomes"> {
  readonly homesKnown: Homes;
  /** Of channels. */
  readonly lines: Lines;
  readonly #calls: HomeCalls;
  readonly #endings: Endings;
  readonly #host: DeskHost;
  readonly #waiters = new Map<string, ((answer: HomeAnswer) => void)[]>();
  readonly #fleeting = new FleetingCalls();
  readonly #telling = new Set<string>();
  readonly #retelling = new Retelling();
  /** Called off while the settings were asked for, so before there was a row. */
  readonly #calledOff = new RecentIds();

  constructor(sql: Sql, host: DeskHost) {
    this.#host = host;
    this.homesKnown = new Homes(sql, (id) => host.lineOf(id) !== undefined);
    this.lines = new Lines(sql);
    this.#calls = new HomeCalls(sql);
    this.#endings = new Endings(sql, host);
  }

  async homes(): Promise<HomeRow[]> {
    return this.homesKnown.list();
  }

  async callHome(request: HomeRequest): Promise<HomeAnswer> {
    const { id, command, params } = request;
    const waitMs = Math.min(MAX_WAIT_MS, Math.max(0, request.waitMs));
    const known = this.#recall(id, waitMs);
    if (known) return known;
    if (isDenied(command, await this.#host.rules())) {
      return { outcome: "unreachable", reason: `The settings forbid ${command} (gateway.nodes.commands.deny).` };
    }
    // The same may have been asked for again while the settings were.
    const meanwhile = this.#recall(id, waitMs);
    if (meanwhile) return meanwhile;
    if (this.#calledOff.delete(id)) return { outcome: "unreachable", reason: "It was called off before it was sent." };
    const found = this.homesKnown.pick(request.home, command);
    if (found.outcome === "none") return { outcome: "unreachable", reason: found.reason };
    const { home } = found;
    const line = this.#host.lineOf(home.id);
    if (!line) return { outcome: "unreachable", reason: `${home.name} is not connected just now.` };
    if (this.#calls.open(home.id).length >= MAX_OPEN) {
      return { outcome: "unreachable", reason: `${home.name} has ${MAX_OPEN} calls to work on; wait for one to end.` };
    }
    const send = () =>
      line.send("node.invoke.request", {
        id,
        nodeId: home.id,
        command,
        paramsJSON: JSON.stringify(params),
        timeoutMs: request.timeoutMs,
        idempotencyKey: id,
      });
    if (isFleeting(command)) return this.#fleeting.ask({ id, home: home.id, name: home.name, line: line.id, waitMs }, send);
    const call = this.#calls.add(request, home.id, line.id, this.#host.now());
    if (command === BEGINS) this.#endings.begin(home.id, id, params);
    send();
    this.#host.rearm();
    return this.#wait(call, waitMs);
  }

  /** Why a screen may not ask for it; undefined: it may. */
  async refuseToScreens(command: string): Promise<string | undefined> {
    return refuseToScreens(command, await this.#host.rules());
  }

  async cancelCall(id: string): Promise<void> {
    const call = this.#calls.find(id);
    if (!call) {
      this.#calledOff.add(id);
      return;
    }
    if (call.answer) {
      this.#calls.markTold(id);
      return;
    }
    this.#host.lineOf(call.home)?.send("node.invoke.cancel", { invokeId: id, nodeId: call.home });
    this.#settle(call, { outcome: "interrupted", home: this.#nameOf(call.home), reason: "It was called off." }, true);
  }

  // ── What homes say ──

  /** The owner lets it in, and it may do what it said it can. */
  approve(asked: { id: string; client: ConnectParams["client"]; commands: string[] }): void {
    const { id, client, commands } = asked;
    const { displayName: name = client.id, platform, version } = client;
    const arrival = { id, name, platform, version, instance: "", caps: [], commands, permissions: {} };
    this.homesKnown.arrive(arrival, commands, this.#host.now());
  }

  /** `approved`: what of its commands somebody vouches for who is not asked again. */
  arrive(arrival: Arrival, approved: readonly string[]): HomeRow {
    this.lines.noteArrival(arrival.id);
    return this.homesKnown.arrive(arrival, approved, this.#host.now());
  }

  /** The home is back by another socket, and works on these; what else was sent to it before broke off. */
  resume(home: string, line: string, running: readonly string[]): void {
    this.#fleeting.drop(home, line);
    const lost = this.#calls.open(home).filter((call) => call.line !== line && !running.includes(call.id));
    for (const call of lost) this.#interrupt(call, "it was restarted meanwhile");
  }

  /** The line is gone. A home that cannot resume loses what it was asked. */
  leave(home: string, canResume: boolean): void {
    this.homesKnown.noteSeen(home, this.#host.now());
    this.#fleeting.drop(home);
    if (canResume) return;
    for (const call of this.#calls.open(home)) this.#interrupt(call, "its connection broke");
  }

  /** False: no such call of this home waits; the home need not keep the answer. */
  answer(home: string, id: string, outcome: { payload: unknown } | { code: string; message: string }): boolean {
    const name = this.#nameOf(home);
    const answer: HomeAnswer =
      "payload" in outcome
        ? { outcome: "answered", home: name, payload: outcome.payload }
        : { outcome: "refused", home: name, code: outcome.code, message: outcome.message };
    if (this.#fleeting.answer(home, id, answer)) return true;
    const call = this.#calls.find(id);
    if (!call || call.home !== home || call.answer) return false;
    if (call.command === BEGINS) this.#endings.settle(id, "payload" in outcome ? outcome.payload : undefined);
    this.#settle(call, answer);
    return true;
  }

  /** A command that was left running has ended. False: this home has nothing to say of it to that session. */
  hearEnd(home: string, notice: ProcessEnded): boolean {
    return this.#endings.hear({ id: home, name: this.#nameOf(home) }, notice);
  }

  /** Output of a running call, toward the screens. */
  progress(home: string, id: string, text: string): void {
    const call = this.#calls.find(id);
    if (!call?.live || call.home !== home || call.answer) return;
    const { sessionKey, agentId, runId, callId, name } = call.live;
    const at = this.#host.now();
    this.#host.show({ sessionKey, agentId, events: [{ type: "call-progress", callId, name, text, runId, seq: 0, at }] });
  }

  // ── The alarm ──

  async tick(): Promise<void> {
    const now = this.#host.now();
    for (const call of this.#calls.overdue(now)) {
      this.#host.lineOf(call.home)?.send("node.invoke.cancel", { invokeId: call.id, nodeId: call.home });
      const home = this.#nameOf(call.home);
      this.#settle(call, { outcome: "interrupted", home, reason: `${home} did not answer in time.` });
    }
    const untold = this.#calls.untold().filter(({ id }) => (this.#retelling.notBefore(id) ?? 0) <= now);
    await Promise.all([...untold.map((call) => this.#tell(call)), this.#endings.tick()]);
  }

  nextDueAt(): number | undefined {
    const later = this.#host.now() + RETELL_MS;
    const untold = this.#calls.untold().map(({ id }) => this.#retelling.notBefore(id) ?? later);
    const due = [this.#calls.nextDueAt(), this.#endings.nextDueAt(), ...untold].filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  // ── Answers ──

  /** What is there of a call that was asked for before. */
  #recall(id: string, waitMs: number): Promise<HomeAnswer> | undefined {
    const known = this.#calls.find(id);
    if (!known?.answer) return known && this.#wait(known, waitMs);
    this.#calls.markTold(id);
    return Promise.resolve(known.answer);
  }

  #wait(call: HomeCall, waitMs: number): Promise<HomeAnswer> {
    const { promise, resolve } = Promise.withResolvers<HomeAnswer>();
    const waiters = this.#waiters.get(call.id) ?? [];
    this.#waiters.set(call.id, [...waiters, resolve]);
    const timer = setTimeout(() => {
      const left = (this.#waiters.get(call.id) ?? []).filter((waiter) => waiter !== resolve);
      if (left.length > 0) this.#waiters.set(call.id, left);
      else this.#waiters.delete(call.id);
      resolve({ outcome: "pending", home: this.#nameOf(call.home) });
    }, waitMs);
    return promise.finally(() => clearTimeout(timer));
  }

  #interrupt(call: HomeCall, why: string): void {
    const home = this.#nameOf(call.home);
    this.#settle(call, { outcome: "interrupted", home, reason: `${home} was working on it when ${why}.` });
  }

  #settle(call: HomeCall, answer: HomeAnswer, isUnwanted = false): void {
    const waiters = this.#waiters.get(call.id) ?? [];
    this.#waiters.delete(call.id);
    const isTold = isUnwanted || waiters.length > 0 || call.replyTo === undefined;
    if (!this.#calls.settle(call.id, answer, isTold, this.#host.now())) return;
    for (const waiter of waiters) waiter(answer);
    if (!isTold) void this.#tell({ ...call, answer, answeredAt: this.#host.now() });
  }

  async #tell(call: HomeCall): Promise<void> {
    const { id, replyTo, answer } = call;
    if (!replyTo || !answer || this.#telling.has(id)) return;
    this.#telling.add(id);
    try {
      const isError = answer.outcome !== "answered";
      await this.#host.receive(replyTo.sessionKey, {
        kind: "result",
        id: `home:${id}`,
        callId: replyTo.callId,
        text: "",
        isError,
        token: id,
        payload: answer,
      });
      this.#calls.markTold(id);
      this.#retelling.forget(id);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const now = this.#host.now();
      this.#retelling.putOff(id, call.answeredAt ?? now, now);
      this.#host.log("warn", "an answer from home was not handed over yet", { id, reason });
      this.#host.rearm();
    } finally {
      this.#telling.delete(id);
    }
  }

  #nameOf(home: string): string {
    return this.homesKnown.find(home)?.name ?? home.slice(0, 8);
  }
}

/** The latest few; older ones are forgotten. */
class RecentIds {
  readonly #ids = new Set<string>();

  add(id: string): void {
    this.#ids.add(id);
    for (const oldest of this.#ids) {
      if (this.#ids.size <= MAX_OPEN) return;
      this.#ids.delete(oldest);
    }
  }

  delete(id: string): boolean {
    return this.#ids.delete(id);
  }
}
