// Signal by signal-cli: its daemon or the container around it at SIGNAL_HTTP_URL, or a daemon of the line's own. The line looks for the
// account, listens to the events, and sends. Health, as docs/channels/signal.md tells it: begun anew after it broke (standing.ts); no sign
// of life for a minute ends the stream; three messages sent, and nothing at all heard for ten minutes since, is deaf, and everything is
// begun anew, at most twice an hour; an account that Signal does not know any more is `unlinked`, and only looked at, every ten minutes, or when it was linked
// again.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Driver, LineHost, OpenLine } from "../driver.ts";
import { type Ended, Standing, surely } from "../standing.ts";
import { readJson, type Web, webAt } from "../web.ts";
import type { Listening, SignalApi } from "./api.ts";
import { daemonApi } from "./daemon-api.ts";
import { type Received, readReceived } from "./envelope.ts";
import { isOurs, readEnvelope, type Scene, type Who } from "./inbound.ts";
import { Linking } from "./linking.ts";
import { isFileId, NUMBER } from "./names.ts";
import { Notebook } from "./notebook.ts";
import { deliver, targetOf } from "./outbound.ts";
import { type OwnDaemon, startDaemon } from "./own-daemon.ts";
import { restApi } from "./rest-api.ts";

export interface SignalTempo {
  silentMs: number;
  deafMs: number;
  deafAgainMs: number;
  lookMs: number;
  lookAgainMs: number;
  firstPauseMs: number;
}
const TEMPO: SignalTempo = {
  silentMs: 60_000,
  deafMs: 10 * 60_000,
  deafAgainMs: 30 * 60_000,
  lookMs: 5_000,
  lookAgainMs: 60_000,
  firstPauseMs: 1_000,
};
const DEAF_AFTER = 3;
/** When a line that is being opened is worth asking again. */
const SOON_MS = 10_000;
const LOST_TIMES = 10;
const GROUPS_EVERY_MS = 10 * 60_000;

export function signalDriver(tempo: Partial<SignalTempo> = {}): Driver {
  return {
    channel: "signal",
    async open(host) {
      const { SIGNAL_NUMBER: number = "", SIGNAL_HTTP_URL: url } = host.account.keys;
      if (!NUMBER.test(number)) {
        throw new HomeRefused("INVALID_REQUEST", "SIGNAL_NUMBER is no number with country code, like +15551234567.");
      }
      const line = new SignalLine(host, number, url ? webAt(url, "SIGNAL_HTTP_URL") : undefined, { ...TEMPO, ...tempo });
      line.start();
      return line;
    },
  };
}

export const signal: Driver = signalDriver();

class SignalLine implements OpenLine {
  readonly #host: LineHost;
  readonly #own: { number: string; uuid?: string };
  readonly #given: Web | undefined;
  readonly #tempo: SignalTempo;
  readonly #notebook: Notebook;
  readonly #standing: Standing;
  readonly #linking: Linking;
  #api: SignalApi | undefined;
  #daemon: OwnDaemon | undefined;
  #heardAt = 0;
  #isKeeping = false;
  #hearing: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();
  /** Whether Signal itself has to be asked first: at the beginning, and after it said that it does not know us. */
  #hasToAsk = true;
  #sentSince: number[] = [];
  #deafAt = Number.NEGATIVE_INFINITY;
  #groups = new Map<string, string>();
  #groupsAt = Number.NEGATIVE_INFINITY;

