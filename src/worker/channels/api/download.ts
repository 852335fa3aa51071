// The bytes of a file at a platform, read no further than the account takes.
import type { Outcome } from "../../../contract/errors.ts";
import type { Line } from "../channel.ts";

export async function readFile(
  response: Response,
  label: string,
  line: Line,
): Promise<Outcome<{ bytes: Uint8Array<ArrayBuffer> }>> {
  const { mediaMaxMb } = line.account;
  const max = mediaMaxMb * 1024 * 1024;
  const tooLarge = {
    ok: false as const,
    error: {
      code: "INVALID_REQUEST" as const,
      message: `The file from ${label} is larger than ${mediaMaxMb} MB, the most this channel takes.`,
    },
  };
  if (Number(response.headers.get("content-length") ?? 0) > max) {
    await response.body?.cancel();
    return tooLarge;
  }
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > max) return tooLarge;
    chunks.push(Uint8Array.from(chunk));
  }
  return { ok: true, value: { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()) } };
}
