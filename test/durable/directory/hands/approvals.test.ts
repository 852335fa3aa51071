// Questions to the owner: decided once, told until they are taken, expired on time, kept for thirty days.
import { expect, test } from "vitest";
import type { Event } from "../../../../src/contract/event.ts";
import type { Address } from "../../../../src/contract/message.ts";
import { Approvals } from "../../../../src/durable/directory/hands/approvals.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate } from "../../../../src/durable/storage/sql.ts";
import { makePlan, makeRequest } from "../../../support/approval.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const START = 1_800_000_000_000;
const MINUTE = 60_000;
const DAY = 86_400_000;

function openDesk(change: { fails?: () => boolean; ownerAt?: Address; goesToChats?: boolean } = {}) {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  const desk = {
    now: START,
    told: [] as { sessionKey: string; event: Event }[],
    announced: [] as [string, Record<string, unknown>][],
    wanted: [] as number[],
    approvals: undefined as unknown as Approvals,
    /** Everything in memory is lost; the rows stay. */
    restart() {
      desk.approvals = open();
    },
  };
  let work: Promise<unknown>[] = [];
  const open = () =>
    new Approvals(sql, {
      now: () => desk.now,
      announce: (event, payload) => desk.announced.push([event, payload]),
      receive: async (sessionKey, event) => {
        if (change.fails?.()) throw new Error("The session is out of reach.");
        desk.told.push({ sessionKey, event });
      },
      rearm: async (at) => void desk.wanted.push(at),
      ownerAt: () => change.ownerAt,
      goesToChats: () => change.goesToChats ?? true,
      waitUntil: (one) => work.push(one),
    });
  desk.approvals = open();
  const settled = async () => {
    await Promise.all(work);
    work = [];
  };
  return Object.assign(desk, { settled });
}

