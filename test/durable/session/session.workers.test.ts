// The four objects in real workerd: a message goes in by the front door, the turn runs, and a killed object goes on.
import { abortAllDurableObjects, evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { History, SessionPort } from "../../../src/contract/ports/session.ts";
import type { Env } from "../../../src/durable/env.ts";
import { intake } from "../../../src/durable/intake.ts";
import { directoryOf, sessionOf } from "../../../src/durable/stubs.ts";
import { messageEvent } from "../../support/event.ts";

const house = env as unknown as Env;

async function send(key: string, text: string, id: string) {
  const event = messageEvent(text, id);
  if (event.kind !== "message") throw new Error("A message is expected.");
  return intake(
    { directory: directoryOf(house), session: (wanted) => sessionOf(house, wanted) },
    event.message,
    {},
    { sessionKey: key },
  );
}

async function settled(session: SessionPort, runId: string, patienceMs = 8000): Promise<History> {
  for (const endAt = Date.now() + patienceMs; Date.now() < endAt; ) {
    const state = await session.run(runId).catch(() => ({ status: "running" }));
    if (state.status !== "running") return session.history({});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`The run ${runId} did not end in time.`);
}

const answers = (history: History) =>
  history.entries.flatMap((entry) => (entry.kind === "assistant" && entry.text !== "" ? [entry.text] : []));

describe("a talk in workerd", () => {
  // The test runner loads modules through promises of the event that asked first: an import that a kill cuts off would
  // hang for everybody after it. So what is imported on demand is imported before anything is killed.
  beforeAll(async () => {
    await send("agent:main:warm", "run the command: true", "warm");
    await settled(sessionOf(house, "agent:main:warm"), "warm", 60_000);
  }, 60_000);

  test("goes from the front door to an answer with a tool, and is in the index", async () => {
    const key = "agent:main:walk";
    await send(key, "list my files", "w1");
    const history = await settled(sessionOf(house, key), "w1");
    expect(answers(history).at(-1)).toContain("SOUL.md");
    expect(history.entries.some((entry) => entry.kind === "result" && entry.name === "ls")).toBe(true);
    const rows = (await directoryOf(house).sessions({})).rows;
    expect(rows.find((row) => row.key === key)).toMatchObject({ title: "list my files", status: "idle", messageCount: 1 });
  });

  test("the same message twice is answered once", async () => {
    const key = "agent:main:twice";
    await send(key, "hello", "t1");
    await send(key, "hello", "t1");
    const history = await settled(sessionOf(house, key), "t1");
    expect(answers(history)).toHaveLength(1);
    expect(history.entries.filter((entry) => entry.kind === "user")).toHaveLength(1);
  });

  test("goes on after eviction with all it knew", async () => {
    const key = "agent:main:evicted";
    await send(key, "remember that my boat is called Petrel", "e1");
    await settled(sessionOf(house, key), "e1");
    await evictAllDurableObjects();
    await send(key, "what do you remember about my boat?", "e2");
    const history = await settled(sessionOf(house, key), "e2");
    expect(answers(history).at(-1)).toContain("Petrel");
  });

  test("goes on by itself when the object is killed in mid-turn", async () => {
    const key = "agent:main:killed";
    await send(key, "run the command: sleep 2; echo late", "k1");
    await new Promise((resolve) => setTimeout(resolve, 250));
    await abortAllDurableObjects();
    const history = await settled(sessionOf(house, key), "k1");
    const results = history.entries.filter((entry) => entry.kind === "result");
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ outcome: "interrupted" });
    expect(answers(history)).toHaveLength(1);
  });

  test("two sessions never wait for each other", async () => {
    const slow = "agent:main:slow";
    await send(slow, "run the command: sleep 3", "s1");
    const startedAt = Date.now();
    await send("agent:main:quick", "hello", "q1");
    await settled(sessionOf(house, "agent:main:quick"), "q1");
    expect(Date.now() - startedAt).toBeLessThan(2000);
    await sessionOf(house, slow).stop();
    await settled(sessionOf(house, slow), "s1");
  });
});
