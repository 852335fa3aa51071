// A model server that does as little as can be: Anthropic's Messages API as a stream, on 127.0.0.1, in the process that
// measures, so that both ends of every interval are read from one clock. It never parses a request: what to answer
// stands in a mark within the message (`[bench id=7 say=12 rate=50]`), and the mark ties a request to its turn.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { anthropicProtocol } from "../test/support/model-server/anthropic.ts";

export interface Plan {
  /** Ties requests to a turn. */
  id: string;
  /** Words of the answer. */
  say: number;
  /** Words a second; 0: all at once. */
  rate: number;
  /** ms before the first byte. */
  delay: number;
  /** Calls of the tool `read` before the answer: one after another, or side by side. */
  calls: number;
  /** `sandbox`: of the tool `exec` instead, in a container at home. */
  tool: keyof typeof TOOLS;
  isParallel: boolean;
  /** Only the first request keeps to `rate` and `delay`: what comes after a crash is answered at once. */
  isSlowOnce: boolean;
}

/** One request. Times are of `performance.now()`. */
export interface Visit {
  receivedAt: number;
  firstTokenAt?: number;
  endedAt?: number;
  bytes: number;
  /** A call of this turn had failed by then. */
  isFailed?: boolean;
}

const OPEN = "[bench ";
const INSTANT: Plan = { id: "", say: 12, rate: 0, delay: 0, calls: 0, tool: "read", isParallel: false, isSlowOnce: false };
const USAGE = { input: 100, output: 12, cacheRead: 0, cacheWrite: 0 };
const RESULT = '"type":"tool_result"';
const FAILED = '"is_error":true';
const TOOLS = {
  read: { name: "read", args: { path: "AGENTS.md" } },
  sandbox: { name: "exec", args: { command: "true", host: "sandbox" } },
};

/** The mark of a plan, to be put into a message. */
export function markOf(plan: Partial<Plan>): string {
  const { id, say, rate, delay, calls, tool, isParallel, isSlowOnce } = { ...INSTANT, ...plan };
  return `${OPEN}id=${id} say=${say} rate=${rate} delay=${delay} calls=${calls} tool=${tool} parallel=${Number(isParallel)} once=${Number(isSlowOnce)}]`;
}

export class BenchModel {
  /** Requests by the id of their plan; "" for messages without a mark. */
  readonly visits = new Map<string, Visit[]>();
  readonly #server: Server;
  readonly #whole = new Map<string, string>();

  private constructor() {
    this.#server = createServer((request, response) => this.#hear(request, response));
    this.#server.keepAliveTimeout = 120_000;
  }

  static async start(): Promise<BenchModel> {
    const made = new BenchModel();
    await new Promise<void>((resolve, reject) => {
      made.#server.once("error", reject);
      made.#server.listen(0, "127.0.0.1", resolve);
    });
    return made;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  visitsOf(id: string): Visit[] {
    return this.visits.get(id) ?? [];
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #hear(request: IncomingMessage, response: ServerResponse): void {
    const visit: Visit = { receivedAt: performance.now(), bytes: 0 };
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      visit.bytes = body.length;
      if (request.method === "POST" && request.url?.endsWith("/messages")) this.#answer(body.toString("utf8"), visit, response);
      else response.writeHead(404, { "content-type": "application/json" }).end('{"type":"error"}');
    });
  }

  #answer(text: string, visit: Visit, response: ServerResponse): void {
    const at = text.lastIndexOf(OPEN);
    const plan = at < 0 ? INSTANT : readMark(text.slice(at + OPEN.length, text.indexOf("]", at)));
    const known = this.visits.get(plan.id);
    const isRepeat = plan.isSlowOnce && known !== undefined;
    if (known) known.push(visit);
    else this.visits.set(plan.id, [visit]);

    if (text.indexOf(FAILED, Math.max(at, 0)) >= 0) visit.isFailed = true;
    const hasTools = text.includes('"tools":[{');
    const round = countFrom(text, RESULT, Math.max(at, 0));
    const calls = !hasTools ? 0 : plan.isParallel ? (round === 0 ? plan.calls : 0) : round < plan.calls ? 1 : 0;
    response.on("close", () => {
      visit.endedAt ??= performance.now();
    });
    const begin = () => {
      response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" });
      if (calls === 0 && plan.rate > 0 && !isRepeat) void sayAtRate(plan, visit, response);
      else this.#sayAtOnce(plan, calls, visit, response);
    };
    if (plan.delay > 0 && !isRepeat && calls === 0) setTimeout(begin, plan.delay);
    else begin();
  }

  #sayAtOnce({ say, tool }: Plan, calls: number, visit: Visit, response: ServerResponse): void {
    const key = `${say} ${calls}`;
    // Ids of calls must differ from turn to turn; an answer in words can be kept.
    const stream = (calls === 0 ? this.#whole.get(key) : undefined) ?? writeWhole(say, calls, TOOLS[tool]);
    if (calls === 0) this.#whole.set(key, stream);
    visit.firstTokenAt = performance.now();
    response.end(stream);
    visit.endedAt = performance.now();
  }
}

let lastCall = 0;

function writeWhole(say: number, calls: number, tool: (typeof TOOLS)[keyof typeof TOOLS]): string {
  const writer = anthropicProtocol.write("scripted");
  const words =
    calls > 0 ? "" : Array.from({ length: say }, (_unused, index) => writer.say(`${index === 0 ? "" : " "}w${index}`)).join("");
  const called = Array.from({ length: calls }, () => writer.call({ id: `toolu_bench${++lastCall}`, ...tool })).join("");
  return writer.open(USAGE) + words + called + writer.close(calls > 0 ? "tools" : "stop", USAGE);
}

/** Every word is the time at which it was written, so that its age can be read where it arrives. */
async function sayAtRate(plan: Plan, visit: Visit, response: ServerResponse): Promise<void> {
  const writer = anthropicProtocol.write("scripted");
  response.write(writer.open(USAGE));
  const startedAt = performance.now();
  for (let index = 0; index < plan.say && !response.destroyed; index++) {
    const waitMs = startedAt + ((index + 1) * 1000) / plan.rate - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const now = performance.now();
    visit.firstTokenAt ??= now;
    response.write(writer.say(` t${now.toFixed(2)};`));
  }
  response.end(writer.close("stop", USAGE));
  visit.endedAt = performance.now();
}

function readMark(text: string): Plan {
  const fields = new Map(text.split(" ").map((field) => field.split("=", 2) as [string, string]));
  const number = (name: string) => Number(fields.get(name) ?? 0);
  return {
    id: fields.get("id") ?? "",
    say: number("say"),
    rate: number("rate"),
    delay: number("delay"),
    calls: number("calls"),
    tool: fields.get("tool") === "sandbox" ? "sandbox" : "read",
    isParallel: number("parallel") === 1,
    isSlowOnce: number("once") === 1,
  };
}

function countFrom(text: string, part: string, from: number): number {
  let count = 0;
  for (let at = text.indexOf(part, from); at >= 0; at = text.indexOf(part, at + part.length)) count++;
  return count;
}
