// Several files in one body: each a line of JSON that says what it is and how many bytes follow, then the bytes.

export interface Parcel {
  head: Record<string, unknown>;
  bytes: Uint8Array;
}

const LINE_END = 10;
const MAX_HEAD_BYTES = 16 * 1024;

export function writeParcels(parcels: readonly Parcel[]): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const parts = parcels.flatMap(({ head, bytes }) => [
    encoder.encode(`${JSON.stringify({ ...head, size: bytes.byteLength })}\n`),
    bytes,
  ]);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** Undefined: this is none, or it broke off. */
export function readParcels(whole: Uint8Array): Parcel[] | undefined {
  const parcels: Parcel[] = [];
  for (let at = 0; at < whole.byteLength; ) {
    const end = whole.indexOf(LINE_END, at);
    if (end < 0 || end - at > MAX_HEAD_BYTES) return undefined;
    const head = readHead(new TextDecoder().decode(whole.subarray(at, end)));
    const size = head?.["size"];
    if (!head || typeof size !== "number" || !Number.isInteger(size) || size < 0) return undefined;
    if (end + 1 + size > whole.byteLength) return undefined;
    parcels.push({ head, bytes: whole.slice(end + 1, end + 1 + size) });
    at = end + 1 + size;
  }
  return parcels;
}

function readHead(text: string): Record<string, unknown> | undefined {
  try {
    const head: unknown = JSON.parse(text);
    return typeof head === "object" && head !== null ? { ...head } : undefined;
  } catch {
    return undefined;
  }
}
