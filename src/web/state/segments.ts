// The items of a session in the groups they are shown in: what people said, the work an agent did (thoughts and calls in
// one line of beads), its answers, and notes. Pure. A group's key stays while it grows.
import type { CallItem, MessageItem, NoteItem, ThinkingItem, ViewItem } from "../../client/view-items.ts";

export type Segment =
  | { kind: "said"; key: string; item: MessageItem }
  | { kind: "work"; key: string; items: (CallItem | ThinkingItem)[] }
  /** `isLast`: nothing more comes in this turn. */
  | { kind: "answer"; key: string; item: MessageItem; isLast: boolean }
  | { kind: "note"; key: string; item: NoteItem };

/** What a session shows of its work: `reasoning` is off, on or stream; `verbose` is off, on or full. */
export interface ShownLevels {
  reasoning: string;
  verbose: string;
}

/** What the levels leave of the items. A tool that failed, or brought a picture, is shown in any case. */
export function chooseShown(items: readonly ViewItem[], { reasoning, verbose }: ShownLevels): readonly ViewItem[] {
  if (reasoning !== "off" && verbose !== "off") return items;
  return items.filter((item) => {
    if (item.kind === "thinking") return reasoning !== "off";
    if (item.kind === "call") return verbose !== "off" || item.state === "failed" || item.media !== undefined;
    return true;
  });
}

/** `isWorking`: a run is under way, so that the latest answer is not yet the last of its turn. */
export function groupItems(items: readonly ViewItem[], isWorking: boolean): Segment[] {
  const segments: Segment[] = [];
  for (const item of items) {
    switch (item.kind) {
      case "thinking":
      case "call": {
        const last = segments.at(-1);
        if (last?.kind === "work") last.items.push(item);
        else segments.push({ kind: "work", key: `work:${item.key}`, items: [item] });
        break;
      }
      case "message":
        if (item.role === "user") segments.push({ kind: "said", key: `said:${item.key}`, item });
        else segments.push({ kind: "answer", key: `answer:${item.key}`, item, isLast: false });
        break;
      case "note":
        segments.push({ kind: "note", key: item.key, item });
        break;
      default:
        item satisfies never;
    }
  }
  return markLast(segments, isWorking);
}

/** An answer is the last of its turn when a person speaks next, or nobody does. */
function markLast(segments: Segment[], isWorking: boolean): Segment[] {
  let isOpen = !isWorking;
  for (let at = segments.length - 1; at >= 0; at--) {
    const segment = segments[at];
    // Messages that still wait their turn stand below the answer and do not end it.
    if (segment?.kind === "said" && segment.item.seq !== undefined) isOpen = true;
    else if (segment?.kind === "answer") {
      segment.isLast = isOpen && !segment.item.isStreaming;
      isOpen = false;
    }
  }
  return segments;
}
