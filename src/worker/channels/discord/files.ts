// Files on their way to Discord, and recordings as voice messages.
import type { MediaRef } from "../../../contract/message.ts";
import type { Line } from "../channel.ts";
import { nameOfFile } from "../file-name.ts";

export const VOICE_FLAG = 1 << 13;
const OPUS_RATE = 48_000;

export async function filesFor(
  media: readonly MediaRef[],
  line: Line,
): Promise<{ files: File[]; bytes: Uint8Array[] } | { missing: string }> {
  const bytes = await Promise.all(media.map(({ key }) => line.readMedia(key)));
  const files: File[] = [];
  for (const [index, one] of media.entries()) {
    const content = bytes[index];
    if (!content) return { missing: one.name ?? one.key };
    files.push(new File([content], nameOfFile(one), { type: one.type }));
  }
  return { files, bytes: bytes.filter((content) => content !== undefined) };
}

/** What Discord must be told of a recording; undefined when it is none that it plays as a voice message. */
export function voiceOf(
  media: readonly MediaRef[],
  bytes: readonly Uint8Array[],
): { duration_secs: number; waveform: string } | undefined {
  const [content] = bytes;
  if (media.length !== 1 || !content || !media[0]?.type.startsWith("audio/ogg")) return undefined;
  const seconds = oggSeconds(content);
  // The shape of the sound is only drawn; an even line says that nothing is known of it.
  return seconds === undefined ? undefined : { duration_secs: seconds, waveform: btoa("\u0080".repeat(64)) };
}

/** Of Opus in Ogg: the last page counts the samples so far. */
function oggSeconds(bytes: Uint8Array): number | undefined {
  for (let at = bytes.length - 27; at >= 0; at -= 1) {
    if (bytes[at] !== 0x4f || bytes[at + 1] !== 0x67 || bytes[at + 2] !== 0x67 || bytes[at + 3] !== 0x53) continue;
    const samples = Number(new DataView(bytes.buffer, bytes.byteOffset + at + 6, 8).getBigInt64(0, true));
    return samples > 0 ? Math.round((samples / OPUS_RATE) * 100) / 100 : undefined;
  }
  return undefined;
}
