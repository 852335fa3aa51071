// One session as screens show it: folds history and live frames into a list of items. Free of any framework. The path:
// `load` a history, `apply` each event, read `items`. Committed messages are blocks in the transcript's order; what
// a run says before it is committed is kept apart and gives way to its entry.
import type { EventFrame } from "../contract/gateway.ts";
import type { AgentFrame, ChatFrame, ChatHistory, ContentPart, InboxFrame, MessageFrame, WireMessage } from "./frames.ts";
import { LiveRun } from "./live-run.ts";
import type { NoteItem, RunView, ViewItem } from "./view-items.ts";
import {
  type Block,
  blockOf,
  type CallItem,
  type MessageItem,
  type MessageState,
  markOf,
  resultOf,
  textOfContent,
} from "./view-items.ts";

/** `stale`: something was missed; fetch the history again and `load` it. */
export type Applied = "changed" | "ignored" | "stale";

export class SessionView {
  readonly sessionKey: string;
  #blocks: Block[] = [];
  /** Messages of people that are not in the transcript yet, by their id. */
  #waiting = new Map<string, MessageItem>();
  #runs = new Map<string, LiveRun>();
  /** Runs whose end was heard: a history that was read before it must not bring them back. */
  #ended = new Set<string>();
  #notes: NoteItem[] = [];
  #items: ViewItem[] | undefined;
  hasEarlier = false;

  constructor(sessionKey: string) {
    this.sessionKey = sessionKey;
  }

  /** Everything to show, oldest first. The same array until something changes; unchanged items keep their identity. */
  get items(): readonly ViewItem[] {
    this.#items ??= [
      ...this.#blocks.flatMap((block) => block.items),
      ...[...this.#runs.values()].flatMap((run) => run.items()),
      ...this.#notes,
      ...this.#waiting.values(),
    ];
    return this.#items;
  }

