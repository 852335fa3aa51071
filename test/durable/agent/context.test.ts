import { describe, expect, test } from "vitest";
import type { Entry, NewEntry } from "../../../src/contract/entry.ts";
import { plainSummary, planCompaction, summaryRequest } from "../../../src/durable/agent/compaction.ts";
import { buildMessages, windowOf } from "../../../src/durable/agent/context.ts";

const noImage = async () => undefined;
const place = (entries: NewEntry[]): Entry[] =>
  entries.map((entry, index) => ({ ...entry, seq: index + 1, id: `e${index + 1}`, at: 0 }) as Entry);
const user = (text: string): NewEntry => ({ kind: "user", inboxId: "i", parts: [{ type: "text", text }] });
const assistant = (text: string, calls: { id: string; name: string; args: Record<string, unknown> }[] = []): NewEntry => ({
  kind: "assistant",
  step: 0,
  text,
  thinking: [],
  calls,
  model: "demo/demo",
  stopReason: calls.length > 0 ? "tools" : "stop",
  spend: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
});
const result = (callId: string, text: string): NewEntry => ({ kind: "result", callId, name: "read", text, outcome: "done" });

describe("what the model reads", () => {
  test("starts at the latest summary and never shows what it replaced", async () => {
    const entries = place([
      user("first"),
      assistant("old answer"),
      { kind: "summary", text: "they greeted", firstKeptSeq: 4, tokensBefore: 9 },
      user("second"),
    ]);
    expect(windowOf(entries).kept.map((entry) => entry.seq)).toEqual([4]);
    const messages = await buildMessages(entries, noImage);
    expect(JSON.stringify(messages)).toContain("they greeted");
    expect(JSON.stringify(messages)).not.toContain("old answer");
  });

  test("shortens old bulky results and keeps recent ones whole", async () => {
    const bulk = "x".repeat(9000);
    const turns = Array.from({ length: 5 }, (_, index) => [
      user(`q${index}`),
      assistant("", [{ id: `c${index}`, name: "read", args: {} }]),
      result(`c${index}`, bulk),
    ]);
    const messages = await buildMessages(place(turns.flat()), noImage);
    const lengths = messages.filter((message) => message.role === "tool").map((message) => message.text.length);
    expect(lengths[0]).toBeLessThan(3200);
    expect(lengths.at(-1)).toBe(9000);
  });

  test("leaves out notes that are for people only", async () => {
    const entries = place([
      user("hi"),
      { kind: "note", text: "failed: no key", isForModel: false },
      { kind: "note", text: "the deploy is done", isForModel: true },
    ]);
    const text = JSON.stringify(await buildMessages(entries, noImage));
    expect(text).not.toContain("no key");
    expect(text).toContain("the deploy is done");
  });

  test("describes an image that is gone instead of sending it", async () => {
    const media = { key: "k", type: "image/png", size: 10, name: "cat.png" };
    const messages = await buildMessages(place([{ kind: "user", inboxId: "i", parts: [{ type: "image", media }] }]), noImage);
    expect(messages).toEqual([
      { role: "user", parts: [{ type: "text", text: "[image: cat.png, image/png, 10 B, kept as attachments/cat-k.png]" }] },
    ]);
  });
});

describe("compaction", () => {
  const talk = place(
    Array.from({ length: 20 }, (_, index) => [
      user(`question ${index} ${"word ".repeat(100)}`),
      assistant("", [{ id: `c${index}`, name: "read", args: { path: "a" } }]),
      result(`c${index}`, `result ${index}`),
      assistant(`answer ${index}`),
    ]).flat(),
  );

  test("keeps about the asked number of tokens and never separates a call from its result", () => {
    const plan = planCompaction(talk, 1000);
    const first = talk.find((entry) => entry.seq === plan?.firstKeptSeq);
    expect(first?.kind === "user" || first?.kind === "assistant").toBe(true);
    const kept = talk.filter((entry) => entry.seq >= (plan?.firstKeptSeq ?? 0));
    const asked = new Set(kept.flatMap((entry) => (entry.kind === "assistant" ? entry.calls.map((call) => call.id) : [])));
    for (const entry of kept) if (entry.kind === "result") expect(asked).toContain(entry.callId);
    expect(plan?.older.length).toBeGreaterThan(40);
  });

  test("has nothing to do for a short talk", () => {
    expect(planCompaction(place([user("hi"), assistant("hello")]), 1000)).toBeUndefined();
  });

  test("asks with exact texts and the person's focus, and can do without a model", () => {
    const plan = planCompaction(talk, 1000);
    if (!plan) throw new Error("a plan is expected");
    const request = summaryRequest(plan, "the shopping list");
    expect(request.system).toContain("the shopping list");
    expect(JSON.stringify(request.messages)).toContain("question 3");
    expect(plainSummary(plan)).toContain("answer 2");
  });
});
