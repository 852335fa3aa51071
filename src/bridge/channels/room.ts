// The channels of this machine: holds the lines that Skerry says are its to hold, brings what comes in, does what is asked of them. Their
// accounts are kept, so that they are held also while Skerry cannot be reached. A line that breaks breaks nothing else.
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { type HeldAccount, heldAccounts, type LineState } from "../../contract/channels/at-home.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../contract/channels/facts.ts";
import type { ChannelSend } from "../../contract/channels/home-acts.ts";
import { HomeRefused } from "../../contract/errors.ts";
import type { Address, MediaRef } from "../../contract/message.ts";
import type { Room, RoomLine } from "../home/bridge.ts";
import type { HomeCommands, Transfer } from "../home-command.ts";
import { Carrier } from "./carrier.ts";
import type { LocalFile } from "./driver.ts";
import { HeldLine } from "./held-line.ts";
import { hasDriver } from "./list.ts";
import { openPackages } from "./packages.ts";
import { type ChannelStore, openStore } from "./store.ts";

export interface ChannelsRequest {
  /** Of the program: the code of the lines lies there. */
  root: string;
  stateDir: string;
  environment: NodeJS.ProcessEnv;
  log(text: string, isBad?: boolean): void;
}

const ASK_EVERY_MS = 10 * 60_000;
/** How a line is, is told soon; when its last message was, and how many wait, later. */
const SAY_AFTER_MS = 200;
const SAY_TIMES_AFTER_MS = 10_000;
const SAY_TIMES_MS = 60_000;

interface Held {
  line: HeldLine;
  carrier: Carrier;
}

/** What cannot be opened takes nothing else of the bridge down: this machine offers no lines then, and says why. */
export function openChannelsRoom(request: ChannelsRequest): Room {
  let channels: Channels;
  try {
    channels = new Channels(request);
  } catch (error) {
    request.log(`No channel can be held here: ${wordsOf(error)}`, true);
    return { commands: {}, close: async () => undefined };
  }
  return {
    commands: channels.commands,
    get cap() {
      return channels.cap;
    },
    begin: (line) => channels.begin(line),
    ready: () => channels.refresh(),
    close: () => channels.close(),
  };
}

