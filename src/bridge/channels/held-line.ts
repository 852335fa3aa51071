// One account's line: its packages are fetched, its thread is started, and started anew after it broke, more slowly each time. What comes
// in is on disk before anybody is told so; what is to be sent is sent once, whoever asks again.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { type BirpcReturn, createBirpc } from "birpc";
import type { HeldAccount, HomeItem, LineState } from "../../contract/channels/at-home.ts";
import type { DeliveryOutcome } from "../../contract/channels/delivery.ts";
import type { ChannelSend } from "../../contract/channels/home-acts.ts";
import { HomeRefused } from "../../contract/errors.ts";
import type { LineNews, LocalFile } from "./driver.ts";
import type { ChannelStore } from "./store.ts";
import type { InBridge, InThread, ThreadData, Told } from "./thread-words.ts";

export interface LineRequest {
  account: HeldAccount;
  store: ChannelStore;
  /** Of all channels: a folder for each account below. */
  dir: string;
  /** The program of the thread. */
  threadPath: string;
  /** Answers where what the channel needs is; `onFetch`: it is fetched first. */
  openPackages(signal: AbortSignal, onFetch: () => void): Promise<string | undefined>;
  /** Something came in and is kept. */
  onHeard(): void;
  onState(state: LineState): void;
  /** Of the line's own heap: more is a leak, and ends this line alone; absent: 256. */
  mostHeapMb?: number;
  log(text: string, isBad?: boolean): void;
}

const FIRST_RESTART_MS = 1_000;
const LAST_RESTART_MS = 300_000;
/** A line that stood for so long begins anew with the shortest pause. */
const STOOD_MS = 120_000;
const CLOSE_MS = 5_000;
const MOST_HEAP_MB = 256;
/** Twice does no more than once. */
const REPEATABLE: readonly ChannelSend["act"]["type"][] = ["edit", "delete", "react", "pin", "typing"];

type Thread = { worker: Worker; rpc: BirpcReturn<InThread, InBridge>; gone: Promise<void> };

export class HeldLine {
  readonly account: HeldAccount;
  readonly #request: LineRequest;
  readonly #sending = new Map<string, Promise<DeliveryOutcome>>();
  readonly #stop = new AbortController();
  readonly #watchers = new Set<() => void>();
  #thread: Thread | undefined;
  #restarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #state: Pick<LineState, "phase" | "since" | "said" | "who" | "lastInAt" | "lastOutAt" | "link">;

  constructor(request: LineRequest) {
    this.#request = request;
    this.account = request.account;
    this.#state = { phase: "connecting", since: Date.now() };
  }

