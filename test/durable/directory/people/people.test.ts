// People: two strangers at once, linking back and forth, forgetting; one account is always one person's, one talk one
// person's, and there is one owner.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { People } from "../../../../src/durable/directory/people/people.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate } from "../../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../../support/sqlite.ts";

function openPeople() {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  return { people: new People(sql), sql };
}

const account = (sender: string, channel = "telegram", name?: string) => ({
  channel,
  account: "default",
  sender,
  ...(name ? { name } : {}),
});
const approve = (people: People, sender: string, as?: string, channel = "telegram", name?: string) =>
  people.approve(account(sender, channel, name), as, `${channel}:dm:${sender}`, 1);
const idOf = (people: People, sender: string, channel = "telegram") => people.find(account(sender, channel))?.id;

describe("the owner", () => {
  test("is there before anybody was let in, and is whoever is let in first", () => {
    const { people } = openPeople();
    expect(people.list()).toMatchObject([{ id: "owner", role: "owner", accounts: [] }]);
    expect(approve(people, "1", undefined, "telegram", "Olga")).toMatchObject({ ok: true, value: { id: "owner", name: "Olga" } });
    expect(approve(people, "2")).toMatchObject({ ok: true, value: { role: "guest" } });
  });

  test("is never made a second time, not even when the first one's account was forgotten", () => {
    const { people } = openPeople();
    approve(people, "1");
    expect(people.forget(account("1"))).toBe(true);
    expect(people.list()).toMatchObject([{ id: "owner", accounts: [] }]);
    expect(approve(people, "2")).toMatchObject({ value: { role: "guest" } });
    expect(approve(people, "3", "owner")).toMatchObject({ value: { role: "owner" } });
  });

  test("is nobody who was let in as a guest", () => {
    const { people } = openPeople();
    expect(approve(people, "1", "guest")).toMatchObject({ value: { role: "guest" } });
    expect(approve(people, "2")).toMatchObject({ value: { role: "owner" } });
  });

  test("cannot become part of a guest, and takes one in with all their accounts", () => {
    const { people } = openPeople();
    approve(people, "1");
    approve(people, "2", undefined, "telegram", "Gus");
    expect(people.link("Gus", "owner")).toMatchObject({ ok: false, error: { message: expect.stringContaining("owner first") } });
    expect(people.link("owner", "Gus")).toMatchObject({ ok: true, value: { id: "owner" } });
    expect(idOf(people, "2")).toBe("owner");
    expect(people.list()).toHaveLength(1);
  });
});

