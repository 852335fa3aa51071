// A request to a platform's REST interface with its answer read as JSON, and files fetched from it no further than they may
// be long. A key goes to the platform's own address and nowhere else: redirects are followed without it.
import type { Outcome } from "../../contract/errors.ts";
import type { Line } from "./channel.ts";
import { PATIENCE_MS } from "./outcome.ts";

export interface Answer {
  status: number;
  isOk: boolean;
  headers: Headers;
  /** Undefined when it is no JSON object. */
  json: Record<string, unknown> | undefined;
}

const MAX_REDIRECTS = 3;

export async function askPlatform(line: Line, address: string, init: RequestInit): Promise<Answer> {
  const response = await line.fetch(address, { ...init, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) });
  const json: unknown = await response.json().catch(() => undefined);
  const isObject = typeof json === "object" && json !== null && !Array.isArray(json);
  return {
    status: response.status,
    isOk: response.ok,
    headers: response.headers,
    json: isObject ? (json as Record<string, unknown>) : undefined,
  };
}

/** `headers` carry the key. `label`: the platform's name. */
export async function fetchFile(
  line: Line,
  address: string,
  headers: Record<string, string>,
  label: string,
): Promise<Outcome<{ bytes: Uint8Array<ArrayBuffer> }>> {
  let [target, sent] = [address, headers];
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const response = await line
      .fetch(target, { headers: sent, redirect: "manual", signal: AbortSignal.timeout(PATIENCE_MS) })
      .catch(() => undefined);
    const location = response && response.status >= 300 && response.status < 400 ? response.headers.get("location") : null;
    if (location === null || !URL.canParse(location, target)) return readFile(line, response, label);
    const next = new URL(location, target);
    if (next.protocol !== "https:" && next.origin !== new URL(address).origin) break;
    target = next.href;
    sent = {};
  }
  return {
    ok: false,
    error: { code: "INVALID_REQUEST", message: `${label} sends us around for this file; it was not fetched.` },
  };
}

async function readFile(
  line: Line,
  response: Response | undefined,
  label: string,
): Promise<Outcome<{ bytes: Uint8Array<ArrayBuffer> }>> {
  if (response?.status === 404 || response?.status === 410) {
    return { ok: false, error: { code: "NOT_FOUND", message: `${label} no longer has this file; it can be sent again.` } };
  }
  if (!response?.ok) {
    const message = `${label} did not hand out the file (${response?.status ?? "no answer"}).`;
    return { ok: false, error: { code: "UNAVAILABLE", message, retryable: true } };
  }
  const { mediaMaxMb } = line.account;
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > mediaMaxMb * 1024 * 1024) {
      const message = `The file is larger than ${mediaMaxMb} MB, the most this channel takes.`;
      return { ok: false, error: { code: "INVALID_REQUEST", message } };
    }
    chunks.push(Uint8Array.from(chunk));
  }
  return { ok: true, value: { bytes: new Uint8Array(await new Blob(chunks).arrayBuffer()) } };
}
