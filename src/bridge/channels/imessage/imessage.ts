// iMessage by a BlueBubbles server on a Mac, or, where the address is the word imsg, by that program (imsg/line.ts). The server's events only
// say that there is something: what is new is always read from the Mac's own book of messages, by the row up to which it was read before,
// so that no break loses or doubles anything. Health, as docs/channels/imessage.md tells it: begun anew after it broke (standing.ts); the
// socket's own heartbeat ends one that is dead; the book is read once a minute also without an event, and when that finds twice in a row what
// no event told, the line is deaf and the socket is begun anew; a password that is not taken is `refused`, and tried again every ten minutes.
import { join } from "node:path";
import { INBOUND_LIFE_MS } from "../../../contract/channels/at-home.ts";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Driver, LineHost, OpenLine } from "../driver.ts";
import { type Ended, Standing, surely } from "../standing.ts";
import { type Web, webAt } from "../web.ts";
import { BlueBubbles, type Refusal, type ServerInfo } from "./blue-bubbles.ts";
import { ImsgLine, type ImsgTempo } from "./imsg/line.ts";
import { readChanged, readNew, type Scene } from "./inbound.ts";
import { readMessage, rowOf } from "./message.ts";
import { Notebook } from "./notebook.ts";
import { chatOf, deliver } from "./outbound.ts";

export interface IMessageTempo {
  readEveryMs: number;
  refusedMs: number;
  firstPauseMs: number;
  /** What no event told for so long was not told. */
  lateMs: number;
}
const TEMPO: IMessageTempo = { readEveryMs: 60_000, refusedMs: 10 * 60_000, firstPauseMs: 1_000, lateMs: 20_000 };
const MOST_AT_ONCE = 50;
/** When a line that is being opened is worth asking again. */
const SOON_MS = 10_000;

type SocketClient = typeof import("socket.io-client");

export function imessageDriver(tempo: Partial<IMessageTempo & ImsgTempo> = {}): Driver {
  return {
    channel: "imessage",
    async open(host) {
      const { BLUEBUBBLES_URL: url = "", BLUEBUBBLES_PASSWORD: password = "" } = host.account.keys;
      if (url.trim().toLowerCase() === "imsg") {
        const line = new ImsgLine(host, tempo);
        line.start();
        return line;
      }
      const web = webAt(url, "BLUEBUBBLES_URL");
      if (password === "")
        throw new HomeRefused("INVALID_REQUEST", "BLUEBUBBLES_PASSWORD is missing; BlueBubbles shows it in its settings.");
      const line = new IMessageLine(host, web, password, { ...TEMPO, ...tempo });
      line.start();
      return line;
    },
  };
}

export const imessage: Driver = imessageDriver();

class IMessageLine implements OpenLine {
  readonly #host: LineHost;
  readonly #web: Web;
  readonly #password: string;
  readonly #tempo: IMessageTempo;
  readonly #server: BlueBubbles;
  readonly #notebook: Notebook;
  readonly #standing: Standing;
  #info: ServerInfo = { hasPrivateApi: false };
  #reading: Promise<void> = Promise.resolve();
  #isAskedAgain = false;
  #missed = 0;

