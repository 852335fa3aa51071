// The standing connection of one account, and how it is. It is made anew after 1 s, doubled up to a minute, a quarter more or less; at once
// when WhatsApp asks for that. Three clocks watch it: 90 s without a frame; 60 s in which a deciphered message was not given to us, or WhatsApp's
// backlog did not end; four hours in which nothing but answers to our pings came. Each makes it anew. A link that is gone, an account that
// is blocked or a link that another program took is said to its owner, and not tried again.
import type { AuthenticationCreds, ConnectionState, WAVersion } from "@whiskeysockets/baileys";
import { HomeRefused } from "../../../contract/errors.ts";
import type { LineHost } from "../driver.ts";
import { type DeviceKeys, isLinked, openKeys } from "./auth.ts";
import type { Journal } from "./journal.ts";
import { type Library, SILENT, type Socket } from "./library.ts";
import type { WhatsAppMemory } from "./memory.ts";
import { judgeEnd, pauseBefore } from "./why.ts";
import { digitsOf, userOf } from "./words/jid.ts";

export interface ConnectionRequest {
  host: LineHost;
  library: Library;
  memory: WhatsAppMemory;
  journal: Journal;
  /** Where WhatsApp is, when it is not WhatsApp's own. */
  address?: string;
  settings: Pick<Parameters<Library["makeWASocket"]>[0], "getMessage" | "cachedGroupMetadata">;
  /** A new one, before anything came by it. */
  onSocket(socket: Socket): void;
  onOpen(socket: Socket): void;
}

const LOOK_EVERY_MS = 10_000;
const SILENT_MS = 90_000;
const OWED_MS = 60_000;
const QUIET_MS = 4 * 3_600_000;
/** A connection that stood for so long begins anew with the shortest pause. */
const STOOD_MS = 60_000;
const MOST_SOON = 3;
const FIRST_QR_MS = 60_000;
const NEXT_QR_MS = 20_000;
const CODE_MS = 160_000;
const SHOW_MS = 15_000;
const UNLINKED = "Not linked yet. Link it under Control, Channels, or with `skerry channels login whatsapp`.";

export class Connection {
  readonly #request: ConnectionRequest;
  readonly #waiting = new Set<() => void>();
  #keys: DeviceKeys;
  #socket: Socket | undefined;
  #isOpen = false;
  #isClosed = false;
  #attempt = 0;
  /** How often it was made anew at once, since it last stood. */
  #soon = 0;
  #timer: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #version: WAVersion | undefined;
  /** What is shown while the account is being linked. */
  #linking: { phone?: string; shown: number } | undefined;
  #said = UNLINKED;

  constructor(request: ConnectionRequest) {
    this.#request = request;
    this.#keys = openKeys(request.library, request.memory);
  }

  get creds(): AuthenticationCreds {
    return this.#keys.state.creds;
  }

  /** Why it is not up. */
  get said(): string {
    return this.#said;
  }

  start(): void {
    if (isLinked(this.creds)) this.#connect();
    else this.#tell("unlinked", UNLINKED);
  }

