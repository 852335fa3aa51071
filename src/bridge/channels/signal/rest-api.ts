// The container signal-cli-rest-api, in its mode json-rpc: its own paths, events by WebSocket. It passes on what comes in while somebody
// listens, and in its other modes not at all; see docs/channels/signal.md.
import type { WebSocket } from "ws";
import * as z from "zod";
import type { TextStyle } from "../../../contract/channels/home-acts.ts";
import { readJson, type Web, writeTo } from "../web.ts";
import { type Answer, failureOf, failureOfThrown, type Outgoing, type SignalApi, type Target } from "./api.ts";
import { dataOf } from "./daemon-api.ts";

const SEND_MS = 90_000;
const LINK_MS = 3 * 60_000;
const LINK_EVERY_MS = 3_000;
const MOST_EVENT_BYTES = 8 * 1024 * 1024;

type Call = { path: string; method: string; body?: unknown; signal?: AbortSignal };
const refusal = z.object({ error: z.string() });

export function restApi(web: Web, number: string, openSocket: typeof WebSocket): SignalApi {
  const label = "signal-cli-rest-api";
  const ours = encodeURIComponent(number);

  async function call({ path, method, body, signal }: Call): Promise<Answer<unknown>> {
    try {
      const answer = await web.fetch(path, {
        method,
        timeoutMs: SEND_MS,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
        ...(signal ? { signal } : {}),
      });
      const read = await readJson(answer);
      if (answer.ok) return { ok: true, value: read };
      const why = refusal.safeParse(read);
      if (why.success) {
        const words = answer.status === 429 ? `rate limit: ${why.data.error}` : why.data.error;
        return { ok: false, failure: failureOf(words, number) };
      }
      const reason = `${label} answered ${answer.status}.`;
      return { ok: false, failure: { kind: answer.status >= 500 ? "unknown" : "refused", reason } };
    } catch (error) {
      return { ok: false, failure: failureOfThrown(error, label) };
    }
  }
  const act = async (request: Call): Promise<Answer<undefined>> => {
    const answer = await call(request);
    return answer.ok ? { ok: true, value: undefined } : answer;
  };
  const post = async (request: Call): Promise<Answer<number>> => {
    const answer = await call(request);
    if (!answer.ok) return answer;
    const read = z.object({ timestamp: z.coerce.number() }).safeParse(answer.value);
    if (read.success) return { ok: true, value: read.data.timestamp };
    return { ok: false, failure: { kind: "unknown", reason: `${label} does not say whether it was sent.` } };
  };
  const recipientOf = (to: Target) => (to.kind === "group" ? groupName(to.id) : to.kind === "self" ? number : to.id);

  async function accounts(): Promise<Answer<string[] | undefined>> {
    const answer = await call({ path: "/v1/accounts", method: "GET" });
    if (!answer.ok) return answer;
    const read = z.array(z.string()).safeParse(answer.value);
    return { ok: true, value: read.success ? read.data : undefined };
  }

  return {
    label,
    accounts,
    checkAccount: () => act({ path: `/v1/devices/${ours}`, method: "GET" }),

    async listen({ stood, onFrame, hear }, signal) {
      const url = web.url(`/v1/receive/${ours}`);
      url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
      const socket = new openSocket(url, { headers: web.headers, maxPayload: MOST_EVENT_BYTES, handshakeTimeout: 30_000 });
      const { promise: ended, resolve } = Promise.withResolvers<string>();
      const end = () => socket.terminate();
      signal.addEventListener("abort", end, { once: true });
      // One after the other, and not faster than they are kept.
      let hearing = Promise.resolve();
      socket.on("open", stood);
      socket.on("ping", onFrame);
      socket.on("message", (bytes) => {
        onFrame();
        socket.pause();
        hearing = hearing.then(() => hear([parse(bytes.toString())])).finally(() => socket.resume());
        hearing.catch(() => socket.terminate());
      });
      socket.on("error", (error) => resolve(`${label} broke off: ${error.message}`));
      socket.on("close", () => resolve(`${label} ended its stream of events.`));
      const reason = await ended;
      signal.removeEventListener("abort", end);
      await hearing.catch(() => undefined);
      return reason;
    },

    send: (to, message) =>
      post({
        path: "/v2/send",
        method: "POST",
        body: { number, recipients: [recipientOf(to)], notify_self: false, ...bodyOf(message) },
      }),
    poll: (to, question, options, isMultiple) => {
      const body = { recipient: recipientOf(to), question, answers: options, allow_multiple_selections: isMultiple };
      return post({ path: `/v1/polls/${ours}`, method: "POST", body });
    },
    react: (to, { sentAt, author }, emoji, isRemoved) => {
      const body = { recipient: recipientOf(to), reaction: emoji, target_author: author, timestamp: sentAt };
      return act({ path: `/v1/reactions/${ours}`, method: isRemoved ? "DELETE" : "POST", body });
    },
    delete: (to, sentAt) =>
      act({ path: `/v1/remote-delete/${ours}`, method: "DELETE", body: { recipient: recipientOf(to), timestamp: sentAt } }),
    type: (to) => act({ path: `/v1/typing-indicator/${ours}`, method: "PUT", body: { recipient: recipientOf(to) } }),
    markRead: (recipient, sentAt) =>
      act({ path: `/v1/receipts/${ours}`, method: "POST", body: { recipient, receipt_type: "read", timestamp: sentAt } }),

    async groupNames() {
      const answer = await call({ path: `/v1/groups/${ours}`, method: "GET" });
      if (!answer.ok) return answer;
      const read = z.array(z.object({ internal_id: z.string(), name: z.string() })).safeParse(answer.value);
      return { ok: true, value: new Map(read.data?.map((one) => [one.internal_id, one.name])) };
    },

    async fetchFile(id, _from, path, maxBytes) {
      try {
        const answer = await web.fetch(`/v1/attachments/${encodeURIComponent(id)}`, { timeoutMs: SEND_MS });
        if (!answer.ok) {
          await answer.body?.cancel();
          return { ok: false, failure: { kind: "refused", reason: `${label} does not have the file any more.` } };
        }
        if (await writeTo(path, answer, maxBytes)) return { ok: true, value: undefined };
        return { ok: false, failure: { kind: "refused", reason: "The file is too large." } };
      } catch (error) {
        return { ok: false, failure: failureOfThrown(error, label) };
      }
    },

    async beginLink(signal) {
      const answer = await call({ path: "/v1/qrcodelink/raw?device_name=Skerry", method: "GET", signal });
      if (!answer.ok) return answer;
      const read = z.object({ device_link_uri: z.string() }).safeParse(answer.value);
      if (!read.success) {
        const reason = `This ${label} is too old to give the code; open its /v1/qrcodelink in a browser, or bring it up to date.`;
        return { ok: false, failure: { kind: "refused", reason } };
      }
      return { ok: true, value: { uri: read.data.device_link_uri, finished: watchLink(accounts, number, signal) } };
    },
    forget: () => act({ path: `/v1/devices/${ours}/local-data`, method: "DELETE", body: { ignore_registered: true } }),
  };
}

