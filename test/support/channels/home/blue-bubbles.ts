// A BlueBubbles server, written from its published interface (routes, validators, events): what its validators refuse is refused here, with
// its words' shape. It keeps its book of messages while it is away, as the Mac does.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Server as SocketServer } from "socket.io";

export interface Asked {
  what: string;
  body: Record<string, unknown>;
}

const REACTIONS = ["love", "like", "dislike", "laugh", "emphasize", "question"];
const NEEDS_PRIVATE = /^POST \/(message\/react|message\/[^/]+\/(edit|unsend)|chat\/[^/]+\/(typing|read))$/;

export class BlueBubblesServer {
  readonly asked: Asked[] = [];
  readonly book: Record<string, unknown>[] = [];
  readonly files = new Map<string, Buffer>();
  readonly uploads: { name: string; bytes: Buffer }[] = [];
  readonly chats = new Set<string>();
  password: string;
  hasPrivateApi = true;
  /** Writes down what comes, and tells nobody. */
  isMute = false;
  port = 0;
  #server: Server | undefined;
  #io: SocketServer | undefined;
  #row = 0;

  constructor(password: string) {
    this.password = password;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<this> {
    const server = createServer((request, response) => void this.#answer(request, response));
    const io = new SocketServer(server, { allowEIO3: true, transports: ["websocket", "polling"] });
    io.on("connection", (socket) => {
      const { password, guid } = socket.handshake.query;
      if ((password ?? guid) !== this.password) socket.disconnect();
    });
    this.#server = server;
    this.#io = io;
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
    return this;
  }

  async stop(): Promise<void> {
    this.#io?.disconnectSockets(true);
    this.#server?.closeAllConnections();
    await this.#io?.close();
  }

  /** Somebody writes: it is in the book, and told to whoever listens. */
  receive(text: string | null, from: string, more: Record<string, unknown> = {}): string {
    const chat = `iMessage;-;${from}`;
    this.chats.add(chat);
    return this.#write({
      text,
      handle: { address: from, service: "iMessage" },
      isFromMe: false,
      chats: [{ guid: chat, displayName: "" }],
      ...more,
    });
  }

  /** A message of the book is another now. */
  change(guid: string, change: Record<string, unknown>): void {
    const found = this.book.find((one) => one["guid"] === guid);
    if (found) this.#io?.emit("updated-message", Object.assign(found, change));
  }

  of(what: string | RegExp): Record<string, unknown>[] {
    return this.asked
      .filter((one) => (typeof what === "string" ? one.what === what : what.test(one.what)))
      .map(({ body }) => body);
  }

