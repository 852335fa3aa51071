// The whole transcript, gathered page by page from the newest back.
import type { WireMessage } from "../../../client/frames.ts";
import { markOf } from "../../../client/view-items.ts";

export interface TranscriptPage {
  messages: WireMessage[];
  hasMore?: boolean;
  totalMessages?: number;
}

/** `tell` hears how far it is. A page that brings nothing older ends it. */
export async function collectTranscript(
  fetch: (beforeSeq: number | undefined) => Promise<TranscriptPage>,
  tell: (count: number, total: number) => void = () => undefined,
): Promise<WireMessage[]> {
  let messages: WireMessage[] = [];
  let before: number | undefined;
  for (;;) {
    const page = await fetch(before);
    messages = [...page.messages, ...messages];
    tell(messages.length, Math.max(messages.length, page.totalMessages ?? 0));
    const first = page.messages[0];
    const seq = first === undefined ? undefined : markOf(first).seq;
    if (page.hasMore !== true || seq === undefined || seq <= 1) return messages;
    before = seq;
  }
}