/** It finishes the link by itself, and tells nobody: the account is there then. */
async function watchLink(
  accounts: SignalApi["accounts"],
  number: string,
  signal: AbortSignal,
): Promise<Answer<string | undefined>> {
  for (const endAt = Date.now() + LINK_MS; Date.now() < endAt && !signal.aborted; ) {
    await new Promise((resolve) => setTimeout(resolve, LINK_EVERY_MS));
    const known = await accounts();
    if (known.ok && known.value?.includes(number)) return { ok: true, value: number };
  }
  return { ok: false, failure: { kind: "refused", reason: "Link request timed out, please try again." } };
}

/** It names groups by the name of their name. */
export function groupName(id: string): string {
  return `group.${btoa(id)}`;
}

function bodyOf({ text, styles, mentions, files, quote, edits }: Outgoing): Record<string, unknown> {
  const styled = styles.length > 0 && mentions.length === 0 ? markUp(text, styles) : undefined;
  return {
    message: styled ?? text,
    text_mode: styled === undefined ? "normal" : "styled",
    ...(mentions.length > 0
      ? { mentions: mentions.map(({ start, length, recipient }) => ({ start, length, author: recipient })) }
      : {}),
    ...(files.length > 0 ? { base64_attachments: files.map(dataOf) } : {}),
    ...(quote ? { quote_timestamp: quote.sentAt, quote_author: quote.author, quote_message: quote.text } : {}),
    ...(edits === undefined ? {} : { edit_timestamp: edits }),
  };
}

const MARKS: Record<TextStyle["style"], string> = {
  bold: "**",
  italic: "*",
  strikethrough: "~",
  monospace: "`",
  spoiler: "||",
};

/** Its looks are marks in the text. Undefined where the text holds such marks itself, or one look lies in another: then without looks. */
export function markUp(text: string, styles: readonly TextStyle[]): string | undefined {
  if (/[*~`|\\]/.test(text)) return undefined;
  let written = "";
  let from = 0;
  for (const { start, length, style } of styles.toSorted((a, b) => a.start - b.start)) {
    if (start < from) return undefined;
    const mark = MARKS[style];
    written += `${text.slice(from, start)}${mark}${text.slice(start, start + length)}${mark}`;
    from = start + length;
  }
  return written + text.slice(from);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
