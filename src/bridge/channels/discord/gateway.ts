// Discord's gateway: the socket by which a bot hears ordinary messages, and commands and buttons where no address is set for them. Events go
// to Skerry word for word, where they are read; what is answered goes out from there, over HTTP. The library keeps the line (heartbeats,
// resuming); what was not kept on disk yet when the bridge ended is told again by Discord when its session is resumed, or read back from
// the rooms when a new one is begun (missed.ts).
//
// Rules (watch.ts has those of health): a line that breaks is resumed at once, three times in a row; then its thread ends and is begun anew
// after 1 s, twice as long each time up to five minutes, a quarter more or less. The session is kept through it, until Discord says that
// it is over. A refusal is the owner's to mend and is not tried again; refused message contents are done without, and said.
import type * as Rest from "@discordjs/rest";
import type * as Gateway from "@discordjs/ws";
import type { GatewayDispatchPayload } from "discord-api-types/v10";
import type { Driver, LineHost, OpenLine } from "../driver.ts";
import { surely } from "../standing.ts";
import { readMissed } from "./missed.ts";
import { explain, NOT_ALLOWED, statusOf, WRONG_PLACE, wordsOfCode } from "./refusals.ts";
import { Rooms } from "./rooms.ts";
import { SessionFile } from "./session-file.ts";
import { LineWatch } from "./watch.ts";

const WANTED: readonly string[] = [
  "INTERACTION_CREATE",
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
const MOST_TRIES = 3;
/** A line that stood for so long may break as often again. */
const STOOD_MS = 60_000;
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
    try {
      await line.connect(true);
    } catch (error) {
      await line.close();
      throw error;
    }
    return line;
  },
};

class GatewayLine implements OpenLine {
  readonly #host: LineHost;
  readonly #library: Library;
  readonly #rest: Rest.REST;
  readonly #rooms: Rooms;
  readonly #session: SessionFile;
  readonly #watch: LineWatch;
  readonly #stop = new AbortController();
  #manager: Gateway.WebSocketManager | undefined;
  #isConnected = false;
  /** Whether Discord spoke first on the present socket: only then it can have ended the session. */
  #isGreeted = false;
  #lastCode = 0;
  #breaks = 0;
  #stoodAt = 0;
  #lastKept: Promise<void> = Promise.resolve();

