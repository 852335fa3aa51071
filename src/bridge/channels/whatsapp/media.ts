// Files from WhatsApp, and voice notes to it. A file's address stands in a message that anybody may have written: only WhatsApp's own
// hosts are asked for it, and no more is taken than the account allows.
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HomeRefused } from "../../../contract/errors.ts";
import type { LocalFile } from "../driver.ts";
import type { Library } from "./library.ts";
import { type Content, type FilePart, fileIn, unwrap } from "./words/content.ts";
import { isOggOpus, type OutFile } from "./words/outbound.ts";

const FETCH_MS = 5 * 60_000;
const VOICE_MS = 60_000;
/** Of what ffmpeg makes: half an hour of speech at 32 kbit/s. */
const MOST_VOICE_BYTES = 8 * 1024 * 1024;

/** `near`: the host of a WhatsApp that is asked in place of the real one. */
export async function fetchFile(
  library: Pick<Library, "downloadContentFromMessage">,
  content: Content,
  path: string,
  { maxBytes, near }: { maxBytes: number; near?: string | undefined },
): Promise<{ name?: string }> {
  const part = fileIn(unwrap(content));
  const mediaKey = part?.file.mediaKey;
  if (!part || !mediaKey) throw new HomeRefused("NOT_FOUND", "That message holds no file.");
  if (Number(part.file.fileLength ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const { mediaType } = part;
  const signal = AbortSignal.timeout(FETCH_MS);
  const stream = await library.downloadContentFromMessage({ mediaKey, ...placeOf(part, near) }, mediaType, {
    options: { signal },
  });
  await pipeline(Readable.from(stream), limit(maxBytes), createWriteStream(path, { mode: 0o600 }), { signal });
  return part.name === undefined ? {} : { name: part.name };
}

/** Whether WhatsApp itself has it no more: then the phone that sent it may bring it again. */
export function isGone(error: unknown): boolean {
  const text = error instanceof Error ? error.message : String(error);
  const code = Number((error as { output?: { statusCode?: number } } | null)?.output?.statusCode ?? 0);
  return code === 404 || code === 410 || /\b(404|410)\b/.test(text);
}

function placeOf({ file }: FilePart, near: string | undefined): { directPath: string } | { url: string } {
  const { directPath, url } = file;
  // The library would take the host from `url`: with the path alone it asks WhatsApp's own.
  if (directPath?.startsWith("/") && !directPath.startsWith("//") && near === undefined) return { directPath };
  const parsed = url && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" && parsed.hostname === near) return { url: parsed.href };
  const isTheirs = parsed?.protocol === "https:" && parsed.port === "" && /(^|\.)whatsapp\.net$/.test(parsed.hostname);
  if (parsed && isTheirs && parsed.username === "" && parsed.password === "") return { url: parsed.href };
  throw new HomeRefused("NOT_FOUND", "The file does not lie at WhatsApp, so it is not fetched.");
}

function limit(maxBytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.byteLength;
      if (seen > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
}

function tooLarge(maxBytes: number): HomeRefused {
  return new HomeRefused(
    "TOO_LARGE",
    `The file is larger than ${Math.floor(maxBytes / 1024 / 1024)} MB, the most this channel takes.`,
  );
}

/** A voice note as WhatsApp plays it; where there is no ffmpeg, the sound goes out as a file that is played. */
export async function makeVoice(file: LocalFile, program = "ffmpeg"): Promise<OutFile> {
  if (isOggOpus(file.type, await headOf(file.path))) return { ...file, type: "audio/ogg", isNote: true };
  const path = `${file.path}.ogg`;
  if (await runFfmpeg(program, file.path, path)) {
    return { path, type: "audio/ogg", name: "voice.ogg", size: (await stat(path)).size, isNote: true };
  }
  await rm(path, { force: true });
  return file;
}

async function headOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** Only from files: a sound that names addresses opens nothing. */
function runFfmpeg(program: string, from: string, to: string): Promise<boolean> {
  const read = ["-nostdin", "-v", "error", "-protocol_whitelist", "file", "-i", from];
  const write = ["-vn", "-map_metadata", "-1", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a", "32k"];
  const args = [...read, ...write, "-fs", String(MOST_VOICE_BYTES), "-f", "ogg", "-y", to];
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const child = spawn(program, args, { stdio: "ignore", timeout: VOICE_MS, killSignal: "SIGKILL" });
  child.once("error", () => resolve(false));
  child.once("close", (code) => resolve(code === 0));
  return promise;
}
