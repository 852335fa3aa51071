// A tool's result before the model reads it: over the cap it is cut to head and tail, and the whole is kept in a
// workspace file that the model can read on.
import type { WorkspacePort } from "../../contract/ports/workspace.ts";

/** Characters of one result, by the size of the model's window in tokens. */
export function resultCap(contextWindow: number): number {
  if (contextWindow >= 200_000) return 64_000;
  return contextWindow >= 100_000 ? 32_000 : 16_000;
}

/** A failure is a few sentences; what makes one longer is not worth keeping. */
const MOST_FAILURE = 10_000;

export function cutFailure(text: string): string {
  return text.length <= MOST_FAILURE ? text : `${text.slice(0, MOST_FAILURE - 1).toWellFormed()}…`;
}

const SPILL_MAX_BYTES = 2_000_000;

/** The text for the model; spills the whole text to `results/<callId>.txt` when it is over the cap. */
export async function capResult(text: string, cap: number, callId: string, workspace: WorkspacePort): Promise<string> {
  if (text.length <= cap) return text;
  const path = `results/${callId}.txt`;
  const bytes = new TextEncoder().encode(text).slice(0, SPILL_MAX_BYTES);
  const kept = await workspace.write(path, bytes);
  const head = text.slice(0, Math.floor(cap * 0.6));
  const tail = text.slice(-Math.floor(cap * 0.3));
  const where = kept.ok
    ? `The whole (${text.length} characters) is in ${path}: read it with offset and limit.`
    : "The rest could not be kept.";
  return `${head}\n[… cut here. ${where} …]\n${tail}`;
}