  constructor(host: LineHost, web: Web, password: string, tempo: IMessageTempo) {
    this.#host = host;
    this.#web = web;
    this.#password = password;
    this.#tempo = tempo;
    this.#server = new BlueBubbles(web, password);
    this.#notebook = new Notebook(join(host.dir, "imessage.db"));
    this.#standing = new Standing({
      connect: (ending, stood) => this.#connect(ending, stood),
      tell: (news) => host.tell(news),
      maySay: () => true,
      now: host.now,
      firstPauseMs: tempo.firstPauseMs,
    });
  }

  start(): void {
    this.#host.tell({ phase: "connecting" });
    this.#standing.start();
  }

  // ── What comes in ──

  async #connect(ending: AbortSignal, stood: () => void): Promise<Ended> {
    const info = await this.#server.info();
    if (!info.ok) return this.#endedBy(info.refusal);
    this.#info = info.value;
    if (this.#notebook.row === undefined) {
      // What was written before Skerry was there is no news.
      const last = await this.#server.lastRow();
      if (!last.ok) return this.#endedBy(last.refusal);
      this.#notebook.moveTo(last.value);
    }
    const { io } = (await this.#host.load("socket.io-client")) as SocketClient;
    const at = this.#web.url("");
    const socket = io(at.origin, {
      path: `${at.pathname.replace(/\/$/, "")}/socket.io`,
      query: { password: this.#password },
      extraHeaders: this.#web.headers,
      transports: ["websocket", "polling"],
      reconnection: false,
      forceNew: true,
    });
    const { promise: ended, resolve } = Promise.withResolvers<Ended>();
    ending.addEventListener("abort", () => resolve({ phase: "down", said: "The line was closed." }), { once: true });
    socket.on("connect", () => {
      stood();
      this.#missed = 0;
      this.#host.tell({ phase: "open", who: this.#info.own ?? "iMessage", ...this.#limits() });
      this.#read(resolve, ending, true);
    });
    socket.on("connect_error", () =>
      resolve({ phase: "down", said: "The BlueBubbles server does not take the line for its events." }),
    );
    socket.on("disconnect", (reason) => resolve({ phase: "down", said: `The BlueBubbles server ended the line (${reason}).` }));
    socket.on("new-message", () => this.#read(resolve, ending, true));
    socket.on("updated-message", (raw: unknown) => this.#hearChange(raw, ending));
    const timer = setInterval(() => this.#read(resolve, ending, false), this.#tempo.readEveryMs);
    try {
      return await ended;
    } finally {
      clearInterval(timer);
      socket.removeAllListeners();
      socket.disconnect();
    }
  }

  #limits(): { said?: string } {
    if (this.#info.hasPrivateApi) return {};
    return { said: "BlueBubbles' private API is off: no reactions, replies, edits, typing or read marks." };
  }

  #endedBy({ kind, reason }: Refusal): Ended {
    if (kind === "owner" || kind === "refused") return { phase: "refused", said: reason, retryMs: this.#tempo.refusedMs };
    return { phase: "down", said: reason };
  }

  /** One reading after the other; what is asked for meanwhile is one more. */
  #read(end: (ended: Ended) => void, ending: AbortSignal, isTold: boolean): void {
    if (this.#isAskedAgain) return;
    this.#isAskedAgain = true;
    this.#reading = this.#reading.then(async () => {
      this.#isAskedAgain = false;
      if (ending.aborted) return;
      try {
        const late = await this.#readNew(ending);
        if (typeof late !== "number") return end(this.#endedBy(late));
        this.#missed = isTold ? 0 : late > 0 ? this.#missed + 1 : this.#missed;
        if (this.#missed < 2) return;
        end({
          phase: "deaf",
          said: "Messages came of which no event told: the line is opened anew.",
          retryMs: this.#tempo.firstPauseMs,
        });
      } catch (error) {
        end({ phase: "down", said: error instanceof Error ? error.message : String(error) });
      }
    });
  }

  /** Answers how many came longer ago than an event takes. */
  async #readNew(ending: AbortSignal): Promise<number | Refusal> {
    const answer = await this.#server.messagesAfter(this.#notebook.row ?? 0, this.#host.now() - INBOUND_LIFE_MS);
    if (!answer.ok) return answer.refusal;
    const rows = answer.value.flatMap((raw) => {
      const row = rowOf(raw);
      return row === undefined ? [] : [{ row, raw }];
    });
    rows.sort((a, b) => a.row - b.row);
    let late = 0;
    for (let from = 0; from < rows.length; from += MOST_AT_ONCE) {
      const some = rows.slice(from, from + MOST_AT_ONCE);
      const told = some.flatMap(({ raw }) => readMessage(raw) ?? []);
      const inbound = told.flatMap((one) => readNew(one, this.#scene()));
      if (inbound.length > 0) await surely(() => this.#host.hear(inbound), ending, this.#host.log);
      this.#notebook.moveTo(some.at(-1)?.row ?? 0);
      late += told.filter(({ dateCreated, isFromMe }) => !isFromMe && this.#host.now() - dateCreated > this.#tempo.lateMs).length;
      const talks = new Map<string, string>();
      for (const { kind, message } of inbound) {
        if (kind !== "message") continue;
        const text = message.parts.map((part) => part.text).join("\n");
        const noted = { text, author: message.sender.id, isOurs: false };
        this.#notebook.note(message.id, message.from.peer, noted, this.#host.now());
        if (message.from.kind !== "group") talks.set(message.from.peer, chatOf(message.from));
      }
      for (const [peer, chat] of talks) this.#markRead(peer, chat);
    }
    return late;
  }

  #hearChange(raw: unknown, ending: AbortSignal): void {
    const told = readMessage(raw);
    // What is not read yet is read as it is now.
    if (!told || told.originalROWID > (this.#notebook.row ?? 0)) return;
    const inbound = readChanged(told, this.#scene());
    if (inbound.length === 0) return;
    this.#reading = this.#reading
      .then(() => surely(() => this.#host.hear(inbound), ending, this.#host.log))
      .catch((error: unknown) => this.#host.log(`A change could not be kept: ${String(error)}`, true));
  }

  #scene(): Scene {
    return {
      account: this.#host.account.account,
      ...(this.#info.own === undefined ? {} : { own: this.#info.own }),
      hearsSelf: this.#host.account.options["selfChat"] === true,
      find: (guid) => this.#notebook.find(guid),
      hasSaid: (peer, text) => this.#notebook.hasSaid(peer, text, this.#host.now()),
    };
  }

  /** Only where we have written: to a stranger nothing tells that somebody is here. */
  #markRead(peer: string, chat: string): void {
    if (this.#host.account.options["readReceipts"] === false || !this.#info.hasPrivateApi) return;
    if (this.#notebook.hasWritten(peer)) void this.#server.ask("POST", `/chat/${encodeURIComponent(chat)}/read`, {});
  }

  // ── What is asked of it ──

  async send(...[{ to, act }, files]: Parameters<OpenLine["send"]>): ReturnType<OpenLine["send"]> {
    if (!this.#standing.isOpen) return { outcome: "unanswered", reason: this.#standing.trouble, retryAfterMs: SOON_MS };
    return deliver({ to, act }, files, { server: this.#server, info: this.#info, notebook: this.#notebook, now: this.#host.now });
  }

  async fetchMedia(...[{ handle }, , path, maxBytes]: Parameters<NonNullable<OpenLine["fetchMedia"]>>) {
    const answer = await this.#server.download(handle, path, maxBytes);
    if (answer.ok) return {};
    const { kind, reason } = answer.refusal;
    throw new HomeRefused(kind === "missing" || kind === "refused" ? "NOT_FOUND" : "UNAVAILABLE", reason);
  }

  async close(): Promise<void> {
    await this.#standing.close();
    await this.#reading;
    this.#notebook.close();
  }
}