  constructor(host: LineHost, library: Library) {
    this.#host = host;
    this.#library = library;
    const { account } = host;
    const base = (account.base ?? "https://discord.com/api/v10").replace(/\/v\d+$/, "");
    this.#rest = new library.rest.REST({ version: "10", api: base, timeout: 15_000 }).setToken(
      account.keys["DISCORD_BOT_TOKEN"] ?? "",
    );
    this.#rooms = new Rooms((id) => this.#askRoom(id));
    this.#session = new SessionFile(host.dir);
    this.#watch = new LineWatch({
      host,
      session: this.#session,
      ask: (path) => this.#rest.get(path),
      end: (why) => this.#end(why),
    });
  }

  async connect(readsAll: boolean): Promise<void> {
    const { host, manager } = { host: this.#host, manager: this.#make(readsAll) };
    this.#manager = manager;
    this.#isConnected = false;
    this.#lastCode = 0;
    host.tell({ phase: "connecting" });
    this.#watch.start();
    const { WebSocketShardEvents: events } = this.#library.ws;
    manager.on(events.Hello, () => {
      this.#isGreeted = true;
    });
    manager.on(events.Dispatch, (payload) => this.#hear(payload, readsAll));
    manager.on(events.Resumed, () => this.#tellOpen(readsAll));
    manager.on(events.HeartbeatComplete, () => this.#watch.noteAlive());
    manager.on(events.Error, (error) => host.log(`Discord's gateway: ${error.message}`, true));
    manager.on(events.SocketError, (error) => {
      this.#isGreeted = false;
      host.log(`Discord's gateway: ${error.message}`, true);
    });
    manager.on(events.Closed, (code) => this.#noteClosed(code, readsAll));
    try {
      await manager.connect();
    } catch (error) {
      if (this.#lastCode === NOT_ALLOWED && readsAll) return this.connect(false);
      throw explain(error, this.#lastCode);
    }
    this.#isConnected = true;
  }

  async send(): Promise<{ outcome: "refused"; reason: string }> {
    return { outcome: "refused", reason: "Discord is answered from Skerry itself, not from the machine at home." };
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#watch.stop();
    await this.#lastKept;
    this.#session.flush();
    // Discord keeps what comes meanwhile for whoever resumes soon.
    await this.#manager?.destroy({ code: 4200, reason: "back soon" });
  }

  #make(readsAll: boolean): Gateway.WebSocketManager {
    return new this.#library.ws.WebSocketManager({
      token: this.#host.account.keys["DISCORD_BOT_TOKEN"] ?? "",
      rest: this.#rest,
      intents: INTENTS | (readsAll ? MESSAGE_CONTENT : 0),
      // Its type wants the library's own enum, whose words these are.
      initialPresence: { status: "online" as never, since: null, activities: [], afk: false },
      shardCount: 1,
      retrieveSessionInfo: () => this.#session.read(),
      updateSessionInfo: (_shard, info) => {
        // The library ends a session also when nobody was reached, and when it is told to close.
        if (info !== null || (this.#isGreeted && !this.#stop.signal.aborted)) this.#session.learn(info);
      },
    });
  }

  #hear(payload: GatewayDispatchPayload, readsAll: boolean): void {
    try {
      this.#take(payload, readsAll);
    } catch (error) {
      this.#host.log(`Something that Discord told could not be read: ${String(error)}`, true);
    }
  }

  #take(payload: GatewayDispatchPayload, readsAll: boolean): void {
    this.#watch.noteHeard(payload);
    const { t, s } = payload;
    if (t === "READY") {
      this.#session.keepBot(String(payload.d.user.id));
      this.#tellOpen(readsAll, String(payload.d.user.username));
    }
    this.#rooms.note(payload);
    // In order, and the place in Discord's row is noted only when all before it is on disk.
    const { id: session, botId } = this.#session;
    const isWanted = WANTED.includes(t);
    this.#lastKept = this.#lastKept
      .then(() => (t === "READY" ? this.#readBack(session, botId) : undefined))
      .then(() => (isWanted ? this.#keep(payload, `${session}:${s}`, botId) : undefined))
      .then(() => this.#session.keep(session, s))
      // The line was closed before it was on disk: it is told again.
      .catch((error: unknown) => this.#host.log(`A message could not be kept: ${String(error)}`, true));
  }

  async #keep({ t, d: data }: { t: string; d: unknown }, key: string, botId: string): Promise<void> {
    const d: Record<string, unknown> = { ...(data as object) };
    if (JSON.stringify(d).length > MOST_CHARS) {
      this.#host.log(`An event of Discord (${t}) is larger than anything a person writes, and is left out.`, true);
      return;
    }
    const channel = d["channel_id"];
    const room = typeof channel === "string" && d["guild_id"] !== undefined ? await this.#rooms.find(channel) : undefined;
    const body = { t, d, key, botId, ...(room ? { room } : {}) };
    const { hear, log } = this.#host;
    await surely(
      () => hear([{ kind: "raw", id: idOf(t, d, key), body }]),
      this.#stop.signal,
      (text) => log(text, true),
    );
    if (t === "MESSAGE_CREATE") this.#session.keepHeard(d);
  }

  /** A new session is told nothing of what was written before it. */
  async #readBack(session: string, botId: string): Promise<void> {
    const { messages, unread } = await readMissed({
      marks: this.#session.heard,
      ask: (path, signal) => this.#rest.get(path, { signal }),
      now: this.#host.now(),
      signal: this.#stop.signal,
    });
    for (const message of messages)
      await this.#keep({ t: "MESSAGE_CREATE", d: message }, `${session}:missed:${message.id}`, botId);
    if (unread > 0) {
      const rooms = `${unread} ${unread === 1 ? "room" : "rooms"}`;
      this.#host.log(`What was written in ${rooms} before Discord's gateway was back could not be read.`, true);
    }
  }

  async #askRoom(id: string): Promise<unknown> {
    if (!/^\d{1,32}$/.test(id)) return undefined;
    try {
      return await this.#rest.get(`/channels/${id}`);
    } catch (error) {
      if ([400, 403, 404].includes(Number(statusOf(error)))) return undefined;
      throw error;
    }
  }

  #tellOpen(readsAll: boolean, who?: string): void {
    this.#stoodAt = this.#host.now();
    const said =
      "Discord does not let it read ordinary messages of servers: switch on Message Content Intent under Bot at discord.com/developers/applications, then restart the bridge. Until then it hears mentions and direct messages.";
    this.#host.tell({ phase: "open", ...(who === undefined ? {} : { who }), ...(readsAll ? {} : { said }) });
  }

  #noteClosed(code: number, readsAll: boolean): void {
    this.#isGreeted = false;
    this.#lastCode = code;
    if (this.#stop.signal.aborted) return;
    if (code === WRONG_PLACE) this.#session.learn(null);
    const words = wordsOfCode(code);
    if (words !== undefined) {
      // Before it stood, connect says what it means.
      if (this.#isConnected) this.#giveUp(code, words, readsAll);
      return;
    }
    const { now, tell } = this.#host;
    if (this.#stoodAt !== 0 && now() - this.#stoodAt > STOOD_MS) this.#breaks = 0;
    this.#stoodAt = 0;
    this.#breaks++;
    if (this.#breaks >= MOST_TRIES) this.#end(`Discord's gateway does not hold (it closed with ${code})`);
    else tell({ phase: "connecting" });
  }

  #giveUp(code: number, said: string, readsAll: boolean): void {
    this.#watch.stop();
    if (code === NOT_ALLOWED && readsAll) {
      this.connect(false).catch((error: unknown) => this.#end(error instanceof Error ? error.message : String(error)));
    } else this.#host.tell({ phase: "refused", said });
  }

  /** This thread ends, and is begun anew. */
  #end(why: string): void {
    this.#watch.stop();
    this.#session.flush();
    setImmediate(() => {
      throw new Error(why);
    });
  }
}

/** The same when Discord repeats it: a message by its own id, what has none by its place in the row. */
function idOf(t: string, d: Record<string, unknown>, key: string): string {
  const id = String(d["id"]).slice(0, 64);
  if (t === "MESSAGE_CREATE" || t === "INTERACTION_CREATE") return `${t}:${id}`;
  if (t === "MESSAGE_UPDATE") return `${t}:${id}:${String(d["edited_timestamp"] ?? key).slice(0, 200)}`;
  return `${t}:${key}`.slice(0, 512);
}
