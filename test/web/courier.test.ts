// What is written reaches the Gateway once and in its order, whichever session is open, and however often the line breaks.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientState } from "../../src/client/gateway-client.ts";
import { GatewayError } from "../../src/contract/errors.ts";
import { Outbox } from "../../src/web/state/outbox.ts";
import { Courier, type Handover } from "../../src/web/talk/courier.ts";

const lost = () => new GatewayError({ code: "UNAVAILABLE", message: "lost", retryable: true });

class PlayedLine {
  state: ClientState = { phase: "ready" };
  sent: string[] = [];
  answer: (id: string) => Promise<unknown> = async (id) => ({ runId: id, status: "started", state: "working" });

  request = async <T>(_method: string, params: Record<string, unknown>): Promise<T> => {
    const id = String(params["idempotencyKey"]);
    this.sent.push(id);
    return (await this.answer(id)) as T;
  };
}

let line: PlayedLine;
let outbox: Outbox;
let courier: Courier;
const put = (sessionKey: string, ...ids: string[]) => {
  for (const id of ids) outbox.put({ id, sessionKey, text: id, at: Date.now() });
};

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  vi.useFakeTimers();
  line = new PlayedLine();
  outbox = new Outbox();
  courier = new Courier(line, outbox);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("messages of a session", () => {
  it("go one after another, each when the one before it was taken", async () => {
    let isFree: () => void = () => undefined;
    line.answer = (id) =>
      new Promise((done) => {
        isFree = () => done({ runId: id, status: "started", state: "working" });
      });
    put("a", "one", "two");
    const delivered = courier.deliver("a");
    put("a", "three");
    await vi.waitFor(() => expect(line.sent).toEqual(["one"]));
    for (const count of [2, 3]) {
      isFree();
      await vi.waitFor(() => expect(line.sent).toHaveLength(count));
    }
    isFree();
    await delivered;
    expect(line.sent).toEqual(["one", "two", "three"]);
    expect(outbox.list()).toEqual([]);
  });

  it("wait behind one that could not be handed over, and follow it in order", async () => {
    let isLost = true;
    line.answer = async (id) => {
      if (isLost) throw lost();
      return { runId: id, status: "started", state: "working" };
    };
    put("a", "one", "two");
    await courier.deliver("a");
    expect(line.sent).toEqual(["one"]);
    isLost = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(line.sent).toEqual(["one", "one", "two"]);
  });

  it("do not wait behind one that was refused", async () => {
    line.answer = async (id) => {
      if (id === "one") throw new GatewayError({ code: "INVALID_REQUEST", message: "Too long." });
      return { runId: id, status: "started", state: "working" };
    };
    const heard: [string, Handover["outcome"]][] = [];
    courier.listen("a", ({ id }, { outcome }) => heard.push([id, outcome]));
    put("a", "one", "two");
    await courier.deliver("a");
    expect(heard).toEqual([
      ["one", "refused"],
      ["two", "taken"],
    ]);
    expect(outbox.list("a")).toMatchObject([{ id: "one", refusal: "Too long." }]);
    await courier.deliver("a");
    expect(line.sent).toEqual(["one", "two"]);
  });

  it("stay where they are while there is no connection", async () => {
    line.state = { phase: "connecting" };
    put("a", "one");
    await courier.deliver("a");
    expect(line.sent).toEqual([]);
    expect(outbox.list("a")).toHaveLength(1);
  });
});

describe("messages of other sessions", () => {
  it("are brought too, though nobody opens them", async () => {
    put("a", "one");
    put("b", "two");
    put("c", "three");
    courier.deliverElsewhere("a");
    await vi.waitFor(() => expect(line.sent.toSorted()).toEqual(["three", "two"]));
    await vi.waitFor(() => expect(outbox.list()).toMatchObject([{ id: "one" }]));
  });
});
