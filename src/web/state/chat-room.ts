// One session on the screen: the folded view of it, its messages on their way, its model. The path: `open` loads the
// history, `hear` takes live frames, `say` and `stop` speak. What was missed while away is fetched by position; a message
// is shown at once and handed over when there is a connection, under an id that makes a repeat harmless.

import type {
  ChatFrame,
  ChatHistory,
  ChatMetadata,
  MessageFrame,
  SessionModel,
  SessionSummary,
  WireMessage,
} from "../../client/frames.ts";
import { SessionView } from "../../client/session-view.ts";
import { type MessageItem, markOf } from "../../client/view-items.ts";
import { GatewayError } from "../../contract/errors.ts";
import type { EventFrame } from "../../contract/gateway.ts";
import { newId } from "../../contract/id.ts";
import type { MediaRef } from "../../contract/message.ts";
import type { Courier, Handover, Line } from "../talk/courier.ts";
import type { Unsent } from "./outbox.ts";
import type { ShownLevels } from "./segments.ts";
import { Signal } from "./signal.ts";
import { readUsage, sumUsage, type TurnUsage } from "./usage.ts";

/** The first page fills a screen and some more; older ones come while one scrolls. */
const FIRST_PAGE = 60;
const CATCH_UP_PAGE = 200;
const OLDER_PAGE = 24;

export class ChatRoom extends Signal {
  readonly sessionKey: string;
  readonly view: SessionView;
  #client: Line;
  #courier: Courier;
  #leaveCourier: () => void;
  #info: SessionSummary | undefined;
  #defaults: ChatHistory["defaults"];
  #model: SessionModel | undefined;
  #turns = new Map<string, TurnUsage>();
  #turnOf = new Map<string, string>();
  #isLoaded = false;
  /** The last position before a gap; what follows it is fetched again. */
  #gapAfter: number | undefined;
  #problem: string | undefined;
  #loading: Promise<void> | undefined;
  #isLoadWanted = false;
  #frame = 0;
  /** The announcement for those who listen instead of look. */
  news = "";

  constructor(sessionKey: string, client: Line, courier: Courier) {
    super();
    this.sessionKey = sessionKey;
    this.view = new SessionView(sessionKey);
    this.#client = client;
    this.#courier = courier;
    this.#leaveCourier = courier.listen(sessionKey, (item, handover) => this.#noteHandover(item, handover));
  }

  get isLoaded(): boolean {
    return this.#isLoaded;
  }
  /** Why the history cannot be shown. */
  get problem(): string | undefined {
    return this.#problem;
  }
  get isWorking(): boolean {
    return this.view.run !== undefined;
  }
  get info(): SessionSummary | undefined {
    return this.#info;
  }

  /** `provider/model` that answers here. */
  get model(): string | undefined {
    return this.#model?.ref ?? refOf(this.#info) ?? refOf(this.#defaults);
  }
  /** What that model reads beside text; undefined while it is not known. */
  get reads(): readonly string[] | undefined {
    return this.#model?.input;
  }

