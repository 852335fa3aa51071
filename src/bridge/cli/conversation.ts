// One session followed from the command line: says things, and tells a listener what comes back, also after a break of
// the connection. Knows nothing of terminals.
import type { ChatFrame, ChatHistory, SendAnswer } from "../../client/frames.ts";
import type { GatewayClient } from "../../client/gateway-client.ts";
import { SessionView } from "../../client/session-view.ts";
import type { CallItem, MessageItem } from "../../client/view-items.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { EventFrame } from "../../contract/gateway.ts";
import { newId } from "../../contract/id.ts";
import { formatSessionKey, parseSessionKey } from "../../contract/session-key.ts";
import { createClient, type Reach } from "../connection.ts";

export interface Outcome {
  runId: string;
  status: "done" | "stopped" | "failed";
  /** The last answer text. */
  text: string;
  model?: string;
  usage?: Record<string, unknown>;
  error?: string;
  /** The answer of a slash command: it was never streamed. */
  isReply?: true;
}

export interface ConversationListeners {
  onText?(delta: string): void;
  /** The text of this step so far is withdrawn. */
  onTextReset?(): void;
  /** A step began: what follows is a new message. */
  onStep?(): void;
  onCall?(call: CallItem): void;
  onStatus?(text: string): void;
  onConnection?(state: "lost" | "back"): void;
}

interface Running {
  ids: Set<string>;
  text: string;
  settle(outcome: Outcome): void;
}

const HISTORY_LIMIT = 50;

export class Conversation {
  readonly sessionKey: string;
  readonly #client: GatewayClient;
  readonly #listeners: ConversationListeners;
  readonly #toldCalls = new Map<string, string>();
  #view: SessionView;
  #running: Running | undefined;
  #step: number | undefined;

