// iMessage by the program imsg, on the Mac itself. What is new comes by one subscription from the row up to which it was read before, so that
// no break loses or doubles anything. Health, as docs/channels/imessage.md tells it: begun anew after it broke (standing.ts); imsg is asked
// once a minute and has to answer; when twice in a row the Mac's book has newer messages than the subscription told, the line is deaf and imsg is
// begun anew; what macOS does not allow is `refused`, and tried again every ten minutes.
import { copyFile, realpath, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import * as z from "zod";
import { INBOUND_LIFE_MS } from "../../../../contract/channels/at-home.ts";
import { HomeRefused } from "../../../../contract/errors.ts";
import type { Address } from "../../../../contract/message.ts";
import type { LineHost, OpenLine } from "../../driver.ts";
import { type Ended, Standing, surely } from "../../standing.ts";
import type { Refusal } from "../blue-bubbles.ts";
import { readNew, type Scene } from "../inbound.ts";
import { Notebook } from "../notebook.ts";
import { type ImsgMessage, readImsgMessage, rowIn } from "./message.ts";
import { deliver, targetOf } from "./outbound.ts";
import { ImsgProgram, readStatus } from "./program.ts";

export interface ImsgTempo {
  lookMs: number;
  answerMs: number;
  refusedMs: number;
  firstPauseMs: number;
  /** What the subscription did not tell for so long it does not tell. */
  lateMs: number;
}
const TEMPO: ImsgTempo = { lookMs: 60_000, answerMs: 30_000, refusedMs: 10 * 60_000, firstPauseMs: 1_000, lateMs: 20_000 };
const MOST_AT_ONCE = 50;
/** More waits in imsg's pipe. */
const MOST_WAITING = 500;
/** When a line that is being opened is worth asking again. */
const SOON_MS = 10_000;
/** Among the latest written chats is the newest row. */
const LATEST_CHATS = 5;

const chatList = z.object({ chats: z.array(z.object({ id: z.int(), last_message_at: z.string().catch("") })) });
const history = z.object({ messages: z.array(z.object({ id: z.int().min(0) })) });

export class ImsgLine implements OpenLine {
  readonly #host: LineHost;
  readonly #tempo: ImsgTempo;
  readonly #notebook: Notebook;
  readonly #standing: Standing;
  #program: ImsgProgram | undefined;
  #hasBridge = false;
  #waiting: unknown[] = [];
  #reading: Promise<void> = Promise.resolve();
  /** When the newest message was written of which the subscription told. */
  #newestAt = 0;
  #told = 0;
  #missed = 0;

  constructor(host: LineHost, tempo: Partial<ImsgTempo> = {}) {
    this.#host = host;
    this.#tempo = { ...TEMPO, ...tempo };
    this.#notebook = new Notebook(join(host.dir, "imessage.db"));
    this.#standing = new Standing({
      connect: (ending, stood) => this.#connect(ending, stood),
      tell: (news) => host.tell(news),
      maySay: () => true,
      now: host.now,
      firstPauseMs: this.#tempo.firstPauseMs,
    });
  }

  start(): void {
    this.#host.tell({ phase: "connecting" });
    this.#standing.start();
  }

  // ── What comes in ──

  async #connect(ending: AbortSignal, stood: () => void): Promise<Ended> {
    let found: Awaited<ReturnType<typeof readStatus>>;
    try {
      found = await readStatus(ending);
    } catch (error) {
      if (!(error instanceof HomeRefused)) throw error;
      return { phase: "refused", said: error.message, retryMs: this.#tempo.refusedMs };
    }
    if (ending.aborted) return { phase: "down", said: "The line was closed." };
    this.#hasBridge = found.hasBridge;
    const { promise: ended, resolve } = Promise.withResolvers<Ended>();
    const end = (said: string) => resolve({ phase: "down", said });
    ending.addEventListener("abort", () => end("The line was closed."), { once: true });
    const program = new ImsgProgram(found.path, {
      onMessage: (raw) => this.#take(raw, program, ending, end),
      onFailure: end,
    });
    void program.gone.then(end);
    let timer: NodeJS.Timeout | undefined;
    try {
      const opened = await Promise.race([this.#subscribe(program).then((refusal) => ({ refusal })), ended]);
      if ("phase" in opened) return opened;
      if (opened.refusal) return this.#endedBy(opened.refusal);
      this.#program = program;
      stood();
      const said = "imsg's bridge into Messages does not run: no reactions, replies, edits, typing or read marks.";
      this.#host.tell({ phase: "open", who: this.#notebook.own ?? "iMessage", ...(this.#hasBridge ? {} : { said }) });
      timer = setInterval(() => void this.#look(program, resolve), this.#tempo.lookMs);
      return await ended;
    } finally {
      clearInterval(timer);
      this.#program = undefined;
      await program.end();
      await this.#reading;
      this.#waiting = [];
    }
  }

  async #subscribe(program: ImsgProgram): Promise<Refusal | undefined> {
    const { answerMs } = this.#tempo;
    const chats = await program.request("chats.list", { limit: LATEST_CHATS }, answerMs);
    if (!chats.ok) return chats.refusal;
    const latest = chatList.safeParse(chats.value).data?.chats;
    if (!latest) return { kind: "refused", reason: "What answers as imsg is another program." };
    this.#newestAt = newestOf(latest);
    this.#missed = 0;
    if (this.#notebook.row === undefined) {
      // What was written before Skerry was there is no news.
      let row = 0;
      for (const { id } of latest) {
        const last = await program.request("messages.history", { chat_id: id, limit: 1 }, answerMs);
        if (!last.ok) return last.refusal;
        row = Math.max(row, ...(history.safeParse(last.value).data?.messages ?? []).map((one) => one.id));
      }
      this.#notebook.moveTo(row);
    }
    const { row = 0 } = this.#notebook;
    const wish = { attachments: true, include_reactions: true, debounce_ms: 250 };
    // 0 would mean: from now on.
    const answer = await program.request("watch.subscribe", { ...wish, since_rowid: row === 0 ? -1 : row }, answerMs);
    return answer.ok ? undefined : answer.refusal;
  }

  #endedBy({ kind, reason }: Refusal): Ended {
    if (kind === "owner" || kind === "refused") return { phase: "refused", said: reason, retryMs: this.#tempo.refusedMs };
    return { phase: "down", said: reason };
  }

  #take(raw: unknown, program: ImsgProgram, ending: AbortSignal, end: (said: string) => void): void {
    this.#told++;
    this.#waiting.push(raw);
    if (this.#waiting.length >= MOST_WAITING) program.hold(true);
    if (this.#waiting.length > 1) return;
    this.#reading = this.#reading
      .then(async () => {
        // What comes together is kept together.
        await new Promise((done) => setImmediate(done));
        while (this.#waiting.length > 0 && !ending.aborted) {
          const some = this.#waiting.slice(0, MOST_AT_ONCE);
          await this.#keep(some, ending);
          // More may have come meanwhile.
          this.#waiting = this.#waiting.slice(some.length);
          program.hold(false);
        }
      })
      .catch((error: unknown) => end(error instanceof Error ? error.message : String(error)));
  }

  async #keep(some: readonly unknown[], ending: AbortSignal): Promise<void> {
    const row = this.#notebook.row ?? 0;
    const fresh = some.filter((raw) => (rowIn(raw) ?? row) > row);
    const told = fresh.flatMap((raw) => readImsgMessage(raw) ?? []);
    for (const one of told) this.#note(one);
    const since = this.#host.now() - INBOUND_LIFE_MS;
    const inbound = told.flatMap(({ blue }) => (blue.dateCreated < since ? [] : readNew(blue, this.#scene())));
    for (let from = 0; from < inbound.length; from += MOST_AT_ONCE) {
      await surely(() => this.#host.hear(inbound.slice(from, from + MOST_AT_ONCE)), ending, this.#host.log);
    }
    this.#notebook.moveTo(Math.max(row, ...fresh.map((raw) => rowIn(raw) ?? 0)));
    const talks = new Map<string, Address>();
    for (const { kind, message } of inbound) {
      if (kind !== "message") continue;
      const text = message.parts.map((part) => part.text).join("\n");
      this.#notebook.note(message.id, message.from.peer, { text, author: message.sender.id, isOurs: false }, this.#host.now());
      if (message.from.kind !== "group") talks.set(message.from.peer, message.from);
    }
    for (const talk of talks.values()) this.#markRead(talk);
  }

  #note({ blue, paths, own }: ImsgMessage): void {
    this.#newestAt = Math.max(this.#newestAt, blue.dateCreated);
    for (const [handle, path] of paths) this.#notebook.noteFile(handle, path);
    if (own !== undefined && own !== this.#notebook.own) this.#notebook.noteOwn(own);
    if (!blue.isFromMe) return;
    const { guid: chat = "" } = blue.chats[0] ?? {};
    const peer = chat.includes(";-;") ? chat.slice(chat.indexOf(";-;") + 3) : chat;
    const [file] = blue.attachments;
    const text = (blue.text ?? "").replaceAll("\uFFFC", "").trim();
    this.#notebook.rename(peer, text === "" && file ? `[${file.transferName ?? ""}]` : text, blue.guid, this.#host.now());
  }

  #scene(): Scene {
    const { own } = this.#notebook;
    return {
      account: this.#host.account.account,
      ...(own === undefined ? {} : { own }),
      hearsSelf: this.#host.account.options["selfChat"] === true,
      find: (guid) => this.#notebook.find(guid),
      hasSaid: (peer, text) => this.#notebook.hasSaid(peer, text, this.#host.now()),
    };
  }

  /** Only where we have written: to a stranger nothing tells that somebody is here. */
  #markRead(from: Address): void {
    if (this.#host.account.options["readReceipts"] === false || !this.#hasBridge) return;
    if (this.#notebook.hasWritten(from.peer)) void this.#program?.request("read", targetOf(from), this.#tempo.answerMs);
  }

  // ── Health ──

  async #look(program: ImsgProgram, end: (ended: Ended) => void): Promise<void> {
    // It does one thing after the other: while it sends, it cannot answer.
    if (program.isBusy) return;
    const before = this.#told;
    const answer = await program.request("chats.list", { limit: LATEST_CHATS }, this.#tempo.answerMs);
    if (!answer.ok) return end(this.#endedBy(answer.refusal));
    const newest = newestOf(chatList.safeParse(answer.value).data?.chats ?? []);
    const isLate = newest > this.#newestAt && this.#host.now() - newest > this.#tempo.lateMs;
    this.#missed = isLate && this.#told === before && this.#waiting.length === 0 ? this.#missed + 1 : 0;
    if (this.#missed < 2) return;
    const said = "Messages came of which imsg did not tell: it is begun anew.";
    end({ phase: "deaf", said, retryMs: this.#tempo.firstPauseMs });
  }

  // ── What is asked of it ──

  async send(...[{ to, act }, files]: Parameters<OpenLine["send"]>): ReturnType<OpenLine["send"]> {
    const program = this.#program;
    if (!program) return { outcome: "unanswered", reason: this.#standing.trouble, retryAfterMs: SOON_MS };
    const { now, dir } = this.#host;
    const sender = { program, hasBridge: this.#hasBridge, notebook: this.#notebook, dir: join(dir, "lent"), now };
    return deliver({ to, act }, files, sender);
  }

  async fetchMedia(...[{ handle }, , path, maxBytes]: Parameters<NonNullable<OpenLine["fetchMedia"]>>) {
    const noted = this.#notebook.pathOf(handle);
    const [file, folder] = await Promise.all([
      noted === undefined ? undefined : realpath(noted).catch(() => undefined),
      realpath(join(homedir(), "Library/Messages")).catch(() => undefined),
    ]);
    if (file === undefined || folder === undefined)
      throw new HomeRefused("NOT_FOUND", "The Mac does not have the file any more.");
    if (!file.startsWith(`${folder}${sep}`)) throw new HomeRefused("NOT_FOUND", "The file is none of Messages'.");
    const { size } = await stat(file);
    if (size > maxBytes) throw new HomeRefused("NOT_FOUND", "The file is larger than this channel takes.");
    await copyFile(file, path);
    return {};
  }

  async close(): Promise<void> {
    await this.#standing.close();
    await this.#reading;
    this.#notebook.close();
    await rm(join(this.#host.dir, "lent"), { recursive: true, force: true });
  }
}

function newestOf(chats: readonly { last_message_at: string }[]): number {
  return Math.max(0, ...chats.map((one) => Date.parse(one.last_message_at)).filter((at) => !Number.isNaN(at)));
}
