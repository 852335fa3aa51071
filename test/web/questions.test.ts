// The questions that a page knows of: those it was told, in their order, until they are answered anywhere or their time is up.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventFrame } from "../../src/contract/gateway.ts";
import { type ApprovalView, viewApproval } from "../../src/contract/home/approval-view.ts";
import type { Line } from "../../src/web/talk/courier.ts";
import { Questions } from "../../src/web/talk/questions.ts";
import { makeRequest } from "../support/approval.ts";

const LIFE_MS = 30 * 60_000;

function view(id: string, sessionKey = "agent:main:main"): ApprovalView {
  const now = Date.now();
  return viewApproval({ ...makeRequest(id, now, { sessionKey }), code: "ABCD2345", askedAt: now, state: "open" });
}

const frame = (event: string, payload: unknown): EventFrame => ({ type: "event", event, payload, seq: 1 }) as EventFrame;

/** `list`: what the Gateway says waits. */
function openQuestions(list: () => ApprovalView[], resolve: () => Promise<unknown> = async () => ({ ok: true })) {
  const asked: { method: string; params: unknown }[] = [];
  const line: Line = {
    state: { phase: "ready" },
    async request<T>(method: string, params: unknown): Promise<T> {
      asked.push({ method, params });
      return (method === "exec.approval.list" ? list() : await resolve()) as T;
    },
  };
  const questions = new Questions(line);
  let told = 0;
  questions.listen(() => {
    told += 1;
  });
  return { questions, asked, told: () => told, ids: () => questions.open.map(({ id }) => id) };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("questions", () => {
  it("are those the Gateway lists, and those it tells of afterwards, each once", async () => {
    const { questions, ids, told } = openQuestions(() => [view("a"), view("b", "agent:main:telegram:dm:7")]);
    await questions.load();
    expect(ids()).toEqual(["a", "b"]);
    questions.hear(frame("exec.approval.requested", view("c")));
    questions.hear(frame("exec.approval.requested", view("c")));
    expect(ids()).toEqual(["a", "b", "c"]);
    expect(questions.inSession("agent:main:main").map(({ id }) => id)).toEqual(["a", "c"]);
    expect(told()).toBe(3);
  });

  it("are gone as soon as somebody answered, here or elsewhere", async () => {
    const { questions, ids } = openQuestions(() => [view("a"), view("b")]);
    await questions.load();
    questions.hear(frame("exec.approval.resolved", { ...view("a"), state: "decided", decision: "deny" }));
    expect(ids()).toEqual(["b"]);
  });

  it("hear nothing of other events", async () => {
    const { questions, ids, told } = openQuestions(() => [view("a")]);
    await questions.load();
    questions.hear(frame("device.pair.requested", { id: "a" }));
    expect(ids()).toEqual(["a"]);
    expect(told()).toBe(1);
  });

  it("count no longer when their time is up, one after the other, without a word from anybody", async () => {
    const late = { ...view("late"), expiresAtMs: Date.now() + 1_000 };
    const { questions, ids, told } = openQuestions(() => [late, view("b")]);
    await questions.load();
    vi.advanceTimersByTime(900);
    expect(ids()).toEqual(["late", "b"]);
    vi.advanceTimersByTime(200);
    expect(ids()).toEqual(["b"]);
    vi.advanceTimersByTime(LIFE_MS);
    expect(ids()).toEqual([]);
    expect(told()).toBe(3);
  });

  it("are asked for anew when the answer came too late, and the reason is told", async () => {
    let left = [view("a"), view("b")];
    const { questions, asked, ids } = openQuestions(
      () => left,
      () => Promise.reject(new Error("It is too late: the question was denied by Ada.")),
    );
    await questions.load();
    left = [view("b")];
    await expect(questions.decide("a", "allow-once")).rejects.toThrow("too late");
    expect(ids()).toEqual(["b"]);
    expect(asked.map(({ method }) => method)).toEqual(["exec.approval.list", "exec.approval.resolve", "exec.approval.list"]);
    expect(asked[1]?.params).toEqual({ id: "a", decision: "allow-once" });
  });
});
