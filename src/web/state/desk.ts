// The page's one desk: the connection, the list of sessions, the room that is open, and what is told in passing. Components
// read it and call it; it knows no component.

import type { Hello, SessionSummary } from "../../client/frames.ts";
import { type ClientState, GatewayClient } from "../../client/gateway-client.ts";
import type { EventFrame } from "../../contract/gateway.ts";
import { newId } from "../../contract/id.ts";
import { Company } from "../talk/company.ts";
import { Courier } from "../talk/courier.ts";
import { Questions } from "../talk/questions.ts";
import { Waiting } from "../talk/waiting.ts";
import { ChatRoom, sentenceOf } from "./chat-room.ts";
import { logIn, logOut, takeCode } from "./login.ts";
import { Outbox } from "./outbox.ts";
import { type Route, readRoute, writeRoute } from "./route.ts";
import { SessionList } from "./session-list.ts";
import { forgetAll, keep, recall } from "./shelf.ts";
import { Signal } from "./signal.ts";

export interface Toast {
  id: number;
  tone: "info" | "error";
  text: string;
}
export interface CommandInfo {
  name: string;
  description: string;
  acceptsArgs: boolean;
  argsHint?: string;
}
export interface ModelChoice {
  ref: string;
  name: string;
  provider: string;
  available: boolean;
  unavailableReason?: string;
}

/** `checking`: whether this browser is logged in is not known yet. */
export type Access = "checking" | "out" | "in";

const TOAST_MS = 7_000;

export class Desk extends Signal {
  readonly client: GatewayClient;
  /** The name of this page among the screens that are connected. */
  readonly screenId = newId("conn");
  readonly sessions: SessionList;
  readonly company: Company;
  readonly waiting: Waiting;
  readonly questions: Questions;
  readonly #courier: Courier;
  #access: Access = "checking";
  #refusal: string | undefined;
  #link: ClientState = { phase: "idle" };
  #place: Route = readRoute(location.hash);
  #room: ChatRoom | undefined;
  #mainKey = "agent:main:main";
  #toasts: readonly Toast[] = [];
  #commands: Promise<CommandInfo[]> | undefined;
  readonly #listeners = new Map<string, Set<(payload: unknown) => void>>();

  constructor(version: string) {
    super();
    this.client = new GatewayClient(
      {
        url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
        client: {
          id: "skerry-web",
          displayName: "WebChat",
          version,
          platform: "web",
          deviceFamily: matchMedia("(pointer: coarse)").matches ? "phone" : "computer",
          mode: "webchat",
          instanceId: this.screenId,
        },
        isWatched: () => !document.hidden,
      },
      {
        onState: (state) => this.#noteLink(state),
        onHello: (hello) => this.#greet(hello),
        onEvent: (frame) => this.#hear(frame),
        onGap: () => this.#catchUp(),
      },
    );
    this.sessions = new SessionList(this.client);
    this.company = new Company(this.client, this.screenId);
    this.waiting = new Waiting(this.client);
    this.questions = new Questions(this.client);
    this.#courier = new Courier(this.client, new Outbox());
  }

  get access(): Access {
    return this.#access;
  }
  /** Why the last login failed. */
  get refusal(): string | undefined {
    return this.#refusal;
  }
  get link(): ClientState {
    return this.#link;
  }
  /** Where one is; the session that is open stays open while one looks at another room. */
  get place(): Route {
    return this.#place;
  }
  get room(): ChatRoom | undefined {
    return this.#room;
  }
  get toasts(): readonly Toast[] {
    return this.#toasts;
  }

