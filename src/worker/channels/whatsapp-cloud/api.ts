// Requests to the Cloud API, and what its refusals mean.
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import { type Asked, askPlatform } from "../api/call.ts";
import type { Line } from "../channel.ts";
import { outcomeOfStatus, retryAfterMs } from "../outcome.ts";

export interface GraphError {
  code: number;
  text: string;
}

const WAIT_MS: Record<number, number> = { 4: 60_000, 80007: 60_000, 130429: 5_000, 131056: 10_000, 133016: 60_000 };
/** Theirs is the trouble, and nothing was sent. */
const PASSING = [1, 2, 131000, 131016];

const ADVICE: Record<number, string> = {
  131047:
    "More than 24 hours have passed since this person last wrote, and WhatsApp lets a business send nothing but approved templates then. They have to write first.",
  131026: "WhatsApp cannot deliver to this person: the number has no WhatsApp, or the app is too old.",
  131030: "The number is not among the test recipients; add it under WhatsApp, API Setup, or use a number of your own.",
  131031: "WhatsApp locked this business account; see the Account Quality page of the WhatsApp Manager.",
  131048:
    "WhatsApp holds messages back because too many were reported as spam; see the Account Quality page of the WhatsApp Manager.",
  131062: "WhatsApp does not send this kind of message to somebody whose phone number it hides.",
  190: "WhatsApp no longer takes the access token; make one for a system user, which does not expire, and give it with `skerry channels add whatsapp-cloud`.",
  10: "The access token may not send; give its system user the permission whatsapp_business_messaging.",
};

export function tokenOf(line: Line): string {
  return line.account.keys["WHATSAPP_ACCESS_TOKEN"] ?? "";
}

export function phoneOf(line: Line): string {
  return line.account.keys["WHATSAPP_PHONE_NUMBER_ID"] ?? "";
}

export function askGraph(line: Line, path: string, init: RequestInit = {}): Promise<Asked> {
  const headers = {
    authorization: `Bearer ${tokenOf(line)}`,
    ...(typeof init.body === "string" ? { "content-type": "application/json" } : {}),
  };
  return askPlatform(line, `${line.base}/${path}`, { ...init, headers });
}

export function errorIn({ json }: Pick<Asked, "json">): GraphError | undefined {
  const error = json?.["error"];
  return typeof error === "object" && error !== null ? readError(error as Record<string, unknown>) : undefined;
}

/** An error as it stands in an answer, or in the status of a message. */
export function readError(error: Record<string, unknown>): GraphError {
  const code = Number(error["code"] ?? 0);
  const data = error["error_data"];
  const details = typeof data === "object" && data !== null && "details" in data ? data.details : undefined;
  const said = [error["message"] ?? error["title"], details].filter((text) => typeof text === "string" && text !== "");
  return { code, text: ADVICE[code] ?? `${[...new Set(said)].join(": ").slice(0, 300)} (${code})` };
}

export function outcomeOfAnswer(answer: Asked, now: number): DeliveryOutcome {
  const error = errorIn(answer);
  const wait = retryAfterMs(answer.headers, now);
  if (!error) return outcomeOfStatus(answer.status, "WhatsApp did not say why", wait);
  const pause = WAIT_MS[error.code];
  if (pause !== undefined) return { outcome: "unanswered", reason: error.text, retryAfterMs: wait ?? pause };
  if (PASSING.includes(error.code))
    return { outcome: "unanswered", reason: error.text, ...(wait === undefined ? {} : { retryAfterMs: wait }) };
  if (answer.status === 429 || answer.status >= 500) return outcomeOfStatus(answer.status, error.text, wait);
  return { outcome: "refused", reason: error.text };
}
