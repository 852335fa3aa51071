// Files at a platform, read no further than the account takes. A key goes to the platform's own address and nowhere else:
// redirects are followed without it.
import type { Outcome } from "../../../contract/errors.ts";
import type { Line } from "../channel.ts";
import { ask } from "./call.ts";

type File = Outcome<{ bytes: Uint8Array<ArrayBuffer> }>;

const MAX_REDIRECTS = 3;
const GONE = [404, 410];

/** `headers` carry the key. `label`: the platform's name. */
export async function fetchFile(
  line: Line,
  address: string,
  headers: Record<string, string>,
  label: string,
  gone: readonly number[] = GONE,
): Promise<File> {
  let [target, sent] = [address, headers];
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await ask(line, target, { headers: sent }).catch(() => undefined);
    const location = response && response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null || !URL.canParse(location, target)) return readFile(response, label, line, gone);
    const next = new URL(location, target);
    if (next.protocol !== "https:" && next.origin !== new URL(address).origin) break;
    target = next.href;
    sent = {};
  }
  const message = `${label} sends us around for this file; it was not fetched.`;
  return { ok: false, error: { code: "INVALID_REQUEST", message } };
}

/** `response`: undefined when nobody answered. */
export async function readFile(
  response: Response | undefined,
  label: string,
  line: Line,
  gone: readonly number[] = GONE,
): Promise<File> {
  if (!response?.ok) {
    const isGone = response !== undefined && gone.includes(response.status);
    const message = isGone
      ? `${label} no longer has this file; it can be sent again.`
      : `${label} did not hand out the file (${response?.status ?? "no answer"}).`;
    return { ok: false, error: isGone ? { code: "NOT_FOUND", message } : { code: "UNAVAILABLE", message, retryable: true } };
  }
  const { mediaMaxMb } = line.account;
  const max = mediaMaxMb * 1024 * 1024;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = Number(response.headers.get("content-length") ?? 0);
  if (size <= max) {
    size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > max) break;
      chunks.push(Uint8Array.from(chunk));
    }
  } else await response.body?.cancel();
  if (size <= max) return { ok: true, value: { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()) } };
  const message = `The file from ${label} is larger than ${mediaMaxMb} MB, the most this channel takes.`;
  return { ok: false, error: { code: "INVALID_REQUEST", message } };
}