  #write(message: Record<string, unknown>): string {
    const row = ++this.#row;
    const guid = `GUID-${row}`;
    const whole = {
      originalROWID: row,
      guid,
      attachments: [],
      dateCreated: Date.now(),
      itemType: 0,
      groupActionType: 0,
      error: 0,
      ...message,
    };
    this.book.push(whole);
    if (!this.isMute) this.#io?.emit("new-message", whole);
    return guid;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const url = new URL(request.url ?? "/", this.url);
    const bytes: Buffer[] = [];
    for await (const chunk of request) bytes.push(chunk);
    const raw = Buffer.concat(bytes);
    const type = request.headers["content-type"] ?? "";
    const given = url.searchParams.get("guid") ?? url.searchParams.get("password") ?? url.searchParams.get("token");
    if (given !== this.password)
      return say(response, 401, {
        message: "You are not authorized to access this resource",
        error: { type: "Authentication Error", message: "Unauthorized" },
      });
    const body = type.startsWith("multipart/form-data")
      ? await this.#readForm(raw, type)
      : raw.length > 0
        ? JSON.parse(raw.toString())
        : {};
    const what = `${request.method} ${decodeURIComponent(url.pathname.replace(/^\/api\/v1/, ""))}`;
    this.asked.push({ what, body });
    if (NEEDS_PRIVATE.test(what) && !this.hasPrivateApi) return refuse(response, 500, "iMessage Private API is not enabled!");
    this.#do(what, body, response);
  }

  async #readForm(raw: Buffer, type: string): Promise<Record<string, unknown>> {
    const form = await new Response(new Uint8Array(raw), { headers: { "content-type": type } }).formData();
    const file = form.get("attachment");
    if (file instanceof File) this.uploads.push({ name: file.name, bytes: Buffer.from(await file.arrayBuffer()) });
    return Object.fromEntries([...form].filter(([name]) => name !== "attachment"));
  }

  #do(what: string, body: Record<string, unknown>, response: ServerResponse): unknown {
    const file = /^GET \/attachment\/(.+)\/download$/.exec(what)?.[1];
    if (file !== undefined) {
      const found = this.files.get(file);
      if (found) response.writeHead(200).end(found);
      else refuse(response, 404, "Attachment does not exist!");
      return;
    }
    const chat = /^GET \/chat\/(.+)$/.exec(what)?.[1];
    if (chat !== undefined)
      return this.chats.has(chat) ? say(response, 200, { data: { guid: chat } }) : refuse(response, 404, "Chat does not exist!");
    if (what === "GET /server/info")
      return say(response, 200, {
        data: {
          private_api: this.hasPrivateApi,
          helper_connected: this.hasPrivateApi,
          detected_imessage: "skerry@example.org",
          server_version: "1.9.9",
        },
      });
    if (what === "POST /message/query") return this.#query(body, response);
    if (what === "POST /message/text" || what === "POST /message/attachment" || what === "POST /chat/new")
      return this.#send(what, body, response);
    if (what === "POST /message/react") {
      const { reaction, selectedMessageGuid: on } = body;
      if (!REACTIONS.includes(String(reaction).replace(/^-/, "")))
        return refuse(response, 400, "The selected reaction is invalid");
      if (!this.book.some(({ guid }) => guid === on)) return refuse(response, 400, "Selected message does not exist!");
      return say(response, 200, {
        data: { guid: this.#write({ text: null, isFromMe: true, chats: [{ guid: body["chatGuid"] }] }) },
      });
    }
    if (/\/edit$/.test(what) && (!body["editedMessage"] || !body["backwardsCompatibilityMessage"]))
      return refuse(response, 400, "The editedMessage field is required.");
    if (/^POST \/(message\/[^/]+\/(edit|unsend)|chat\/[^/]+\/(typing|read))$/.test(what)) return say(response, 200, { data: {} });
    refuse(response, 404, "Not found");
  }

  #query({ limit = 100, offset = 0, sort = "DESC", where = [] }: Record<string, unknown>, response: ServerResponse): unknown {
    if (Number(limit) < 1 || Number(limit) > 1000) return refuse(response, 400, "The limit may not be greater than 1000.");
    const [after] = where as { statement: string; args?: { row: number } }[];
    if (after && (after.args === undefined || after.statement !== "message.ROWID > :row")) return refuse(response, 400, "where");
    const rows = this.book.filter((one) => Number(one["originalROWID"]) > (after?.args?.row ?? -1));
    const sorted = rows.toSorted((a, b) => (Number(a["dateCreated"]) - Number(b["dateCreated"])) * (sort === "ASC" ? 1 : -1));
    const data = sorted.slice(Number(offset), Number(offset) + Number(limit));
    say(response, 200, { data, metadata: { offset, limit, total: rows.length, count: data.length } });
  }

  #send(what: string, body: Record<string, unknown>, response: ServerResponse): unknown {
    const { message, tempGuid, selectedMessageGuid, effectId, subject } = body;
    const isPrivate = body["method"] === "private-api" || selectedMessageGuid || effectId || subject;
    if (!isPrivate && !tempGuid) return refuse(response, 400, "A 'tempGuid' is required when sending via AppleScript");
    if (isPrivate && !this.hasPrivateApi) return refuse(response, 500, "iMessage Private API is not enabled!");
    if (what !== "POST /message/attachment" && !message) return refuse(response, 400, "A 'message' is required");
    if (what === "POST /message/attachment" && !body["name"]) return refuse(response, 400, "The name field is required.");
    const chat = what === "POST /chat/new" ? `iMessage;-;${(body["addresses"] as string[])[0]}` : String(body["chatGuid"]);
    if (what === "POST /chat/new") this.chats.add(chat);
    if (!this.chats.has(chat) && !chat.includes(";+;")) return refuse(response, 500, "Chat does not exist!");
    const guid = this.#write({ text: message ?? null, isFromMe: true, chats: [{ guid: chat }] });
    say(response, 200, { message: "Message sent!", data: { guid, tempGuid } });
  }
}

function say(response: ServerResponse, status: number, body: Record<string, unknown>): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ status, message: "Success", ...body }));
}

function refuse(response: ServerResponse, status: number, message: string): void {
  say(response, status, {
    message: "You've made a bad request! Please check your request params & body",
    error: { type: "Validation Error", message },
  });
}
