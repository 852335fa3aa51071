// The desk of homes where the settings take their time, and where a session does not take what it is told.
import { beforeEach, expect, it } from "vitest";
import type { HomeRequest } from "../../../../src/contract/home/port.ts";
import { HomesDesk } from "../../../../src/durable/gateway/homes/desk.ts";
import { openTestSql } from "../../../support/sqlite.ts";

let now: number;
let sent: string[];
let told: number[];
let settings: PromiseWithResolvers<void>;
let isSessionWell: boolean;
let desk: HomesDesk;

beforeEach(() => {
  now = 1_000_000;
  sent = [];
  told = [];
  settings = Promise.withResolvers();
  isSessionWell = false;
  desk = new HomesDesk(openTestSql(), {
    now: () => now,
    lineOf: () => ({ id: "line", send: (event, payload) => sent.push(`${event} ${payload["id"]}`) }),
    show: () => {},
    receive: async () => {
      told.push(now);
      if (!isSessionWell) throw new Error("not just now");
    },
    rearm: () => {},
    rules: async () => {
      await settings.promise;
      return { allow: [], deny: [] };
    },
    log: () => {},
  });
  const commands = ["sandbox.status", "exec.start"];
  const arrival = {
    id: "nas-id",
    name: "nas",
    platform: "linux",
    version: "1",
    instance: "1",
    caps: [],
    commands,
    permissions: {},
  };
  desk.arrive(arrival, commands);
});

const request = (change: Partial<HomeRequest> = {}): HomeRequest => ({
  id: "call-1",
  command: "sandbox.status",
  params: {},
  timeoutMs: 60_000,
  waitMs: 1000,
  ...change,
});

it("asks once for what is asked for twice while the settings are awaited, and answers both", async () => {
  const answers = Promise.all([desk.callHome(request()), desk.callHome(request())]);
  settings.resolve();
  await expect.poll(() => sent).toEqual(["node.invoke.request call-1"]);
  desk.answer("nas-id", "call-1", { payload: "once" });
  const answer = { outcome: "answered", home: "nas", payload: "once" };
  expect(await answers).toEqual([answer, answer]);
});

async function runUntil(endAt: number) {
  for (let due = desk.nextDueAt(); due !== undefined && due <= endAt; due = desk.nextDueAt()) {
    now = Math.max(due, now + 1);
    await desk.tick();
  }
  now = endAt;
}

it("tells a session that cannot be told again and again, ever more seldom, until it has it", async () => {
  settings.resolve();
  const { outcome } = await desk.callHome(request({ waitMs: 0, replyTo: { sessionKey: "agent:main:main", callId: "c" } }));
  expect(outcome).toBe("pending");
  desk.answer("nas-id", "call-1", { payload: "late" });
  await expect.poll(() => told).toHaveLength(1);
  await runUntil(now + 24 * 3_600_000);
  expect(told.length).toBeGreaterThan(10);
  expect(told.length).toBeLessThan(60);
  // Another alarm in between is no reason to try.
  const tries = told.length;
  await desk.tick();
  expect(told).toHaveLength(tries);
  isSessionWell = true;
  await runUntil(now + 2 * 3_600_000);
  expect(told).toHaveLength(tries + 1);
  expect(desk.nextDueAt()).toBeUndefined();
});

it("tells the end of a command in the same way", async () => {
  settings.resolve();
  const params = { processId: "p1", sessionKey: "agent:main:main" };
  const started = desk.callHome(request({ command: "exec.start", params }));
  await expect.poll(() => sent).toHaveLength(1);
  desk.answer("nas-id", "call-1", { payload: { state: "running" } });
  await started;
  expect(desk.hearEnd("nas-id", { ...params, command: "make", exitCode: 0, tail: "" })).toBe(true);
  await expect.poll(() => told).toHaveLength(1);
  await runUntil(now + 24 * 3_600_000);
  expect(told.length).toBeGreaterThan(10);
  expect(told.length).toBeLessThan(60);
  isSessionWell = true;
  await runUntil(now + 2 * 3_600_000);
  expect(desk.nextDueAt()).toBeUndefined();
});
