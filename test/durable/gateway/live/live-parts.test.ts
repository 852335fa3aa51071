// The small parts of the live path: the text of a step, what may be on its way, who is here.
import { expect, test } from "vitest";
import { MAX_BUFFERED_BYTES } from "../../../../src/contract/gateway.ts";
import { Backlog, TRUSTED_BYTES_PER_SECOND } from "../../../../src/durable/gateway/live/backlog.ts";
import { StepTexts } from "../../../../src/durable/gateway/live/step-texts.ts";
import { LogRing } from "../../../../src/durable/gateway/log-ring.ts";
import { MAX_PRESENCE, PRESENCE_LIFE_MS, Presence } from "../../../../src/durable/gateway/presence.ts";
import { MAX_REPEATS, REPEAT_LIFE_MS, Repeats } from "../../../../src/durable/gateway/repeats.ts";

test("a step's text grows with its deltas and starts anew with the next step", () => {
  const texts = new StepTexts();
  expect(texts.append("r", 0, 0, "Hel")).toBe("Hel");
  expect(texts.append("r", 0, 3, "lo")).toBe("Hello");
  expect(texts.append("r", 1, 0, "New")).toBe("New");
});

test("a delta whose beginning was missed has no whole text until the session mends it", () => {
  const texts = new StepTexts();
  expect(texts.append("r", 0, 5, " wor")).toBeUndefined();
  expect(texts.mend("r", 0, "Hello world and more")).toBe(true);
  expect(texts.append("r", 0, 9, "ld")).toBe("Hello world");
});

test("a text that is shorter than what was heard mends nothing", () => {
  const texts = new StepTexts();
  texts.append("r", 0, 5, " world");
  expect(texts.mend("r", 0, "Hello")).toBe(false);
});

test("a screen that shows no life is over the limit when too much is on its way to it", () => {
  const backlog = new Backlog(0);
  expect(backlog.add(MAX_BUFFERED_BYTES, 0)).toBe(true);
  expect(backlog.add(1, 0)).toBe(false);
});

test("a sign of life clears the reckoning", () => {
  const backlog = new Backlog(0);
  backlog.add(MAX_BUFFERED_BYTES, 0);
  backlog.noteAlive(1);
  expect(backlog.add(MAX_BUFFERED_BYTES, 1)).toBe(true);
});

test("a silent reader on a slow line is trusted to take in what such a line can", () => {
  const backlog = new Backlog(0);
  for (let second = 0; second < 3600; second += 1) expect(backlog.add(TRUSTED_BYTES_PER_SECOND, second * 1000)).toBe(true);
});

const someone = (connId: string, instanceId?: string) => ({
  connId,
  client: { id: "cli", version: "1", platform: "linux", mode: "cli", ...(instanceId === undefined ? {} : { instanceId }) },
  role: "operator",
  scopes: [],
});

test("two sockets of one instance are one entry, which leaves with the last of them", () => {
  const presence = new Presence();
  presence.join(someone("a", "i1"), 0);
  presence.join(someone("b", "i1"), 0);
  presence.leave("a", 1);
  expect(presence.list(1)).toMatchObject([{ instanceId: "i1", reason: "connect" }]);
  presence.leave("b", 2);
  expect(presence.list(2)).toMatchObject([{ reason: "disconnect" }]);
  expect(presence.list(3 + PRESENCE_LIFE_MS)).toEqual([]);
});

test("presence keeps two hundred entries at most, those who left first to go", () => {
  const presence = new Presence();
  presence.join(someone("gone"), 0);
  presence.leave("gone", 0);
  for (let count = 0; count < MAX_PRESENCE; count += 1) presence.join(someone(`c${count}`), 1);
  expect(presence.list(1)).toHaveLength(MAX_PRESENCE);
  expect(presence.list(1).every((entry) => entry.reason === "connect")).toBe(true);
});

test("a repeated key gets the first answer; a failed one is tried again", async () => {
  const repeats = new Repeats();
  let runs = 0;
  const work = async () => ++runs;
  expect([await repeats.once("k", 0, work), await repeats.once("k", 1, work)]).toEqual([1, 1]);
  await expect(repeats.once("bad", 0, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await repeats.once("bad", 1, work)).toBe(2);
  expect(await repeats.once("k", REPEAT_LIFE_MS, work)).toBe(3);
});

test("at most a thousand answers are kept", async () => {
  const repeats = new Repeats();
  let runs = 0;
  for (let count = 0; count <= MAX_REPEATS; count += 1) await repeats.once(`k${count}`, 0, async () => ++runs);
  expect(await repeats.once("k0", 0, async () => "again")).toBe("again");
  expect(await repeats.once(`k${MAX_REPEATS}`, 0, async () => "again")).toBe(MAX_REPEATS + 1);
});

test("the log goes on from a cursor, and says so when the cursor's lines are gone", () => {
  const log = new LogRing();
  for (let count = 0; count < 5; count += 1) log.add("info", `line ${count}`);
  const first = log.tail(undefined, 3, 100_000);
  expect(first).toMatchObject({ cursor: 5, truncated: false, reset: false });
  expect(first.lines).toHaveLength(3);
  log.add("warn", "new");
  const next = log.tail(first.cursor, 10, 100_000);
  expect(next.lines.map((line) => JSON.parse(line).message)).toEqual(["new"]);
  for (let count = 0; count < 1500; count += 1) log.add("info", "flood");
  expect(log.tail(first.cursor, 10, 100_000)).toMatchObject({ reset: true });
});
