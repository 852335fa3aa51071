// The program imsg on a Mac: JSON-RPC by its standard input and output, one object a line. It ends when its input ends, and so with this
// process whatever becomes of it. What it says on its standard error is for people; its last line is kept for the reason of an end.
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import * as z from "zod";
import { HomeRefused } from "../../../../contract/errors.ts";
import { findProgram } from "../../program.ts";
import type { Answer, Refusal } from "../blue-bubbles.ts";

const STATUS_MS = 20_000;
const END_MS = 5_000;
const LAST_WORDS_MS = 200;
/** One message with all that is told of its files stays far below. */
const MOST_CHARACTERS = 8 * 1024 * 1024;
/** Where Homebrew puts programs, which services do not have on their PATH. */
const FOLDERS = ["/opt/homebrew/bin", "/usr/local/bin"];
const NO_SUCH_METHOD = -32601;

const status = z.object({
  version: z.string().catch("?"),
  sip: z.string().catch("unknown"),
  advanced_features: z.boolean().catch(false),
});

const frame = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number().catch(0), message: z.string().catch(""), data: z.unknown().optional() }).nullish(),
});

/** Finds it and asks it what it can. @throws HomeRefused */
export async function readStatus(signal: AbortSignal): Promise<{ path: string; hasBridge: boolean }> {
  const path = findProgram("imsg", FOLDERS);
  if (path === undefined) {
    const where =
      "this line runs on the Mac itself: run the bridge there, with imsg installed, or give a BlueBubbles server's address";
    throw new HomeRefused("UNAVAILABLE", `imsg is not on this machine's PATH; ${where}.`);
  }
  const said = await askStatus(path, signal);
  if (process.platform !== "darwin" && (said === undefined || said.sip === "unknown")) {
    const words = "imsg sends and receives on a Mac alone; run the bridge there, or give a BlueBubbles server's address.";
    throw new HomeRefused("UNAVAILABLE", words);
  }
  return { path, hasBridge: said?.advanced_features === true };
}

/** Undefined: it is an older one, which knows no status and has nothing beside words and files. */
async function askStatus(path: string, signal: AbortSignal): Promise<z.infer<typeof status> | undefined> {
  try {
    const how = { timeout: STATUS_MS, maxBuffer: 1024 * 1024, signal };
    const { stdout } = await promisify(execFile)(path, ["status", "--json"], how);
    return status.safeParse(parse(stdout)).data;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    const words = `${stdout ?? ""}\n${stderr ?? ""}`;
    if (/unknown command/i.test(words)) return undefined;
    const last = plain(words.trim().split("\n").at(-1) ?? "");
    throw new Error(`imsg could not be asked what it can${last === "" ? "." : `: ${last}`}`, { cause: error });
  }
}

export interface ImsgListener {
  /** A message of the subscription, as it was told. */
  onMessage(raw: unknown): void;
  /** The subscription has failed. */
  onFailure(reason: string): void;
}

export class ImsgProgram {
  /** Why it ended. */
  readonly gone: Promise<string>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #listener: ImsgListener;
  readonly #asked = new Map<string, { resolve: (answer: Answer<unknown>) => void; timer: NodeJS.Timeout }>();
  #lastId = 0;
  #rest = "";
  #said = "";
  #isGone = false;

  constructor(path: string, listener: ImsgListener) {
    this.#listener = listener;
    this.#child = spawn(path, ["rpc"], { stdio: "pipe" });
    const { promise, resolve } = Promise.withResolvers<string>();
    this.gone = promise;
    const end = (reason: string) => {
      this.#isGone = true;
      resolve(reason);
      // Whoever waits for its end knows the reason first.
      setImmediate(() => this.#answerAll());
    };
    this.#child.once("error", ({ message }) => end(`imsg could not be started: ${message}.`));
    const ended = () => {
      const last = plain(this.#said.trim().split("\n").at(-1) ?? "");
      end(`imsg ended${last === "" ? "." : `: ${last}`}`);
    };
    this.#child.once("close", ended);
    // What it has started itself may hold its output open.
    this.#child.once("exit", () => setTimeout(ended, LAST_WORDS_MS));
    this.#child.stdin.on("error", () => undefined);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = (this.#said + text).slice(-4000);
    });
    this.#child.stdout.setEncoding("utf8").on("data", (text: string) => this.#read(text));
  }

