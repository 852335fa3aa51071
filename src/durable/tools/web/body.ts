// The bytes of an answer, up to a cap, and their text: charset by byte order mark, header, the page's own word, UTF-8.

const MAX_BODY_BYTES = 750_000;
const META_BYTES = 4096;

export interface Body {
  bytes: Uint8Array;
  /** MIME type without parameters, lower case; "" when the server named none. */
  type: string;
  charset: string;
  isCut: boolean;
  /** Bytes the server announced, or those that came. */
  size: number;
}

export async function readBody(response: Response, limit = MAX_BODY_BYTES): Promise<Body> {
  const declared = response.headers.get("content-type") ?? "";
  const type = (declared.split(";")[0] ?? "").trim().toLowerCase();
  const charset = /charset\s*=\s*["']?([\w:.-]+)/i.exec(declared)?.[1] ?? "";
  const { bytes, isCut } = await readBytes(response, limit);
  const announced = Number(response.headers.get("content-length") ?? 0);
  return { bytes, type, charset, isCut, size: Math.max(announced, bytes.length) };
}

async function readBytes(response: Response, limit: number): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  const reader = response.body?.getReader();
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    const room = value.subarray(0, limit - length);
    bytes.set(room, length);
    length += room.length;
    if (room.length < value.length) {
      await reader.cancel();
      return { bytes, isCut: true };
    }
  }
  return { bytes: bytes.slice(0, length), isCut: false };
}

export function decodeText(bytes: Uint8Array, charset: string, isHtml: boolean): string {
  const named = markOf(bytes) ?? (charset || (isHtml ? metaCharset(bytes) : undefined));
  return decoderFor(named ?? "utf-8").decode(bytes);
}

function markOf(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return "utf-8";
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  return bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : undefined;
}

function metaCharset(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, META_BYTES));
  const named = /<meta[^>]+charset\s*=\s*["']?\s*([\w:.-]+)/i.exec(head)?.[1];
  // A page that is read byte by byte here cannot be UTF-16, whatever it says.
  return named?.toLowerCase().startsWith("utf-16") ? "utf-8" : named;
}

function decoderFor(charset: string): TextDecoder {
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}