  /** How hard the model was told to think here; undefined: as the settings say. */
  get thinking(): string | undefined {
    return this.#info?.thinkingLevel ?? undefined;
  }
  get thinkingLevels(): readonly string[] {
    return (this.#model ?? this.#defaults)?.thinkingLevels?.map(({ id }) => id) ?? [];
  }
  /** What is shown of thoughts and tools. */
  get levels(): ShownLevels {
    return { reasoning: this.#info?.reasoningLevel ?? "on", verbose: this.#info?.verboseLevel ?? "on" };
  }

  usageOf(item: MessageItem): TurnUsage | undefined {
    const turn = item.entryId === undefined ? undefined : this.#turnOf.get(item.entryId);
    return (turn === undefined ? undefined : this.#turns.get(turn)) ?? readUsage(item.usage);
  }

  /** Loads what is not known yet; also after a break. Calls while one is under way are joined into one more. */
  open(): Promise<void> {
    if (this.#loading) {
      this.#isLoadWanted = true;
      return this.#loading;
    }
    this.#loading = this.#load().finally(() => {
      this.#loading = undefined;
      if (!this.#isLoadWanted) return;
      this.#isLoadWanted = false;
      void this.open();
    });
    return this.#loading;
  }

  async loadEarlier(): Promise<void> {
    const beforeSeq = this.view.firstSeq;
    if (beforeSeq === undefined || !this.view.hasEarlier) return;
    const history = await this.readEarlier(beforeSeq, OLDER_PAGE);
    // Another reader of the same page may have come first.
    if (this.view.firstSeq !== beforeSeq) return;
    this.#noteUsage(history.messages);
    this.view.load(history, "earlier");
    this.#changed();
  }

  /** A page before that position, without showing it. */
  readEarlier(beforeSeq: number, limit: number): Promise<ChatHistory> {
    return this.#client.request<ChatHistory>("chat.history", { sessionKey: this.sessionKey, limit, beforeSeq });
  }

  hear(frame: EventFrame): void {
    // The history on its way may have been read before this.
    if (this.#loading && this.#isLasting(frame)) this.#isLoadWanted = true;
    if (!this.#isLoaded || this.#isToldByMessage(frame)) return;
    const before = this.view.lastSeq;
    const applied = this.view.apply(frame);
    if (applied === "ignored") return;
    if (frame.event === "session.message") this.#noteUsage([(frame.payload as MessageFrame).message]);
    if (frame.event === "chat") this.#announce(frame.payload as ChatFrame);
    if (applied === "stale") {
      this.#gapAfter = Math.min(this.#gapAfter ?? before, before);
      void this.open();
    }
    this.#changed();
  }

  noteInfo(info: SessionSummary): void {
    const isOther = (info.modelOverride ?? null) !== (this.#info?.modelOverride ?? null);
    this.#info = info;
    if (isOther) void this.refreshModel();
    this.#changed();
  }

  /** Asks which model would answer now, and what it can do: a choice, the settings or a key changed. */
  async refreshModel(): Promise<void> {
    try {
      const answer = await this.#client.request<ChatMetadata>("chat.metadata", { sessionKey: this.sessionKey });
      this.#model = answer.sessionModel ?? undefined;
      this.#defaults = answer.defaults ?? this.#defaults;
      this.#changed();
    } catch {
      // It is told with the history when the connection is back.
    }
  }

  say(text: string, media: MediaRef[] = []): void {
    const files = media.length === 0 ? {} : { media };
    const item: Unsent = { id: newId("msg"), sessionKey: this.sessionKey, text, at: Date.now(), ...files };
    this.#courier.outbox.put(item);
    this.view.noteSent(item.id, text, item.at, media);
    this.#changed();
    void this.#courier.deliver(this.sessionKey);
  }

  /** Sends a refused or failed message once more, as a new message. */
  sayAgain(item: MessageItem): void {
    this.dismiss(item);
    this.say(item.text, item.media);
  }

  /** Gives up a message that was never taken. */
  dismiss(item: MessageItem): void {
    const id = item.runId ?? item.key;
    this.#courier.outbox.remove(id);
    this.view.forgetSent(id);
    this.#changed();
  }

  async stop(): Promise<void> {
    await this.#client.request("chat.abort", { sessionKey: this.sessionKey });
  }

  /** Sets what holds for this session: its model, how hard it thinks, its name. null: as the settings say. */
  async choose(change: { model?: string | null; thinkingLevel?: string | null; label?: string | null }): Promise<void> {
    const answer = await this.#client.request<{ entry?: SessionSummary }>("sessions.patch", { key: this.sessionKey, ...change });
    if (answer.entry) this.noteInfo(answer.entry);
  }

  leave(): void {
    this.#leaveCourier();
    cancelAnimationFrame(this.#frame);
  }

  async #load(): Promise<void> {
    const since = this.#isLoaded ? (this.#gapAfter ?? this.view.lastSeq) : 0;
    this.#gapAfter = undefined;
    try {
      const [history] = await Promise.all([
        this.#client.request<ChatHistory>("chat.history", {
          sessionKey: this.sessionKey,
          ...(since > 0 ? { limit: CATCH_UP_PAGE, afterSeq: since } : { limit: FIRST_PAGE }),
        }),
        this.#client.request("sessions.messages.subscribe", { key: this.sessionKey }),
      ]);
      this.#noteUsage(history.messages);
      this.view.load(history, since > 0 && !history.hasMore ? "later" : "whole");
      this.#info = (history.sessionInfo as SessionSummary | undefined) ?? this.#info;
      this.#defaults = history.defaults;
      this.#model = history.sessionModel ?? undefined;
      this.#isLoaded = true;
      this.#problem = undefined;
      this.#takeUp();
    } catch (error) {
      this.#gapAfter = Math.min(this.#gapAfter ?? since, since);
      if (this.#client.state.phase === "ready") this.#problem = sentenceOf(error);
    }
    this.#changed();
  }

  /** Whether the frame tells of what stands in the transcript. */
  #isLasting({ event, payload }: EventFrame): boolean {
    if (event !== "chat" && event !== "session.message") return false;
    const { sessionKey, state } = payload as ChatFrame;
    return sessionKey === this.sessionKey && state !== "delta" && state !== "status";
  }

  /** A message that was dropped says so itself; the run it never had need not say it again. */
  #isToldByMessage(frame: EventFrame): boolean {
    if (frame.event !== "chat") return false;
    const { state, runId } = frame.payload as ChatFrame;
    if (state !== "error") return false;
    return this.view.items.some((item) => item.kind === "message" && item.runId === runId && item.state === "dropped");
  }

  /** Shows whatever was written here and never acknowledged, and has it delivered. */
  #takeUp(): void {
    const { outbox } = this.#courier;
    const messages = this.view.items.flatMap((item) => (item.kind === "message" ? [item] : []));
    for (const { id, text, at, media, refusal } of outbox.list(this.sessionKey)) {
      const shown = messages.find((message) => message.runId === id);
      if (shown?.seq !== undefined) {
        outbox.remove(id);
        continue;
      }
      if (!shown) this.view.noteSent(id, text, at, media);
      if (refusal !== undefined) this.view.noteState(id, "unsent", refusal);
    }
    void this.#courier.deliver(this.sessionKey);
  }

  #noteHandover({ id }: Unsent, handover: Handover): void {
    switch (handover.outcome) {
      case "taken": {
        const { reply, state, status } = handover.answer;
        if (reply !== undefined) {
          this.view.forgetSent(id);
          // The reply is in the transcript too, and may have come from there already.
          const isTold = this.view.items.slice(-3).some((shown) => shown.kind === "note" && shown.text === reply);
          if (!isTold) this.view.noteLocally(reply, "info", Date.now());
          // Read aloud without the signs that format it.
          this.news = reply.replace(/\*\*|`|^- /gm, "");
        } else if (state !== undefined) {
          this.view.noteState(id, state);
          if (status === "in_flight") void this.open();
        }
        break;
      }
      case "refused":
        this.view.noteState(id, "unsent", handover.reason);
        this.news = handover.reason;
        break;
      case "later":
        break;
      default:
        handover satisfies never;
    }
    this.#changed();
  }

  #noteUsage(messages: readonly WireMessage[]): void {
    for (const message of messages) {
      if (message.role !== "assistant") continue;
      const mark = markOf(message) as { id?: string; turnId?: string };
      const usage = readUsage(message.usage);
      if (mark.id === undefined || mark.turnId === undefined || usage === undefined || this.#turnOf.has(mark.id)) continue;
      this.#turnOf.set(mark.id, mark.turnId);
      this.#turns.set(mark.turnId, sumUsage(this.#turns.get(mark.turnId), usage));
    }
  }

  #announce(frame: ChatFrame): void {
    if (frame.state === "aborted") this.news = "Stopped.";
    if (frame.state === "error") this.news = frame.errorMessage ?? "The answer failed.";
    if (frame.state !== "final") return;
    // A command is answered by a note.
    const last = this.view.items.findLast(
      (item) => item.kind === "note" || (item.kind === "message" && item.role === "assistant"),
    );
    this.news = last?.kind === "message" || last?.kind === "note" ? last.text.slice(0, 2_000) : "";
  }

  /** Once a frame is enough for the eye; a page that is not looked at is told by a timer. */
  #changed(): void {
    if (this.#frame !== 0) return;
    const tell = () => {
      this.#frame = 0;
      this.tell();
    };
    this.#frame = document.hidden ? Number(setTimeout(tell, 250)) : requestAnimationFrame(tell);
  }
}

/** What Skerry says is a sentence for a person; what the browser says of a failed fetch is none. */
export function sentenceOf(error: unknown): string {
  if (error instanceof GatewayError) return error.message;
  if (error instanceof TypeError) return "This did not work. Check the connection, then load the page again.";
  return error instanceof Error ? error.message : String(error);
}

function refOf(from: { modelProvider?: string | null; model?: string | null } | undefined): string | undefined {
  if (!from?.model) return undefined;
  return from.modelProvider ? `${from.modelProvider}/${from.model}` : from.model;
}