test("a person is found by id, account, or a name that only one has", () => {
  const { people } = openPeople();
  approve(people, "1");
  const gus = approve(people, "2", undefined, "telegram", "Gus");
  approve(people, "3", undefined, "telegram", "Sam");
  approve(people, "4", undefined, "telegram", "sam");
  const id = gus.ok ? gus.value.id : "";
  for (const word of [id, "gus", "telegram:2", "telegram/default:2"]) {
    expect(people.resolve(word)).toMatchObject({ value: { id } });
  }
  expect(people.resolve("Sam")).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
  expect(people.resolve("telegram:99")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  expect(approve(people, "5", "nobody")).toMatchObject({ ok: false });
  expect(idOf(people, "5")).toBeUndefined();
});

test("linked accounts go on in the talk of the first; what was the second's stays free for nobody else", () => {
  const { people } = openPeople();
  approve(people, "1");
  approve(people, "2", undefined, "telegram", "Ann");
  approve(people, "U2", undefined, "slack", "Ann too");
  people.link("Ann", "Ann too");
  expect(people.findBySender("slack", "U2")?.home).toBe("telegram:dm:2");
  people.forget(account("2"));
  // The account comes back as somebody new: Ann's talk is still hers.
  approve(people, "2", "guest");
  expect(people.find(account("2"))?.home).toBe("telegram:dm:2:2");
  expect(people.findBySender("slack", "U2")?.home).toBe("telegram:dm:2");
});

const sender = fc.constantFrom("1", "2", "3", "4");
const channel = fc.constantFrom("telegram", "slack");
const step = fc.oneof(
  fc.record({ kind: fc.constant("approve" as const), sender, channel, as: fc.constantFrom(undefined, "guest", "owner") }),
  fc.record({ kind: fc.constant("as" as const), sender, channel, other: sender }),
  fc.record({ kind: fc.constant("link" as const), a: sender, b: sender }),
  fc.record({ kind: fc.constant("forget" as const), sender, channel }),
);

test("whatever is done in whatever order, nothing is shared that should not be", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const { people, sql } = openPeople();
      let wasClaimed = false;
      for (const one of steps) {
        const before = people.list();
        if (one.kind === "approve") {
          const done = approve(people, one.sender, one.as, one.channel);
          expect(done.ok).toBe(true);
          const isOwner = done.ok && done.value.role === "owner";
          expect(isOwner).toBe(one.as === "owner" || (one.as === undefined && !wasClaimed));
          expect(done.ok && done.value.accounts).toContainEqual(
            expect.objectContaining({ sender: one.sender, channel: one.channel }),
          );
          wasClaimed ||= isOwner;
        } else if (one.kind === "as") {
          const target = idOf(people, one.other) ?? "nobody";
          const done = approve(people, one.sender, target, one.channel);
          expect(done.ok).toBe(target !== "nobody");
          if (!done.ok) expect(people.list()).toEqual(before);
          wasClaimed ||= target === "owner";
        } else if (one.kind === "link") {
          const [a, b] = [idOf(people, one.a) ?? "x", idOf(people, one.b) ?? "y"];
          const done = people.link(a, b);
          const count = (list: typeof before) => list.flatMap((person) => person.accounts).length;
          expect(count(people.list())).toBe(count(before));
          if (done.ok) expect(idOf(people, one.b)).toBe(a);
          else expect(people.list()).toEqual(before);
        } else {
          const wasKnown = idOf(people, one.sender, one.channel) !== undefined;
          expect(people.forget(account(one.sender, one.channel))).toBe(wasKnown);
          expect(idOf(people, one.sender, one.channel)).toBeUndefined();
        }
        const all = people.list();
        expect(all.filter((person) => person.role === "owner")).toHaveLength(1);
        expect(all.filter((person) => person.role === "guest" && person.accounts.length === 0)).toEqual([]);
        const accounts = all.flatMap((person) => person.accounts.map((known) => `${known.channel}:${known.sender}`));
        expect(new Set(accounts).size).toBe(accounts.length);
        const homes = sql.all<{ home: string | null }>("SELECT home FROM person").flatMap(({ home }) => home ?? []);
        expect(new Set(homes).size).toBe(homes.length);
        expect(all.filter((person) => person.accounts.length > 0).length).toBeLessThanOrEqual(homes.length);
      }
    }),
    { numRuns: 300 },
  );
});

describe("accounts of one person", () => {
  test("are taken apart again: a guest with a name and a talk of their own", () => {
    const { people, sql } = openPeople();
    approve(people, "1", undefined, "telegram", "Olga");
    approve(people, "2", undefined, "telegram", "Gus");
    people.link("owner", "Gus");
    expect(people.unlink(account("2"), "telegram:dm:2", 5)).toMatchObject({
      ok: true,
      value: { name: "Gus", role: "guest", accounts: [{ sender: "2" }] },
    });
    expect(people.list()).toMatchObject([{ id: "owner", accounts: [{ sender: "1" }] }, { name: "Gus" }]);
    const homes = sql.all<{ home: string }>("SELECT home FROM person").map(({ home }) => home);
    expect(new Set(homes).size).toBe(2);
  });

  test("stay where they are when there is only one, or none", () => {
    const { people } = openPeople();
    approve(people, "1");
    expect(people.unlink(account("1"), "telegram:dm:1", 5)).toMatchObject({ ok: false, error: { code: "INVALID_REQUEST" } });
    expect(people.unlink(account("7"), "telegram:dm:7", 5)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(idOf(people, "1")).toBe("owner");
  });
});

test("a person is called as the owner says, and found by that", () => {
  const { people } = openPeople();
  approve(people, "1");
  expect(people.rename("owner", "Olga at home")).toMatchObject({ ok: true, value: { name: "Olga at home" } });
  expect(people.resolve("olga AT home")).toMatchObject({ ok: true, value: { id: "owner" } });
  expect(people.rename("nobody", "x")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
});