  constructor(host: LineHost, number: string, given: Web | undefined, tempo: SignalTempo) {
    this.#host = host;
    this.#own = { number };
    this.#given = given;
    this.#tempo = tempo;
    this.#notebook = new Notebook(join(host.dir, "signal.db"));
    this.#standing = new Standing({
      connect: (ending, stood) => this.#connect(ending, stood),
      tell: (news) => host.tell(news),
      maySay: (phase) => phase !== "unlinked" || !this.#linking.isShown,
      now: host.now,
      firstPauseMs: tempo.firstPauseMs,
    });
    this.#linking = new Linking({ number, tell: host.tell, now: host.now, onLinked: () => this.#standing.wake() });
  }

  start(): void {
    this.#host.tell({ phase: "connecting", who: this.#own.number });
    this.#standing.start();
  }

  // ── What comes in ──

  async #connect(ending: AbortSignal, stood: () => void): Promise<Ended> {
    const { number } = this.#own;
    const opened = await this.#open(ending);
    if ("phase" in opened) return opened;
    const api = opened;
    this.#api = api;
    const known = await api.accounts();
    if (!known.ok && known.failure.kind !== "unlinked") return { phase: "down", said: known.failure.reason };
    if (!known.ok || known.value?.includes(number) === false) {
      const said = `${number} is not linked on this machine yet: link it in Control, Channels, or by “skerry channels login signal”.`;
      return { phase: "unlinked", said, retryMs: this.#tempo.lookAgainMs };
    }
    if (this.#hasToAsk) {
      const checked = await api.checkAccount();
      if (!checked.ok && checked.failure.kind === "unlinked") return this.#lost(checked.failure.reason);
      this.#hasToAsk = false;
    }
    const listening: Listening = {
      stood: () => {
        this.#heardAt = this.#host.now();
        this.#sentSince = [];
        stood();
        this.#host.tell({ phase: "open", who: number });
      },
      onFrame: () => {
        this.#heardAt = this.#host.now();
      },
      hear: (events) => {
        // One after the other, also over a break: what an older stream told comes first.
        this.#hearing = this.#hearing.catch(() => undefined).then(() => this.#hear(events));
        return this.#hearing;
      },
    };
    this.#heardAt = this.#host.now();
    const watch = setInterval(() => void this.#look(api), this.#tempo.lookMs);
    try {
      const ended = api.listen(listening, ending);
      // When the program ended first, nobody waits for the stream any more.
      ended.catch(() => undefined);
      const gone = this.#daemon?.gone ?? new Promise<never>(() => undefined);
      // Also while what it told is still being kept.
      const dropped = Promise.withResolvers<string>();
      ending.addEventListener("abort", () => dropped.resolve("The line was ended."), { once: true });
      return { phase: "down", said: await Promise.race([ended, gone, dropped.promise]) };
    } finally {
      clearInterval(watch);
    }
  }

  /** The program, running and asked what it is. */
  async #open(ending: AbortSignal): Promise<SignalApi | Ended> {
    const { number } = this.#own;
    if (!this.#given) {
      if (!this.#daemon?.isRunning()) {
        const dir = join(this.#host.dir, "signal-cli");
        mkdirSync(dir, { recursive: true, mode: 0o700 });
        try {
          this.#daemon = await startDaemon(dir, ending);
        } catch (error) {
          if (!(error instanceof HomeRefused)) throw error;
          return { phase: "refused", said: error.message, retryMs: this.#tempo.lookAgainMs };
        }
      }
      return daemonApi(webAt(this.#daemon.url, "signal-cli"), number);
    }
    const about = await this.#given.fetch("/v1/about", { signal: ending }).catch(() => undefined);
    const told = about?.ok ? await readJson(about) : await about?.body?.cancel();
    if (typeof told !== "object" || told === null || !("mode" in told)) return daemonApi(this.#given, number);
    if (told.mode !== "json-rpc") {
      const said = `signal-cli-rest-api runs in its mode ${String(told.mode).slice(0, 30)}; start it with MODE=json-rpc.`;
      return { phase: "refused", said, retryMs: this.#tempo.lookAgainMs };
    }
    const { WebSocket } = (await this.#host.load("ws")) as typeof import("ws");
    return restApi(this.#given, number, WebSocket);
  }

  async #hear(events: unknown[]): Promise<void> {
    const received = events.flatMap((event) => readReceived(event) ?? []);
    for (const { exception } of received) if (exception) this.#host.log(`A message could not be opened: ${exception}`);
    const mine = received.filter(({ account }) => account === undefined || account === this.#own.number);
    if (mine.some(({ envelope }) => envelope)) this.#sentSince = [];
    await this.#lookAtGroups(mine);
    const inbound = mine.flatMap(({ envelope }) => {
      if (!envelope) return [];
      this.#noteSender(envelope.sourceNumber, envelope.sourceUuid, envelope.sourceName);
      return readEnvelope(envelope, this.#scene());
    });
    if (inbound.length === 0) return;
    // What signal-cli has told it tells to nobody again: neither a break nor its silence meanwhile ends the keeping of it.
    this.#isKeeping = true;
    try {
      await surely(() => this.#host.hear(inbound), this.#closing.signal, this.#host.log);
    } finally {
      this.#isKeeping = false;
      this.#heardAt = this.#host.now();
    }
    for (const { kind, message } of inbound) {
      if (kind !== "message" || message.platformId === undefined) continue;
      const text = message.parts.map((part) => part.text).join("\n");
      this.#notebook.noteMessage({ peer: message.from.peer, name: message.platformId, text, isOurs: false });
      if (message.from.kind !== "group") this.#markRead(message.from.peer, message.sentAt);
    }
  }

  #noteSender(number: string | null | undefined, uuid: string | null | undefined, name: string | null | undefined): void {
    if (number === this.#own.number && uuid) this.#own.uuid = uuid;
    const id = this.#idOf({ number, uuid });
    if (id !== undefined && name) this.#notebook.noteName(id, name);
  }

  #idOf({ number, uuid }: Who): string | undefined {
    return this.#notebook.idOf(uuid?.toLowerCase(), number ?? undefined, this.#host.now());
  }

  #scene(): Scene {
    return {
      account: this.#host.account.account,
      own: this.#own,
      hearsSelf: this.#host.account.options["selfChat"] === true,
      idOf: (who) => (isOurs(who, { own: this.#own }) ? this.#own.number : this.#idOf(who)),
      nameOf: (id) => this.#notebook.nameOf(id),
      placeNameOf: (group) => this.#groups.get(group),
    };
  }

  /** Older ones do not say what a group is called. */
  async #lookAtGroups(received: readonly Received[]): Promise<void> {
    const isAsked = received.some(({ envelope }) => {
      const group = envelope?.dataMessage?.groupInfo;
      return group && !group.groupName && !this.#groups.has(group.groupId);
    });
    if (!isAsked || this.#host.now() - this.#groupsAt < GROUPS_EVERY_MS) return;
    this.#groupsAt = this.#host.now();
    const names = await this.#api?.groupNames();
    if (names?.ok) this.#groups = names.value;
  }

  /** Only where we have written: to a stranger nothing tells that somebody is here. */
  #markRead(peer: string, sentAt: number): void {
    if (this.#host.account.options["readReceipts"] === false || peer === this.#own.number) return;
    if (this.#notebook.hasWritten(peer)) void this.#api?.markRead(this.#notebook.recipientOf(peer), sentAt);
  }

  // ── Health ──

  async #look(api: SignalApi): Promise<void> {
    const now = this.#host.now();
    const { silentMs, deafMs, deafAgainMs } = this.#tempo;
    if (this.#isKeeping) return;
    if (now - this.#heardAt > silentMs) {
      this.#standing.drop({ phase: "down", said: `${api.label} gave no sign of life for a minute.` });
      return;
    }
    const [first] = this.#sentSince;
    const isDeaf = this.#sentSince.length >= DEAF_AFTER && first !== undefined && now - first > deafMs;
    if (!isDeaf || now - this.#deafAt < deafAgainMs) return;
    this.#deafAt = now;
    const checked = await api.checkAccount();
    if (!checked.ok && checked.failure.kind === "unlinked") {
      this.#lose(checked.failure.reason);
      return;
    }
    await this.#daemon?.end();
    const said = "Messages went out, and nothing at all was heard since: the line is opened anew.";
    this.#standing.drop({ phase: "deaf", said, retryMs: this.#tempo.firstPauseMs });
  }

  #lose(said: string): void {
    this.#hasToAsk = true;
    this.#standing.drop(this.#lost(said));
  }

  /** Signal itself has to be asked whether it is there again: seldom. */
  #lost(said: string): Ended {
    return { phase: "unlinked", said, retryMs: LOST_TIMES * this.#tempo.lookAgainMs };
  }

  // ── What is asked of it ──

  async send(...[{ to, act }, files]: Parameters<OpenLine["send"]>): ReturnType<OpenLine["send"]> {
    const api = this.#api;
    if (!api || !this.#standing.isOpen) return { outcome: "unanswered", reason: this.#standing.trouble, retryAfterMs: SOON_MS };
    const sender = { api, notebook: this.#notebook, own: this.#own.number, onLost: (reason: string) => this.#lose(reason) };
    const outcome = await deliver({ to, act }, files, sender);
    const isHeard = act.type === "text" || act.type === "media";
    if (outcome.outcome === "sent" && isHeard && to.peer !== this.#own.number) this.#sentSince.push(this.#host.now());
    if (this.#sentSince.length > DEAF_AFTER) this.#sentSince.length = DEAF_AFTER;
    return outcome;
  }

  async fetchMedia(...[{ handle }, from, path, maxBytes]: Parameters<NonNullable<OpenLine["fetchMedia"]>>) {
    const api = this.#api;
    if (!api) throw new HomeRefused("UNAVAILABLE", this.#standing.trouble);
    if (!isFileId(handle)) throw new HomeRefused("NOT_FOUND", "There is no file of this name.");
    const target = targetOf(from, { notebook: this.#notebook, own: this.#own.number });
    const answer = await api.fetchFile(handle, target, path, maxBytes);
    if (answer.ok) return {};
    const { kind, reason } = answer.failure;
    throw new HomeRefused(kind === "refused" ? "NOT_FOUND" : "UNAVAILABLE", reason);
  }

  async link({ phone, isAnew }: { phone?: string; isAnew: boolean }): Promise<void> {
    if (phone !== undefined) throw new HomeRefused("INVALID_REQUEST", "Signal is linked by a code that its app scans.");
    if (this.#standing.isOpen) return;
    if (!this.#api) throw new HomeRefused("UNAVAILABLE", this.#standing.trouble);
    await this.#linking.begin(this.#api, isAnew);
  }

  async unlink(): Promise<void> {
    this.#linking.close();
    if (this.#given) {
      const where =
        "SIGNAL_HTTP_URL is another program, which keeps the account; remove it there, and in Signal's app under Linked devices";
      throw new HomeRefused("INVALID_REQUEST", `${where}.`);
    }
    const answer = await this.#api?.forget();
    if (answer?.ok === false && answer.failure.kind !== "unlinked") throw new HomeRefused("UNAVAILABLE", answer.failure.reason);
    this.#notebook.forget();
    this.#lose("The account was unlinked here; remove “Skerry” under Linked devices in Signal's app too.");
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#linking.close();
    await this.#standing.close();
    await this.#hearing.catch(() => undefined);
    await this.#daemon?.end();
    this.#notebook.close();
  }
}
