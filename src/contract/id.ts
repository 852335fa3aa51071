// Identifiers. Every crossing has one, so that a repeat is harmless.
// `newId` is sortable by time and carries its kind as a prefix: "turn_…", "call_…".

const ALPHABET = "0123456789abcdefghijkmnopqrstuvwxyz";

export type IdKind = "msg" | "turn" | "call" | "entry" | "out" | "conn" | "req" | "link" | "pair" | "file" | "person";

/** A new id: `<kind>_<9 time characters><11 random characters>`. */
export function newId(kind: IdKind, now: number = Date.now()): string {
  let time = "";
  for (let rest = now; time.length < 9; rest = Math.floor(rest / ALPHABET.length)) {
    time = ALPHABET.charAt(rest % ALPHABET.length) + time;
  }
  const random = crypto.getRandomValues(new Uint8Array(11));
  return `${kind}_${time}${Array.from(random, (byte) => ALPHABET.charAt(byte % ALPHABET.length)).join("")}`;
}

/** A secret of `bytes` random bytes, base64url. */
export function newSecret(bytes = 32): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes));
  return btoa(String.fromCharCode(...random))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