test("a question is a row with a code, told to screens, and asked again it is the same one", async () => {
  const desk = openDesk({ ownerAt: { channel: "telegram", peer: "42" } });
  const asked = await desk.approvals.askApproval(makeRequest("a", START));
  expect(asked).toMatchObject({ id: "a", state: "open", askedAt: START, goesToChats: true, ownerAt: { peer: "42" } });
  expect(asked.code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
  expect(desk.announced).toMatchObject([["exec.approval.requested", { id: "a", request: { command: "rm -r build" } }]]);
  desk.restart();
  expect((await desk.approvals.askApproval(makeRequest("a", START))).code).toBe(asked.code);
  expect(desk.announced).toHaveLength(1);
  expect(await desk.approvals.approvals()).toHaveLength(1);
});

test("the first answer counts and reaches the call; whoever comes later hears what was decided", async () => {
  const desk = openDesk();
  const { code } = await desk.approvals.askApproval(makeRequest("a", START));
  const [first, second] = await Promise.all([
    desk.approvals.decideApproval(code.toLowerCase(), "allow-once", "Control UI"),
    desk.approvals.decideApproval("a", "deny", "Ann"),
  ]);
  expect(first).toMatchObject({ ok: true, value: { state: "decided", decision: "allow-once", by: "Control UI" } });
  expect(second).toMatchObject({
    ok: false,
    error: { code: "CONFLICT", message: "It is too late: the question was allowed once by Control UI." },
  });
  await desk.settled();
  expect(desk.told).toMatchObject([
    {
      sessionKey: "agent:main:main",
      event: {
        kind: "result",
        callId: "turn_1:0:c1",
        token: "approval:a",
        payload: { decision: "allow-once", by: "Control UI" },
      },
    },
  ]);
  expect(desk.announced.map(([event]) => event)).toEqual(["exec.approval.requested", "exec.approval.resolved"]);
  desk.now += MINUTE;
  await desk.approvals.tick();
  expect(desk.told).toHaveLength(1);
});

test("an answer that the session did not take is told again, later and later, over a restart", async () => {
  let isAway = true;
  const desk = openDesk({ fails: () => isAway });
  await desk.approvals.askApproval(makeRequest("a", START));
  await desk.approvals.decideApproval("a", "deny", "Ann");
  await desk.settled();
  expect(desk.told).toEqual([]);
  expect(desk.wanted).toContain(START + 5000);
  desk.restart();
  desk.now += 20_000;
  const nextAt = await desk.approvals.tick();
  expect(nextAt).toBeGreaterThan(desk.now + 10_000);
  isAway = false;
  desk.restart();
  desk.now = nextAt ?? 0;
  expect(await desk.approvals.tick()).toBeUndefined();
  expect(desk.told).toMatchObject([{ event: { payload: { decision: "deny", by: "Ann" } } }]);
});

test("a restart between the decision and the telling loses nothing", async () => {
  const desk = openDesk({ fails: () => desk.now === START });
  await desk.approvals.askApproval(makeRequest("a", START));
  await desk.approvals.decideApproval("a", "allow-always", "Ann");
  await desk.settled();
  desk.restart();
  desk.now += 11_000;
  await desk.approvals.tick();
  expect(desk.told).toMatchObject([{ event: { id: "approval:a", payload: { decision: "allow-always" } } }]);
});

test("after its time nothing is allowed any more, whether the alarm came or not", async () => {
  const desk = openDesk();
  await desk.approvals.askApproval(makeRequest("late", START));
  await desk.approvals.askApproval(makeRequest("later", START));
  expect(desk.wanted[0]).toBe(START + 30 * MINUTE);
  desk.now += 30 * MINUTE;
  expect(await desk.approvals.decideApproval("late", "allow-once", "Ann")).toMatchObject({
    ok: false,
    error: { code: "CONFLICT", message: expect.stringContaining("expired before anybody answered") },
  });
  await desk.approvals.tick();
  await desk.settled();
  expect(desk.told.map(({ event }) => event.kind === "result" && event.payload)).toEqual([
    { decision: "expired" },
    { decision: "expired" },
  ]);
  expect((await desk.approvals.approvals()).map(({ state }) => state)).toEqual(["expired", "expired"]);
});

test("what was withdrawn cannot be allowed, and nobody is told of it", async () => {
  const desk = openDesk();
  await desk.approvals.askApproval(makeRequest("a", START));
  await desk.approvals.withdrawApproval("a");
  await desk.approvals.withdrawApproval("unknown");
  expect(await desk.approvals.decideApproval("a", "allow-once", "Ann")).toMatchObject({
    error: { message: expect.stringContaining("withdrawn") },
  });
  await desk.settled();
  expect(desk.told).toEqual([]);
  expect(await desk.approvals.decideApproval("ABCD2345", "deny", "Ann")).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test("history stays for thirty days, open ones stand first, and what is open is never forgotten", async () => {
  const desk = openDesk();
  await desk.approvals.askApproval(makeRequest("old", START));
  await desk.approvals.decideApproval("old", "deny", "Ann");
  desk.now += DAY;
  await desk.approvals.askApproval(makeRequest("new", desk.now));
  await desk.approvals.decideApproval("new", "allow-once", "Ann");
  await desk.approvals.askApproval(makeRequest("open", desk.now));
  expect((await desk.approvals.approvals()).map(({ id }) => id)).toEqual(["open", "new", "old"]);
  expect((await desk.approvals.approvals(1)).map(({ id }) => id)).toEqual(["open", "new"]);
  await desk.settled();
  desk.now = START + 30 * DAY + 1;
  await desk.approvals.tick();
  expect(await desk.approvals.approval("old")).toBeUndefined();
  expect((await desk.approvals.approvals()).map(({ id }) => id)).toEqual(["open", "new"]);
});

test("a session that asks too much gets a no instead of flooding its owner", async () => {
  const desk = openDesk();
  for (let count = 0; count < 10; count += 1) await desk.approvals.askApproval(makeRequest(`q${count}`, START));
  expect(await desk.approvals.askApproval(makeRequest("q10", START))).toMatchObject({ state: "decided", decision: "deny" });
  const other = makeRequest("other", START, { sessionKey: "agent:main:telegram:dm:7" });
  expect(await desk.approvals.askApproval(other)).toMatchObject({ state: "open" });
  await desk.settled();
  expect(desk.told).toMatchObject([{ event: { callId: "turn_1:0:c1", payload: { decision: "deny" } } }]);
  expect(desk.announced.filter(([event]) => event === "exec.approval.requested")).toHaveLength(11);
});

test("a command line of 100,000 characters is kept whole and sent in part, with its length said", async () => {
  const desk = openDesk();
  const command = `echo ${"x".repeat(99_990)}`;
  await desk.approvals.askApproval(makeRequest("long", START, { plan: makePlan(command) }));
  expect(desk.announced[0]?.[1]).toMatchObject({ request: { command: command.slice(0, 8000), commandLength: 99_995 } });
  expect((await desk.approvals.approval("long"))?.plan.command).toBe(command);
});

test("where the settings keep questions out of chats, no way to one is told", async () => {
  const desk = openDesk({ ownerAt: { channel: "telegram", peer: "42" }, goesToChats: false });
  const asked = await desk.approvals.askApproval(makeRequest("a", START));
  expect(asked.goesToChats).toBe(false);
  expect(asked).not.toHaveProperty("ownerAt");
});
