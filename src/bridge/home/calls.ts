// Calls of Skerry to this machine: each is begun once, runs beside the others, and its answer is kept until Skerry has it.
// Knows the line by what it can send; what a command does is its own business.
import { HomeRefused } from "../../contract/errors.ts";
import { HOME_COMMANDS, type HomeCommandName, isFleeting } from "../../contract/home/commands.ts";
import type { CommandContext, HomeCommands, Transfer } from "../home-command.ts";
import type { Spool, SpooledAnswer } from "./spool.ts";

const MAX_CHUNK = 4_000;

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

  take(request: { id: string; command: string; paramsJSON?: string | null }): void {
    const { spool, now } = this.#host;
    if (this.#running.has(request.id)) return;
    if (isFleeting(request.command)) return void this.#workAtOnce(request);
    if (!spool.begin(request.id, now())) {
      const known = spool.answerOf(request.id);
      if (known) void this.#send(known);
      return;
    }
    void this.#work(request);
  }

  cancel(id: string): void {
    this.#running.get(id)?.abort(new DOMException("Nobody waits for it any more.", "AbortError"));
  }

  /** The line is there again: brings what Skerry has not taken. */
  async sendKept(): Promise<void> {
    for (const answer of this.#host.spool.unsent()) await this.#send(answer);
  }

  stop(): void {
    for (const controller of this.#running.values()) controller.abort(new DOMException("The bridge ends.", "AbortError"));
  }

  async #work(request: { id: string; command: string; paramsJSON?: string | null }): Promise<void> {
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
  async #workAtOnce(request: { id: string; command: string; paramsJSON?: string | null }): Promise<void> {
    const { id, command } = request;
    const { send, log } = this.#host;
    const controller = new AbortController();
    this.#running.set(id, controller);
    const body = await this.#perform(request, controller.signal);
    this.#running.delete(id);
    if (body["ok"] !== true) log(`${command} refused: ${errorOf(body)}`, true);
    await send({ callId: id, body }).catch(() => undefined);
  }

  async #perform(
    { id, command, paramsJSON }: { id: string; command: string; paramsJSON?: string | null },
    signal: AbortSignal,
  ): Promise<Record<string, unknown>> {
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
      const payload = await run(params.data, this.#contextOf(id, signal));
      return { ok: true, payloadJSON: JSON.stringify(payload) };
    } catch (error) {
      if (error instanceof HomeRefused) return { ok: false, error: { code: error.code, message: error.message } };
      const message = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) this.#host.log(`${command} failed: ${message}`, true);
      return { ok: false, error: { code: signal.aborted ? "ABORTED" : "FAILED", message: `${command} failed: ${message}` } };
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

  async #send(answer: SpooledAnswer): Promise<void> {
    const { callId } = answer;
    if (this.#sending.has(callId)) return;
    this.#sending.add(callId);
    try {
      await this.#host.send(answer);
      this.#host.spool.markTaken(callId);
    } catch {
      // The line is down: it goes when it is there again.
    } finally {
      this.#sending.delete(callId);
    }
  }
}

function isCommand(name: string, commands: HomeCommands): name is HomeCommandName {
  return Object.hasOwn(HOME_COMMANDS, name) && Object.hasOwn(commands, name);
}

function errorOf(body: Record<string, unknown>): string {
  const error = body["error"];
  return typeof error === "object" && error !== null && "message" in error ? String(error.message) : "no reason given";
}
