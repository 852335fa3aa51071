// Gateway: every live socket of this Skerry, in one object. A shell: it accepts sockets, wakes on frames, live
// events and the alarm, and forwards to the parts beside it. It decides nothing about people and holds no history.
// Sockets hibernate; the alarm is set only while there are some.
import { DurableObject } from "cloudflare:workers";
import { HANDSHAKE_TIMEOUT_MS, TICK_INTERVAL_MS } from "../../contract/gateway.ts";
import type { HomeAnswer, HomePort, HomeRequest, HomeRow } from "../../contract/home/port.ts";
import { newId } from "../../contract/id.ts";
import type { LiveParcel } from "../../contract/live.ts";
import type { EventName } from "../../contract/methods.ts";
import type { DoorAnswer, DoorPort, DoorProof, GatewayPort } from "../../contract/ports/gateway.ts";
import type { Env } from "../env.ts";
import { openSql } from "../storage/sql.ts";
import { sessionOf } from "../stubs.ts";
import { type Access, openAccess } from "./access/access.ts";
import { dispatch } from "./dispatch.ts";
import { pageOrigin, shakeHands } from "./handshake.ts";
import type { HomesDesk } from "./homes/desk.ts";
import { openHomesDesk } from "./homes/wiring.ts";
import { makeHouse } from "./house.ts";
import { readParcels } from "./live/parcels.ts";
import { LogRing } from "./log-ring.ts";
import { askingHomes } from "./methods/devices.ts";
import { leaveHome } from "./methods/homes.ts";
import type { House } from "./methods/method.ts";
import { Presence } from "./presence.ts";
import { PresenceNews } from "./presence-news.ts";
import { Repeats } from "./repeats.ts";
import { RunWatch } from "./run-watch.ts";
import { newScreenState, type Screen } from "./screen.ts";
import { audienceOf, Screens } from "./screens.ts";
import { REAL_CLOCK, Stage } from "./stage.ts";
import { Waits } from "./waits.ts";

/** Headers by which the Worker hands over what it proved; it removes any that a client sent. */
export const ADDRESS_HEADER = "x-skerry-address";
export const LOGIN_HEADER = "x-skerry-login";
export const ASSERTION_HEADER = "x-skerry-assertion";

/** Sockets that did not say hello yet; more would only cost memory. */
const MAX_STRANGERS = 200;

