// A Discord whose gateway does what crabline's does not: sessions that are resumed and replayed, closing by its codes, intents that are not
// allowed, interactions and their answers. Messages, channels and files are crabline's: its events go out by this gateway, and requests are
// handed on to its HTTP interface.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type StartedDiscordServer, startDiscordServer } from "@openclaw/crabline";
import WebSocket, { WebSocketServer } from "ws";
import { DiscordStandIn } from "../../worker/channels/discord/stand-in.ts";

const MESSAGE_CONTENT = 1 << 15;
const HEARTBEAT_MS = 20_000;
/** Discord waits so long for the first word on an interaction. */
const ANSWER_MS = 3_000;
const EPOCH_MS = 1_420_070_400_000;

type Data = Record<string, unknown>;

interface GatewaySession {
  id: string;
  row: { s: number; t: string; d: unknown }[];
  intents: number;
  socket: WebSocket | undefined;
}

interface Identified {
  intents: number;
  presence: unknown;
}

export class DiscordTown {
  readonly #crabline: StartedDiscordServer;
  readonly #standIn = new DiscordStandIn();
  readonly #sessions = new Map<string, GatewaySession>();
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #guilds: unknown[] = [];
  readonly #waiting = new Map<string, number>();
  #ear: WebSocket | undefined;
  #port = 0;
  #count = 0;

  readonly identified: Identified[] = [];
  readonly resumed: { sessionId: string; seq: number }[] = [];
  /** First words on interactions, by the interaction's id. */
  readonly answers = new Map<string, { type: number; data?: Data }>();
  /** "METHOD /path" of everything asked, the newest last. */
  readonly asked: string[] = [];
  isRevoked = false;
  mayReadContent = true;
  /** Closes with this code in place of letting anybody in. */
  refusesBy: number | undefined;
  /** Takes sockets and says nothing. */
  isMute = false;

