// Calls of Skerry to this machine: each is begun once, runs beside the others, and its answer is kept until Skerry has it.
// Knows the line by what it can send; what a command does is its own business. Nothing here may throw: it is called by a socket.
import { type HomeRefusal, HomeRefused } from "../../contract/errors.ts";
import { HOME_COMMANDS, type HomeCommandName, isFleeting, MAX_ANSWER_CHARS } from "../../contract/home/commands.ts";
import type { CommandContext, HomeCommands, Transfer } from "../home-command.ts";
import type { Spool, SpooledAnswer } from "./spool.ts";

const MAX_CHUNK = 4_000;
const MAX_MESSAGE_CHARS = 4_000;

const BEGUN_BEFORE = "This call was begun on this machine before, and its answer is not kept any more; it is not done again.";

interface CallRequest {
  id: string;
  command: string;
  paramsJSON?: string | null;
}

export interface CallsHost {
  spool: Spool;
  commands: HomeCommands;
  transfer: Transfer;
  now(): number;
  /** Brings an answer to Skerry; resolves when it was taken, rejects when the line broke. */
  send(answer: SpooledAnswer): Promise<void>;
  /** Output of a running call; lost when the line is down. */
  progress(callId: string, seq: number, chunk: string): void;
  log(text: string, isBad?: boolean): void;
}

export class Calls {
  readonly #host: CallsHost;
  readonly #running = new Map<string, AbortController>();
  readonly #sending = new Set<string>();

  constructor(host: CallsHost) {
    this.#host = host;
  }

  /** Ids of calls that are being worked on, and of those whose answer is still here. */
  known(): string[] {
    return [...this.#running.keys(), ...this.#host.spool.unsent().map(({ callId }) => callId)];
  }

  take(request: CallRequest): void {
    const { id, command } = request;
    if (this.#running.has(id)) return;
    if (isFleeting(command)) return void this.#workAtOnce(request);
    try {
      if (this.#host.spool.begin(id, this.#host.now())) return void this.#work(request);
      void this.#send(this.#host.spool.answerOf(id) ?? { callId: id, body: refuse("CONFLICT", BEGUN_BEFORE) });
    } catch (error) {
      this.#host.log(`${command} was not begun: spool.db cannot be written (${reasonOf(error)}).`, true);
      const message = `${command} was not begun: the disk of that machine is full or cannot be written (${reasonOf(error)}).`;
      void this.#send({ callId: id, body: refuse("DISK_FULL", message) });
    }
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort(new DOMException("Nobody waits for it any more.", "AbortError"));
  }

  /** Brings what Skerry has not taken. False: not all of it was taken. */
  async sendKept(): Promise<boolean> {
    const { spool, now } = this.#host;
    spool.dropOld(now());
    let isAll = true;
    for (const answer of spool.unsent()) isAll = (await this.#send(answer)) && isAll;
    return isAll;
  }

  stop(): void {
    for (const controller of this.#running.values()) controller.abort(new DOMException("The bridge ends.", "AbortError"));
  }

  async #work(request: CallRequest): Promise<void> {
    const { id, command } = request;
    const { spool, now, log } = this.#host;
    const controller = new AbortController();
    this.#running.set(id, controller);
    const startedAt = now();
    const body = await this.#perform(request, controller.signal);
    spool.answer(id, body, now());
    this.#running.delete(id);
    const took = now() - startedAt;
    log(`${command} ${body["ok"] === true ? "done" : `refused: ${errorOf(body)}`} (${took} ms)`, body["ok"] !== true);
    await this.#send({ callId: id, body });
  }

  /** Nothing of it is written down: when the line breaks, the answer is worth nothing any more. */
  async #workAtOnce(request: CallRequest): Promise<void> {
    const { id, command } = request;
    const { send, log } = this.#host;
    const controller = new AbortController();
    this.#running.set(id, controller);
    const body = await this.#perform(request, controller.signal);
    this.#running.delete(id);
    if (body["ok"] !== true) log(`${command} refused: ${errorOf(body)}`, true);
    await send({ callId: id, body }).catch(() => undefined);
  }

  async #perform({ id, command, paramsJSON }: CallRequest, signal: AbortSignal): Promise<Record<string, unknown>> {
    try {
      if (!isCommand(command, this.#host.commands)) {
        throw new HomeRefused("NOT_FOUND", `This machine does not offer ${command}.`);
      }
      const params = HOME_COMMANDS[command].params.safeParse(JSON.parse(paramsJSON ?? "{}"));
      if (!params.success) {
        const issues = params.error.issues.map((issue) => `${issue.path.join(".") || "params"}: ${issue.message}`);
        throw new HomeRefused("INVALID_REQUEST", `${command} was not done. ${issues.slice(0, 5).join("; ")}.`);
      }
      // The schema of this very command read the parameters; the compiler cannot follow that through the table.
      const run = this.#host.commands[command] as (params: unknown, context: CommandContext) => Promise<unknown>;
      const payloadJSON = JSON.stringify((await run(params.data, this.#contextOf(id, signal))) ?? null);
      if (payloadJSON.length <= MAX_ANSWER_CHARS) return { ok: true, payloadJSON };
      const message = `The answer to ${command} has ${payloadJSON.length} characters; at most ${MAX_ANSWER_CHARS} fit.`;
      return refuse("TOO_LARGE", message);
    } catch (error) {
      if (error instanceof HomeRefused) return refuse(error.code, error.message);
      const message = `${command} failed: ${reasonOf(error)}`;
      if (!signal.aborted) this.#host.log(message.slice(0, MAX_MESSAGE_CHARS), true);
      return refuse(signal.aborted ? "ABORTED" : "FAILED", message);
    }
  }

  #contextOf(callId: string, signal: AbortSignal): CommandContext {
    let seq = 0;
    return {
      callId,
      signal,
      transfer: this.#host.transfer,
      now: this.#host.now,
      progress: (text) => this.#host.progress(callId, seq++, text.slice(-MAX_CHUNK)),
    };
  }

  /** False: it was not taken. The line is down, or Skerry could not do with it just now: it is brought again. */
  async #send(answer: SpooledAnswer): Promise<boolean> {
    const { callId } = answer;
    if (this.#sending.has(callId)) return true;
    this.#sending.add(callId);
    try {
      await this.#host.send(answer);
      this.#host.spool.markTaken(callId);
      return true;
    } catch {
      return false;
    } finally {
      this.#sending.delete(callId);
    }
  }
}

function refuse(code: HomeRefusal | "ABORTED" | "FAILED", message: string): Record<string, unknown> {
  return { ok: false, error: { code, message: message.slice(0, MAX_MESSAGE_CHARS) } };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isCommand(name: string, commands: HomeCommands): name is HomeCommandName {
  return Object.hasOwn(HOME_COMMANDS, name) && Object.hasOwn(commands, name);
}

function errorOf(body: Record<string, unknown>): string {
  const error = body["error"];
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : "no reason given";
}
