// By which name a call is known outside of its session. The id of its row holds what the provider calls it, which nothing bounds;
// what goes over a line is bounded there.

const MOST_CHARS = 200;

/** The same whenever the same row is asked for, and no other row's. */
export async function nameOfCall(rowId: string): Promise<string> {
  if (rowId.length <= MOST_CHARS) return rowId;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(rowId));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${rowId.split(":", 2).join(":")}:${hex}`;
}
