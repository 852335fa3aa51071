// The whole runtime is killed with SIGKILL in each phase of a turn and started again over the same state: each message
// is answered exactly once, no unsafe call is repeated, and nobody needs to touch anything.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { directive } from "../support/model-server/script.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { openOperator, textsOf } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const KEY = "agent:main:crash";
let model: ModelServer;
let stateDir: string;
let skerry: Skerry;

const start = () =>
  startSkerry({
    stateDir,
    env: { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" },
  });

/** Kills everything at once, starts again, and says how long the answer took from the new start. */
async function killAndStart(): Promise<number> {
  await skerry.kill();
  const startedAt = Date.now();
  skerry = await start();
  return startedAt;
}

beforeAll(async () => {
  model = await ModelServer.start();
});
afterAll(() => model.stop());
beforeEach(async () => {
  model.reset();
  stateDir = mkdtempSync(join(tmpdir(), "skerry-crash-"));
  skerry = await start();
});
afterEach(async () => {
  await skerry.stop();
  rmSync(stateDir, { recursive: true, force: true });
});

async function sendOnce(text: string, id: string): Promise<void> {
  const operator = await openOperator(skerry);
  await operator.send(KEY, text, id);
  operator.close();
}

async function readEnd(id: string) {
  const operator = await openOperator(skerry);
  const messages = await operator.ended(KEY, id);
  operator.close();
  return messages;
}

describe("killed", () => {
  test("before the model answers: the step is made again", async () => {
    model.push({ say: "never seen", delayMs: 60_000 }, { say: "the answer" });
    await sendOnce("question", "q1");
    await model.waitForRequests(1);
    const startedAt = await killAndStart();
    await model.waitForRequests(2);
    const messages = await readEnd("q1");
    expect(textsOf(messages, "user")).toEqual(["question"]);
    expect(textsOf(messages, "assistant")).toEqual(["the answer"]);
    expect(Date.now() - startedAt).toBeLessThan(6000);
  });

  test("in mid-stream: the half answer is not taken for a whole one", async () => {
    model.push({ say: 200, rate: 50 }, { say: "the whole answer" });
    await sendOnce("question", "q2");
    await model.waitForRequests(1);
    await new Promise((resolve) => setTimeout(resolve, 900));
    await killAndStart();
    await model.waitForRequests(2);
    expect(textsOf(await readEnd("q2"), "assistant")).toEqual(["the whole answer"]);
  });

  test("in an unsafe call: it is not repeated, and the model is told that its outcome is unknown", async () => {
    model.push(
      { tool: "exec", args: { command: "echo ran >> /workspace/log.txt; sleep 30" } },
      { say: "I will look before I repeat it." },
    );
    await sendOnce("do it", "q3");
    await model.waitForRequests(1);
    await new Promise((resolve) => setTimeout(resolve, 900));
    await killAndStart();
    await model.waitForRequests(2);
    const messages = await readEnd("q3");
    expect(textsOf(messages, "assistant")).toEqual(["I will look before I repeat it."]);
    expect(JSON.stringify(model.requests[1]?.body)).toContain("outcome unknown");
    expect(model.requests).toHaveLength(2);
  });

  test("between answer and delivery: what was answered is there, once", async () => {
    model.push({ say: "the answer" });
    const operator = await openOperator(skerry);
    await operator.send(KEY, "question", "q4");
    // As soon as the model has said everything, before or after anyone was told.
    while (!model.requests[0]?.endedAt) await new Promise((resolve) => setTimeout(resolve, 1));
    await skerry.kill();
    operator.close();
    model.fallback = { say: "said again" };
    skerry = await start();
    const messages = await readEnd("q4");
    expect(textsOf(messages, "assistant")).toHaveLength(1);
    expect(textsOf(messages, "user")).toEqual(["question"]);
  });

  test("while messages wait: each is answered exactly once, also when it is sent again", async () => {
    const operator = await openOperator(skerry);
    await operator.send(KEY, "/queue followup");
    model.push({ say: "lost", delayMs: 60_000 }, { say: "first" }, { say: "second" }, { say: "third" });
    for (const id of ["one", "two", "three"]) await operator.send(KEY, id, id);
    await model.waitForRequests(1);
    operator.close();
    await killAndStart();
    // A client that never saw the acknowledgement sends again.
    await sendOnce("two", "two");
    await model.waitForRequests(4);
    const messages = await readEnd("three");
    expect(textsOf(messages, "user").slice(-3)).toEqual(["one", "two", "three"]);
    expect(textsOf(messages, "assistant").slice(-3)).toEqual(["first", "second", "third"]);
    expect(model.requests).toHaveLength(4);
  });

  test("six times at random moments of tool-using turns: every message answered once", async () => {
    const ids = ["r1", "r2", "r3"];
    for (const id of ids) {
      await sendOnce(
        `go ${directive({ id, tool: "read", args: { path: "SOUL.md" }, calls: 4, say: `answer ${id}`, delayMs: 60 })}`,
        id,
      );
      for (let round = 0; round < 2; round++) {
        await new Promise((resolve) => setTimeout(resolve, 40 + Math.random() * 260));
        await killAndStart();
      }
      await readEnd(id);
    }
    const operator = await openOperator(skerry);
    const { messages } = await operator.history(KEY);
    operator.close();
    expect(textsOf(messages, "assistant")).toEqual(ids.map((id) => `answer ${id}`));
    expect(textsOf(messages, "user")).toHaveLength(3);
  });
});
