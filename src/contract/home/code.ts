// The code of a device: what a person compares, or types, when they let a machine in. Made of the device's id, which is the
// SHA-256 of its public key: both sides know it without telling each other.
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const LENGTH = 8;

/** `id`: hex. Eight characters without look-alikes; "" when the id is none. */
export function codeOfDevice(id: string): string {
  const digits = id.slice(0, LENGTH * 2);
  if (!/^[0-9a-f]{16}$/i.test(digits)) return "";
  const letters = (digits.match(/../g) ?? []).map((pair) => LETTERS[Number.parseInt(pair, 16) % LETTERS.length] ?? "");
  return letters.join("");
}