  /** The open socket, waited for; undefined: it is not up in time, or will not be without the owner. */
  async whenOpen(ms: number): Promise<Socket | undefined> {
    for (const endAt = Date.now() + ms; ; ) {
      if (this.#isOpen) return this.#socket;
      const left = endAt - Date.now();
      if (left <= 0 || this.#isClosed || (!this.#socket && !this.#timer)) return undefined;
      await this.#change(left);
    }
  }

  /** Something is not as it should be: a new connection finds out. */
  renew(phase: "deaf" | "down", said: string): void {
    const socket = this.#socket;
    if (!socket) return;
    this.#drop();
    this.#tell(phase, said);
    this.#again(phase === "deaf" ? 0 : this.#attempt);
  }

  async link({ phone, isAnew }: { phone?: string; isAnew: boolean }): Promise<void> {
    const { host } = this.#request;
    const own = digitsOf(host.account.keys["WHATSAPP_NUMBER"]);
    if (phone !== undefined && digitsOf(phone) !== own) {
      throw new HomeRefused(
        "INVALID_REQUEST",
        `The number given for this account is +${own}; link that one, or change the number first.`,
      );
    }
    if (this.#isOpen) return;
    if (isLinked(this.creds) && !isAnew) {
      this.#drop();
      this.#connect();
      return;
    }
    if (this.#linking && !isAnew && this.#linking.phone === phone && this.#socket) return;
    this.#drop();
    this.#renewKeys();
    this.#linking = { shown: 0, ...(phone === undefined ? {} : { phone: own }) };
    this.#connect();
    for (const endAt = Date.now() + SHOW_MS; this.#linking && this.#linking.shown === 0 && Date.now() < endAt; ) {
      await this.#change(endAt - Date.now());
    }
  }

  async unlink(): Promise<void> {
    const socket = this.#isOpen ? this.#socket : undefined;
    this.#socket = undefined;
    await socket?.logout().catch(() => undefined);
    this.#drop();
    this.#forget(UNLINKED);
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  // ── One socket ──

  #connect(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { library, address, journal, settings, onSocket } = this.#request;
    if (!this.#linking) this.#tell("connecting", "Connecting to WhatsApp.");
    const keys = this.#keys;
    const socket = library.makeWASocket({
      ...settings,
      auth: keys.state,
      logger: SILENT,
      makeSignalRepository: journal.makeRepository,
      // The phone goes on ringing for its owner.
      markOnlineOnConnect: false,
      syncFullHistory: false,
      // Numbers behind lids come with the first batch; talks of the past are nobody's business here.
      shouldSyncHistoryMessage: ({ syncType }) => syncType === 0 || syncType === 4 || syncType === 5,
      shouldIgnoreJid: (jid) => /@(broadcast|newsletter|bot)$/.test(jid),
      emitOwnEvents: false,
      ...(this.#version ? { version: this.#version } : {}),
      ...(address === undefined ? {} : { waWebSocketUrl: address }),
    });
    this.#socket = socket;
    const isNow = () => this.#socket === socket;
    socket.ev.on("creds.update", () => {
      if (isNow() || this.#keys === keys) keys.save();
    });
    socket.ev.on("connection.update", (update) => {
      if (isNow()) this.#hear(socket, update);
    });
    socket.ws.on("CB:message", (node) => journal.see(node));
    this.#watchOver(socket);
    onSocket(socket);
  }

  #hear(socket: Socket, update: Partial<ConnectionState>): void {
    if (update.qr !== undefined) void this.#show(socket, update.qr);
    if (update.isNewLogin)
      this.#request.memory.putSecrets([{ kind: "line", id: "linkedAt", body: String(this.#request.host.now()) }]);
    if (update.connection === "open") this.#opened(socket);
    if (update.connection === "close") {
      const error = update.lastDisconnect?.error;
      this.#ended(codeOf(error), error?.message ?? "");
    }
  }

  async #show(socket: Socket, qr: string): Promise<void> {
    const linking = this.#linking;
    if (!linking) return;
    const { host } = this.#request;
    const first = linking.shown++ === 0;
    if (linking.phone === undefined) {
      const until = host.now() + (first ? FIRST_QR_MS : NEXT_QR_MS);
      const said = "On the phone: WhatsApp, Settings, Linked devices, Link a device; scan the code.";
      host.tell({ phase: "linking", said, link: { kind: "qr", text: qr, until } });
      this.#wake();
      return;
    }
    if (!first) return;
    try {
      const code = await socket.requestPairingCode(linking.phone);
      const said =
        "On the phone: WhatsApp, Settings, Linked devices, Link a device, Link with phone number instead; type the code.";
      const text = `${code.slice(0, 4)}-${code.slice(4)}`;
      host.tell({ phase: "linking", said, link: { kind: "code", text, until: host.now() + CODE_MS } });
      this.#wake();
    } catch (error) {
      this.#ended(undefined, error instanceof Error ? error.message : String(error));
    }
  }

  #opened(socket: Socket): void {
    const { host, onOpen } = this.#request;
    const number = userOf(this.creds.me?.id);
    const wanted = digitsOf(host.account.keys["WHATSAPP_NUMBER"]);
    // Some countries' numbers are longer at WhatsApp than on paper.
    if (number.slice(-8) !== wanted.slice(-8)) {
      void this.#refuseNumber(number, wanted);
      return;
    }
    this.#linking = undefined;
    this.#isOpen = true;
    const openedAt = Date.now();
    setTimeout(() => {
      if (this.#socket === socket && Date.now() - openedAt >= STOOD_MS) this.#attempt = this.#soon = 0;
    }, STOOD_MS + 10).unref();
    host.tell({ phase: "open", who: `+${number}` });
    this.#wake();
    onOpen(socket);
  }

  /** Whoever scanned it with another phone finds no device left behind there. */
  async #refuseNumber(number: string, wanted: string): Promise<void> {
    const said = `The phone that was linked is +${number}, but the number given is +${wanted}. Give +${number} as WHATSAPP_NUMBER, or link the phone of +${wanted}.`;
    if (!this.#linking) {
      this.#drop();
      return this.#tell("refused", said);
    }
    const socket = this.#socket;
    this.#socket = undefined;
    await socket?.logout().catch(() => undefined);
    this.#drop();
    this.#forget(said);
  }

  #ended(code: number | undefined, reason: string): void {
    this.#drop();
    if (this.#isClosed) return;
    const verdict = judgeEnd(code, reason);
    if (!isLinked(this.creds)) {
      const why = code === 408 ? "The code ran out before it was used." : `Linking did not go through: ${verdict.said}`;
      this.#forget(`${why} Begin again under Control, Channels, or with \`skerry channels login whatsapp\`.`);
    } else if (verdict.is === "again") {
      // One that asks for it again and again is not obeyed without end.
      if (verdict.soon && this.#soon++ < MOST_SOON) this.#connect();
      else {
        this.#tell("down", `${verdict.said} It is tried again by itself.`);
        this.#again(this.#attempt++);
      }
    } else if (verdict.is === "renew") void this.#renewVersion(verdict.said);
    else if (verdict.is === "unlinked") this.#forget(verdict.said);
    else this.#tell("refused", verdict.said);
  }

  /** WhatsApp's page tells the number of its present client. */
  async #renewVersion(said: string): Promise<void> {
    if (this.#version) return this.#tell("refused", `${said} Update Skerry on this machine.`);
    this.#tell("down", `${said} Its present number is looked up.`);
    const { version, isLatest } = await this.#request.library.fetchLatestWaWebVersion({ signal: AbortSignal.timeout(SHOW_MS) });
    if (!isLatest) return this.#tell("refused", `${said} Update Skerry on this machine.`);
    this.#version = version;
    this.#again(this.#attempt++);
  }

  #again(attempt: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => this.#connect(), pauseBefore(attempt, Math.random()));
  }

  /** The keys are worth nothing any more. */
  #forget(said: string): void {
    this.#renewKeys();
    this.#linking = undefined;
    this.#tell("unlinked", said);
  }

  #renewKeys(): void {
    this.#keys.retire();
    this.#keys = openKeys(this.#request.library, this.#request.memory, true);
  }

  // ── How it is ──

  #watchOver(socket: Socket): void {
    const { journal } = this.#request;
    const beganAt = Date.now();
    let frameAt = beganAt;
    let stanzaAt = beganAt;
    let isCaughtUp = false;
    socket.ws.on("frame", () => {
      frameAt = Date.now();
    });
    for (const kind of ["message", "receipt", "notification", "call"]) {
      socket.ws.on(`CB:${kind}`, () => {
        stanzaAt = Date.now();
      });
    }
    socket.ev.on("connection.update", ({ receivedPendingNotifications }) => {
      isCaughtUp ||= receivedPendingNotifications ?? false;
    });
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      if (this.#socket !== socket || !isLinked(this.creds)) return;
      const now = Date.now();
      if (now - frameAt > SILENT_MS) return this.renew("down", "WhatsApp has gone silent; the connection is made anew.");
      if (!this.#isOpen) return;
      const { owedSince = now } = journal;
      const isStuck = now - owedSince > OWED_MS || (!isCaughtUp && now - beganAt > OWED_MS);
      if (isStuck) return this.renew("deaf", "The connection stands, but messages do not come through; it is made anew.");
      if (now - stanzaAt > QUIET_MS)
        this.renew("deaf", "Nothing has come for four hours; the connection is made anew to be sure.");
    }, LOOK_EVERY_MS);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#timer = undefined;
    this.#request.journal.leaveBehind();
    void socket?.end(undefined).catch(() => undefined);
    this.#wake();
  }

  #tell(phase: "unlinked" | "connecting" | "deaf" | "down" | "refused", said: string): void {
    this.#said = said;
    this.#request.host.tell({ phase, said });
    this.#wake();
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  async #change(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
    this.#waiting.delete(resolve);
  }
}

/** WhatsApp may name a device that was taken off by the kind of its conflict alone, which the library reads as another program's doing. */
function codeOf(error: (Error & { data?: unknown; output?: { statusCode: number } }) | undefined): number | undefined {
  const { attrs } = (error?.data ?? {}) as { attrs?: Record<string, string> };
  return attrs?.["type"] === "device_removed" ? 401 : error?.output?.statusCode;
}