  private constructor(crabline: StartedDiscordServer) {
    this.#crabline = crabline;
    this.#http = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
    this.#http.on("upgrade", (request, socket, head) => {
      this.#sockets.handleUpgrade(request, socket, head, (client) => this.#greet(client));
    });
  }

  static async start(folder: string): Promise<DiscordTown> {
    const town = new DiscordTown(await startDiscordServer({ host: "127.0.0.1", recorderPath: join(folder, "requests.jsonl") }));
    await town.comeUp();
    await town.#listen();
    return town;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get api(): string {
    return `${this.url}/api/v10`;
  }

  get manifest() {
    return this.#crabline.manifest;
  }

  /** Lines that are open now. */
  get lines(): number {
    return [...this.#sessions.values()].filter(({ socket }) => socket?.readyState === WebSocket.OPEN).length;
  }

  async comeUp(): Promise<void> {
    await new Promise<void>((done) => this.#http.listen(this.#port, "127.0.0.1", done));
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** As when its machines are not reached: what people write meanwhile is kept for sessions that are resumed. */
  async goDown(): Promise<void> {
    this.breakOff();
    const closed = new Promise((done) => this.#http.close(done));
    this.#http.closeAllConnections();
    await closed;
  }

  breakOff(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
  }

  hangUp(code: number): void {
    for (const socket of this.#sockets.clients) socket.close(code);
  }

  /** What it asks of every line: 7 to come again, 9 that the session is over. */
  tellAll(op: 7 | 9): void {
    if (op === 9) this.#sessions.clear();
    for (const socket of this.#sockets.clients) socket.send(JSON.stringify({ op, d: op === 9 ? false : null }));
  }

  forgetSessions(): void {
    this.#sessions.clear();
  }

  async close(): Promise<void> {
    this.#ear?.terminate();
    if (this.#http.listening) await this.goDown();
    await this.#crabline.close();
  }

  // ── What people do ──

  /** Answers the message's id. */
  async say(senderId: string, content: string, more: Data = {}): Promise<string> {
    const { endpoints, adminToken } = this.manifest;
    const answer = await fetch(endpoints.adminInboundUrl, {
      method: "POST",
      headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
      body: JSON.stringify({ senderId, content, ...more }),
    });
    if (!answer.ok) throw new Error(`crabline: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { message: { id: string } }).message.id;
  }

  async directChannel(person: string): Promise<string> {
    const body = JSON.stringify({ recipient_id: person });
    return ((await this.#ask("/users/@me/channels", { method: "POST", body })) as { id: string }).id;
  }

  /** Oldest first. */
  async messages(channel: string): Promise<{ id: string; content: string; author: { id: string }; [more: string]: unknown }[]> {
    return ((await this.#ask(`/channels/${channel}/messages?limit=100`)) as never[]).toReversed();
  }

  async message(channel: string, id: string): Promise<Data> {
    return (await this.#ask(`/channels/${channel}/messages/${id}`)) as Data;
  }

  /** What came after the first word on an interaction. */
  followUps(token: string): string[] {
    return this.#standIn.in(token).map(({ body }) => String(body["content"] ?? ""));
  }

  /** An event in the row of every session, heard now or when it is resumed. */
  dispatch(t: string, d: unknown): void {
    for (const session of this.#sessions.values()) this.#put(session, t, this.#seenBy(session, t, d));
  }

  /** Somebody gives a command or presses a button, where no address is set for that. */
  interact(d: Data): { id: string; token: string } {
    this.#count += 1;
    const id = String((BigInt(Date.now() - EPOCH_MS) << 22n) | BigInt(this.#count));
    const token = `interaction-${this.#count}`;
    this.#waiting.set(`${id}/${token}`, Date.now());
    this.dispatch("INTERACTION_CREATE", { ...d, id, token, application_id: this.manifest.applicationId, version: 1 });
    return { id, token };
  }

  // ── The gateway ──

  #greet(socket: WebSocket): void {
    socket.on("error", () => undefined);
    if (this.isMute) return;
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: HEARTBEAT_MS } }));
    socket.on("message", (data) => {
      const { op, d } = JSON.parse(String(data)) as { op: number; d: Data };
      if (op === 1) socket.send(JSON.stringify({ op: 11 }));
      if (op === 2) this.#identify(socket, d);
      if (op === 6) this.#resume(socket, d);
    });
  }

  #identify(socket: WebSocket, { token, intents, presence }: Data): void {
    const wanted = Number(intents);
    this.identified.push({ intents: wanted, presence });
    const refusal = this.#refusalOf(token, wanted);
    if (refusal !== undefined) {
      socket.close(refusal);
      return;
    }
    const session: GatewaySession = { id: `session-${++this.#count}`, row: [], intents: wanted, socket };
    this.#sessions.set(session.id, session);
    this.#put(session, "READY", {
      v: 10,
      user: { id: this.manifest.botUserId, username: "skerry", bot: true },
      guilds: [],
      session_id: session.id,
      resume_gateway_url: this.url.replace("http", "ws"),
      application: { id: this.manifest.applicationId, flags: 0 },
    });
    for (const guild of this.#guilds) this.#put(session, "GUILD_CREATE", guild);
  }

  #resume(socket: WebSocket, { token, session_id: id, seq }: Data): void {
    this.resumed.push({ sessionId: String(id), seq: Number(seq) });
    const session = this.#sessions.get(String(id));
    const refusal = this.#refusalOf(token, 0);
    if (refusal !== undefined) socket.close(refusal);
    else if (!session || Number(seq) > session.row.length) socket.send(JSON.stringify({ op: 9, d: false }));
    else {
      session.socket = socket;
      for (const { s, t, d } of session.row.slice(Number(seq))) socket.send(JSON.stringify({ op: 0, s, t, d }));
      this.#put(session, "RESUMED", {});
    }
  }

  /** The code to close with. */
  #refusalOf(token: unknown, intents: number): number | undefined {
    if (this.refusesBy !== undefined) return this.refusesBy;
    if (this.isRevoked || token !== this.manifest.botToken) return 4004;
    return (intents & MESSAGE_CONTENT) !== 0 && !this.mayReadContent ? 4014 : undefined;
  }

  #put(session: GatewaySession, t: string, d: unknown): void {
    const s = session.row.length + 1;
    session.row.push({ s, t, d });
    if (session.socket?.readyState === WebSocket.OPEN) session.socket.send(JSON.stringify({ op: 0, s, t, d }));
  }

  /** Who may not read what is said hears only that something was, but for what is meant for it. */
  #seenBy({ intents }: GatewaySession, t: string, d: unknown): unknown {
    if (t !== "MESSAGE_CREATE" || (intents & MESSAGE_CONTENT) !== 0) return d;
    const said = d as { guild_id?: string; mentions: { id: string }[] };
    const isMeant = said.guild_id === undefined || said.mentions.some(({ id }) => id === this.manifest.botUserId);
    return isMeant ? d : { ...said, content: "", attachments: [], embeds: [] };
  }

  /** Crabline's own gateway, heard as a bot hears it. */
  #listen(): Promise<void> {
    const { endpoints, botToken } = this.manifest;
    const ear = new WebSocket(`${endpoints.gatewayUrl}?v=10&encoding=json`);
    this.#ear = ear;
    return new Promise((done, fail) => {
      ear.once("error", fail);
      ear.on("message", (data) => {
        const { op, t, d } = JSON.parse(this.#rewrite(String(data))) as { op: number; t: string; d: unknown };
        if (op === 10) {
          const properties = { os: "linux", browser: "town", device: "town" };
          ear.send(JSON.stringify({ op: 2, d: { token: botToken, intents: 0xffff, properties } }));
        } else if (op === 0 && t === "READY") done();
        else if (op === 0 && t === "GUILD_CREATE") this.#guilds.push(d);
        else if (op === 0) this.dispatch(t, d);
      });
    });
  }

  // ── The HTTP interface ──

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = Buffer.concat(parts);
    const path = (request.url ?? "").replace(/^\/api\/v10/, "");
    this.asked.push(`${request.method} ${path}`);
    const answer = await this.#route(request, path, body);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get("content-type");
    response.writeHead(answer.status, type === null ? {} : { "content-type": type });
    response.end(type?.startsWith("application/json") ? this.#rewrite(bytes.toString()) : bytes);
  }

  async #route({ method = "GET", headers, url = "" }: IncomingMessage, path: string, body: Buffer): Promise<Response> {
    const type = headers["content-type"];
    const init = {
      method,
      headers: {
        ...(headers.authorization ? { authorization: headers.authorization } : {}),
        ...(type ? { "content-type": type } : {}),
      },
      ...(body.length > 0 ? { body: new Uint8Array(body) } : {}),
    };
    const callback = /^\/interactions\/(\d+)\/([\w-]+)\/callback$/.exec(path);
    if (callback) return this.#takeAnswer(callback[1] ?? "", callback[2] ?? "", JSON.parse(body.toString()));
    if (path.startsWith("/webhooks/")) return this.#standIn.fetch(`http://discord.test${url}`, init);
    if (this.isRevoked && url.startsWith("/api/"))
      return Response.json({ message: "401: Unauthorized", code: 0 }, { status: 401 });
    if (path === "/gateway/bot") {
      const limit = { total: 1000, remaining: 900, reset_after: 60_000, max_concurrency: 1 };
      return Response.json({ url: this.url.replace("http", "ws"), shards: 1, session_start_limit: limit });
    }
    return fetch(`${new URL(this.manifest.endpoints.apiRoot).origin}${url}`, init);
  }

  #takeAnswer(id: string, token: string, said: { type: number; data?: Data }): Response {
    const askedAt = this.#waiting.get(`${id}/${token}`);
    if (askedAt === undefined || Date.now() - askedAt > ANSWER_MS) {
      return Response.json({ message: "Unknown interaction", code: 10062 }, { status: 404 });
    }
    if (this.answers.has(id)) {
      return Response.json({ message: "Interaction has already been acknowledged.", code: 40060 }, { status: 400 });
    }
    this.answers.set(id, said);
    this.#standIn.hear(token, said);
    return new Response(null, { status: 204 });
  }

  /** Addresses of files lead here. */
  #rewrite(text: string): string {
    return text.replaceAll(new URL(this.manifest.endpoints.apiRoot).origin, this.url);
  }

  async #ask(path: string, init: RequestInit = {}): Promise<unknown> {
    const { endpoints, botToken } = this.manifest;
    const headers = { authorization: `Bot ${botToken}`, "content-type": "application/json" };
    const answer = await fetch(`${endpoints.apiRoot}/v10${path}`, { ...init, headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return answer.json();
  }
}
