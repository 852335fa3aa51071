// A desk without a Gateway: the real one, whose connection answers from a table. Components, rooms and lists are the page's
// own; nothing is sent anywhere, nobody is logged in or out.
import { type ClientState, GatewayClient } from "../../../client/gateway-client.ts";
import { GatewayError, type GatewayErrorData } from "../../../contract/errors.ts";
import type { MethodName } from "../../../contract/methods.ts";
import { ChatRoom } from "../../state/chat-room.ts";
import { type Access, Desk, type Toast } from "../../state/desk.ts";
import { Outbox, type Unsent } from "../../state/outbox.ts";
import type { Route } from "../../state/route.ts";
import { SessionList } from "../../state/session-list.ts";
import { Courier } from "../../talk/courier.ts";
import { Questions } from "../../talk/questions.ts";
import { Waiting } from "../../talk/waiting.ts";

/** What a method answers; `refuse(…)` is the Gateway's no, `SILENCE` an answer that does not come. */
export type Answers = Partial<Record<MethodName, unknown>>;
export const SILENCE = Symbol("silence");

export function refuse(message: string, rest: Partial<GatewayErrorData> = {}): GatewayError {
  return new GatewayError({ code: "UNAVAILABLE", message, ...rest });
}

export const OFFLINE: ClientState = { phase: "waiting", retryAt: Date.now() + 60_000, attempt: 3 };

class StagedClient extends GatewayClient {
  link: ClientState = { phase: "ready" };
  readonly #answers: Answers;

  constructor(answers: Answers) {
    super({ url: "ws://stage.invalid", client: { id: "design", version: "0", platform: "web", mode: "webchat" } });
    this.#answers = answers;
  }

  override get state(): ClientState {
    return this.link;
  }

  override connect(): Promise<never> {
    return new Promise(() => undefined);
  }

  override async request<T>(method: MethodName, params: unknown): Promise<T> {
    const known = this.#answers[method];
    const answer: unknown = typeof known === "function" ? known(params) : known;
    if (answer === SILENCE) return new Promise(() => undefined);
    if (answer instanceof Error) throw answer;
    if (answer === undefined) throw refuse(`Nothing is made up for ${method} here.`);
    return answer as T;
  }
}

export interface Stage {
  answers?: Answers;
  access?: Access;
  refusal?: string;
  place?: Route;
  /** The session whose room is open; none: no room. */
  session?: string;
  /** What is told in passing, for as long as one looks. */
  toasts?: readonly Toast[];
  /** The connection once everything is there. */
  link?: ClientState;
  unsent?: readonly Unsent[];
}

export class StagedDesk extends Desk {
  override readonly client: StagedClient;
  override readonly sessions: SessionList;
  override readonly waiting: Waiting;
  override readonly questions: Questions;
  readonly #stage: Stage;
  readonly #room: ChatRoom | undefined;

  constructor(stage: Stage) {
    super("0");
    this.#stage = stage;
    this.client = new StagedClient(stage.answers ?? {});
    this.sessions = new SessionList(this.client);
    this.waiting = new Waiting(this.client);
    this.questions = new Questions(this.client);
    this.#room =
      stage.session === undefined ? undefined : new ChatRoom(stage.session, this.client, courierOf(this.client, stage));
    void this.#begin();
  }

  override get access(): Access {
    return this.#stage.access ?? "in";
  }
  override get refusal(): string | undefined {
    return this.#stage.refusal;
  }
  override get link(): ClientState {
    return this.client.link;
  }
  override get place(): Route {
    return this.#stage.place ?? { room: "chat" };
  }
  override get room(): ChatRoom | undefined {
    return this.#room;
  }
  override get toasts(): readonly Toast[] {
    return this.#stage.toasts ?? super.toasts;
  }

  override async enter(): Promise<boolean> {
    this.say("Nobody is logged in from this page.");
    return false;
  }
  override async depart(): Promise<void> {
    this.say("Nobody is logged out from this page.");
  }
  override newSession(): void {
    this.say("No session begins on this page.");
  }

  async #begin(): Promise<void> {
    await Promise.allSettled([this.sessions.load(), this.waiting.load(), this.questions.load()]);
    await this.#room?.open();
    if (this.#stage.link) this.client.link = this.#stage.link;
    this.tell();
  }
}

function courierOf(client: StagedClient, { unsent = [] }: Stage): Courier {
  return new Courier(client, new StagedOutbox(unsent));
}

/** A list of its own: the page's is one for all rooms. */
class StagedOutbox extends Outbox {
  #items: readonly Unsent[];

  constructor(items: readonly Unsent[]) {
    super();
    this.#items = items;
  }
  override list(): Unsent[] {
    return [...this.#items];
  }
  override put(item: Unsent): void {
    this.#items = [...this.#items.filter(({ id }) => id !== item.id), item];
  }
  override refuse(id: string, refusal: string): void {
    this.#items = this.#items.map((item) => (item.id === id ? { ...item, refusal } : item));
  }
  override remove(id: string): void {
    this.#items = this.#items.filter((item) => item.id !== id);
  }
}
