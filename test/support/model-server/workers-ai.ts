// A stand-in for the Workers AI binding: the same scripts, played into a ReadableStream; errors as the binding throws
// them. `form: "old"` speaks the older chunks ({response, tool_calls}) without a finish reason.
import type { WorkersAi } from "../../../src/durable/models/port.ts";
import { completionsProtocol, completionsWriter } from "./completions.ts";
import { play, type Wire } from "./player.ts";
import { overflowMessage, type Writer } from "./protocol.ts";
import { DEFAULT_SCRIPT, FaultBook, readDirective, type Script } from "./script.ts";

export interface RecordedRun {
  model: string;
  inputs: Record<string, unknown>;
  isAborted: boolean;
}

const WORDS: Readonly<Record<number, string>> = {
  401: "10000: Authentication error",
  402: "3036: You have used up your daily free allocation of 10,000 neurons. Please upgrade to Cloudflare's Workers Paid plan",
  404: "5007: No such model @cf/nobody/nothing or task",
  408: "3046: Request timeout",
  429: "3041: Too many requests, rate limit reached",
  500: "3043: Internal server error",
  503: "3040: Capacity temporarily exceeded, please try again.",
  529: "3040: Capacity temporarily exceeded, please try again.",
};

export class FakeWorkersAi implements WorkersAi {
  readonly runs: RecordedRun[] = [];
  readonly form: "new" | "old";
  private readonly queue: Script[] = [];
  private readonly faults = new FaultBook();

  constructor(form: "new" | "old" = "new") {
    this.form = form;
  }

  push(...scripts: Script[]): void {
    this.queue.push(...scripts);
  }

  async run(model: string, inputs: Record<string, unknown>, options: { signal?: AbortSignal } = {}): Promise<unknown> {
    const run: RecordedRun = { model, inputs, isAborted: false };
    this.runs.push(run);
    const chars = JSON.stringify(inputs).length;
    const seen = completionsProtocol.read(inputs);
    const script = this.queue.shift() ?? readDirective(seen.said) ?? DEFAULT_SCRIPT;
    const fault = this.faults.strike(script, chars);
    if (script.delayMs) await new Promise((resolve) => setTimeout(resolve, script.delayMs));
    if (fault === "overflow") throw upstreamError(`5021: ${overflowMessage(chars)}`);
    if (typeof fault === "number") throw upstreamError(WORDS[fault] ?? `${fault}: Scripted failure`);
    const writer = this.form === "old" ? oldWriter() : completionsWriter(model);
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        const wire = streamWire(controller, script.split);
        options.signal?.addEventListener("abort", () => {
          run.isAborted = true;
          wire.drop();
        });
        void play(writer, wire, { script, fault, round: seen.round, hasTools: seen.hasTools, chars });
      },
      cancel: () => {
        run.isAborted = true;
      },
    });
  }
}

function upstreamError(message: string): Error {
  const error = new Error(message);
  error.name = "InferenceUpstreamError";
  return error;
}

function streamWire(controller: ReadableStreamDefaultController<Uint8Array>, split: number | undefined): Wire {
  let isOver = false;
  const close = (how: () => void) => {
    if (isOver) return;
    isOver = true;
    try {
      how();
    } catch {
      // Closed from the other side already.
    }
  };
  return {
    send(text) {
      if (isOver) return false;
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length; at += split ?? bytes.length)
        controller.enqueue(bytes.slice(at, at + (split ?? bytes.length)));
      return true;
    },
    // What stands in the queue is read before the connection is found lost.
    drop: () => void setTimeout(() => close(() => controller.error(new Error("Network connection lost."))), 5),
    end: () => close(() => controller.close()),
    noteFirstToken: () => undefined,
    isGone: () => isOver,
  };
}

function oldWriter(): Writer {
  const event = (data: Record<string, unknown>) => `data: ${JSON.stringify(data)}\n\n`;
  return {
    open: () => "",
    think: () => "",
    say: (word) => event({ response: word, p: "abc" }),
    call: ({ name, args }) => event({ response: "", tool_calls: [{ name, arguments: args }] }),
    errorEvent: (message) => event({ error: message }),
    close: (_ending, usage) =>
      `${event({ response: "", usage: { prompt_tokens: usage.input, completion_tokens: usage.output } })}data: [DONE]\n\n`,
  };
}
