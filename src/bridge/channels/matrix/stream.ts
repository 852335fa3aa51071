// The homeserver's stream, read on from where it was left: what it brought is on disk before the place in it is. Nothing is lost and
// nothing comes twice over restarts.
//
// Its rules: an answer that does not come within 90 s is given up and asked again (the homeserver answers an empty one after 30 s).
// A failure is tried again after 1 s, twice as long each time up to 60 s, each by a quarter shorter or longer. Deaf is: nothing came for
// ten minutes and the homeserver has something newer in the room that was written in last; or encrypted messages come and none could be
// opened for an hour (but those whose senders keep their keys from it). A deaf line is started anew, at most once an hour, and reads its
// rooms from the last event that it heard. A login that ended is not tried again; one that can be renewed is, once a minute at most.
import type { HomeInbound } from "../../../contract/channels/at-home.ts";
import type { LineNews } from "../driver.ts";
import { type Homeserver, MatrixNo } from "./homeserver.ts";
import type { MatrixDevice } from "./keys/device.ts";
import type { Reader } from "./reader.ts";
import { type AutoJoin, type Rooms, roomPath } from "./rooms.ts";
import type { MatrixState } from "./state.ts";
import { listIn, objectIn, readEvents, readStripped, type SyncAnswer, syncAnswer, textIn } from "./wire.ts";

const ASK_MS = 30_000;
const GIVEN_UP_MS = 90_000;
const FIRST_PAUSE_MS = 1_000;
const LAST_PAUSE_MS = 60_000;
const RETRY_SEALED_MS = 15_000;
const QUIET_MS = 600_000;
const HOUR_MS = 3_600_000;
const RENEW_MS = 60_000;
/** Beside "open", where some cannot be read. */
const WITHHELD_WORDS =
  "Somebody's app gives this device no keys, so that their messages cannot be read: give the account's recovery key, or ask them to allow unverified devices in that room.";
const AT_ONCE = 50;

const FILTER = (limit: number) =>
  JSON.stringify({
    presence: { types: [] },
    account_data: { types: ["m.direct"] },
    room: { timeline: { limit }, state: { lazy_load_members: true }, ephemeral: { types: [] }, account_data: { types: [] } },
  });

export interface StreamRequest {
  server: Homeserver;
  state: MatrixState;
  rooms: Rooms;
  reader: Reader;
  device: MatrixDevice | undefined;
  me: string;
  autoJoin: AutoJoin;
  readReceipts: boolean;
  /** Said beside "open": what is not as it should be. */
  remark: string | undefined;
  hear(inbound: HomeInbound[]): Promise<void>;
  tell(news: LineNews): void;
  log(text: string, isBad?: boolean): void;
  now(): number;
  /** The login ended. True: it was renewed. */
  renew(error: MatrixNo): Promise<boolean>;
  /** Ends the thread, so that all of it begins anew. */
  restart(reason: string): void;
}

export class Stream {
  readonly #request: StreamRequest;
  readonly #stop = new AbortController();
  #failures = 0;
  #quietSince: number;
  #triedAt = 0;
  /** Since when sealed messages came and none could be opened. */
  #lostSince: number | undefined;
  #renewedAt = 0;
  #isWithheld = false;
  #deafTo: "rooms" | "sealed" | undefined;
  #running: Promise<void> | undefined;

  constructor(request: StreamRequest) {
    this.#request = request;
    this.#quietSince = request.now();
  }

  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      try {
        await this.#step();
        this.#failures = 0;
        const { me } = this.#request;
        const remark = this.#isWithheld ? WITHHELD_WORDS : this.#request.remark;
        if (this.#deafTo === undefined)
          this.#request.tell({ phase: "open", who: me, ...(remark === undefined ? {} : { said: remark }) });
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        if (error instanceof MatrixNo && error.isSignedOut) {
          // A homeserver that takes each login and none of its tokens is not asked without end.
          if (this.#request.now() - this.#renewedAt < RENEW_MS) await this.#pause(error, RENEW_MS);
          if (this.#stop.signal.aborted) return;
          this.#renewedAt = this.#request.now();
          if (await this.#request.renew(error)) continue;
          return;
        }
        await this.#pause(error);
      }
    }
  }

  async #step(): Promise<void> {
    const { server, state, now } = this.#request;
    const { since } = state;
    // The first answer after a failure comes at once: that is how one knows that it works again.
    const timeout = since === undefined || this.#failures > 0 ? 0 : ASK_MS;
    const answer = await server.ask("/_matrix/client/v3/sync", {
      query: { since, timeout: String(timeout), filter: FILTER(since === undefined ? 1 : AT_ONCE), set_presence: "offline" },
      waitMs: GIVEN_UP_MS,
      signal: this.#stop.signal,
    });
    const read = syncAnswer.safeParse(answer);
    if (!read.success) throw new MatrixNo(502, { error: "the homeserver's stream cannot be read" });
    await this.#take(read.data, since);
    if (Object.keys(read.data.rooms?.join ?? {}).length > 0) {
      this.#quietSince = now();
      if (this.#deafTo === "rooms") this.#deafTo = undefined;
    } else await this.#lookWhetherDeaf();
  }

  async #take(answer: SyncAnswer, since: string | undefined): Promise<void> {
    const { state, rooms, reader, device, autoJoin, log, now } = this.#request;
    await device?.receive(answer);
    for (const event of answer.account_data?.events ?? []) {
      if (textIn(event, "type") === "m.direct") rooms.applyDirects(objectIn(event, "content") ?? {});
    }
    for (const id of Object.keys(answer.rooms?.leave ?? {})) rooms.forget(id);
    const heard = await reader.read(answer, since);
    await this.#hear(heard.inbound);
    if (heard.opened > 0) this.#noteOpened();
    state.keepSince(answer.next_batch);
    for (const id of Object.keys(answer.rooms?.join ?? {})) await this.#leaveTrap(id);
    for (const [id, invite] of Object.entries(answer.rooms?.invite ?? {})) {
      const said = await rooms.invited(id, readStripped(invite.invite_state), autoJoin, now());
      if (said !== undefined) log(said);
    }
    await device?.sendOutgoing();
    await this.#retry((answer.to_device?.events.length ?? 0) > 0);
    for (const [id, event] of heard.read) await this.#confirm(id, event);
  }

  async #hear(inbound: HomeInbound[]): Promise<void> {
    for (let at = 0; at < inbound.length; at += AT_ONCE) await this.#request.hear(inbound.slice(at, at + AT_ONCE));
  }

