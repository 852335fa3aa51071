// A session on the screen against a Gateway that is played: nothing said is lost, nothing is shown twice.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatHistory, SessionModel, WireMessage } from "../../src/client/frames.ts";
import type { ClientState } from "../../src/client/gateway-client.ts";
import { GatewayError } from "../../src/contract/errors.ts";
import { ChatRoom, sentenceOf } from "../../src/web/state/chat-room.ts";
import { Outbox } from "../../src/web/state/outbox.ts";
import { Courier } from "../../src/web/talk/courier.ts";

const KEY = "agent:main:main";

class PlayedGateway {
  state: ClientState = { phase: "ready" };
  asked: { method: string; params: Record<string, unknown> }[] = [];
  entries: WireMessage[] = [];
  model: SessionModel = { ref: "a/wise", input: ["text", "image"], thinkingLevels: [{ id: "off" }, { id: "high" }] };
  onSend: (id: string) => unknown = (id) => ({ runId: id, status: "started", state: "working" });

  request = async <T>(method: string, params: Record<string, unknown>): Promise<T> => (await this.answer(method, params)) as T;

  async answer(method: string, params: Record<string, unknown>): Promise<unknown> {
    this.asked.push({ method, params });
    if (method === "chat.send") return this.onSend(String(params["idempotencyKey"]));
    if (method === "chat.metadata") return { sessionModel: this.model };
    if (method !== "chat.history") return {};
    const after = Number(params["afterSeq"] ?? 0);
    const messages = this.entries.filter((_entry, index) => index + 1 > after);
    return { sessionKey: KEY, messages, hasMore: false, sessionModel: this.model } satisfies ChatHistory;
  }

  commit(id: string, text: string): WireMessage {
    const seq = this.entries.length + 1;
    const message = { role: "user", content: text, __openclaw: { id: `entry_${seq}`, seq, kind: "user", runId: id } };
    this.entries.push(message);
    return message;
  }

  sent(): unknown[] {
    return this.asked.filter(({ method }) => method === "chat.send").map(({ params }) => params["idempotencyKey"]);
  }
}

let gateway: PlayedGateway;
const makeRoom = () => new ChatRoom(KEY, gateway, new Courier(gateway, new Outbox()));
const shown = (room: ChatRoom) =>
  room.view.items.map((item) => (item.kind === "message" ? [item.text, item.state] : [item.kind]));
const settle = () => new Promise((resolve) => setTimeout(resolve, 5));

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("requestAnimationFrame", (work: () => void) => Number(setTimeout(work, 1)));
  vi.stubGlobal("cancelAnimationFrame", (id: number) => clearTimeout(id));
  gateway = new PlayedGateway();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a message", () => {
  it("is shown before it is taken, and leaves the outbox when it is", async () => {
    const room = makeRoom();
    await room.open();
    room.say("hello");
    expect(shown(room)).toEqual([["hello", "sending"]]);
    expect(new Outbox().list(KEY)).toHaveLength(1);
    await settle();
    expect(shown(room)).toEqual([["hello", "working"]]);
    expect(new Outbox().list(KEY)).toEqual([]);
  });

  it("written without a connection goes out once when there is one, under its first id", async () => {
    const room = makeRoom();
    await room.open();
    gateway.state = { phase: "connecting" };
    room.say("kept");
    await settle();
    expect(gateway.sent()).toEqual([]);
    const [waiting] = new Outbox().list(KEY);
    gateway.state = { phase: "ready" };
    await room.open();
    await settle();
    expect(gateway.sent()).toEqual([waiting?.id]);
    expect(shown(room)).toEqual([["kept", "working"]]);
  });

  it("survives a reload before it was acknowledged", async () => {
    gateway.state = { phase: "connecting" };
    makeRoom().say("before the reload");
    gateway.state = { phase: "ready" };
    const room = makeRoom();
    await room.open();
    await settle();
    expect(shown(room)).toEqual([["before the reload", "working"]]);
    expect(gateway.sent()).toHaveLength(1);
  });

  it("whose acknowledgement was lost is neither sent nor shown again when the history has it", async () => {
    gateway.onSend = () => {
      throw new GatewayError({ code: "UNAVAILABLE", message: "lost", retryable: true });
    };
    const first = makeRoom();
    await first.open();
    first.say("once");
    await settle();
    first.leave();
    const id = String(gateway.sent()[0]);
    gateway.commit(id, "once");
    const room = makeRoom();
    await room.open();
    await settle();
    expect(shown(room)).toEqual([["once", undefined]]);
    expect(gateway.sent()).toEqual([id]);
    expect(new Outbox().list(KEY)).toEqual([]);
  });

  it("that is refused says why, waits for its person, and goes again under a new id", async () => {
    gateway.onSend = () => {
      throw new GatewayError({ code: "INVALID_REQUEST", message: "Too long." });
    };
    const room = makeRoom();
    await room.open();
    room.say("refused");
    await settle();
    const [item] = room.view.items;
    expect(item).toMatchObject({ text: "refused", state: "unsent", reason: "Too long." });
    await room.open();
    await settle();
    expect(gateway.sent()).toHaveLength(1);
    gateway.onSend = (id) => ({ runId: id, status: "started", state: "queued" });
    if (item?.kind === "message") room.sayAgain(item);
    await settle();
    expect(shown(room)).toEqual([["refused", "queued"]]);
    expect(new Set(gateway.sent()).size).toBe(2);
  });

  it("that was a command gives way to its answer", async () => {
    gateway.onSend = (id) => ({ runId: id, status: "started", state: "done", reply: "All is well." });
    const room = makeRoom();
    await room.open();
    room.say("/status");
    await settle();
    expect(room.view.items).toMatchObject([{ kind: "note", text: "All is well." }]);
    expect(room.news).toBe("All is well.");
  });
});

