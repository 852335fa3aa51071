// What is offered while a command is typed; searching a talk beyond the screen; what the levels of a session leave to see.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatHistory, WireMessage } from "../../src/client/frames.ts";
import type { ClientState } from "../../src/client/gateway-client.ts";
import { SessionView } from "../../src/client/session-view.ts";
import type { ViewItem } from "../../src/client/view-items.ts";
import { ChatRoom } from "../../src/web/state/chat-room.ts";
import { Outbox } from "../../src/web/state/outbox.ts";
import { chooseShown } from "../../src/web/state/segments.ts";
import { Courier } from "../../src/web/talk/courier.ts";
import { offerFor, wantsModels } from "../../src/web/talk/offers.ts";
import { TranscriptSearch } from "../../src/web/talk/transcript-search.ts";

const KEY = "agent:main:main";

describe("offers", () => {
  const commands = [
    { name: "think", description: "How hard", acceptsArgs: true, argsHint: "[off|low|high|default]" },
    { name: "model", description: "Which", acceptsArgs: true, argsHint: "[provider/model|default]" },
    { name: "stop", description: "Stop", acceptsArgs: false },
    { name: "compact", description: "Shorten", acceptsArgs: true, argsHint: "[what matters]" },
  ];
  const models = [
    { ref: "a/big", name: "Big", provider: "a", available: true },
    { ref: "b/far", name: "Far", provider: "b", available: false },
  ];
  const names = (text: string) => offerFor(text, commands, models).offers.map(({ name }) => name);

  it("are commands, then the words an argument may be", () => {
    expect(names("/th")).toEqual(["/think"]);
    expect(names("/think ")).toEqual(["off", "low", "high", "default"]);
    expect(names("/think h")).toEqual(["high"]);
    expect(names("/think high")).toEqual([]);
    expect(names("/compact ")).toEqual([]);
    expect(names("hello /think ")).toEqual([]);
    const ofModel = offerFor("/think ", commands, models, ["off"]).offers.map(({ name }) => name);
    expect(ofModel).toEqual(["off", "default"]);
  });

  it("leave the argument to be written, and send what is whole", () => {
    expect(offerFor("/thi", commands, models).offers).toMatchObject([{ text: "/think ", isWhole: false }]);
    expect(offerFor("/think", commands, models).offers).toMatchObject([{ text: "/think", isWhole: true }]);
    expect(offerFor("/st", commands, models).offers).toMatchObject([{ text: "/stop", isWhole: true }]);
    expect(offerFor("/think lo", commands, models).offers).toMatchObject([{ text: "/think low", isWhole: true }]);
  });

  it("choose nothing by themselves before a letter of the argument is typed", () => {
    expect(offerFor("/think ", commands, models)).toMatchObject({ isFirstChosen: false, hint: "[off|low|high|default]" });
    expect(offerFor("/think l", commands, models).isFirstChosen).toBe(true);
  });

  it("never stand for a word that is written whole, though another contains it", () => {
    const levels = [{ name: "think", description: "", acceptsArgs: true, argsHint: "[low|xhigh|high|highest]" }];
    expect(offerFor("/think high", levels, [])).toMatchObject({
      isFirstChosen: false,
      offers: [{ name: "highest" }, { name: "xhigh" }],
    });
    expect(offerFor("/think hig", levels, []).offers.map(({ name }) => name)).toEqual(["high", "highest", "xhigh"]);
    const both = [
      { name: "models", description: "", acceptsArgs: false },
      { name: "model", description: "", acceptsArgs: true },
    ];
    expect(offerFor("/model", both, []).offers[0]).toMatchObject({ text: "/model", isWhole: true });
  });

  it("name the models that can be used", () => {
    expect(wantsModels("/model ")).toBe(true);
    expect(names("/model ")).toEqual(["a/big", "default"]);
  });
});

