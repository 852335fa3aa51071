// Requests to Discord's HTTP interface, and what it says when it says no: in words its owner can act on. Answers are values;
// nothing here throws.
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import { VERSION } from "../../../contract/version.ts";
import type { Line } from "../channel.ts";
import { outcomeOfError, outcomeOfStatus, PATIENCE_MS, retryAfterMs } from "../outcome.ts";

const AGENT = `DiscordBot (skerry, ${VERSION})`;
const TOKEN_DIED = 50027;
const NO_SUCH_MESSAGE = 10008;
/** In place of Discord's code: it was not even asked. */
const NOT_ASKED = -1;

/** Discord's own codes, where its own words do not say what to do. */
const ADVICE: Record<number, string> = {
  10003: "the channel is gone, or the bot cannot see it",
  10008: "the message is gone",
  10014: "Discord does not know this emoji; give the emoji itself, not its name",
  20016: "slow mode is on in this channel",
  30003: "the channel has as many pins as Discord allows",
  30010: "the message has as many different reactions as Discord allows",
  40005: "the file is larger than Discord takes from a bot there",
  50001: "the bot cannot see this channel; invite it there or give it View Channel",
  50007: "this person takes no direct messages from the bot",
  50013: "the bot lacks a permission for this in this channel; see its role in the server's settings",
  50024: "this kind of channel does not have that",
  50033: "there is nobody with this id",
  50045: "the file is larger than Discord takes from a bot there",
  50083: "the thread is archived",
  50278: "the bot shares no server with this person, so it may not write to them",
  160005: "the thread is locked",
};

/** `isSure`: a request that broke off did nothing, or nothing that may not be done again. */
export type Answer<T> =
  | { ok: true; value: T }
  | { ok: false; status: number; code: number; said: string; retryAfterMs?: number }
  | { ok: false; status: 0; broke: unknown; isSure: boolean };

export interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  body?: object;
  files?: readonly File[];
  /** Twice is more than once, although its method says otherwise. */
  isOnce?: boolean;
}

export async function call<T = unknown>(line: Line, request: Request): Promise<Answer<T>> {
  const { method, path, body, files = [] } = request;
  const headers = new Headers({ "user-agent": AGENT });
  // An interaction's token stands in the address.
  if (!/^\/(webhooks|interactions)\//.test(path))
    headers.set("authorization", `Bot ${line.account.keys["DISCORD_BOT_TOKEN"] ?? ""}`);
  if (body && files.length === 0) headers.set("content-type", "application/json");
  try {
    const response = await line.fetch(`${line.base}${path}`, {
      method,
      headers,
      ...(body ? { body: files.length === 0 ? JSON.stringify(body) : formOf(body, files) } : {}),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const said = parseJson(await response.text());
    if (response.ok) return { ok: true, value: said as T };
    return refusalOf(response, said as Said | undefined, line.now());
  } catch (error) {
    return { ok: false, status: 0, broke: error, isSure: method !== "POST" && !request.isOnce };
  }
}

interface Said {
  code?: number;
  message?: string;
  retry_after?: number;
  errors?: unknown;
}

function refusalOf(response: Response, said: Said | undefined, now: number): Answer<never> {
  const code = said?.code ?? 0;
  const seconds = said?.retry_after;
  const wait = seconds === undefined ? retryAfterMs(response.headers, now) : Math.ceil(seconds * 1000);
  const reason = ADVICE[code] ?? [said?.message ?? "no reason given", firstError(said?.errors)].filter(Boolean).join(": ");
  return {
    ok: false,
    status: response.status,
    code,
    said:
      response.status === 401 && code !== TOKEN_DIED
        ? "Discord does not know the bot's token; reset it and add it again"
        : reason,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  };
}

/** The first of Discord's nested complaints about a form. */
function firstError(errors: unknown): string {
  if (typeof errors !== "object" || errors === null) return "";
  const listed = (errors as { _errors?: { message?: string }[] })._errors?.[0]?.message;
  return listed ?? Object.values(errors).map(firstError).find(Boolean) ?? "";
}

function formOf(body: object, files: readonly File[]): FormData {
  const form = new FormData();
  form.set("payload_json", JSON.stringify(body));
  files.forEach((file, index) => {
    form.set(`files[${index}]`, file, file.name);
  });
  return form;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function refuse(said: string): Answer<never> {
  return { ok: false, status: 400, code: NOT_ASKED, said };
}

/** Whether the message, or the right to reach it this way, is not there (any more). */
export function isGone(answer: Answer<unknown>): boolean {
  return !answer.ok && ([403, 404].includes(answer.status) || ("code" in answer && answer.code === TOKEN_DIED));
}

export function isMissingMessage(answer: Answer<unknown>): boolean {
  return !answer.ok && "code" in answer && answer.code === NO_SUCH_MESSAGE;
}

/** In two words: done, or why not. `value` is a message or a thread where there is one. */
export function outcomeOf(answer: Answer<{ id?: string } | undefined>): DeliveryOutcome {
  if (answer.ok) return answer.value?.id === undefined ? { outcome: "sent" } : { outcome: "sent", platformId: answer.value.id };
  if ("broke" in answer) return outcomeOfError(answer.broke, answer.isSure);
  if (answer.code === NOT_ASKED) return { outcome: "refused", reason: answer.said };
  return outcomeOfStatus(answer.status, answer.said, answer.retryAfterMs);
}
