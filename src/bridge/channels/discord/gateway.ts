// Discord's gateway: the socket by which a bot hears ordinary messages. Events go to Skerry word for word, where they are read; what is
// answered goes out from there, over HTTP. The library keeps the line (heartbeats, resuming); what was not kept on disk yet when the bridge
// ended is told again by Discord when its session is resumed.
//
// Rules: a line that breaks is resumed by the library at once. No event and no answered heartbeat for five minutes: the thread is ended,
// and started anew. A refused token is the owner's to mend; refused message contents are done without, and said.
import type * as Rest from "@discordjs/rest";
import type * as Gateway from "@discordjs/ws";
import type { GatewayDispatchPayload } from "discord-api-types/v10";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Driver, LineHost, OpenLine } from "../driver.ts";
import { Rooms } from "./rooms.ts";
import { SessionFile } from "./session-file.ts";

const WANTED: readonly string[] = [
  "MESSAGE_CREATE",
  "MESSAGE_UPDATE",
  "MESSAGE_DELETE",
  "MESSAGE_DELETE_BULK",
  "MESSAGE_REACTION_ADD",
  "MESSAGE_REACTION_REMOVE",
  "MESSAGE_POLL_VOTE_ADD",
  "MESSAGE_POLL_VOTE_REMOVE",
];
/** Guilds, their messages, reactions and polls; the same of direct talks. */
const INTENTS = [0, 9, 10, 12, 13, 24, 25].reduce((sum, bit) => sum | (1 << bit), 0);
const MESSAGE_CONTENT = 1 << 15;
const NOT_ALLOWED = 4014;
const WRONG_TOKEN = 4004;
const SILENT_MS = 5 * 60_000;
const LOOK_MS = 30_000;
/** Larger events say nothing that a person wrote. */
const MOST_CHARS = 200_000;

interface Library {
  rest: typeof Rest;
  ws: typeof Gateway;
}

export const discordGateway: Driver = {
  channel: "discord",
  async open(host) {
    // Each is what its package's types say.
    const rest = (await host.load("@discordjs/rest")) as Library["rest"];
    const ws = (await host.load("@discordjs/ws")) as Library["ws"];
    const line = new GatewayLine(host, { rest, ws });
    await line.connect(true);
    return line;
  },
};

class GatewayLine implements OpenLine {
  readonly #host: LineHost;
  readonly #library: Library;
  readonly #rooms = new Rooms();
  readonly #session: SessionFile;
  #manager: Gateway.WebSocketManager | undefined;
  #botId = "";
  #sessionId = "";
  #aliveAt: number;
  #timer: NodeJS.Timeout | undefined;
  #lastKept: Promise<void> = Promise.resolve();

  constructor(host: LineHost, library: Library) {
    this.#host = host;
    this.#library = library;
    this.#session = new SessionFile(host.dir);
    this.#aliveAt = host.now();
  }

