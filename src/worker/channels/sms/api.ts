// Requests to Twilio's REST API, and what its refusals mean.
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import { type Asked, askPlatform } from "../api/call.ts";
import type { Line } from "../channel.ts";
import { outcomeOfStatus, retryAfterMs } from "../outcome.ts";
import { toBase64 } from "../signature.ts";

const ADVICE: Record<number, string> = {
  20003:
    "Twilio does not take the account SID and auth token together; copy both again from the first page of console.twilio.com.",
  21211: "That is no number that Twilio can send to; write it with its country code: +15551234567.",
  21606: "The number TWILIO_PHONE_NUMBER is not one of this account that can send text messages.",
  21608: "A trial account of Twilio sends to verified numbers only; verify it in the console or upgrade.",
  21610: "This person wrote STOP: Twilio sends them nothing until they write START.",
  21612: "Twilio cannot send from this number to that one; see Messaging, Geo permissions.",
  21408: "Sending to this country is switched off; switch it on under Messaging, Settings, Geo permissions.",
  21614: "That number takes no text messages.",
  30003: "The phone is switched off or out of reach.",
  30004: "The number blocks messages.",
  30005: "The number does not exist any more.",
  30006: "That number is a landline, or its carrier takes no text messages.",
  30007: "The carrier held the message back as spam.",
  30034: "The carrier wants the number registered (A2P 10DLC); see Messaging, Regulatory compliance.",
};
/** Too many at once; nothing was sent. */
const BUSY = [20429, 14107, 30022];
const BUSY_PAUSE_MS = 2000;

export function authOf(line: Line): Record<string, string> {
  const { TWILIO_ACCOUNT_SID: sid = "", TWILIO_AUTH_TOKEN: token = "" } = line.account.keys;
  return { authorization: `Basic ${toBase64(new TextEncoder().encode(`${sid}:${token}`))}` };
}

/** `path`: below the account, "" for the account itself. */
export function askTwilio(line: Line, path: string, form?: URLSearchParams): Promise<Asked> {
  const account = encodeURIComponent(line.account.keys["TWILIO_ACCOUNT_SID"] ?? "");
  const address = `${line.base}/2010-04-01/Accounts/${account}${path}`;
  return askPlatform(line, address, { headers: authOf(line), ...(form ? { method: "POST", body: form } : {}) });
}

export function reasonOfCode(code: number, said: string): string {
  return ADVICE[code] ?? (code === 0 ? said.slice(0, 300) : `${said.slice(0, 300)} (${code})`);
}

export function saidIn({ json, status }: Asked): { code: number; reason: string } {
  const code = Number(json?.["code"] ?? 0) || 0;
  const message = json?.["message"];
  return { code, reason: reasonOfCode(code, typeof message === "string" ? message : `status ${status}`) };
}

export function outcomeOfAnswer(answer: Asked, now: number): DeliveryOutcome {
  const { code, reason } = saidIn(answer);
  const wait = retryAfterMs(answer.headers, now);
  if (answer.status === 429 || BUSY.includes(code)) return { outcome: "unanswered", reason, retryAfterMs: wait ?? BUSY_PAUSE_MS };
  return answer.status >= 500 ? outcomeOfStatus(answer.status, reason, wait) : { outcome: "refused", reason };
}