  get state(): LineState {
    const { channel, account } = this.account;
    return { channel, account, ...this.#state, ...this.#request.store.waiting(this.account) };
  }

  /** Resolves when the line's thread runs, or will be tried again. */
  async start(): Promise<void> {
    if (this.#stop.signal.aborted || this.#thread) return;
    clearTimeout(this.#timer);
    try {
      this.#change({ phase: "connecting" });
      const onFetch = () => this.#change({ phase: "installing", said: "Its packages are fetched; that takes a minute." });
      const packages = await this.#request.openPackages(this.#stop.signal, onFetch);
      if (this.#stop.signal.aborted) return;
      this.#change({ phase: "connecting" });
      this.#thread = this.#open(packages);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      this.#fail(error);
    }
  }

  /** The outcome, also of one that was sent before. */
  send(request: ChannelSend, files: () => Promise<LocalFile[]>): Promise<DeliveryOutcome> {
    const { id, act } = request;
    const known = this.#sending.get(id);
    if (known) return known;
    const sending = this.#sendOnce(request, files, isRepeatable(act)).finally(() => this.#sending.delete(id));
    this.#sending.set(id, sending);
    return sending;
  }

  /** @throws HomeRefused */
  async ask<T>(work: (thread: BirpcReturn<InThread, InBridge>) => Promise<Told<T>>): Promise<T> {
    const thread = this.#thread;
    if (!thread) throw new HomeRefused("UNAVAILABLE", this.#state.said ?? "This line is not up just now; try again.");
    const gone = thread.gone.then((): Told<T> => ({ ok: false, code: "UNAVAILABLE", message: "The line broke off; try again." }));
    const told = await Promise.race([work(thread.rpc), gone]);
    if (told.ok) return told.value;
    throw new HomeRefused(told.code, told.message);
  }

  /** Resolves with the state as soon as it is newer than `since`, or after `waitMs`. */
  async look(since: number | undefined, waitMs: number, signal: AbortSignal): Promise<LineState> {
    if (since === undefined || this.#state.since > since || waitMs <= 0) return this.state;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.add(resolve);
    const timer = setTimeout(resolve, waitMs);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#watchers.delete(resolve);
    return this.state;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#end();
  }

  // ── The thread ──

  #open(packages: string | undefined): Thread {
    const { account, dir, threadPath, mostHeapMb = MOST_HEAP_MB, log } = this.#request;
    const own = join(dir, account.channel, account.account);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    const workerData: ThreadData = { account, dir: own, ...(packages === undefined ? {} : { packages }) };
    const worker = new Worker(threadPath, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: mostHeapMb },
      // Secrets of the machine are none of a line's business.
      env: pickEnvironment(process.env),
    });
    const startedAt = Date.now();
    const { promise: gone, resolve: leave } = Promise.withResolvers<void>();
    const inBridge: InBridge = {
      hear: async (inbound) => this.#hear(inbound),
      tell: (news) => {
        if (this.#thread === thread) this.#change(news);
      },
      log: (text, isBad) => log(text, isBad),
    };
    const rpc = createBirpc<InThread, InBridge>(inBridge, {
      post: (data) => worker.postMessage(data),
      on: (hear) => worker.on("message", hear),
      timeout: -1,
    });
    const thread: Thread = { worker, rpc, gone };
    let reason: unknown;
    worker.once("error", (error) => {
      reason = error;
    });
    worker.once("exit", (code) => {
      leave();
      rpc.$close();
      if (this.#thread !== thread) return;
      this.#thread = undefined;
      if (this.#stop.signal.aborted) return;
      if (Date.now() - startedAt > STOOD_MS) this.#restarts = 0;
      this.#fail(reason ?? new Error(`it ended with ${code}`));
    });
    return thread;
  }

  async #end(): Promise<void> {
    const thread = this.#thread;
    this.#thread = undefined;
    if (!thread) return;
    const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
    await Promise.race([thread.rpc.close().catch(() => undefined), thread.gone, late]);
    await thread.worker.terminate();
  }

  /** Only the owner can mend a refusal; all else is tried again. */
  #fail(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    const pauseMs = Math.min(LAST_RESTART_MS, FIRST_RESTART_MS * 2 ** Math.min(20, this.#restarts)) * (0.75 + Math.random() / 2);
    this.#restarts++;
    const said = error instanceof HomeRefused ? message : `The line broke off: ${message.slice(0, 300)}.`;
    this.#request.log(`${said} It is tried again in ${Math.ceil(pauseMs / 1000)} s.`, true);
    this.#change({ phase: "down", said: `${said} It is tried again by itself.` });
    this.#timer = setTimeout(() => void this.start(), pauseMs);
  }

  // ── What comes in and goes out ──

  #hear(inbound: HomeItem[]): void {
    const now = Date.now();
    this.#request.store.put(this.account, inbound, now);
    this.#state = { ...this.#state, lastInAt: now };
    this.#request.onHeard();
  }

  async #sendOnce(request: ChannelSend, files: () => Promise<LocalFile[]>, repeats: boolean): Promise<DeliveryOutcome> {
    const { store } = this.#request;
    if (!this.#thread) return this.#notUp();
    if (!repeats) {
      const known = store.begin(request.id, Date.now());
      if (known.state === "done") return known.outcome;
      if (known.state === "begun") {
        const outcome = { outcome: "unknown", reason: "the bridge ended while it was being sent" } as const;
        store.conclude(request.id, outcome, Date.now());
        return outcome;
      }
    }
    const outcome = await this.#try(request, files);
    if (outcome.outcome === "sent") this.#state = { ...this.#state, lastOutAt: Date.now() };
    if (!repeats) store.conclude(request.id, outcome, Date.now());
    return outcome;
  }

  async #try(request: ChannelSend, files: () => Promise<LocalFile[]>): Promise<DeliveryOutcome> {
    let local: LocalFile[];
    try {
      local = await files();
    } catch (error) {
      const isGone = error instanceof HomeRefused && error.code === "NOT_FOUND";
      const reason = error instanceof Error ? error.message : String(error);
      return isGone ? { outcome: "refused", reason } : { outcome: "unanswered", reason };
    }
    const thread = this.#thread;
    if (!thread) return this.#notUp();
    const gone = thread.gone.then(
      (): DeliveryOutcome => ({ outcome: "unknown", reason: "the line broke off while it was being sent" }),
    );
    const sending = thread.rpc.send(request, local).catch(
      (error: unknown): DeliveryOutcome => ({
        outcome: "unknown",
        reason: error instanceof Error ? error.message : String(error),
      }),
    );
    return Promise.race([sending, gone]);
  }

  #notUp(): DeliveryOutcome {
    return { outcome: "unanswered", reason: this.#state.said ?? "The line is not up just now." };
  }

  #change(news: LineNews): void {
    const { phase, said, link, who = this.#state.who } = news;
    const { lastInAt, lastOutAt } = this.#state;
    const isNew = phase !== this.#state.phase || said !== this.#state.said || link?.text !== this.#state.link?.text;
    // Two changes within one millisecond are two.
    const since = isNew ? Math.max(Date.now(), this.#state.since + 1) : this.#state.since;
    this.#state = {
      phase,
      since,
      ...(said === undefined ? {} : { said: said.slice(0, 500) }),
      ...(who === undefined ? {} : { who }),
      ...(link === undefined ? {} : { link }),
      ...(lastInAt === undefined ? {} : { lastInAt }),
      ...(lastOutAt === undefined ? {} : { lastOutAt }),
    };
    if (!isNew) return;
    for (const watcher of this.#watchers) watcher();
    this.#request.onState(this.state);
  }
}

function isRepeatable(act: ChannelSend["act"]): boolean {
  if (act.type === "text") return act.replaces !== undefined;
  if (act.type === "draft") return act.message !== undefined;
  return REPEATABLE.includes(act.type);
}

/** What programs need to find their way, and nothing that could be a secret. */
function pickEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const names = [
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "JAVA_HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "NODE_EXTRA_CA_CERTS",
  ];
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}