it("a failure is told in a sentence, also one of the browser's own", () => {
  expect(sentenceOf(new GatewayError({ code: "NOT_FOUND", message: "There is no such session." }))).toBe(
    "There is no such session.",
  );
  expect(sentenceOf(new TypeError("Failed to fetch"))).toBe("This did not work. Check the connection, then load the page again.");
});

describe("coming back", () => {
  it("fetches only what is new, by position", async () => {
    gateway.commit("one", "one");
    const room = makeRoom();
    await room.open();
    gateway.commit("two", "two");
    await room.open();
    const fetched = gateway.asked.filter(({ method }) => method === "chat.history").map(({ params }) => params["afterSeq"]);
    expect(fetched).toEqual([undefined, 1]);
    expect(shown(room).map(([text]) => text)).toEqual(["one", "two"]);
  });

  it("fetches what a gap left out", async () => {
    const room = makeRoom();
    gateway.commit("one", "one");
    await room.open();
    gateway.commit("two", "two");
    const third = gateway.commit("three", "three");
    const payload = { sessionKey: KEY, message: third, messageId: "entry_3", messageSeq: 3 };
    room.hear({ type: "event", event: "session.message", payload });
    await settle();
    expect(shown(room).map(([text]) => text)).toEqual(["one", "two", "three"]);
  });

  it("reads the history again when a run ended while it was read", async () => {
    const room = makeRoom();
    const { answer } = gateway;
    let isFirst = true;
    gateway.answer = async (method, params) => {
      const answered = await answer.call(gateway, method, params);
      if (method !== "chat.history" || !isFirst) return answered;
      isFirst = false;
      const payload = { sessionKey: KEY, runId: "one", state: "final" };
      room.hear({ type: "event", event: "chat", payload });
      gateway.commit("two", "said meanwhile");
      return { ...(answered as object), active: { runId: "one", step: 1, text: "", thinking: "", calls: [] } };
    };
    await room.open();
    await settle();
    expect(room.isWorking).toBe(false);
    expect(shown(room).map(([text]) => text)).toEqual(["said meanwhile"]);
  });

  it("says what to do when the history cannot be had", async () => {
    gateway.answer = async () => {
      throw new GatewayError({ code: "UNAVAILABLE", message: "Try again in a moment." });
    };
    const room = makeRoom();
    await room.open();
    expect(room.isLoaded).toBe(false);
    expect(room.problem).toBe("Try again in a moment.");
  });
});

describe("the model", () => {
  it("is the session's own, with what it can do, and follows a choice made elsewhere", async () => {
    const room = makeRoom();
    await room.open();
    expect(room).toMatchObject({ model: "a/wise", thinkingLevels: ["off", "high"], reads: ["text", "image"] });
    gateway.model = { ref: "b/plain", input: ["text"], thinkingLevels: [{ id: "off" }] };
    room.noteInfo({ key: KEY, modelOverride: "b/plain" });
    await settle();
    expect(room).toMatchObject({ model: "b/plain", thinkingLevels: ["off"], reads: ["text"] });
    const asked = gateway.asked.length;
    room.noteInfo({ key: KEY, modelOverride: "b/plain", label: "Plans" });
    await settle();
    expect(gateway.asked).toHaveLength(asked);
  });
});