  /** The run under way. */
  get run(): RunView | undefined {
    const run = [...this.#runs.values()].at(-1);
    return run?.view();
  }

  /** The last position of the transcript that is known; `chat.history` with `afterSeq` brings the rest. */
  get lastSeq(): number {
    return this.#blocks.reduce((last, block) => Math.max(last, block.seq ?? 0), 0);
  }
  get firstSeq(): number | undefined {
    return this.#blocks.find((block) => block.seq !== undefined)?.seq;
  }

  /** Takes in a history: as the whole (default), as what came before, or as what came after the known part. */
  load(history: ChatHistory, as: "whole" | "earlier" | "later" = "whole"): void {
    if (as === "whole") {
      this.#blocks = [];
      this.#notes = [];
    }
    if (as !== "later") this.hasEarlier = history.hasMore ?? false;
    for (const message of history.messages) this.#commit(message, {});
    if (as !== "earlier") {
      this.#loadRun(history);
      this.#loadWaiting(history);
    }
    for (const run of this.#runs.values()) this.#takeCalls(run);
    this.#touch();
  }

  /** A message is on its way: it is shown at once. */
  noteSent(runId: string, text: string, at: number, media: MessageItem["media"] = []): void {
    const item: MessageItem = {
      kind: "message",
      key: runId,
      role: "user",
      text,
      media,
      at,
      isStreaming: false,
      runId,
      state: "sending",
    };
    this.#waiting.set(runId, item);
    this.#touch();
  }

  /** What became of a message. */
  noteState(runId: string, state: MessageState, reason?: string): boolean {
    const change = { state, ...(reason === undefined ? {} : { reason }) };
    const waiting = this.#waiting.get(runId);
    if (waiting) {
      this.#waiting.set(runId, { ...waiting, ...change });
      this.#touch();
      return true;
    }
    return this.#changeItem(
      (item) => item.kind === "message" && item.role === "user" && item.runId === runId,
      (item) => ({ ...item, ...change }) as ViewItem,
    );
  }

  /** Takes the message back from the screen: it turned out to be a command that has no place in the transcript. */
  forgetSent(runId: string): void {
    if (this.#waiting.delete(runId)) this.#touch();
  }

  /** A line that only this screen shows. */
  noteLocally(text: string, tone: NoteItem["tone"], at: number): void {
    this.#notes.push({ kind: "note", key: `note:${at}:${this.#notes.length}`, tone, text, at });
    this.#touch();
  }

  apply(frame: EventFrame): Applied {
    const payload = frame.payload;
    if (typeof payload !== "object" || payload === null) return "ignored";
    if (!("sessionKey" in payload) || payload.sessionKey !== this.sessionKey) return "ignored";
    switch (frame.event) {
      case "chat":
        return this.#applyChat(payload as ChatFrame);
      case "agent":
        return this.#applyAgent(payload as AgentFrame);
      case "session.message":
        return this.#applyMessage(payload as MessageFrame);
      case "session.inbox":
        return this.#applyInbox(payload as InboxFrame);
      default:
        return "ignored";
    }
  }

  #applyChat(frame: ChatFrame): Applied {
    switch (frame.state) {
      case "status":
        this.#runOf(frame.runId).notePhase(frame.phase, frame.text);
        return this.#touch();
      case "delta": {
        const isWhole = this.#runOf(frame.runId).addText(frame);
        this.#touch();
        return isWhole ? "changed" : "stale";
      }
      case "final":
      case "aborted":
      case "error": {
        const isWhole = this.#endRun(frame);
        this.#touch();
        return isWhole ? "changed" : "stale";
      }
      default:
        return frame.state satisfies never;
    }
  }

  #applyAgent(frame: AgentFrame): Applied {
    const { data, runId } = frame;
    if (frame.stream === "lifecycle") {
      if (data["phase"] === "start") this.#runOf(runId).noteStart(Number(data["startedAt"]) || undefined);
      else if (data["phase"] === "model") this.#runs.get(runId)?.noteModel(`${data["provider"]}/${data["model"]}`);
      else return "ignored";
      return this.#touch();
    }
    if (frame.stream === "thinking") {
      this.#runOf(runId).addThinking(String(data["delta"] ?? ""), Number(data["step"]) || 0);
      return this.#touch();
    }
    if (frame.stream !== "tool") return "ignored";
    const call = LiveRun.readCall(data, frame.ts);
    const isShown = this.#changeItem(
      (item) => item.kind === "call" && item.callId === call.callId,
      (item) => ({ ...item, ...call.change }) as ViewItem,
    );
    if (!isShown) this.#runOf(runId).noteCall(call);
    return this.#touch();
  }

  #applyMessage(frame: MessageFrame & { runId?: string }): Applied {
    const place = {
      ...(frame.messageId === undefined ? {} : { id: frame.messageId }),
      ...(frame.messageSeq === undefined ? {} : { seq: frame.messageSeq }),
      ...(frame.runId === undefined ? {} : { runId: frame.runId }),
    };
    const isNext = frame.messageSeq === undefined || frame.messageSeq <= this.lastSeq + 1 || this.lastSeq === 0;
    this.#commit(frame.message, place);
    this.#touch();
    return isNext ? "changed" : "stale";
  }

  #applyInbox(frame: InboxFrame): Applied {
    const id = frame.inboxId ?? frame.runId;
    if (id === undefined) return "ignored";
    if (this.noteState(id, frame.state, frame.reason)) return "changed";
    // Somebody wrote it on another screen; the history has its words.
    return frame.state === "queued" ? "stale" : "ignored";
  }

  #commit(message: WireMessage, place: { id?: string; seq?: number; runId?: string }): void {
    const mark = markOf(message);
    if (message.role === "toolResult") {
      const seq = place.seq ?? mark.seq;
      this.#commitResult(message, { ...place, ...(seq === undefined ? {} : { seq }) });
      return;
    }
    const runId = place.runId ?? mark.runId;
    const isUser = message.role === "user";
    const waiting = isUser && mark.runId !== undefined ? this.#waiting.get(mark.runId) : undefined;
    const live = !isUser && runId !== undefined ? this.#runs.get(runId) : undefined;
    const key = waiting?.key ?? live?.keyOf(mark.step);
    const block = blockOf(message, {
      ...place,
      ...(isUser && mark.runId !== undefined ? { runId: mark.runId } : runId === undefined ? {} : { runId }),
      ...(key === undefined ? {} : { key }),
    });
    if (waiting) {
      const { state, reason } = waiting;
      block.items = block.items.map((item) =>
        item.kind === "message" && state !== undefined && state !== "sending"
          ? { ...item, state, ...(reason === undefined ? {} : { reason }) }
          : item,
      );
      this.#waiting.delete(waiting.key);
    }
    if (live && mark.kind !== "note") {
      block.items = block.items.map((item) => (item.kind === "call" ? { ...item, ...live.takeCall(item.callId) } : item));
      if (live.keyOf(mark.step) === live.keyOf(undefined)) {
        block.items = keepThinking(block.items, live.openThinking(), key ?? block.id);
      }
      live.settleStep(mark.step);
    }
    this.#adopt(block);
    if (mark.kind === "note") this.#dropNote(textOfContent(message.content));
    this.#place(block);
  }

  /** Takes over what was known before the entry came: thoughts of a run that was stopped, results of a page loaded earlier. */
  #adopt(block: Block): void {
    if (block.role !== "assistant") return;
    const results = new Map<string, CallItem>();
    for (const other of this.#blocks) {
      if (other.role === "toolResult") for (const item of other.items) if (item.kind === "call") results.set(item.callId, item);
      if (other.seq !== undefined || other.runId !== block.runId || other.role !== "assistant") continue;
      const thought = other.items.find((item) => item.kind === "thinking");
      if (thought?.kind === "thinking")
        block.items = keepThinking(block.items, thought.text, thought.key.replace(/:thinking$/, ""));
    }
    if (results.size > 0) block.items = block.items.map((item) => (item.kind === "call" ? withResult(item, results) : item));
  }

  #commitResult(message: WireMessage, place: { id?: string; seq?: number }): void {
    const { callId, name, change } = resultOf(message);
    const isShown = this.#changeItem(
      (item) => item.kind === "call" && item.callId === callId,
      (item) => ({ ...item, ...change }) as ViewItem,
    );
    const call: CallItem = { kind: "call", key: `call:${callId}`, callId, name, args: {}, state: "done", ...change };
    this.#place({
      id: place.id ?? `result:${callId}`,
      role: "toolResult",
      items: isShown ? [] : [call],
      ...(place.seq === undefined ? {} : { seq: place.seq }),
    });
  }

  /** Puts a block where it belongs; an entry replaces itself and what was told of it without a position. */
  #place(block: Block): void {
    const isSame = (other: Block) =>
      other.id === block.id ||
      (block.seq !== undefined && other.seq === block.seq) ||
      (other.seq === undefined && block.seq !== undefined && other.runId === block.runId && other.role === block.role);
    const calls = new Set(block.items.flatMap((item) => (item.kind === "call" ? [item.callId] : [])));
    const isTaken = (item: ViewItem) => item.kind === "call" && calls.has(item.callId);
    const blocks = this.#blocks
      .filter((other) => !isSame(other))
      .map((other) =>
        (other.seq === undefined || other.role === "toolResult") && other.items.some(isTaken)
          ? withoutItems(other, isTaken)
          : other,
      );
    const { seq } = block;
    const after = seq === undefined ? -1 : blocks.findIndex((other) => other.seq !== undefined && other.seq > seq);
    blocks.splice(after < 0 ? blocks.length : after, 0, block);
    this.#blocks = blocks;
  }

  /** Answers whether everything that belongs to the run was seen. */
  #endRun(frame: ChatFrame): boolean {
    this.#ended.add(frame.runId);
    const run = this.#runs.get(frame.runId);
    const text = run?.openText() ?? "";
    const thinking = run?.openThinking() ?? "";
    const isCommitted = this.#blocks.some((block) => block.runId === frame.runId && block.role === "assistant");
    const said = text === "" && isCommitted ? "" : frame.message ? textOfContent(frame.message.content) : text;
    if (said !== "" || thinking !== "") {
      const content: ContentPart[] = [
        ...(thinking === "" ? [] : [{ type: "thinking" as const, thinking }]),
        ...(said === "" ? [] : [{ type: "text" as const, text: said }]),
      ];
      const message: WireMessage = { role: "assistant", content, timestamp: frame.message?.timestamp ?? Date.now() };
      const key = run?.keyOf(undefined);
      this.#place(blockOf(message, { id: `run:${frame.runId}`, runId: frame.runId, ...(key === undefined ? {} : { key }) }));
    }
    const calls = run?.leftCalls() ?? [];
    if (calls.length > 0) this.#place({ id: `calls:${frame.runId}`, runId: frame.runId, role: "calls", items: calls });
    this.#runs.delete(frame.runId);
    if (frame.state === "error" && frame.errorMessage && !this.#isNoted(frame.errorMessage)) {
      this.noteLocally(frame.errorMessage, "error", Date.now());
    }
    return this.#hasWhole(frame);
  }

  /** Entries told while nobody was there to hear them are missing without a gap: the end says what there must be. */
  #hasWhole({ runId, message }: ChatFrame): boolean {
    const text = message ? textOfContent(message.content) : "";
    const items = this.#blocks.flatMap((block) => (block.runId === runId && block.seq !== undefined ? block.items : []));
    const isSaid = (item: ViewItem) => item.kind === "message" && item.role === "assistant" && text.endsWith(item.text);
    return (text === "" || items.some(isSaid)) && !items.some((item) => item.kind === "call" && item.state === "running");
  }

  #loadRun(history: ChatHistory): void {
    const { active } = history;
    this.#runs = new Map(active && !this.#ended.has(active.runId) ? [[active.runId, LiveRun.from(active)]] : []);
  }

  /** A call that waits may stand in the transcript already: it is shown there alone. */
  #takeCalls(run: LiveRun): void {
    const taken = (item: ViewItem) => (item.kind === "call" ? { ...run.takeCall(item.callId), ...item } : item);
    this.#blocks = this.#blocks.map((block) =>
      block.role === "assistant" ? { ...block, items: block.items.map(taken) } : block,
    );
  }

  #loadWaiting(history: ChatHistory): void {
    const committed = new Set(this.#blocks.filter((block) => block.role === "user").map((block) => block.runId));
    const own = [...this.#waiting].filter(
      ([id, item]) => !committed.has(id) && (item.state === "sending" || item.state === "unsent"),
    );
    this.#waiting = new Map(own);
    for (const { id, text, state, createdAt } of history.pendingInputs?.items ?? []) {
      if (id === undefined || committed.has(id)) continue;
      this.noteSent(id, text ?? "", createdAt ?? 0);
      this.noteState(id, state ?? "queued");
    }
  }

  #runOf(runId: string): LiveRun {
    const known = this.#runs.get(runId);
    if (known) return known;
    const run = new LiveRun(runId);
    this.#runs.set(runId, run);
    return run;
  }

  #changeItem(isWanted: (item: ViewItem) => boolean, change: (item: ViewItem) => ViewItem): boolean {
    for (let at = this.#blocks.length - 1; at >= 0; at--) {
      const block = this.#blocks[at];
      if (!block?.items.some(isWanted)) continue;
      this.#blocks[at] = { ...block, items: block.items.map((item) => (isWanted(item) ? change(item) : item)) };
      this.#touch();
      return true;
    }
    return false;
  }

  #isNoted(text: string): boolean {
    return this.items.slice(-4).some((item) => item.kind === "note" && item.text === text);
  }

  #dropNote(text: string): void {
    this.#notes = this.#notes.filter((note) => note.text !== text);
  }

  #touch(): "changed" {
    this.#items = undefined;
    return "changed";
  }
}

function withoutItems(block: Block, isTaken: (item: ViewItem) => boolean): Block {
  return { ...block, items: block.items.filter((item) => !isTaken(item)) };
}

/** The thoughts that were shown stay, when the entry brings none. */
function keepThinking(items: ViewItem[], text: string, key: string): ViewItem[] {
  if (text === "" || items.some((item) => item.kind === "thinking")) return items;
  return [{ kind: "thinking", key: `${key}:thinking`, text, isStreaming: false }, ...items];
}

function withResult(call: CallItem, results: ReadonlyMap<string, CallItem>): CallItem {
  const found = results.get(call.callId);
  if (!found || call.state !== "running") return call;
  const { state, result, media } = found;
  return { ...call, state, ...(result === undefined ? {} : { result }), ...(media === undefined ? {} : { media }) };
}