describe("searching", () => {
  class LongTalk {
    state: ClientState = { phase: "ready" };
    asked: Record<string, unknown>[] = [];
    readonly entries: WireMessage[] = Array.from({ length: 1_000 }, (_unused, at) => ({
      role: "user",
      content: at % 250 === 10 ? `a Gull, number ${at + 1}` : `line ${at + 1}`,
      __openclaw: { id: `entry_${at + 1}`, seq: at + 1, kind: "user", runId: `m${at + 1}` },
    }));

    request = async <T>(method: string, params: Record<string, unknown>): Promise<T> => {
      if (method !== "chat.history") return {} as T;
      this.asked.push(params);
      const before = Number(params["beforeSeq"] ?? Number.POSITIVE_INFINITY);
      const limit = Number(params["limit"] ?? 200);
      const older = this.entries.filter((_entry, at) => at + 1 < before);
      return { sessionKey: KEY, messages: older.slice(-limit), hasMore: older.length > limit } satisfies ChatHistory as T;
    };
  }

  let talk: LongTalk;
  let room: ChatRoom;

  beforeEach(async () => {
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("requestAnimationFrame", (work: () => void) => Number(setTimeout(work, 1)));
    talk = new LongTalk();
    room = new ChatRoom(KEY, talk, new Courier(talk, new Outbox()));
    await room.open();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("finds every hit of the whole talk, whatever its case, without showing the older pages", async () => {
    const search = new TranscriptSearch(room);
    search.find("gull");
    await vi.waitFor(() => expect(search.isReading).toBe(false));
    expect(search.hits).toEqual(["11", "261", "511", "761"]);
    expect(search.current).toBe("761");
    expect(room.view.items).toHaveLength(60);
  });

  it("reads older pages once, whatever is searched", async () => {
    const search = new TranscriptSearch(room);
    search.find("gull");
    await vi.waitFor(() => expect(search.isReading).toBe(false));
    const { length } = talk.asked;
    search.find("line 5");
    expect(search.isReading).toBe(false);
    expect(talk.asked).toHaveLength(length);
    expect(search.hits[0]).toBe("5");
  });

  it("goes round, and brings the hit one is at to the screen with everything between", async () => {
    const search = new TranscriptSearch(room);
    search.find("gull");
    await vi.waitFor(() => expect(search.isReading).toBe(false));
    search.go(1);
    expect(search.current).toBe("11");
    search.go(-1);
    expect(search.current).toBe("761");
    await search.bring("761");
    expect(room.view.firstSeq).toBeLessThanOrEqual(761);
    const seqs = room.view.items.flatMap((item) => (item.kind === "message" ? [item.seq] : []));
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_unused, at) => 1_001 - seqs.length + at));
    expect(search.hits).toEqual(["11", "261", "511", "761"]);
  });
});

describe("searching the work", () => {
  /** Two uses of a tool with the same id, as some services number them, across the pages of a long talk. */
  const call = (seq: number, path: string): WireMessage => ({
    role: "assistant",
    content: [
      { type: "thinking", thinking: "the secret thought" },
      { type: "toolCall", id: "call_1", name: "read", arguments: { path } },
    ],
    __openclaw: { id: `entry_${seq}`, seq, kind: "assistant" },
  });
  const result = (seq: number, text: string): WireMessage => ({
    role: "toolResult",
    toolCallId: "call_1",
    toolName: "read",
    content: [{ type: "text", text }],
    __openclaw: { id: `entry_${seq}`, seq, kind: "result", outcome: "done" },
  });
  const said = (seq: number): WireMessage => ({
    role: "user",
    content: `line ${seq}`,
    __openclaw: { id: `entry_${seq}`, seq, kind: "user", runId: `m${seq}` },
  });
  const entries = [
    call(1, "notes/tide.md"),
    result(2, "low water at noon"),
    ...Array.from({ length: 457 }, (_unused, at) => said(at + 3)),
    call(460, "notes/harbour.md"),
    result(461, "the pilot comes at noon"),
    ...Array.from({ length: 80 }, (_unused, at) => said(at + 462)),
  ];

  async function searchFor(words: string): Promise<string[]> {
    vi.stubGlobal("document", { hidden: false });
    vi.stubGlobal("requestAnimationFrame", (work: () => void) => Number(setTimeout(work, 1)));
    const request = async <T>(_method: string, params: Record<string, unknown>): Promise<T> => {
      const older = entries.slice(0, Number(params["beforeSeq"] ?? entries.length + 1) - 1);
      const limit = Number(params["limit"] ?? 200);
      return { sessionKey: KEY, messages: older.slice(-limit), hasMore: older.length > limit } satisfies ChatHistory as T;
    };
    const line = { state: { phase: "ready" as const }, request };
    const room = new ChatRoom(KEY, line, new Courier(line, new Outbox()));
    await room.open();
    const search = new TranscriptSearch(room);
    search.find(words);
    await vi.waitFor(() => expect(search.isReading).toBe(false));
    return search.hits;
  }
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("finds what went into a tool and what came out of it, each under its own use", async () => {
    expect(await searchFor("TIDE.md")).toEqual(["1/call_1"]);
    expect(await searchFor("low water")).toEqual(["1/call_1"]);
    expect(await searchFor("pilot comes")).toEqual(["460/call_1"]);
    expect(await searchFor("at noon")).toEqual(["1/call_1", "460/call_1"]);
  });

  it("leaves thoughts out", async () => {
    expect(await searchFor("secret thought")).toEqual([]);
  });
});

