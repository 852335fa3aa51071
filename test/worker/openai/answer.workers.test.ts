// Following a run whose line breaks: the session is faked at its port, everything else is real.
import { expect, test } from "vitest";
import { ApiRefused } from "../../../src/contract/errors.ts";
import type { LiveDetail } from "../../../src/contract/live.ts";
import type { SessionPort } from "../../../src/contract/ports/session.ts";
import { followAnswer } from "../../../src/worker/openai/answer.ts";
import type { House } from "../../../src/worker/openai/turn.ts";

const SPEND = { input: 3, output: 2, cacheRead: 0, cacheWrite: 0 };
const ended: LiveDetail = { type: "turn-ended", outcome: "done", text: "", spend: SPEND, startedAt: 1, endedAt: 2 };
const said = (offset: number, delta: string): LiveDetail => ({ type: "text", step: 0, offset, delta });

/** One line for each time somebody watches; `break`: it breaks off. */
function houseOf(lines: (LiveDetail | "break")[][]) {
  const stopped: string[] = [];
  const session = {
    watch: async (runId: string) => {
      const line = lines.shift() ?? [];
      return new ReadableStream<Uint8Array>({
        async start(controller) {
          for (const detail of line) {
            // What was sent before is read before the line breaks.
            if (detail === "break") await new Promise((resolve) => setTimeout(resolve, 10));
            if (detail === "break") return controller.error(new Error("The object was reset."));
            controller.enqueue(new TextEncoder().encode(`${JSON.stringify({ ...detail, runId, seq: 1, at: 1 })}\n`));
          }
          controller.close();
        },
      });
    },
    stop: async (runId: string) => {
      stopped.push(runId);
      return { stopped: true, runIds: [runId] };
    },
  } as Partial<SessionPort> as SessionPort;
  const house: House = {
    session: () => session,
    directory: { admit: async () => ({ outcome: "ignore", reason: "" }), agents: async () => [] },
    store: async () => ({ key: "", type: "", size: 0 }),
  };
  return { house, stopped };
}

const turn = { id: "1", sessionKey: "agent:main:x", runId: "r1", isOneOff: true };

async function read(house: House, stop: string[] = []) {
  const pieces: string[] = [];
  const answer = followAnswer(house, turn, stop);
  for (let step = await answer.next(); ; step = await answer.next()) {
    if (step.done) return { pieces, ended: step.value };
    pieces.push(step.value);
  }
}

test("a line that breaks is taken up again, and nothing is said twice", async () => {
  const { house } = houseOf([
    [said(0, "one "), "break"],
    [said(0, "one two"), said(7, " three"), ended],
  ]);
  expect(await read(house)).toEqual({
    pieces: ["one ", "two", " three"],
    ended: { text: "one two three", finish: "stop", spend: SPEND },
  });
});

test("a line that just ends is taken up again", async () => {
  const { house } = houseOf([[said(0, "one")], [said(0, "one"), ended]]);
  expect((await read(house)).pieces.join("")).toBe("one");
});

test("a run that stays unknown is given up with a sentence", async () => {
  const { house } = houseOf([]);
  await expect(read(house)).rejects.toMatchObject({ data: { status: 503, code: "lost" } });
});

test("a stop word ends a one-off turn early and is no failure", async () => {
  const stopped: LiveDetail = { ...ended, type: "turn-ended", outcome: "stopped" };
  const { house, stopped: stops } = houseOf([[said(0, "one STOP two"), said(12, " three"), stopped]]);
  expect(await read(house, ["STOP"])).toMatchObject({ pieces: ["one "], ended: { text: "one ", finish: "stop" } });
  expect(stops).toEqual(["r1"]);
});

test.each([
  ["limited", 429, "rate_limit_exceeded"],
  ["billing", 429, "insufficient_quota"],
  ["too-long", 400, "context_length_exceeded"],
  ["overloaded", 503, "overloaded"],
  ["breaker", 503, "breaker"],
  ["fault", 500, "server_error"],
] as const)("a turn that failed by %s is a refusal of its own", async (kind, status, code) => {
  const { house } = houseOf([[{ ...ended, type: "turn-ended", outcome: "failed", error: { kind, text: "A sentence." } }]]);
  const failed = await read(house).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(ApiRefused);
  expect(failed).toMatchObject({ data: { status, code, message: "A sentence." } });
});

test("a message that was dropped is told with its reason", async () => {
  const { house } = houseOf([[{ type: "inbox", inboxId: "r1", state: "dropped", reason: "Stopped before it began." }]]);
  await expect(read(house)).rejects.toMatchObject({ data: { status: 503, message: "Stopped before it began." } });
});