  /** Keys come apart from what they open. */
  async #retry(isKeyed: boolean): Promise<void> {
    const { reader, now } = this.#request;
    if (!isKeyed && now() - this.#triedAt < RETRY_SEALED_MS) return;
    this.#triedAt = now();
    const { inbound, forget, opened, lost, withheld } = await reader.retry();
    await this.#hear(inbound);
    forget();
    if (withheld > 0) this.#isWithheld = true;
    if (opened > 0) this.#noteOpened();
    else if (lost > 0) {
      this.#lostSince ??= now();
      if (now() - this.#lostSince > HOUR_MS) this.#sayDeaf("sealed", "Encrypted messages come and cannot be opened");
    }
  }

  #noteOpened(): void {
    this.#lostSince = undefined;
    if (this.#deafTo === "sealed") this.#deafTo = undefined;
  }

  async #leaveTrap(id: string): Promise<void> {
    const { rooms, autoJoin, log } = this.#request;
    if (!rooms.isTrap(id, autoJoin)) return;
    log("A room that was called a talk of two has more people in it, and none of them is let in: it is left.", true);
    await rooms.leave(id).catch((error: unknown) => {
      if (!(error instanceof MatrixNo) || error.isPassing || error.isSignedOut) throw error;
    });
  }

  /** Not worth stopping for. */
  async #confirm(id: string, event: string): Promise<void> {
    const { server, readReceipts, log } = this.#request;
    if (!readReceipts) return;
    try {
      await server.ask(roomPath(id, `receipt/m.read/${encodeURIComponent(event)}`), { method: "POST", body: {} });
    } catch (error) {
      if (error instanceof MatrixNo && error.isSignedOut) throw error;
      log(`A read receipt was not taken: ${error instanceof Error ? error.message : String(error)}.`);
    }
  }

  // ── Health ──

  async #lookWhetherDeaf(): Promise<void> {
    const { server, state, now } = this.#request;
    if (now() - this.#quietSince < QUIET_MS) return;
    this.#quietSince = now();
    const room = state.latestRoom();
    if (!room?.facts.lastId) return;
    const answer = await server.ask(roomPath(room.id, "messages"), { query: { dir: "b", limit: "1" } });
    const [latest] = readEvents({ events: listIn(answer, "chunk") });
    if (!latest || latest.event_id === room.facts.lastId || latest.origin_server_ts > now() - 60_000) return;
    if (latest.origin_server_ts > (room.facts.lastAt ?? 0))
      this.#sayDeaf("rooms", "The homeserver has messages that it does not bring");
  }

  #sayDeaf(to: "rooms" | "sealed", what: string): void {
    const { state, tell, restart, now } = this.#request;
    this.#deafTo = to;
    tell({ phase: "deaf", said: `${what}; the line starts anew, at most once an hour.` });
    if (now() - state.restartedAt < HOUR_MS) return;
    state.keepRestart(now());
    state.dropSince();
    restart(`${what}; it starts anew`);
    // What is read of it now would be taken for what the next one has read.
    this.#stop.abort();
  }

  async #pause(error: unknown, leastMs = 0): Promise<void> {
    const { tell, log } = this.#request;
    const usual = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(10, this.#failures++));
    const asked = error instanceof MatrixNo ? Math.min(error.retryAfterMs ?? 0, 10 * LAST_PAUSE_MS) : 0;
    const ms = Math.max(leastMs, asked, usual * (0.75 + Math.random() / 2));
    const why = error instanceof MatrixNo ? `said no: ${error.message}` : `does not answer: ${reasonOf(error)}`;
    log(`The homeserver ${why}. It is asked again in ${Math.ceil(ms / 1000)} s.`, true);
    tell({ phase: "down", said: `The homeserver ${why}. It is asked again by itself.` });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#stop.signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
  }
}

/** fetch hides what happened behind "fetch failed". */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  return (error.cause instanceof Error ? error.cause.message : error.message).slice(0, 200);
}
