// Parcels of live events as they come down a session's line: one JSON text a line, cut anywhere on the way.
import type { LiveParcel } from "../../../contract/live.ts";

/** Ends quietly when the line breaks: the session has ended, or opens another. */
export async function* readParcels(lines: ReadableStream<Uint8Array>): AsyncGenerator<LiveParcel> {
  const reader = lines.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  while (true) {
    const chunk = await reader.read().catch(() => ({ done: true, value: undefined }));
    if (chunk.done) return;
    rest += decoder.decode(chunk.value, { stream: true });
    for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      if (line !== "") yield JSON.parse(line) as LiveParcel;
    }
  }
}
