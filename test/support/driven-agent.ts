// An agent whose model is the test: each call that the test makes is what the model answers with, and what the model reads next is what
// the test gets back. All of them are one turn of a started Skerry.
import { ModelServer } from "./model-server/server.ts";
import { type Operator, openOperator } from "./operator.ts";
import { type Skerry, type SkerryOptions, startSkerry } from "./runtime.ts";

export interface CallResult {
  text: string;
  /** Pictures that the model sees with it. */
  pictures: Uint8Array[];
}

export interface DrivenAgent {
  skerry: Skerry;
  operator: Operator;
  model: ModelServer;
  /** Begins a turn where none runs. */
  call(name: string, args: Record<string, unknown>): Promise<CallResult>;
  /** The model answers, which ends the turn. */
  say(text: string): Promise<void>;
  close(): Promise<void>;
}

interface Block {
  type: string;
  text?: string;
  content?: string | Block[];
  source?: { data: string };
}

const SESSION = "agent:main:main";
const PATIENCE_MS = 60_000;

export async function openDrivenAgent(options: SkerryOptions = {}): Promise<DrivenAgent> {
  let asked = Promise.withResolvers<CallResult>();
  let next = Promise.withResolvers<{ name: string; args: Record<string, unknown> } | { say: string }>();
  const model = await ModelServer.start({
    async handler({ body, round }) {
      asked.resolve(resultIn(body["messages"]));
      const step = await next.promise;
      next = Promise.withResolvers();
      return "say" in step ? { say: step.say } : { tool: step.name, args: step.args, calls: round + 1, say: "" };
    },
  });
  const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" };
  const skerry = await startSkerry({ ...options, env: { ...env, ...options.env } });
  const operator = await openOperator(skerry);
  let run: string | undefined;
  const begin = async () => {
    if (run !== undefined) return;
    run = await operator.send(SESSION, "Do what I drive you to.");
    await inTime(asked.promise, "the model was not asked");
  };
  return {
    skerry,
    operator,
    model,
    async call(name, args) {
      await begin();
      asked = Promise.withResolvers();
      next.resolve({ name, args });
      return inTime(asked.promise, `${name} ${JSON.stringify(args)} was not answered`);
    },
    async say(text) {
      await begin();
      asked = Promise.withResolvers();
      next.resolve({ say: text });
      if (run !== undefined) await operator.ended(SESSION, run);
      run = undefined;
    },
    async close() {
      operator.close();
      await skerry.stop();
      await model.stop();
    },
  };
}

function resultIn(messages: unknown): CallResult {
  const last = (messages as { content: string | Block[] }[]).at(-1)?.content;
  const block = typeof last === "string" ? undefined : last?.find(({ type }) => type === "tool_result");
  const inside = block?.content ?? [];
  const parts = typeof inside === "string" ? [{ type: "text", text: inside } as Block] : inside;
  return {
    text: parts.flatMap(({ text }) => (text === undefined ? [] : [text])).join("\n"),
    pictures: parts.flatMap(({ source }) => (source ? [new Uint8Array(Buffer.from(source.data, "base64"))] : [])),
  };
}

function inTime<T>(work: Promise<T>, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what} within ${PATIENCE_MS} ms`)), PATIENCE_MS);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
