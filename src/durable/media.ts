// Files from outside: their type is read from their bytes, never believed; the same bytes are stored once.
import { GatewayError } from "../contract/errors.ts";
import type { MediaRef } from "../contract/message.ts";

export const MAX_MEDIA_BYTES = 20 * 1024 * 1024;
export const MEDIA_KEY = /^media\/[0-9a-f]{64}$/;

/** The part of R2Bucket that is used. */
export interface MediaStore {
  head(key: string): Promise<{ size: number } | null>;
  put(key: string, bytes: Uint8Array, options: { httpMetadata: { contentType: string } }): Promise<unknown>;
}

/** @throws GatewayError when there is nothing in it or too much. */
export async function storeMedia(store: MediaStore, bytes: Uint8Array<ArrayBuffer>, name?: string): Promise<MediaRef> {
  if (bytes.length === 0) throw new GatewayError({ code: "INVALID_REQUEST", message: "The file is empty." });
  if (bytes.length > MAX_MEDIA_BYTES) {
    throw new GatewayError({ code: "INVALID_REQUEST", message: "The file is larger than 20 MB; send a smaller one." });
  }
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const key = `media/${Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  const type = await sniffType(bytes);
  if (!(await store.head(key))) await store.put(key, bytes, { httpMetadata: { contentType: type } });
  const plainName = name?.replace(/[^\p{L}\p{N}._ ()-]/gu, "_").slice(0, 200);
  return { key, type, size: bytes.length, ...(plainName ? { name: plainName } : {}) };
}

async function sniffType(bytes: Uint8Array): Promise<string> {
  // Loaded when the first file comes: most objects never see one.
  const { fileTypeFromBuffer } = await import("file-type");
  const known = await fileTypeFromBuffer(bytes);
  if (known) return known.mime;
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
    return text.includes("\0") ? "application/octet-stream" : "text/plain; charset=utf-8";
  } catch {
    return "application/octet-stream";
  }
}
