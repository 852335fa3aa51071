// Finds words in the talk: in what is on the screen, and in older pages that are read without being shown. A hit is a
// message, a note or a use of a tool (what went in, what came out; not thoughts). Going to one that is not on the screen
// brings the pages up to it.
import type { WireMessage } from "../../client/frames.ts";
import { blockOf, type CallItem, resultOf, type ViewItem } from "../../client/view-items.ts";
import { titleCall } from "../state/call-title.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import { chooseShown } from "../state/segments.ts";
import { Signal } from "../state/signal.ts";

const PAGE = 400;

/** Where a hit is: the position of its message, and of a use of a tool its id too ("12", "12/call_1"). */
export type HitPlace = string;

interface Line {
  place: HitPlace;
  seq: number;
  text: string;
}

export class TranscriptSearch extends Signal {
  readonly #room: ChatRoom;
  /** What is older than the screen shows, oldest first. */
  #older: ViewItem[] = [];
  /** Results whose call is still older than what was read. */
  #results: { callId: string; change: Partial<CallItem> }[] = [];
  #olderFrom: number | undefined;
  #isWhole = false;
  #isReading = false;
  #query = "";
  #current: HitPlace | undefined;
  #problem: string | undefined;

  constructor(room: ChatRoom) {
    super();
    this.#room = room;
  }

  get query(): string {
    return this.#query;
  }
  /** Older pages are being read; there may be more hits than are counted. */
  get isReading(): boolean {
    return this.#isReading;
  }
  get problem(): string | undefined {
    return this.#problem;
  }
  /** The hit one is at. */
  get current(): HitPlace | undefined {
    return this.#current;
  }

  /** All hits, oldest first. */
  get hits(): HitPlace[] {
    const words = this.#query.toLowerCase();
    if (words === "") return [];
    const first = this.#room.view.firstSeq ?? Number.POSITIVE_INFINITY;
    const older = this.#older.filter((item) => "seq" in item && item.seq !== undefined && item.seq < first);
    return linesOf(chooseShown([...older, ...this.#room.view.items], this.#room.levels))
      .filter(({ text }) => text.toLowerCase().includes(words))
      .map(({ place }) => place);
  }

  /** Looks for other words; goes to the newest hit. */
  find(query: string): void {
    this.#query = query.trim();
    this.#current = this.hits.at(-1);
    if (this.#query !== "" && !this.#isWhole && !this.#isReading) void this.#readOlder();
    this.tell();
  }

  /** To the hit before (-1) or after (1); round at the ends. */
  go(by: -1 | 1): void {
    const { hits } = this;
    const at = hits.indexOf(this.#current ?? "");
    this.#current = at < 0 ? hits.at(-1) : hits.at((at + by) % hits.length);
    this.tell();
  }

  /** Brings the hit to the screen, however far back it is. */
  async bring(place: HitPlace): Promise<void> {
    const { view } = this.#room;
    const seq = Number.parseInt(place, 10);
    while ((view.firstSeq ?? 0) > seq && view.hasEarlier && this.#current === place) {
      const before = view.firstSeq;
      await this.#room.loadEarlier();
      if (view.firstSeq === before) return;
    }
  }

  /** Pages come newest first: a result is met before its call, and belongs to the nearest one before it. */
  #readItems(messages: readonly WireMessage[]): ViewItem[] {
    const read: ViewItem[][] = [];
    for (const message of messages.toReversed()) {
      if (message.role === "toolResult") this.#results.push(resultOf(message));
      else read.unshift(blockOf(message, {}).items.map((item) => (item.kind === "call" ? this.#withResult(item) : item)));
    }
    return read.flat();
  }

  #withResult(call: CallItem): CallItem {
    const at = this.#results.findLastIndex(({ callId }) => callId === call.callId);
    if (at < 0) return call;
    const [found] = this.#results.splice(at, 1);
    return { ...call, ...found?.change };
  }

  async #readOlder(): Promise<void> {
    this.#isReading = true;
    this.#problem = undefined;
    try {
      let before = this.#olderFrom ?? this.#room.view.firstSeq;
      let hasMore = this.#olderFrom !== undefined || this.#room.view.hasEarlier;
      while (before !== undefined && hasMore) {
        const page = await this.#room.readEarlier(before, PAGE);
        this.#older = [...this.#readItems(page.messages), ...this.#older];
        hasMore = page.hasMore ?? false;
        const first = page.messages.map((message) => blockOf(message, {}).seq).find((seq) => seq !== undefined);
        if (first === undefined) break;
        before = first;
        this.#olderFrom = first;
        this.#current ??= this.hits.at(-1);
        this.tell();
      }
      this.#isWhole = true;
    } catch {
      this.#problem = "Older messages could not be searched; try again when the connection is back.";
    } finally {
      this.#isReading = false;
      this.tell();
    }
  }
}

function linesOf(items: readonly ViewItem[]): Line[] {
  return items.flatMap((item): Line[] => {
    if (item.kind === "thinking" || item.seq === undefined) return [];
    const { seq } = item;
    if (item.kind === "call") return [{ place: placeOfCall(item), seq, text: textOfCall(item) }];
    return [{ place: String(seq), seq, text: item.text }];
  });
}

/** Ids of calls may come again later in a talk; with the position they do not. */
export function placeOfCall({ seq, callId }: CallItem): HitPlace {
  return `${seq ?? ""}/${callId}`;
}

/** What a card shows when it is open. */
function textOfCall({ name, title, args, result = "" }: CallItem): string {
  return [
    title ?? titleCall(name, args),
    ...Object.entries(args).flatMap(([key, value]) => [key, describeArg(value)]),
    result,
  ].join("\n");
}

/** An argument as a card shows it. */
export function describeArg(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 1);
}