describe("what is shown of the work", () => {
  const thought: ViewItem = { kind: "thinking", key: "t", text: "hm", isStreaming: false };
  const done: ViewItem = { kind: "call", key: "c", callId: "c", name: "read", args: {}, state: "done" };
  const failed: ViewItem = { ...done, key: "f", state: "failed" };
  const items = [thought, done, failed];

  it.each([
    ["on", "on", ["t", "c", "f"]],
    ["stream", "full", ["t", "c", "f"]],
    ["off", "on", ["c", "f"]],
    ["on", "off", ["t", "f"]],
    ["off", "off", ["f"]],
  ])("is, with reasoning %s and verbose %s: %j", (reasoning, verbose, keys) => {
    expect(chooseShown(items, { reasoning, verbose }).map(({ key }) => key)).toEqual(keys);
  });

  const agent = (delta: string) => ({
    type: "event" as const,
    event: "agent",
    payload: { sessionKey: KEY, runId: "r", stream: "thinking", data: { delta, step: 0 } },
  });
  const chat = (payload: Record<string, unknown>) => ({
    type: "event" as const,
    event: "chat",
    payload: { sessionKey: KEY, runId: "r", ...payload },
  });

  it("keeps the thoughts of a turn that was stopped before its first word", () => {
    const view = new SessionView(KEY);
    view.apply(agent("First the chart."));
    view.apply(chat({ state: "aborted" }));
    expect(view.items).toMatchObject([{ kind: "thinking", text: "First the chart.", isStreaming: false }]);
  });

  it.each(["before", "after"])("keeps them when the entry comes %s the end and brings none", (order) => {
    const view = new SessionView(KEY);
    view.apply(agent("First the chart."));
    view.apply(chat({ state: "delta", step: 0, offset: 0, deltaText: "It is" }));
    const message = {
      role: "assistant",
      content: [{ type: "text", text: "It is" }],
      stopReason: "aborted",
      __openclaw: { id: "e", seq: 1, kind: "assistant", turnId: "t", step: 0 },
    };
    const entry = {
      type: "event" as const,
      event: "session.message",
      payload: { sessionKey: KEY, runId: "r", message, messageId: "e", messageSeq: 1 },
    };
    const end = chat({ state: "aborted", message: { role: "assistant", content: "It is" } });
    for (const frame of order === "before" ? [entry, end] : [end, entry]) view.apply(frame);
    expect(view.items.map((item) => [item.kind, item.kind === "call" ? "" : item.text])).toEqual([
      ["thinking", "First the chart."],
      ["message", "It is"],
    ]);
  });

  it("joins a call and its result that lie on two pages", () => {
    const view = new SessionView(KEY);
    const call: WireMessage = {
      role: "assistant",
      content: [{ type: "toolCall", id: "c1", name: "read", arguments: { path: "SOUL.md" } }],
      __openclaw: { id: "e1", seq: 1, kind: "assistant", turnId: "t", step: 0 },
    };
    const result: WireMessage = {
      role: "toolResult",
      toolCallId: "c1",
      toolName: "read",
      content: "I am calm.",
      __openclaw: { id: "e2", seq: 2, kind: "result", turnId: "t", outcome: "done" },
    };
    view.load({ sessionKey: KEY, messages: [result], hasMore: true });
    view.load({ sessionKey: KEY, messages: [call], hasMore: false }, "earlier");
    expect(view.items).toMatchObject([{ kind: "call", args: { path: "SOUL.md" }, state: "done", result: "I am calm." }]);
  });
});
