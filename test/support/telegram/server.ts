// Telegram's side for journeys: its Bot API on 127.0.0.1, as strict as the real one about what a bot may send, and what its
// chats show. It can refuse, ask for patience, and be out of reach.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readHtml } from "./html.ts";

export interface ShownMessage {
  id: number;
  /** As it came, tags included. */
  text: string;
  isHtml: boolean;
  /** Texts it had before. */
  earlier: string[];
  replyTo?: number;
  thread?: number;
  /** Name of the method, for files. */
  kind: string;
  fileName?: string;
  /** The files as they came, by name. */
  files: { name: string; bytes: Uint8Array }[];
  /** Labels and what a press says. */
  buttons: { text: string; callback_data: string }[][];
  poll?: { id: string; question: string; options: string[] };
}

export interface ApiCall {
  method: string;
  params: Record<string, unknown>;
  at: number;
  /** As answered; 0: cut off. */
  status: number;
}

/** `isDone`: it is carried out all the same, only the answer does not come back. */
export interface Fault {
  method: string;
  status?: number;
  /** Telegram's own words, where they matter. */
  description?: string;
  retryAfter?: number;
  isCut?: boolean;
  isDone?: boolean;
  times?: number;
}

interface Answered {
  status: number;
  body: Record<string, unknown>;
}

const LIMIT = 4096;
const CAPTION_LIMIT = 1024;

export class TelegramServer {
  readonly token = "7000000001:AAtest-token-of-the-bot-0123456789abc";
  readonly bot = { id: 7_000_000_001, is_bot: true, first_name: "Skerry", username: "skerry_test_bot" };
  readonly calls: ApiCall[] = [];
  webhook: { url: string; secret_token?: string } = { url: "" };
  menu: { command: string; description: string }[] = [];
  readonly #chats = new Map<string, ShownMessage[]>();
  readonly #reactions = new Map<string, string[]>();
  readonly #files = new Map<string, { path: string; bytes: Uint8Array }>();
  readonly #faults: Fault[] = [];
  #server: Server;
  #port = 0;
  #lastMessage = 100;
  #lastUpdate = 50_000;

  private constructor() {
    this.#server = this.#makeServer();
  }

  static async start(): Promise<TelegramServer> {
    const made = new TelegramServer();
    await made.comeUp();
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What the bot's messages in a chat show now, oldest first. */
  shown(chat: number | string): ShownMessage[] {
    return this.#chats.get(String(chat)) ?? [];
  }

  texts(chat: number | string): string[] {
    return this.shown(chat).map(({ text }) => text);
  }

  callsOf(method: string, chat?: number | string): ApiCall[] {
    return this.calls.filter(
      (call) => call.method === method && (chat === undefined || String(call.params["chat_id"]) === String(chat)),
    );
  }

  /** The bot's reactions to a message, as they are now. */
  reactions(chat: number, message: number): string[] {
    return this.#reactions.get(`${chat}/${message}`) ?? [];
  }

  fail(fault: Fault): void {
    this.#faults.push({ times: 1, ...fault });
  }

  addFile(path: string, bytes: Uint8Array): { file_id: string; file_unique_id: string; file_size: number } {
    const id = `file_${this.#files.size + 1}`;
    this.#files.set(id, { path, bytes });
    return { file_id: id, file_unique_id: `u${id}`, file_size: bytes.length };
  }

  nextMessageId(): number {
    this.#lastMessage += 1;
    return this.#lastMessage;
  }

  nextUpdateId(): number {
    this.#lastUpdate += 1;
    return this.#lastUpdate;
  }

  /** Out of reach: every connection is refused. */
  async goDown(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async comeUp(): Promise<void> {
    this.#server = this.#makeServer();
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", resolve);
    });
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    return this.#server.listening ? this.goDown() : Promise.resolve();
  }

