// Finds words in the talk: in what is on the screen, and in older pages that are read without being shown. A hit is a
// message or note, named by its position; going to one that is not on the screen brings the pages up to it.
import type { WireMessage } from "../../client/frames.ts";
import { blockOf, type ViewItem } from "../../client/view-items.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import { Signal } from "../state/signal.ts";

const PAGE = 400;

interface Line {
  seq: number;
  text: string;
}

export class TranscriptSearch extends Signal {
  readonly #room: ChatRoom;
  /** What is older than the screen shows, oldest first. */
  #older: Line[] = [];
  #olderFrom: number | undefined;
  #isWhole = false;
  #isReading = false;
  #query = "";
  #current: number | undefined;
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
  /** The position of the hit one is at. */
  get current(): number | undefined {
    return this.#current;
  }

  /** Positions of all hits, oldest first. */
  get hits(): number[] {
    const words = this.#query.toLowerCase();
    if (words === "") return [];
    const first = this.#room.view.firstSeq ?? Number.POSITIVE_INFINITY;
    const older = this.#older.filter(({ seq }) => seq < first);
    return [...older, ...linesOf(this.#room.view.items)]
      .filter(({ text }) => text.toLowerCase().includes(words))
      .map(({ seq }) => seq);
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
    const at = hits.indexOf(this.#current ?? -1);
    this.#current = at < 0 ? hits.at(-1) : hits.at((at + by) % hits.length);
    this.tell();
  }

  /** Brings the hit to the screen, however far back it is. */
  async bring(seq: number): Promise<void> {
    const { view } = this.#room;
    while ((view.firstSeq ?? 0) > seq && view.hasEarlier && this.#current === seq) {
      const before = view.firstSeq;
      await this.#room.loadEarlier();
      if (view.firstSeq === before) return;
    }
  }

  async #readOlder(): Promise<void> {
    this.#isReading = true;
    this.#problem = undefined;
    try {
      let before = this.#olderFrom ?? this.#room.view.firstSeq;
      let hasMore = this.#olderFrom !== undefined || this.#room.view.hasEarlier;
      while (before !== undefined && hasMore) {
        const page = await this.#room.readEarlier(before, PAGE);
        const lines = page.messages.flatMap(readLines);
        this.#older = [...lines, ...this.#older];
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

function readLines(message: WireMessage): Line[] {
  return message.role === "toolResult" ? [] : linesOf(blockOf(message, {}).items);
}

function linesOf(items: readonly ViewItem[]): Line[] {
  return items.flatMap((item) =>
    (item.kind === "message" || item.kind === "note") && item.seq !== undefined ? [{ seq: item.seq, text: item.text }] : [],
  );
}