  async connect(readsAll: boolean): Promise<void> {
    const { host, manager } = { host: this.#host, manager: this.#make(readsAll) };
    this.#manager = manager;
    host.tell({ phase: "connecting" });
    const { WebSocketShardEvents: events } = this.#library.ws;
    manager.on(events.Dispatch, (payload) => this.#hear(payload, readsAll));
    manager.on(events.Resumed, () => this.#tellOpen(readsAll));
    manager.on(events.HeartbeatComplete, () => this.#noteAlive());
    manager.on(events.Error, (error) => host.log(`Discord's gateway: ${error.message}`, true));
    manager.on(events.SocketError, (error) => host.log(`Discord's gateway: ${error.message}`, true));
    manager.on(events.Closed, (code) => this.#noteClosed(code, readsAll));
    try {
      await manager.connect();
    } catch (error) {
      throw explain(error);
    }
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#watch(), LOOK_MS).unref();
  }

  async send(): Promise<{ outcome: "refused"; reason: string }> {
    return { outcome: "refused", reason: "Discord is answered from Skerry itself, not from the machine at home." };
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#lastKept;
    // Discord keeps what comes meanwhile for whoever resumes soon.
    await this.#manager?.destroy({ code: 4200, reason: "back soon" });
  }

  #make(readsAll: boolean): Gateway.WebSocketManager {
    const { account } = this.#host;
    const token = account.keys["DISCORD_BOT_TOKEN"] ?? "";
    const base = (account.base ?? "https://discord.com/api/v10").replace(/\/v\d+$/, "");
    const rest = new this.#library.rest.REST({ version: "10", api: base, timeout: 15_000 }).setToken(token);
    return new this.#library.ws.WebSocketManager({
      token,
      rest,
      intents: INTENTS | (readsAll ? MESSAGE_CONTENT : 0),
      shardCount: 1,
      retrieveSessionInfo: () => this.#session.read(),
      updateSessionInfo: (_shard, info) => this.#session.learn(info),
    });
  }

  #hear(payload: GatewayDispatchPayload, readsAll: boolean): void {
    this.#noteAlive();
    const { t, s } = payload;
    if (t === "READY") {
      this.#botId = payload.d.user.id;
      this.#sessionId = payload.d.session_id;
      this.#session.keepBot(this.#botId);
      this.#tellOpen(readsAll, payload.d.user.username);
    }
    this.#rooms.note(payload);
    if (WANTED.includes(t)) this.#keep(payload);
    else this.#session.keep(s);
  }

  #keep({ t, s, d: data }: GatewayDispatchPayload): void {
    const botId = this.#botId || this.#session.botId;
    const d: Record<string, unknown> = { ...(data as object) };
    if (JSON.stringify(d).length > MOST_CHARS) {
      this.#session.keep(s);
      return;
    }
    const key = `${this.#sessionId || this.#session.id}:${s}`;
    const room = this.#rooms.of(String(d["channel_id"] ?? ""));
    const body = { t, d, key, botId, ...(room ? { room } : {}) };
    // In order, and the place in Discord's row is noted only when it is on disk.
    this.#lastKept = this.#lastKept
      .then(() => this.#host.hear([{ kind: "raw", id: idOf(t, d, key), body }]))
      .then(() => this.#session.keep(s))
      .catch((error: unknown) => this.#host.log(`A message could not be kept: ${String(error)}`, true));
  }

  #tellOpen(readsAll: boolean, who?: string): void {
    const said =
      "Discord does not let it read ordinary messages of servers: switch on Message Content Intent under Bot at discord.com/developers/applications. It hears mentions and direct messages.";
    this.#host.tell({ phase: "open", ...(who === undefined ? {} : { who }), ...(readsAll ? {} : { said }) });
  }

  #noteAlive(): void {
    this.#aliveAt = this.#host.now();
  }

  #noteClosed(code: number, readsAll: boolean): void {
    if (code === WRONG_TOKEN) {
      this.#host.tell({ phase: "refused", said: WRONG_TOKEN_WORDS });
    } else if (code === NOT_ALLOWED && readsAll) {
      void this.#manager?.destroy();
      this.connect(false).catch((error: unknown) => this.#end(error));
    } else this.#host.tell({ phase: "connecting" });
  }

  /** The library says nothing, or Discord does not: this thread ends, and is started anew. */
  #watch(): void {
    if (this.#host.now() - this.#aliveAt > SILENT_MS) this.#end(new Error("nothing came from Discord for five minutes"));
  }

  #end(error: unknown): void {
    setImmediate(() => {
      throw error;
    });
  }
}

const WRONG_TOKEN_WORDS =
  "Discord does not know this bot token any more: make a new one under Bot, Reset Token at discord.com/developers/applications, and give it with skerry channels add discord.";

function explain(error: unknown): unknown {
  const status = typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
  return status === 401 ? new HomeRefused("FORBIDDEN", WRONG_TOKEN_WORDS, error) : error;
}

/** The same when Discord repeats it: a message by its own id, what has none by its place in the row. */
function idOf(t: string, d: Record<string, unknown>, key: string): string {
  if (t === "MESSAGE_CREATE") return `${t}:${String(d["id"])}`;
  if (t === "MESSAGE_UPDATE") return `${t}:${String(d["id"])}:${String(d["edited_timestamp"] ?? key)}`;
  return `${t}:${key}`;
}