  #makeServer(): Server {
    return createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        response.writeHead(500).end(JSON.stringify({ ok: false, error_code: 500, description: String(error) }));
      });
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    const params = await readParams(request);
    const file = path.startsWith(`/file/bot${this.token}/`) ? path.slice(`/file/bot${this.token}/`.length) : undefined;
    if (file !== undefined) {
      const found = [...this.#files.values()].find((known) => known.path === file);
      response.writeHead(found ? 200 : 404, { "content-type": "application/octet-stream" }).end(found?.bytes);
      return;
    }
    const method = path.slice(path.lastIndexOf("/") + 1);
    const call: ApiCall = { method, params, at: Date.now(), status: 0 };
    this.calls.push(call);
    const fault = this.#takeFault(method);
    const isKnown = path === `/bot${this.token}/${method}`;
    const answered =
      fault && !fault.isDone ? failure(fault) : isKnown ? this.#perform(method, params) : refuse(401, "Unauthorized");
    if (fault?.isCut) {
      response.destroy();
      return;
    }
    const { status, body } = fault ? failure(fault) : answered;
    call.status = status;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }

  #takeFault(method: string): Fault | undefined {
    const fault = this.#faults.find((one) => one.method === method && (one.times ?? 1) > 0);
    if (fault) fault.times = (fault.times ?? 1) - 1;
    return fault;
  }

  #perform(method: string, params: Record<string, unknown>): Answered {
    const chat = String(params["chat_id"] ?? "");
    switch (method) {
      case "getMe":
        return accept(this.bot);
      case "sendMessage":
        return this.#send(chat, params, "text", LIMIT);
      case "sendPhoto":
      case "sendDocument":
      case "sendVideo":
      case "sendAudio":
      case "sendVoice":
        return this.#send(chat, { ...params, text: params["caption"] ?? "" }, method, CAPTION_LIMIT);
      case "sendPoll":
        return this.#sendPoll(chat, params);
      case "sendMediaGroup":
        return this.#sendAlbum(chat, params);
      case "editMessageText":
        return this.#edit(chat, params);
      case "deleteMessage":
        return this.#delete(chat, Number(params["message_id"]));
      case "sendChatAction":
        return accept(true);
      case "setMessageReaction": {
        const emojis = (params["reaction"] as { emoji: string }[] | undefined) ?? [];
        this.#reactions.set(
          `${chat}/${params["message_id"]}`,
          emojis.map(({ emoji }) => emoji),
        );
        return accept(true);
      }
      case "getFile": {
        const found = this.#files.get(String(params["file_id"]));
        return found ? accept({ file_id: params["file_id"], file_path: found.path }) : refuse(400, "Bad Request: wrong file_id");
      }
      case "setWebhook":
        this.webhook = { url: String(params["url"]), secret_token: String(params["secret_token"] ?? "") };
        return accept(true);
      case "deleteWebhook":
        this.webhook = { url: "" };
        return accept(true);
      case "getWebhookInfo":
        return accept({ url: this.webhook.url, has_custom_certificate: false, pending_update_count: 0 });
      case "setMyCommands":
        this.menu = params["commands"] as TelegramServer["menu"];
        return accept(true);
      default:
        return refuse(404, "Not Found");
    }
  }

  #send(chat: string, params: Record<string, unknown>, kind: string, limit: number): Answered {
    const refusal = refuseText(params, kind !== "text", limit);
    if (refusal) return refusal;
    const reply = params["reply_parameters"] as { message_id: number } | undefined;
    const message: ShownMessage = {
      id: this.nextMessageId(),
      text: String(params["text"]),
      isHtml: params["parse_mode"] === "HTML",
      earlier: [],
      kind,
      files: filesOf(params),
      buttons: (params["reply_markup"] as { inline_keyboard?: ShownMessage["buttons"] } | undefined)?.inline_keyboard ?? [],
      ...(reply ? { replyTo: reply.message_id } : {}),
      ...(params["message_thread_id"] === undefined ? {} : { thread: Number(params["message_thread_id"]) }),
      ...(filesOf(params)[0] ? { fileName: filesOf(params)[0]?.name ?? "" } : {}),
    };
    if (message.buttons.flat().some(({ callback_data }) => Buffer.byteLength(callback_data) > 64))
      return refuse(400, "Bad Request: BUTTON_DATA_INVALID");
    this.#chats.set(chat, [...this.shown(chat), message]);
    return accept(this.#view(chat, message));
  }

  #sendPoll(chat: string, params: Record<string, unknown>): Answered {
    const question = String(params["question"] ?? "");
    const options = (params["options"] as { text: string }[] | undefined)?.map(({ text }) => text) ?? [];
    if (question === "" || question.length > 300) return refuse(400, "Bad Request: poll question must be 1-300 characters");
    if (options.length < 2 || options.length > 12 || options.some((text) => text === "" || text.length > 100))
      return refuse(400, "Bad Request: poll must have 2-12 options of 1-100 characters");
    const sent = this.#send(chat, { ...params, text: question }, "sendPoll", 300);
    const message = this.shown(chat).at(-1);
    if (message) message.poll = { id: `poll_${message.id}`, question, options };
    return sent;
  }

  #sendAlbum(chat: string, params: Record<string, unknown>): Answered {
    const media = (params["media"] as { type: string; media: string; caption?: string; parse_mode?: string }[] | undefined) ?? [];
    if (media.length < 2 || media.length > 10) return refuse(400, "Bad Request: album must have 2-10 items");
    const kinds = new Set(media.map(({ type }) => (type === "photo" || type === "video" ? "gallery" : type)));
    if (kinds.size > 1) return refuse(400, "Bad Request: documents and pictures can't be mixed in an album");
    const answers = media.map(({ type, media: where, ...more }) => {
      const field = where.replace(/^attach:\/\//, "");
      const files = { [field]: params[field] };
      const { thread, reply } = { thread: params["message_thread_id"], reply: params["reply_parameters"] };
      return this.#send(
        chat,
        { ...files, ...more, text: more.caption ?? "", message_thread_id: thread, reply_parameters: reply },
        `album:${type}`,
        CAPTION_LIMIT,
      );
    });
    const refused = answers.find(({ status }) => status !== 200);
    return refused ?? accept(answers.map(({ body }) => body["result"]));
  }

  #edit(chat: string, params: Record<string, unknown>): Answered {
    const message = this.shown(chat).find(({ id }) => id === Number(params["message_id"]));
    if (!message) return refuse(400, "Bad Request: message to edit not found");
    const refusal = refuseText(params, false, LIMIT);
    if (refusal) return refusal;
    const text = String(params["text"]);
    if (text === message.text) {
      const same =
        "specified new message content and reply markup are exactly the same as a current content and reply markup of the message";
      return refuse(400, `Bad Request: message is not modified: ${same}`);
    }
    message.earlier.push(message.text);
    message.text = text;
    message.isHtml = params["parse_mode"] === "HTML";
    return accept(this.#view(chat, message));
  }

  #delete(chat: string, id: number): Answered {
    const left = this.shown(chat).filter((message) => message.id !== id);
    if (left.length === this.shown(chat).length) return refuse(400, "Bad Request: message to delete not found");
    this.#chats.set(chat, left);
    return accept(true);
  }

  #view(chat: string, { id, text }: ShownMessage) {
    const type = chat.startsWith("-") ? "supergroup" : "private";
    return { message_id: id, date: Math.floor(Date.now() / 1000), chat: { id: Number(chat), type }, from: this.bot, text };
  }
}

