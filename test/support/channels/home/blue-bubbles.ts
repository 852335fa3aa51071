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
const NEEDS_PRIVATE = /^POST \/message\/react$|^(POST|DELETE) \/chat\/[^/]+\/typing$|^POST \/chat\/[^/]+\/read$/;

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
  /** Why Messages sends nothing. */
  sendFailure: string | undefined;
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
    if (given?.trim() !== this.password.trim())
      return say(response, 401, {
        message: "You are not authorized to access this resource",
        error: { type: "Authentication Error", message: given ? "Unauthorized" : "Missing server password!" },
      });
    const body = type.startsWith("multipart/form-data")
      ? await this.#readForm(raw, type)
      : raw.length > 0
        ? JSON.parse(raw.toString())
        : {};
    const what = `${request.method} ${decodeURIComponent(url.pathname.replace(/^\/api\/v1/, ""))}`;
    this.asked.push({ what, body });
    if (NEEDS_PRIVATE.test(what) && !this.hasPrivateApi) return refusePrivate(response);
    this.#do(what, body, response);
  }

  async #readForm(raw: Buffer, type: string): Promise<Record<string, unknown>> {
    const form = await new Response(new Uint8Array(raw), { headers: { "content-type": type } }).formData();
    const file = form.get("attachment");
    const fields = Object.fromEntries([...form].filter(([name]) => name !== "attachment"));
    if (!(file instanceof File)) return fields;
    const bytes = Buffer.from(await file.arrayBuffer());
    if (bytes.length > 0) this.uploads.push({ name: file.name, bytes });
    return { ...fields, ...(bytes.length > 0 ? { attachment: file.name } : {}) };
  }

  #do(what: string, body: Record<string, unknown>, response: ServerResponse): unknown {
    const file = /^GET \/attachment\/(.+)\/download$/.exec(what)?.[1];
    if (file !== undefined) {
      const found = this.files.get(file);
      if (found) response.writeHead(200, { "content-type": "application/octet-stream" }).end(found);
      else refuseUnknown(response, "Attachment does not exist!");
      return;
    }
    const [, changed, change] = /^POST \/message\/([^/]+)\/(edit|unsend)$/.exec(what) ?? [];
    if (changed !== undefined) return this.#change(changed, change === "edit" ? body : undefined, response);
    const message = /^GET \/message\/([^/]+)$/.exec(what)?.[1];
    if (message !== undefined) {
      const data = this.book.find(({ guid }) => guid === message);
      return data ? say(response, 200, { data }) : refuseUnknown(response, "Message does not exist!");
    }
    const chat = /^GET \/chat\/([^/]+)(\/message)?$/.exec(what);
    if (chat?.[1] !== undefined) return this.#tellChat(chat[1], chat[2] !== undefined, response);
    switch (what) {
      case "GET /ping":
        return say(response, 200, { message: "Ping received!", data: "pong" });
      case "GET /server/info":
        return say(response, 200, {
          data: {
            os_version: "14.5",
            private_api: this.hasPrivateApi,
            helper_connected: this.hasPrivateApi,
            detected_imessage: "skerry@example.org",
            server_version: "1.9.9",
          },
        });
      case "POST /message/query":
        return this.#query(body, response);
      case "POST /chat/query":
        return this.#queryChats(body, response);
      case "POST /chat/new":
        return this.#begin(body, response);
      case "POST /message/text":
      case "POST /message/attachment":
        return this.#send(what, body, response);
      case "POST /message/react":
        return this.#react(body, response);
      default:
        if (/^(POST|DELETE) \/chat\/[^/]+\/typing$|^POST \/chat\/[^/]+\/read$/.test(what))
          return say(response, 200, { message: "Successfully done!" });
        return refuseUnknown(response, "Not Found");
    }
  }

  #change(guid: string, edit: Record<string, unknown> | undefined, response: ServerResponse): unknown {
    if (edit && (!edit["editedMessage"] || !edit["backwardsCompatibilityMessage"]))
      return refuse(response, 400, "The editedMessage field is required.");
    if (!this.book.some((one) => one["guid"] === guid)) return refuse(response, 400, "Selected message does not exist!");
    if (!this.hasPrivateApi) return refusePrivate(response);
    const at = Date.now();
    this.change(guid, edit ? { text: edit["editedMessage"], dateEdited: at } : { dateEdited: at, dateRetracted: at });
    say(response, 200, { message: "Message edited!", data: this.book.find((one) => one["guid"] === guid) });
  }

  #tellChat(guid: string, isOfMessages: boolean, response: ServerResponse): unknown {
    if (!this.chats.has(guid)) return refuseUnknown(response, "Chat does not exist!");
    const messages = this.book.filter((one) => guidOfChat(one) === guid).toReversed();
    return say(response, 200, { data: isOfMessages ? messages.slice(0, 100) : chatAs(guid) });
  }

  #queryChats({ limit = 1000, offset = 0, sort }: Record<string, unknown>, response: ServerResponse): unknown {
    if (sort !== undefined && sort !== "lastmessage") return refuse(response, 400, "The selected sort is invalid.");
    if (Number(limit) < 1 || Number(limit) > 1000) return refuse(response, 400, "The limit may not be greater than 1000.");
    const data = [...this.chats].slice(Number(offset), Number(offset) + Number(limit)).map(chatAs);
    say(response, 200, { data, metadata: { count: data.length, total: this.chats.size, offset, limit } });
  }

  #react({ reaction, selectedMessageGuid: on, chatGuid }: Record<string, unknown>, response: ServerResponse): unknown {
    if (!chatGuid || !on) return refuse(response, 400, "The chatGuid field is required.");
    if (!REACTIONS.includes(String(reaction).replace(/^-/, "")))
      return refuse(response, 400, "The selected reaction is invalid.");
    if (!this.book.some(({ guid }) => guid === on)) return refuse(response, 400, "Selected message does not exist!");
    const guid = this.#write({ text: null, isFromMe: true, chats: [{ guid: chatGuid }] });
    return say(response, 200, { message: "Reaction sent!", data: this.book.find((one) => one["guid"] === guid) });
  }

  #query(body: Record<string, unknown>, response: ServerResponse): unknown {
    const { limit = 100, offset = 0, sort = "DESC", where = [], after: since = 0 } = body;
    if (Number(limit) < 1 || Number(limit) > 1000) return refuse(response, 400, "The limit may not be greater than 1000.");
    const [after] = where as { statement: string; args?: { row: number } }[];
    if (after && (after.args === undefined || after.statement !== "message.ROWID > :row")) return refuse(response, 400, "where");
    const isAfter = (one: Record<string, unknown>) =>
      Number(one["originalROWID"]) > (after?.args?.row ?? -1) && !(Number(one["dateCreated"]) < Number(since));
    const rows = this.book.filter(isAfter);
    const sorted = rows.toSorted((a, b) => (Number(a["dateCreated"]) - Number(b["dateCreated"])) * (sort === "ASC" ? 1 : -1));
    const data = sorted.slice(Number(offset), Number(offset) + Number(limit));
    say(response, 200, { data, metadata: { offset, limit, total: rows.length, count: data.length } });
  }

  /** Answers the chat, with the message that began it. */
  #begin(body: Record<string, unknown>, response: ServerResponse): unknown {
    const { addresses, message, method = "apple-script", service = "iMessage", tempGuid } = body;
    if (!Array.isArray(addresses) || addresses.length === 0) return refuse(response, 400, "The addresses field is required.");
    if (method === "private-api" && !this.hasPrivateApi) return refusePrivate(response);
    if (!message) return fail(response, "A message is required when creating chats on macOS Big Sur or newer!");
    if (addresses.length > 1 && method !== "private-api")
      return fail(response, "Cannot create group chats on macOS Big Sur or newer!");
    const chat = `${service};-;${addresses[0]}`;
    this.chats.add(chat);
    const guid = this.#write({ text: message, isFromMe: true, chats: [{ guid: chat }] });
    const messages = this.book.filter((one) => one["guid"] === guid).map((one) => ({ ...one, chats: [], tempGuid }));
    say(response, 200, { message: "Successfully created chat!", data: { ...chatAs(chat), messages } });
  }

  #send(what: string, body: Record<string, unknown>, response: ServerResponse): unknown {
    const { chatGuid, message, tempGuid, selectedMessageGuid, effectId, subject, ddScan } = body;
    const isFile = what === "POST /message/attachment";
    const isPrivate = body["method"] === "private-api" || selectedMessageGuid || effectId || subject || (ddScan && !isFile);
    if (typeof chatGuid !== "string") return refuse(response, 400, "The chatGuid field is required.");
    if (isFile && !body["name"]) return refuse(response, 400, "The name field is required.");
    if (!isPrivate && !tempGuid) return refuse(response, 400, "A 'tempGuid' is required when sending via AppleScript");
    if (!isFile && !message && !(isPrivate && subject))
      return refuse(response, 400, `A 'message' is required when sending via ${isPrivate ? "the Private API" : "AppleScript"}`);
    if (isFile && !body["attachment"]) return refuse(response, 400, "Attachment not provided or was empty!");
    if (isPrivate && !this.hasPrivateApi) return fail(response, "iMessage Private API is not enabled!");
    if (!this.chats.has(chatGuid) && !chatGuid.includes(";+;")) return fail(response, `Chat does not exist: ${chatGuid}`);
    if (this.sendFailure !== undefined) return fail(response, this.sendFailure);
    const guid = this.#write({ text: message ?? null, isFromMe: true, chats: [{ guid: chatGuid }] });
    say(response, 200, { message: "Message sent!", data: { ...this.book.find((one) => one["guid"] === guid), tempGuid } });
  }
}

function guidOfChat(message: Record<string, unknown>): unknown {
  return (message["chats"] as { guid: string }[] | undefined)?.[0]?.guid;
}

function chatAs(guid: string): Record<string, unknown> {
  const identifier = guid.split(";").at(-1) ?? "";
  const isGroup = guid.includes(";+;");
  return {
    originalROWID: 1,
    guid,
    style: isGroup ? 43 : 45,
    chatIdentifier: identifier,
    isArchived: false,
    displayName: "",
    participants: isGroup ? [] : [{ originalROWID: 1, address: identifier, service: guid.split(";")[0] }],
  };
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

function refuseUnknown(response: ServerResponse, message: string): void {
  say(response, 404, { message: "The requested resource was not found", error: { type: "Database Error", message } });
}

/** What Messages itself did not do. */
function fail(response: ServerResponse, message: string): void {
  say(response, 500, { message: "Message Send Error", error: { type: "iMessage Error", message } });
}

function refusePrivate(response: ServerResponse): void {
  say(response, 500, {
    message: "Please make sure you have completed the setup for the Private API, and your helper is connected!",
    error: { type: "iMessage Error", message: "iMessage Private API is not enabled!" },
  });
}