  get isBusy(): boolean {
    return this.#asked.size > 0;
  }

  request(method: string, params: Record<string, unknown>, timeoutMs: number): Promise<Answer<unknown>> {
    if (this.#isGone) return Promise.resolve(refuse("unanswered", "imsg does not run just now."));
    const id = `${++this.#lastId}`;
    const { promise, resolve } = Promise.withResolvers<Answer<unknown>>();
    const timer = setTimeout(() => this.#answer(id, refuse("unknown", "imsg did not answer in time.")), timeoutMs);
    this.#asked.set(id, { resolve, timer });
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return promise;
  }

  /** What it tells waits in its pipe, where more has come than could be kept. */
  hold(isHeld: boolean): void {
    if (isHeld) this.#child.stdout.pause();
    else this.#child.stdout.resume();
  }

  async end(): Promise<void> {
    this.#child.stdin.end();
    this.#child.stdout.resume();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), END_MS);
    await this.gone;
    clearTimeout(timer);
    this.#child.stdout.destroy();
  }

  #answerAll(): void {
    for (const id of [...this.#asked.keys()]) this.#answer(id, refuse("unknown", "imsg ended before it answered."));
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > MOST_CHARACTERS) {
      this.#rest = "";
      this.#listener.onFailure("imsg told more in one line than it can have to tell.");
      this.#child.kill("SIGKILL");
      this.#child.stdout.destroy();
      return;
    }
    for (const line of lines) this.#hear(line);
  }

  #hear(line: string): void {
    const read = frame.safeParse(parse(line));
    if (!read.success) return;
    const { id, method, params, result, error } = read.data;
    if (method === "message") this.#listener.onMessage(z.object({ message: z.unknown() }).safeParse(params).data?.message);
    else if (method === "error") {
      const why = z.object({ error: z.object({ message: z.string() }) }).safeParse(params).data?.error.message;
      this.#listener.onFailure(`imsg does not tell what is new any more: ${plain(why ?? "no reason was given")}`);
    } else if (id !== undefined && id !== null) {
      this.#answer(`${id}`, error ? { ok: false, refusal: refusalOf(error) } : { ok: true, value: result });
    }
  }

  #answer(id: string, answer: Answer<unknown>): void {
    const asked = this.#asked.get(id);
    if (!asked) return;
    this.#asked.delete(id);
    clearTimeout(asked.timer);
    asked.resolve(answer);
  }
}

function refuse(kind: Refusal["kind"], reason: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { kind, reason } };
}

function refusalOf({ code, message, data }: { code: number; message: string; data?: unknown }): Refusal {
  const words = plain(typeof data === "string" && data !== "" ? data : message);
  if (code === NO_SUCH_METHOD) return { kind: "refused", reason: `This imsg is too old for it (${words}).` };
  if (/Full Disk Access|permission.*database|unable to open database/i.test(words)) {
    const how =
      "give the program that runs the bridge Full Disk Access in System Settings, Privacy & Security, and start it again";
    return { kind: "owner", reason: `macOS does not let imsg read Messages: ${how}.` };
  }
  if (/-1743|not authori[sz]ed to send Apple events/i.test(words)) {
    const how = "allow the program that runs the bridge to control Messages in System Settings, Privacy & Security, Automation";
    return { kind: "refused", reason: `macOS does not let imsg write by Messages: ${how}.` };
  }
  return { kind: "refused", reason: `imsg refused it: ${words}` };
}

function plain(words: string): string {
  return words
    .replace(/[\p{Cc}\s]+/gu, " ")
    .trim()
    .slice(0, 300);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