  /** Begins: with the code of a login link, or with the login this browser may already have. */
  async start(code: string | undefined): Promise<void> {
    addEventListener("hashchange", () => {
      const fresh = takeCode();
      if (fresh === undefined) this.#follow();
      else void this.enter({ code: fresh });
    });
    for (const change of ["online", "offline", "pageshow"]) addEventListener(change, () => this.client.hurry());
    document.addEventListener("visibilitychange", () => !document.hidden && this.client.hurry());
    if (code !== undefined && !(await this.enter({ code })) && recall("known") === undefined) return;
    if (this.#access !== "in") this.#connect();
  }

  async enter(proof: { code: string } | { token: string }): Promise<boolean> {
    const outcome = await logIn(proof);
    this.#refusal = outcome.ok ? undefined : outcome.reason;
    if (outcome.ok) this.#connect();
    else if (this.#access === "checking") this.#access = "out";
    this.tell();
    return outcome.ok;
  }

  async depart(): Promise<void> {
    const next = await logOut();
    forgetAll();
    location.replace(next);
  }

  newSession(): void {
    location.hash = writeRoute({ room: "chat", rest: `agent:main:web-${newId("conn").slice(5)}` });
  }

  /** Answers whether it is gone. */
  async removeSession(key: string): Promise<boolean> {
    const isGone = await this.attempt(() => this.sessions.remove(key));
    if (!isGone || this.#room?.sessionKey !== key) return isGone;
    if (this.#place.room === "chat") location.hash = writeRoute({ room: "chat", rest: this.#mainKey });
    else this.#leaveRoom();
    return isGone;
  }

  /** Does something that may fail, and says so when it does. */
  async attempt(work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.say(sentenceOf(error), "error");
      return false;
    }
  }

  /** Fetches a part of the page that is not there from the beginning, and says so when it cannot be had. */
  async fetchPart<T>(load: () => Promise<T>): Promise<T | undefined> {
    try {
      return await load();
    } catch {
      this.say("This part of the page could not be loaded. Check the connection, then load the page again.", "error");
      return undefined;
    }
  }

  say(text: string, tone: Toast["tone"] = "info"): void {
    const toast: Toast = { id: Math.random(), tone, text };
    this.#toasts = [...this.#toasts.slice(-2), toast];
    setTimeout(() => this.unsay(toast.id), TOAST_MS);
    this.tell();
  }

  unsay(id: number): void {
    this.#toasts = this.#toasts.filter((toast) => toast.id !== id);
    this.tell();
  }

  /** Calls `listener` whenever the Gateway announces the event; answers how to stop. */
  onAnnounced(event: string, listener: (payload: unknown) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  commands(): Promise<CommandInfo[]> {
    this.#commands ??= this.client.request<{ commands?: CommandInfo[] }>("commands.list", {}).then(
      (answer) => answer.commands ?? [],
      () => {
        this.#commands = undefined;
        return [];
      },
    );
    return this.#commands;
  }

  async models(): Promise<ModelChoice[]> {
    const answer = await this.client.request<{ models?: ModelChoice[] }>("models.list", {});
    return answer.models ?? [];
  }

  #connect(): void {
    void this.client.connect().catch(() => undefined);
  }

  #noteLink(state: ClientState): void {
    this.#link = state;
    if (state.phase === "refused") {
      // Cloudflare Access let this browser through, and Skerry did not: that needs a word.
      if (state.error.data.details?.["code"] === "ACCESS_REFUSED") this.#refusal = state.error.message;
      // Whoever was in is told why the door is shut; whoever never was knows.
      else if (this.#access === "in")
        this.#refusal = "Your login here has ended. Log in again; what you wrote and did not send is kept.";
      this.#access = "out";
      keep("known", undefined);
    } else if (this.#access === "checking" && recall("known") !== undefined) {
      this.#access = "in";
      this.#follow();
    }
    this.tell();
  }

  #greet({ snapshot }: Hello): void {
    this.#mainKey = snapshot?.sessionDefaults?.mainSessionKey ?? this.#mainKey;
    this.company.load(snapshot?.["presence"]);
    this.#access = "in";
    keep("known", "yes");
    this.#follow();
    this.#catchUp();
    this.#courier.deliverElsewhere(this.#room?.sessionKey);
    this.tell();
  }

  #catchUp(): void {
    void this.sessions.load().catch(() => undefined);
    void this.waiting.load().catch(() => undefined);
    void this.questions.load().catch(() => undefined);
    void this.#room?.open();
  }

  #hear(frame: EventFrame): void {
    const changed: SessionSummary | undefined = this.sessions.hear(frame);
    if (changed && changed.key === this.#room?.sessionKey) this.#room.noteInfo(changed);
    this.#room?.hear(frame);
    this.company.hear(frame);
    this.waiting.hear(frame);
    this.questions.hear(frame);
    if (frame.event === "config.changed") void this.#room?.refreshModel();
    for (const listener of this.#listeners.get(frame.event) ?? []) listener(frame.payload);
  }

  /** Goes where the address says. */
  #follow(): void {
    this.#place = readRoute(location.hash);
    if (this.#access !== "in") return;
    if (this.#place.room !== "chat") {
      this.tell();
      return;
    }
    const key = this.#place.rest ?? recall("session") ?? this.#mainKey;
    if (key !== this.#room?.sessionKey) {
      this.#leaveRoom();
      this.#room = new ChatRoom(key, this.client, this.#courier);
      if (this.client.state.phase === "ready") void this.#room.open();
    }
    keep("session", key);
    history.replaceState(null, "", writeRoute({ room: "chat", rest: key }));
    this.tell();
  }

  #leaveRoom(): void {
    this.#room?.leave();
    this.#room = undefined;
    keep("session", undefined);
  }
}