export class Gateway extends DurableObject<Env> implements GatewayPort, DoorPort, HomePort {
  readonly #access: Access;
  readonly #screens: Screens;
  readonly #stage: Stage;
  readonly #waits: Waits;
  readonly #runs: RunWatch;
  readonly #homes: HomesDesk;
  readonly #presence = new Presence();
  readonly #repeats = new Repeats();
  readonly #log = new LogRing();
  readonly #house: House;
  readonly #news: PresenceNews;
  #tickedAt = 0;
  #alarmAt = Number.POSITIVE_INFINITY;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const sql = openSql(ctx.storage);
    this.#access = openAccess(sql, env, (text) => this.#log.add("warn", text));
    this.#waits = new Waits(sql);
    this.#screens = new Screens(ctx, Date.now);
    this.#stage = new Stage(this.#screens, REAL_CLOCK, (key) => sessionOf(env, key));
    this.#runs = new RunWatch({
      waits: this.#waits,
      session: (key) => sessionOf(env, key),
      isHere: (connId) => this.#screens.byId(connId) !== undefined,
      respond: (connId, frameId, view) => this.#screens.byId(connId)?.respond(frameId, view, Date.now()),
    });
    this.#homes = openHomesDesk(sql, env, {
      screens: this.#screens,
      log: this.#log,
      show: (parcel) => this.#stage.perform(parcel),
      rearm: () => void this.#arm(),
    });
    this.#house = makeHouse(env, ctx, {
      homes: this.#homes,
      access: this.#access,
      presence: this.#presence,
      log: this.#log,
      startedAt: Date.now(),
      storedBytes: () => sql.size(),
      screenCount: () => this.#screens.open().length,
      tell: (event, payload, audience) => this.#screens.tell(event, payload, audience),
      tellOthers: (connId, event, payload, key) => this.#screens.tellOthers(connId, event, payload, key),
      sessionOfRun: (runId) => this.#stage.sessionOf(runId),
      waitFor: async (wait) => {
        await this.#runs.add(wait);
        await this.#arm();
      },
      dropOthers: (deviceId, connId) => {
        for (const home of this.#screens.otherHomes(deviceId, connId)) this.#forget(home, 4000, "connected again from elsewhere");
      },
      dropDevice: (id, reason) => this.#drop(({ state }) => state.deviceId === id || state.loginId === id, reason),
    });
    this.#news = new PresenceNews(this.#screens, () => this.#house);
    for (const { state } of this.#screens.open()) this.#presence.join(state, Date.now());
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  // ── Sockets ──

  override async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
      return new Response("Expected a WebSocket.", { status: 426 });
    if (this.#screens.strangers().length >= MAX_STRANGERS)
      return new Response("Too many are at the door; try again soon.", { status: 503 });
    const read = (name: string) => request.headers.get(name) ?? undefined;
    const address = read(ADDRESS_HEADER) ?? "unknown";
    const brought = await this.#access.atUpgrade(read(LOGIN_HEADER), read(ASSERTION_HEADER), address, Date.now());
    const { 0: theirs, 1: ours } = new WebSocketPair();
    const state = newScreenState(newId("conn"), address, Date.now(), brought, pageOrigin(request));
    this.ctx.acceptWebSocket(ours, [state.connId]);
    ours.serializeAttachment(state);
    this.#screens.add(ours, state).challenge(Date.now());
    await this.#arm();
    return new Response(null, { status: 101, webSocket: theirs });
  }

  override async webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    // The runtime brings frames also of one that was told to go and does not.
    if (socket.readyState !== WebSocket.READY_STATE_OPEN) return;
    const screen = this.#screens.of(socket);
    if (!screen) return socket.close(1011, "connect again");
    screen.noteAlive(Date.now());
    const text = typeof data === "string" ? data : new TextDecoder().decode(data);
    if (screen.state.isOpen) return dispatch(screen, text, this.#house, this.#repeats);
    if (await shakeHands(screen, text, this.#house)) this.#news.tellSoon();
    await this.#arm();
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#forget(this.#screens.of(socket));
    // The client waits for its close to be answered; codes that only stand for the lack of one may not be sent.
    socket.close(code === 1005 || code === 1006 || code === 1015 ? 1000 : code);
  }

  override webSocketError(socket: WebSocket): void {
    this.#forget(this.#screens.of(socket));
  }

  /** With a code and a reason: it is closed, too. */
  #forget(screen: Screen | undefined, ...farewell: [code: number, reason: string] | []): void {
    if (!screen) return;
    if (farewell.length === 2) screen.close(...farewell);
    this.#screens.remove(screen.id);
    this.#waits.forgetScreen(screen.id);
    leaveHome(screen, this.#house);
    if (this.#presence.leave(screen.id, Date.now())) this.#news.tellSoon();
  }

  #drop(isMeant: (screen: Screen) => boolean, reason: string): void {
    const meant = this.#screens.open().filter(isMeant);
    for (const screen of meant) this.#forget(screen);
    // Closed a moment later, so that an answer on the way is not cut off.
    setTimeout(() => meant.map((screen) => screen.close(4001, reason)), 20);
  }

  // ── Live events ──

  async publish(parcel: LiveParcel): Promise<void> {
    try {
      this.#stage.perform(parcel);
      for (const event of parcel.events) if (event.type === "turn-ended") await this.#runs.settle(parcel.sessionKey, event);
    } catch (error) {
      this.#log.add("error", "a live event was lost", { error: error instanceof Error ? error.message : String(error) });
    }
  }

  async follow(lines: ReadableStream<Uint8Array>): Promise<void> {
    if (this.#screens.open().length === 0 && this.#waits.all().length === 0) return lines.cancel("nobody watches");
    for await (const parcel of readParcels(lines)) await this.publish(parcel);
  }

  async announce(event: EventName, payload: Record<string, unknown>): Promise<void> {
    this.#screens.tell(event, payload, audienceOf(event));
  }

  // ── Homes ──

  homes(): Promise<HomeRow[]> {
    return this.#homes.homes();
  }

  callHome(request: HomeRequest): Promise<HomeAnswer> {
    return this.#homes.callHome(request);
  }

  askingHomes(decision?: { code: string; isLetIn: boolean }): ReturnType<HomePort["askingHomes"]> {
    return askingHomes(this.#house, decision);
  }

  cancelCall(id: string): Promise<void> {
    return this.#homes.cancelCall(id);
  }

  // ── The alarm: late handshakes, waits that time out, ticks ──

  override async alarm(): Promise<void> {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    for (const screen of this.#screens.late(now)) this.#forget(screen, 1008, "handshake timeout: no connect within 15 s");
    const isTick = now - this.#tickedAt >= TICK_INTERVAL_MS - 1000;
    await Promise.all([this.#runs.tick(now, isTick), this.#homes.tick()]);
    if (isTick) {
      this.#tickedAt = now;
      this.#screens.tell("tick", { ts: now }, "all");
      this.#drop(({ state }) => state.endsAt !== undefined && state.endsAt <= now, "the session of Cloudflare Access is over");
    }
    await this.#arm();
  }

  async #arm(): Promise<void> {
    const due = this.#screens.strangers().map((screen) => screen.state.openedAt + HANDSHAKE_TIMEOUT_MS);
    if (this.#screens.open().length > 0) due.push(Math.max(this.#tickedAt, Date.now() - 1) + TICK_INTERVAL_MS);
    due.push(...[this.#waits.nextDueAt(), this.#homes.nextDueAt()].filter((at) => at !== undefined));
    if (due.length === 0) return;
    const next = Math.min(...due);
    // After a sleep the alarm is set already and not remembered here: a later one must not push it away.
    if (this.#alarmAt === Number.POSITIVE_INFINITY) this.#alarmAt = (await this.ctx.storage.getAlarm()) ?? this.#alarmAt;
    if (next >= this.#alarmAt) return;
    this.#alarmAt = next;
    await this.ctx.storage.setAlarm(next);
  }

  // ── The Worker's door ──

  login(proof: DoorProof): Promise<DoorAnswer<{ secret: string; expiresAt: number }>> {
    return this.#access.login(proof, Date.now());
  }

  async logout(proof: DoorProof): ReturnType<DoorPort["logout"]> {
    const { by, ids } = await this.#access.logout(proof, Date.now());
    this.#drop(({ state }) => state.loginId !== undefined && ids.includes(state.loginId), "logged out");
    return { by };
  }

  check(proof: DoorProof): ReturnType<DoorPort["check"]> {
    return this.#access.check(proof, Date.now());
  }

  mintCode(proof: DoorProof): ReturnType<DoorPort["mintCode"]> {
    return this.#access.mintCode(proof, Date.now());
  }

  async announceShutdown(reason: string, restartExpectedMs?: number): Promise<void> {
    this.#screens.tell("shutdown", { reason, ...(restartExpectedMs === undefined ? {} : { restartExpectedMs }) }, "all");
    for (const screen of this.#screens.open()) screen.close(1012, "service restart");
  }
}