  constructor(reach: Reach, session: string, version: string, listeners: ConversationListeners = {}) {
    const parts = parseSessionKey(session);
    if (!parts) {
      throw new GatewayError({
        code: "INVALID_REQUEST",
        message: `"${session}" cannot name a session. Use a name such as main.`,
      });
    }
    this.sessionKey = formatSessionKey(parts);
    this.#listeners = listeners;
    this.#view = new SessionView(this.sessionKey);
    const about = { id: "skerry-cli", mode: "cli", version, isLasting: true };
    this.#client = createClient(reach, about, {
      onEvent: (frame) => this.#hear(frame),
      onGap: () => void this.#catchUp(),
      onHello: (_hello, isReturn) => {
        if (!isReturn) return;
        this.#listeners.onConnection?.("back");
        void this.#catchUp();
      },
      onState: (state) => {
        if (state.phase === "waiting" && state.attempt === 1 && this.#client.state.phase !== "closed") {
          this.#listeners.onConnection?.("lost");
        }
      },
    });
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (error) {
      this.#client.close();
      throw error;
    }
  }

  close(): void {
    this.#client.close();
  }

  /**
   * Says something and answers with what became of it; a slash command answers with its reply. While a turn runs,
   * Skerry decides what the message does, and the outcome is the running turn's.
   */
  async say(message: string): Promise<Outcome> {
    const id = newId("msg");
    const outcome = new Promise<Outcome>((settle) => {
      const earlier = this.#running;
      this.#running = {
        ids: new Set([...(earlier?.ids ?? []), id]),
        text: earlier?.text ?? "",
        settle: (result) => {
          earlier?.settle(result);
          settle(result);
        },
      };
    });
    try {
      const sent = await this.#client.request<SendAnswer>(
        "chat.send",
        { sessionKey: this.sessionKey, message, idempotencyKey: id },
        { isRepeatable: true, timeoutMs: 60_000 },
      );
      this.#running?.ids.add(sent.runId);
      if (sent.reply !== undefined) this.#settle({ runId: sent.runId, status: "done", text: sent.reply, isReply: true });
    } catch (error) {
      this.#running = undefined;
      throw error;
    }
    return outcome;
  }

  async stop(): Promise<void> {
    await this.#client.request("chat.abort", { sessionKey: this.sessionKey });
  }

  #hear(frame: EventFrame): void {
    const applied = this.#view.apply(frame);
    // Messages of others that wait are nothing to show here, and the end of a run says by itself how it ended.
    if (applied === "ignored" || frame.event === "session.inbox") return;
    if (applied === "stale" && !isEnd(frame)) {
      void this.#catchUp();
      return;
    }
    if (frame.event === "chat") this.#hearChat(frame.payload as ChatFrame);
    if (frame.event === "agent") this.#tellCalls();
  }

  #hearChat(frame: ChatFrame): void {
    const running = this.#running;
    if (frame.state === "status" && frame.text) this.#listeners.onStatus?.(frame.text);
    if (frame.state === "delta") {
      if (frame.step !== this.#step) {
        if (this.#step !== undefined) this.#listeners.onStep?.();
        this.#step = frame.step;
        if (running) running.text = "";
      }
      if (frame.replace) this.#listeners.onTextReset?.();
      if (running) running.text = (frame.replace ? "" : running.text) + (frame.deltaText ?? "");
      if (frame.deltaText) this.#listeners.onText?.(frame.deltaText);
      return;
    }
    if (frame.state === "status" || !running?.ids.has(frame.runId)) return;
    const said = this.#lastAnswer(frame.runId);
    // A message that joined another run is settled without words of its own; that run's end brings them.
    if (frame.state === "final" && !frame.message && this.#view.run !== undefined) return;
    this.#settle({
      runId: frame.runId,
      status: frame.state === "final" ? "done" : frame.state === "aborted" ? "stopped" : "failed",
      text: textOf(frame) ?? said?.text ?? running.text,
      ...(said?.model === undefined ? {} : { model: said.model }),
      ...(frame.usage === undefined ? {} : { usage: frame.usage }),
      ...(frame.errorMessage === undefined ? {} : { error: frame.errorMessage }),
    });
  }

  #tellCalls(): void {
    for (const item of this.#view.items) {
      if (item.kind !== "call" || this.#toldCalls.get(item.callId) === item.state) continue;
      this.#toldCalls.set(item.callId, item.state);
      this.#listeners.onCall?.(item);
    }
  }

  /** Something was missed: fetch the session again, and see whether the run ended meanwhile. */
  async #catchUp(): Promise<void> {
    try {
      const history = await this.#client.request<ChatHistory>("chat.history", {
        sessionKey: this.sessionKey,
        limit: HISTORY_LIMIT,
      });
      this.#view.load(history);
      const running = this.#running;
      if (!running) return;
      if (history.active) {
        running.ids.add(history.active.runId);
        const missed = history.active.text.slice(history.active.step === this.#step ? running.text.length : 0);
        running.text = history.active.text;
        this.#step = history.active.step;
        if (missed) this.#listeners.onText?.(missed);
        return;
      }
      const answer = this.#answerAfter(running.ids);
      if (answer) this.#settle({ runId: answer.runId ?? "", status: "done", text: answer.text });
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
    }
  }

  #settle(outcome: Outcome): void {
    const running = this.#running;
    this.#running = undefined;
    this.#step = undefined;
    running?.settle(outcome);
  }

  #lastAnswer(runId: string): MessageItem | undefined {
    return this.#view.items.findLast(
      (item): item is MessageItem => item.kind === "message" && item.role === "assistant" && item.runId === runId,
    );
  }

  /** The last answer behind the message with one of these ids. */
  #answerAfter(ids: Set<string>): MessageItem | undefined {
    const items = this.#view.items;
    const asked = items.findLastIndex(
      (item) => item.kind === "message" && item.role === "user" && item.runId !== undefined && ids.has(item.runId),
    );
    if (asked < 0) return undefined;
    return items.slice(asked).findLast((item): item is MessageItem => item.kind === "message" && item.role === "assistant");
  }
}

function isEnd({ event, payload }: EventFrame): boolean {
  if (event !== "chat") return false;
  const { state } = payload as ChatFrame;
  return state === "final" || state === "aborted" || state === "error";
}

function textOf(frame: ChatFrame): string | undefined {
  const content = frame.message?.content;
  if (content === undefined) return undefined;
  return typeof content === "string"
    ? content
    : content.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}