function refuseText(params: Record<string, unknown>, mayBeEmpty: boolean, limit: number): Answered | undefined {
  const text = String(params["text"] ?? "");
  const read = params["parse_mode"] === "HTML" ? readHtml(text) : { ok: true as const, shown: text };
  if (!read.ok) return refuse(400, read.description);
  if (read.shown.trim() === "" && !mayBeEmpty) return refuse(400, "Bad Request: message text is empty");
  return read.shown.length > limit ? refuse(400, "Bad Request: message is too long") : undefined;
}

function accept(result: unknown): Answered {
  return { status: 200, body: { ok: true, result } };
}

function refuse(status: number, description: string, parameters?: Record<string, unknown>): Answered {
  return { status, body: { ok: false, error_code: status, description, ...(parameters ? { parameters } : {}) } };
}

function failure({ status = 500, retryAfter, description }: Fault): Answered {
  if (description !== undefined) return refuse(status, description);
  return retryAfter === undefined
    ? refuse(status, status === 403 ? "Forbidden: bot was blocked by the user" : "Internal Server Error")
    : refuse(429, `Too Many Requests: retry after ${retryAfter}`, { retry_after: retryAfter });
}

/** JSON, or the fields of a form; a file stands there with its name and bytes. */
async function readParams(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/json")) return JSON.parse(body.toString("utf8")) as Record<string, unknown>;
  if (!type.startsWith("multipart/form-data")) return {};
  const form = await new Response(body, { headers: { "content-type": type } }).formData();
  const params: Record<string, unknown> = {};
  for (const [name, value] of form) {
    if (typeof value === "string") params[name] = /^[[{]/.test(value) ? JSON.parse(value) : value;
    else params[name] = { name: value.name, bytes: new Uint8Array(await value.arrayBuffer()) };
  }
  return params;
}

function filesOf(params: Record<string, unknown>): ShownMessage["files"] {
  const isFile = (value: unknown): value is ShownMessage["files"][number] =>
    typeof value === "object" && value !== null && "bytes" in value && value.bytes instanceof Uint8Array;
  return Object.values(params).filter(isFile);
}
