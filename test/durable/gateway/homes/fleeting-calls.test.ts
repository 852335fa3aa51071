// Calls that nobody writes down: answered by the home that was asked and no other, ended by time and by a line that breaks.
import { describe, expect, it } from "vitest";
import type { HomeAnswer } from "../../../../src/contract/home/port.ts";
import { FleetingCalls } from "../../../../src/durable/gateway/homes/fleeting-calls.ts";

const picture: HomeAnswer = { outcome: "answered", home: "nas", payload: { hash: "1" } };
const asked = (id: string, change: Partial<{ home: string; line: string; waitMs: number }> = {}) => ({
  id,
  home: "nas-id",
  name: "nas",
  line: "l1",
  waitMs: 5000,
  ...change,
});

describe("a fleeting call", () => {
  it("is answered once, by the home that was asked", async () => {
    const calls = new FleetingCalls();
    let isSent = false;
    const answer = calls.ask(asked("a"), () => {
      isSent = true;
    });
    expect(isSent).toBe(true);
    expect(calls.answer("other-id", "a", picture)).toBe(false);
    expect(calls.answer("nas-id", "b", picture)).toBe(false);
    expect(calls.answer("nas-id", "a", picture)).toBe(true);
    expect(await answer).toEqual(picture);
    expect(calls.answer("nas-id", "a", picture)).toBe(false);
  });

  it("ends when its time is up, and takes no answer afterwards", async () => {
    const calls = new FleetingCalls();
    const answer = await calls.ask(asked("a", { waitMs: 20 }), () => undefined);
    expect(answer).toMatchObject({ outcome: "interrupted", reason: "nas did not answer in time." });
    expect(calls.answer("nas-id", "a", picture)).toBe(false);
  });

  it("ends with its line; what goes by the new one goes on", async () => {
    const calls = new FleetingCalls();
    const old = calls.ask(asked("old"), () => undefined);
    const fresh = calls.ask(asked("new", { line: "l2" }), () => undefined);
    const other = calls.ask(asked("other", { home: "attic" }), () => undefined);
    calls.drop("nas-id", "l2");
    expect(await old).toMatchObject({ outcome: "interrupted", reason: "The connection of nas broke." });
    expect(calls.answer("nas-id", "new", picture)).toBe(true);
    expect(await fresh).toEqual(picture);
    calls.drop("attic");
    expect((await other).outcome).toBe("interrupted");
  });

  it("is refused beyond what a machine can show at once, and when its id is in use", async () => {
    const calls = new FleetingCalls();
    const open = Array.from({ length: 32 }, (_none, at) => calls.ask(asked(`c${at}`), () => undefined));
    let wasSent = false;
    const send = () => {
      wasSent = true;
    };
    expect((await calls.ask(asked("more"), send)).outcome).toBe("unreachable");
    calls.answer("nas-id", "c0", picture);
    await open[0];
    expect((await calls.ask(asked("c1"), send)).outcome).toBe("unreachable");
    expect(wasSent).toBe(false);
    calls.drop("nas-id");
    await Promise.all(open);
  });
});
