// What came in goes to Skerry in order, once, whatever Skerry answers meanwhile.
import { afterEach, describe, expect, test, vi } from "vitest";
import { Carrier } from "../../../src/bridge/channels/carrier.ts";
import { ChannelStore } from "../../../src/bridge/channels/store.ts";
import { type HomeInbound, idOfItem } from "../../../src/contract/channels/at-home.ts";

const LINE = { channel: "signal", account: "default" };
afterEach(() => vi.useRealTimers());

function said(id: string): HomeInbound {
  const message = { id, from: { channel: "signal", peer: "1" }, sender: { id: "1" }, parts: [], sentAt: 1 };
  return { kind: "message", message };
}

function carry(answer: (ids: string[]) => number | Error) {
  const store = new ChannelStore(":memory:");
  const posts: string[][] = [];
  const logged: string[] = [];
  /** How many waited whenever the machine was to say how its lines are. */
  const moved: number[] = [];
  const carrier = new Carrier({
    line: LINE,
    store,
    door:
      () =>
      async (_path, { body }) => {
        const ids = (JSON.parse(String(body)) as { items: HomeInbound[] }).items.map(idOfItem);
        posts.push(ids);
        const status = answer(ids);
        if (status instanceof Error) throw status;
        return new Response("{}", { status });
      },
    onMoved: () => moved.push(store.waiting(LINE).waiting),
    log: (text) => logged.push(text),
  });
  const put = (...ids: string[]) => store.put(LINE, ids.map(said), 1);
  return { store, posts, logged, moved, carrier, put };
}

describe("messages that wait", () => {
  test("go in batches, in their order, and are gone when they were taken", async () => {
    const { carrier, put, posts, store } = carry(() => 200);
    const ids = Array.from({ length: 45 }, (_none, index) => `m${index}`);
    put(...ids);
    await carrier.carry();
    expect(posts.map((post) => post.length)).toEqual([20, 20, 5]);
    expect(posts.flat()).toEqual(ids);
    expect(store.waiting(LINE).waiting).toBe(0);
  });

  test("that cannot be crossed off on a full disk are tried again, and go on", async () => {
    vi.useFakeTimers();
    const { carrier, put, posts, store, logged } = carry(() => 200);
    put("a", "b");
    const take = vi.spyOn(store, "take").mockImplementationOnce(() => {
      throw new Error("database or disk is full");
    });
    await carrier.carry();
    expect(logged.join()).toContain("disk is full");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(take).toHaveBeenCalledTimes(2);
    expect(posts).toEqual([
      ["a", "b"],
      ["a", "b"],
    ]);
    expect(store.waiting(LINE).waiting).toBe(0);
    carrier.close();
  });

  test("stay while Skerry cannot be reached or cannot store them, and go then", async () => {
    vi.useFakeTimers();
    const answers: (number | Error)[] = [new Error("refused"), 503, 403, 200];
    const { carrier, put, posts, moved, store } = carry(() => answers.shift() ?? 200);
    put("a", "b");
    await carrier.carry();
    expect(store.waiting(LINE).waiting).toBe(2);
    expect(moved).toEqual([2]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(posts).toHaveLength(4);
    expect(store.waiting(LINE).waiting).toBe(0);
    carrier.close();
  });

  test("that Skerry cannot read stop up nothing: they alone are left out, and it is said", async () => {
    const { carrier, put, posts, logged, store } = carry((ids) => (ids.includes("bad") ? 400 : 200));
    put("a", "bad", "b");
    await carrier.carry();
    expect(posts).toEqual([["a", "bad", "b"], ["a"], ["bad"], ["b"]]);
    expect(store.waiting(LINE).waiting).toBe(0);
    expect(logged).toEqual(["A message could not be read by Skerry and is left out (bad)."]);
  });

  test("are brought by one at a time, and what comes meanwhile follows", async () => {
    const { carrier, put, posts } = carry(() => 200);
    put("a");
    const first = carrier.carry();
    put("b");
    await Promise.all([first, carrier.carry()]);
    expect(posts.flat()).toEqual(["a", "b"]);
  });

  test("are left alone when it is closed while they are brought: the store is closed with it", async () => {
    const { carrier, put, store } = carry(() => {
      carrier.close();
      store.close();
      return 200;
    });
    put("a");
    await carrier.carry();
  });

  test("are not brought any more when it is closed", async () => {
    const { carrier, put, posts } = carry(() => 200);
    carrier.close();
    put("a");
    await carrier.carry();
    expect(posts).toEqual([]);
  });
});
