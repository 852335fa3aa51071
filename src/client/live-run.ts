// What a run says before it is committed: the text and thinking of its current step, and calls under way. Deltas carry
// their step and offset, so a screen that came in the middle knows whether it holds the whole text.
import type { ActiveRun, ChatFrame } from "./frames.ts";
import { type CallItem, callState, type RunView, textOfContent, type ViewItem } from "./view-items.ts";

export interface CallNews {
  callId: string;
  name: string;
  change: Partial<CallItem>;
}

export class LiveRun {
  readonly #runId: string;
  #startedAt: number | undefined;
  #phase: string | undefined;
  #phaseText: string | undefined;
  #model: string | undefined;
  #step = 0;
  #text = "";
  #thinking = "";
  #calls = new Map<string, CallItem>();
  #at = Date.now();

  constructor(runId: string) {
    this.#runId = runId;
  }

  static from(active: ActiveRun): LiveRun {
    const run = new LiveRun(active.runId);
    run.#startedAt = active.startedAt;
    run.#step = active.step;
    run.#text = active.text;
    run.#thinking = active.thinking;
    for (const { callId, name, args, title, state } of active.calls) {
      run.noteCall({
        callId,
        name,
        change: { args, state: state === "done" ? "done" : "running", title },
      });
    }
    return run;
  }

  /** Reads one event of the tool stream. */
  static readCall(data: Record<string, unknown>, at: number | undefined): CallNews {
    const phase = data["phase"];
    const title = typeof data["title"] === "string" ? { title: data["title"] } : {};
    const head = { callId: String(data["toolCallId"] ?? ""), name: String(data["name"] ?? "tool") };
    const time = at ?? Date.now();
    if (phase === "start") {
      return { ...head, change: { args: recordOf(data["args"]), state: "running", startedAt: time, ...title } };
    }
    if (phase === "update") return { ...head, change: { progress: textOfResult(data["partialResult"]) } };
    const details = recordOf(data["result"])["details"];
    return {
      ...head,
      change: {
        state: callState(data["outcome"], data["isError"] === true),
        result: textOfResult(data["result"]),
        endedAt: time,
        ...title,
        ...(typeof details === "object" && details !== null ? { details: recordOf(details) } : {}),
      },
    };
  }

  view(): RunView {
    return {
      runId: this.#runId,
      startedAt: this.#startedAt,
      phase: this.#phase,
      phaseText: this.#phaseText,
      model: this.#model,
    };
  }

  items(): ViewItem[] {
    const items: ViewItem[] = [];
    const isStreaming = this.#text === "";
    if (this.#thinking !== "") {
      items.push({ kind: "thinking", key: `${this.keyOf(this.#step)}:thinking`, text: this.#thinking, isStreaming });
    }
    if (this.#text !== "") {
      items.push({
        kind: "message",
        key: this.keyOf(this.#step),
        role: "assistant",
        text: this.#text,
        media: [],
        at: this.#at,
        isStreaming: true,
        runId: this.#runId,
      });
    }
    return [...items, ...this.#calls.values()];
  }

  /** The name of a step's message on the screen; it outlives the commit. */
  keyOf(step: number | undefined): string {
    return `${this.#runId}:${step ?? this.#step}`;
  }

  noteStart(at: number | undefined): void {
    this.#startedAt = at ?? Date.now();
  }

  notePhase(phase: string | undefined, text: string | undefined): void {
    this.#phase = phase;
    this.#phaseText = text;
  }

  noteModel(model: string): void {
    this.#model = model;
  }

  /** Answers whether the text is whole. Without step and offset (another maker's gateway) deltas are simply added. */
  addText(frame: ChatFrame): boolean {
    this.#phase = undefined;
    this.#phaseText = undefined;
    const delta = frame.deltaText ?? "";
    if (frame.step !== undefined && frame.step !== this.#step) this.#beginStep(frame.step);
    if (frame.message && frame.replace !== true && frame.offset === undefined) {
      this.#text = textOfContent(frame.message.content);
      return true;
    }
    if (frame.replace === true) {
      this.#text = delta;
      return true;
    }
    const offset = frame.offset ?? this.#text.length;
    const isWhole = offset <= this.#text.length;
    this.#text = this.#text.slice(0, offset) + delta;
    return isWhole;
  }

  addThinking(delta: string, step: number): void {
    if (step !== this.#step) this.#beginStep(step);
    this.#thinking += delta;
  }

  noteCall(news: CallNews): void {
    const known = this.#calls.get(news.callId);
    const head: CallItem = known ?? {
      kind: "call",
      key: `call:${news.callId}`,
      callId: news.callId,
      name: news.name,
      args: {},
      state: "running",
    };
    this.#calls.set(news.callId, { ...head, ...news.change });
  }

  /** The call is in the transcript now: hands over what was known of it. */
  takeCall(callId: string): Partial<CallItem> {
    const call = this.#calls.get(callId);
    this.#calls.delete(callId);
    return call ?? {};
  }

  /** The step's message is in the transcript now. */
  settleStep(step: number | undefined): void {
    if (step !== undefined && step < this.#step) return;
    this.#text = "";
    this.#thinking = "";
  }

  openText(): string {
    return this.#text;
  }

  openThinking(): string {
    return this.#thinking;
  }

  leftCalls(): CallItem[] {
    return [...this.#calls.values()];
  }

  #beginStep(step: number): void {
    this.#step = step;
    this.#text = "";
    this.#thinking = "";
    this.#at = Date.now();
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function textOfResult(result: unknown): string {
  const content = recordOf(result)["content"];
  return Array.isArray(content) ? textOfContent(content) : typeof result === "string" ? result : "";
}