class Channels {
  readonly #request: ChannelsRequest;
  readonly #dir: string;
  readonly #store: ChannelStore;
  readonly #held = new Map<string, Held>();
  #line: RoomLine | undefined;
  #timers: NodeJS.Timeout[] = [];
  #saying: NodeJS.Timeout | undefined;
  #sayingAt = 0;
  /** What Skerry was told last since it is there. */
  #said = "";
  #changing: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(request: ChannelsRequest) {
    this.#request = request;
    this.#dir = join(request.stateDir, "channels");
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    this.#store = openStore(join(this.#dir, "channels.db"), (text) => request.log(text, true));
  }

  readonly commands: HomeCommands = {
    "channel.send": ({ id, to, act }, { transfer }) => this.#send({ id, to, act }, transfer),
    "channel.media": async ({ from, remote, maxBytes }, { transfer }) =>
      this.#inFolder(async (folder) => {
        const path = join(folder, "file");
        const { name } = await this.#lineOf(from).ask((thread) => thread.fetchMedia(remote, from, path, maxBytes));
        if ((await stat(path)).size > maxBytes) {
          throw new HomeRefused(
            "TOO_LARGE",
            `The file is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB, the most this channel takes.`,
          );
        }
        return transfer.give(path, remote.name ?? name ?? remote.kind);
      }),
    "channel.read": async ({ from, limit }) => ({ messages: await this.#lineOf(from).ask((thread) => thread.read(from, limit)) }),
    "channel.link": async ({ channel, account, phone, isAnew }, { signal }) => {
      const line = this.#lineOf({ channel, account });
      const { since } = line.state;
      if (line.state.phase === "open") return line.state;
      await line.ask((thread) => thread.link({ isAnew, ...(phone === undefined ? {} : { phone }) }));
      // Answered as soon as there is something to show.
      for (let state = line.state; ; state = await line.look(state.since, 15_000, signal)) {
        if (state.link || state.phase === "open" || state.phase === "refused" || signal.aborted) return state;
        if (Date.now() - since > 15_000) return state;
      }
    },
    "channel.look": ({ channel, account, since, waitMs }, { signal }) =>
      this.#lineOf({ channel, account }).look(since, waitMs, signal),
    "channel.unlink": async ({ channel, account }) => {
      await this.#lineOf({ channel, account }).ask((thread) => thread.unlink());
      return {};
    },
    "channel.refresh": async () => {
      void this.refresh();
      return {};
    },
  };

  get cap(): string {
    return "channels";
  }

  begin(line: RoomLine): void {
    this.#line = line;
    void this.#hold(this.#store.accounts());
    this.#timers = [
      setInterval(() => void this.refresh(), ASK_EVERY_MS).unref(),
      setInterval(() => this.#saySoon(), SAY_TIMES_MS).unref(),
    ];
  }

  /** Skerry is there, or something changed: which lines are ours? */
  async refresh(): Promise<void> {
    this.#said = "";
    const accounts = await this.#askAccounts();
    if (!accounts || this.#isClosed) return;
    this.#keep(accounts);
    await this.#hold(accounts);
    for (const { carrier } of this.#held.values()) void carrier.carry();
    this.#saySoon();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#saying);
    await this.#changing;
    await Promise.allSettled([...this.#held.keys()].map((name) => this.#drop(name)));
    this.#store.close();
  }

  // ── Which lines ──

  /** A full disk keeps what it kept before. */
  #keep(accounts: readonly HeldAccount[]): void {
    try {
      this.#store.keepAccounts(accounts);
      const dropped = this.#store.dropOld(Date.now());
      if (dropped > 0) this.#request.log(`${dropped} messages waited for Skerry for two weeks and are dropped.`, true);
    } catch (error) {
      this.#request.log(`Which lines are held could not be written down: ${wordsOf(error)}`, true);
    }
  }

  async #askAccounts(): Promise<HeldAccount[] | undefined> {
    try {
      const answer = await this.#line?.door("/channels", { method: "GET" });
      if (!answer?.ok) {
        await answer?.body?.cancel();
        return undefined;
      }
      const read = heldAccounts.safeParse(await answer.json());
      return read.success ? read.data.accounts : undefined;
    } catch {
      // It is asked again when the line is there.
      return undefined;
    }
  }

  /** One change after the other: a line is closed before another one with the same account is opened. */
  #hold(accounts: readonly HeldAccount[]): Promise<void> {
    const change = async () => {
      const wanted = new Map(accounts.filter(({ channel }) => hasDriver(channel)).map((account) => [nameOf(account), account]));
      for (const [name, { line }] of this.#held) {
        const next = wanted.get(name);
        if (!next || JSON.stringify(next) !== JSON.stringify(line.account)) await this.#drop(name);
      }
      if (this.#isClosed) return;
      for (const [name, account] of wanted) if (!this.#held.has(name)) this.#open(name, account);
    };
    // A change that failed stops none of the next.
    const complain = (error: unknown) => this.#request.log(`The lines could not be changed: ${wordsOf(error)}`, true);
    this.#changing = this.#changing.then(change).catch(complain);
    return this.#changing;
  }

  #open(name: string, account: HeldAccount): void {
    const { root, environment } = this.#request;
    const { channel } = account;
    const log = (text: string, isBad?: boolean) => this.#request.log(`${labelOf(account)}: ${text}`, isBad);
    const carrier = new Carrier({
      line: account,
      store: this.#store,
      door: () => this.#line?.door,
      onMoved: () => this.#saySoon(SAY_TIMES_AFTER_MS),
      log,
    });
    const line = new HeldLine({
      account,
      store: this.#store,
      dir: this.#dir,
      threadPath: join(root, "src/bridge/channels/thread.ts"),
      openPackages: (signal, onFetch) => {
        const lists = join(root, "src/bridge/channels/packages");
        const dir = join(this.#dir, "packages");
        return openPackages({ lists, dir, channel, environment, signal, onFetch });
      },
      onHeard: () => void carrier.carry(),
      onState: ({ phase, said }) => {
        log(said === undefined ? phase : `${phase}: ${said}`, phase === "refused" || phase === "down");
        this.#saySoon();
      },
      log,
    });
    this.#held.set(name, { line, carrier });
    void line.start();
    void carrier.carry();
  }

  async #drop(name: string): Promise<void> {
    const held = this.#held.get(name);
    this.#held.delete(name);
    held?.carrier.close();
    await held?.line.close();
  }

  // ── What is asked of them ──

  #lineOf({ channel, account = DEFAULT_ACCOUNT }: Pick<Address, "channel" | "account">): HeldLine {
    const held = this.#held.get(nameOf({ channel, account }));
    if (held) return held.line;
    const label = labelOf({ channel, account });
    throw new HomeRefused("UNAVAILABLE", `This machine does not hold the line of ${label} just now.`);
  }

  async #send(request: ChannelSend, transfer: Transfer) {
    const line = this.#lineOf(request.to);
    const { act } = request;
    if (act.type !== "media") return line.send(request, async () => []);
    return this.#inFolder((folder) => line.send(request, () => this.#fetch(act.media, folder, transfer)));
  }

  /** The files of an act, here. */
  async #fetch(media: readonly MediaRef[], folder: string, transfer: Transfer): Promise<LocalFile[]> {
    const files: LocalFile[] = [];
    for (const [index, { key, type, name }] of media.entries()) {
      const path = join(folder, String(index));
      const { size } = await transfer.take(key, path);
      files.push({ path, type, name: name ?? `file-${index + 1}`, size });
    }
    return files;
  }

  async #inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(this.#dir, "passing-"));
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  // ── How they are ──

  #saySoon(afterMs = SAY_AFTER_MS): void {
    const at = Date.now() + afterMs;
    if (this.#isClosed || (this.#saying && this.#sayingAt <= at)) return;
    clearTimeout(this.#saying);
    this.#sayingAt = at;
    this.#saying = setTimeout(() => {
      this.#saying = undefined;
      const lines: LineState[] = [...this.#held.values()].map(({ line }) => line.state);
      const said = JSON.stringify(lines);
      // Each time wakes what sleeps at Skerry.
      if (said === this.#said) return;
      this.#said = said;
      this.#line?.say("channel.lines", { lines });
    }, afterMs);
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function nameOf({ channel, account }: Pick<HeldAccount, "channel" | "account">): string {
  return `${channel}/${account}`;
}

function labelOf({ channel, account }: Pick<HeldAccount, "channel" | "account">): string {
  const label = channelFacts(channel)?.label ?? channel;
  return account === DEFAULT_ACCOUNT ? label : `${label} (${account})`;
}
