// Files of rooms: what is sealed is opened while it is fetched, and sealed before it leaves. The homeserver sees sealed bytes alone.
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import * as z from "zod";
import { HomeRefused } from "../../../contract/errors.ts";
import type { Json } from "./wire.ts";

const AES = "aes-256-ctr";
/** Only what the far side of Opus counts in. */
const OPUS_HZ = 48_000;

/** A file that is sealed, as events name it. */
export const sealedFile = z.object({
  url: z.string().max(600),
  v: z.literal("v2"),
  key: z.object({ alg: z.literal("A256CTR"), k: z.string().max(64) }),
  iv: z.string().max(64),
  hashes: z.object({ sha256: z.string().max(64) }),
});

/** What a message's handle holds: all that is needed to fetch it later, also after a restart. */
export const fileHandle = z.union([z.object({ file: sealedFile }), z.object({ url: z.string().max(600) })]);
export type FileHandle = z.infer<typeof fileHandle>;

export function readHandle(handle: string): FileHandle {
  try {
    return fileHandle.parse(JSON.parse(handle));
  } catch {
    throw new HomeRefused("NOT_FOUND", "The file's handle cannot be read.");
  }
}

/** Opens what passes; the end is an error when it is not what was sealed. */
export function opener({ key, iv, hashes }: z.infer<typeof sealedFile>): Transform[] {
  const [secret, start] = [Buffer.from(key.k, "base64url"), Buffer.from(iv, "base64")];
  if (secret.length !== 32 || start.length !== 16) throw new HomeRefused("NOT_FOUND", "The file's key cannot be read.");
  const hash = createHash("sha256");
  const check = new Transform({
    transform(part: Buffer, _encoding, done) {
      hash.update(part);
      done(null, part);
    },
    flush(done) {
      const isSame = hash.digest().equals(Buffer.from(hashes.sha256, "base64"));
      done(isSame ? null : new HomeRefused("NOT_FOUND", "The file is not what its sender sealed."));
    },
  });
  return [check, createDecipheriv(AES, secret, start)];
}

/** Writes the sealed file to `to`; answers what an event says of it, but for its address. */
export async function sealFile(from: string, to: string): Promise<Json> {
  const secret = randomBytes(32);
  // The lower half counts the blocks.
  const iv = Buffer.concat([randomBytes(8), Buffer.alloc(8)]);
  const hash = createHash("sha256");
  const cipher = createCipheriv(AES, secret, iv);
  cipher.on("data", (part: Buffer) => hash.update(part));
  await pipeline(createReadStream(from), cipher, createWriteStream(to, { mode: 0o600 }));
  return {
    v: "v2",
    key: { kty: "oct", key_ops: ["encrypt", "decrypt"], alg: "A256CTR", k: secret.toString("base64url"), ext: true },
    iv: unpadded(iv),
    hashes: { sha256: unpadded(hash.digest()) },
  };
}

/** How long an Ogg Opus file lasts, by the count its last page ends with; undefined: it is none. */
export async function readOpusMs(path: string): Promise<number | undefined> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, 65_536);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    const at = buffer.lastIndexOf("OggS");
    if (at < 0 || at + 14 > length) return undefined;
    const count = buffer.readBigUInt64LE(at + 6);
    const ms = Math.round(Number(count) / (OPUS_HZ / 1000));
    return ms > 0 && ms < 24 * 3_600_000 ? ms : undefined;
  } finally {
    await file.close();
  }
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
