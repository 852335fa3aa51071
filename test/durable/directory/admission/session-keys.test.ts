// Keys of talks: two different rooms never share one, and every key is one that the house can read.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CHANNEL_FACTS } from "../../../../src/contract/channels/facts.ts";
import { formatSessionKey, MAX_SESSION_KEY_LENGTH, parseSessionKey, sessionKind } from "../../../../src/contract/session-key.ts";
import { directRest, groupRest } from "../../../../src/durable/directory/admission/session-keys.ts";

const channel = fc.constantFrom(...CHANNEL_FACTS.map(({ id }) => id));
const account = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/);
/** Ids that are near each other in case, in signs that mean something in a key, and in length. */
const id = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "A", "b", "B", ":", "~", "%", "/", "1", "u", "h", "é", "İ"),
    minLength: 1,
    maxLength: 5,
  }),
  fc.string({ unit: "binary", minLength: 1, maxLength: 400 }),
  fc.constantFrom("19:Ab@thread.v2", "19:aB@thread.v2", "a".repeat(300), "A".repeat(300), `${"a".repeat(299)}A`),
);
const place = fc.record({ channel, account, peer: id, thread: fc.option(id, { nil: undefined }) });

const keyOf = async (rest: Promise<string>) => formatSessionKey({ agentId: "a".repeat(64), rest: await rest });

describe("a room's key", () => {
  test("is a key as it is, in lower case, of at most 512 characters, and tells that it is a group", async () => {
    await fc.assert(
      fc.asyncProperty(place, async ({ thread, ...room }) => {
        const key = await keyOf(groupRest({ ...room, kind: "group", ...(thread === undefined ? {} : { thread }) }));
        const parsed = parseSessionKey(key);
        expect(parsed && formatSessionKey(parsed)).toBe(key);
        expect(key.length).toBeLessThanOrEqual(MAX_SESSION_KEY_LENGTH);
        expect(sessionKind(key)).toBe("group");
      }),
      { numRuns: 500 },
    );
  });

  test("is never that of another room, thread, account or channel", async () => {
    await fc.assert(
      fc.asyncProperty(place, place, async (one, other) => {
        const keys = await Promise.all(
          [one, other].map(({ thread, ...room }) => groupRest({ ...room, ...(thread === undefined ? {} : { thread }) })),
        );
        const isSame =
          one.channel === other.channel &&
          one.account === other.account &&
          one.peer === other.peer &&
          one.thread === other.thread;
        expect(keys[0] === keys[1]).toBe(isSame);
      }),
      { numRuns: 3000 },
    );
  });

  test("is never that of another in one channel, where only the ids differ", async () => {
    await fc.assert(
      fc.asyncProperty(channel, id, id, async (where, one, other) => {
        const [a, b] = await Promise.all([one, other].map((peer) => groupRest({ channel: where, peer })));
        expect(a === b).toBe(one === other);
      }),
      { numRuns: 3000 },
    );
  });
});

test("a direct talk is never a group's, and each sender has their own", async () => {
  await fc.assert(
    fc.asyncProperty(channel, account, id, id, async (where, line, one, other) => {
      const direct = await directRest({ channel: where, account: line, sender: one });
      expect(sessionKind(await keyOf(Promise.resolve(direct)))).toBe("direct");
      expect(direct).not.toBe(await groupRest({ channel: where, account: line, peer: other }));
      expect(direct === (await directRest({ channel: where, account: line, sender: other }))).toBe(one === other);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  [{ channel: "telegram", peer: "-1001" }, "telegram:group:-1001"],
  [{ channel: "telegram", peer: "-1001", thread: "7" }, "telegram:group:-1001:topic:7"],
  [{ channel: "telegram", account: "work", peer: "-1001" }, "telegram/work:group:-1001"],
  [{ channel: "telegram", account: "default", peer: "-1001" }, "telegram:group:-1001"],
  [{ channel: "slack", peer: "C0ABC12", thread: "1700.25" }, "slack:group:c0abc12:thread:1700.25"],
  [{ channel: "teams", peer: "19:Ab@thread.v2" }, "teams:group:19%3aab@thread.v2~60"],
])("%o is %s", async (from, rest) => {
  const key = await groupRest(from);
  // The mark of the case is only asked to be there.
  expect(key.split("~")[0]).toBe(rest.split("~")[0]);
  expect(key.includes("~")).toBe(rest.includes("~"));
});
