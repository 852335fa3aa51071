// signal-cli's own daemon: JSON-RPC by HTTP, events as a stream. Files are passed as data, so that it may run on another machine.
import { writeFile } from "node:fs/promises";
import * as z from "zod";
import { readJson, type Web } from "../web.ts";
import { type Answer, failureOf, failureOfThrown, type Outgoing, type SignalApi, type Target } from "./api.ts";
import { EventReader } from "./server-events.ts";

const SEND_MS = 90_000;
const LINK_MS = 5 * 60_000;
/** It sends the head of its answer with the first event or sign of life, 15 s later; a refusal comes at once. */
const STANDS_MS = 1_500;
const NO_SUCH_METHOD = -32601;
const RATE_LIMIT = -5;

const reply = z.object({
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string().catch("") }).nullish(),
});
const timestamped = z.object({ timestamp: z.number() });
const numbered = z.array(z.object({ number: z.string() }));
const groups = z.array(z.object({ id: z.string(), name: z.string().nullish() }));

export function daemonApi(web: Web, number: string): SignalApi {
  const label = "signal-cli";
  let lastId = 0;

  async function call(
    method: string,
    params: Record<string, unknown>,
    { timeoutMs = 30_000, most, signal }: { timeoutMs?: number; most?: number; signal?: AbortSignal } = {},
  ): Promise<Answer<unknown> & { isUnknownMethod?: true }> {
    try {
      const answer = await web.fetch("/api/v1/rpc", {
        method: "POST",
        body: JSON.stringify({ jsonrpc: "2.0", id: `${++lastId}`, method, params }),
        headers: { "content-type": "application/json" },
        timeoutMs,
        ...(signal ? { signal } : {}),
      });
      const read = reply.safeParse(await readJson(answer, most));
      if (!read.success) {
        const reason = `${label} answered ${answer.status}, and nothing that can be read; is SIGNAL_HTTP_URL its address?`;
        return { ok: false, failure: { kind: answer.status >= 500 ? "unknown" : "unanswered", reason } };
      }
      const { error, result } = read.data;
      if (!error) return { ok: true, value: result };
      if (error.code === NO_SUCH_METHOD) {
        const reason = `This signal-cli is too old for it, or serves one account alone (${method}).`;
        return { ok: false, failure: { kind: "refused", reason }, isUnknownMethod: true };
      }
      const words = error.code === RATE_LIMIT ? `rate limit: ${error.message}` : error.message;
      return { ok: false, failure: failureOf(words, number) };
    } catch (error) {
      return { ok: false, failure: failureOfThrown(error, label) };
    }
  }

  const act = async (method: string, params: Record<string, unknown>): Promise<Answer<undefined>> => {
    const answer = await call(method, { account: number, ...params }, { timeoutMs: SEND_MS });
    return answer.ok ? { ok: true, value: undefined } : answer;
  };
  const post = async (method: string, params: Record<string, unknown>): Promise<Answer<number>> => {
    const answer = await call(method, { account: number, ...params }, { timeoutMs: SEND_MS });
    if (!answer.ok) return answer;
    const read = timestamped.safeParse(answer.value);
    if (read.success) return { ok: true, value: read.data.timestamp };
    return { ok: false, failure: { kind: "unknown", reason: `${label} does not say whether it was sent.` } };
  };

  return {
    label,
    async accounts() {
      const answer = await call("listAccounts", {});
      if (!answer.ok) return answer.isUnknownMethod ? { ok: true, value: undefined } : answer;
      const read = numbered.safeParse(answer.value);
      return { ok: true, value: read.success ? read.data.map((one) => one.number) : undefined };
    },
    checkAccount: () => act("listDevices", {}),

    async listen({ stood, onFrame, hear }, signal) {
      let hasStood = false;
      const stand = () => {
        if (!hasStood && !signal.aborted) stood();
        hasStood = true;
      };
      const timer = setTimeout(stand, STANDS_MS);
      let answer: Response;
      try {
        answer = await fetch(web.url(`/api/v1/events?account=${encodeURIComponent(number)}`), {
          headers: { ...web.headers, accept: "text/event-stream" },
          redirect: "error",
          signal,
        });
      } finally {
        clearTimeout(timer);
      }
      if (!answer.ok || !answer.body) {
        await answer.body?.cancel();
        return `${label} does not give out its events (${answer.status}).`;
      }
      stand();
      const reader = new EventReader();
      for await (const chunk of answer.body) {
        onFrame();
        const events = reader.read(chunk);
        if (events.length > 0) await hear(events.map(parse));
      }
      return `${label} ended its stream of events.`;
    },

    send: (to, message) => post("send", { ...recipientOf(to), ...paramsOf(message) }),
    poll: (to, question, options, isMultiple) =>
      post("sendPollCreate", { ...recipientOf(to), question, option: options, noMulti: !isMultiple }),
    react: (to, { sentAt, author }, emoji, isRemoved) => {
      const params = { emoji, targetAuthor: author, targetTimestamp: sentAt, ...(isRemoved ? { remove: true } : {}) };
      return act("sendReaction", { ...recipientOf(to), ...params });
    },
    delete: (to, sentAt) => act("remoteDelete", { ...recipientOf(to), targetTimestamp: sentAt }),
    type: (to) => act("sendTyping", recipientOf(to)),
    markRead: (recipient, sentAt) => act("sendReceipt", { recipient, targetTimestamp: [sentAt], type: "read" }),

    async groupNames() {
      const answer = await call("listGroups", { account: number });
      if (!answer.ok) return answer;
      const read = groups.safeParse(answer.value);
      return { ok: true, value: new Map(read.data?.flatMap(({ id, name }) => (name ? [[id, name] as const] : []))) };
    },

    async fetchFile(id, from, path, maxBytes) {
      const whose = from.kind === "group" ? { groupId: from.id } : { recipient: from.id };
      // As text it is a third larger.
      const most = Math.ceil(maxBytes * 1.34) + 10_000;
      const answer = await call("getAttachment", { account: number, id, ...whose }, { timeoutMs: SEND_MS, most });
      if (!answer.ok) return answer;
      const read = z.object({ data: z.string() }).safeParse(answer.value);
      if (!read.success) return { ok: false, failure: { kind: "refused", reason: `${label} gave no file.` } };
      const bytes = Buffer.from(read.data.data, "base64");
      if (bytes.length > maxBytes) return { ok: false, failure: { kind: "refused", reason: "The file is too large." } };
      await writeFile(path, bytes, { mode: 0o600 });
      return { ok: true, value: undefined };
    },

    async beginLink(signal) {
      const answer = await call("startLink", {}, { signal });
      if (!answer.ok) return answer;
      const read = z.object({ deviceLinkUri: z.string() }).safeParse(answer.value);
      if (!read.success) return { ok: false, failure: { kind: "refused", reason: `${label} gave no code to scan.` } };
      const uri = read.data.deviceLinkUri;
      const finished = call("finishLink", { deviceLinkUri: uri, deviceName: "Skerry" }, { timeoutMs: LINK_MS, signal });
      return { ok: true, value: { uri, finished: finished.then(linkedNumber) } };
    },
    forget: () => act("deleteLocalAccountData", { ignoreRegistered: true }),
  };
}

function linkedNumber(answer: Answer<unknown>): Answer<string | undefined> {
  if (!answer.ok) return answer;
  const read = z.object({ number: z.string() }).safeParse(answer.value);
  return { ok: true, value: read.data?.number };
}

function recipientOf(to: Target): Record<string, unknown> {
  switch (to.kind) {
    case "person":
      return { recipient: [to.id] };
    case "group":
      return { groupId: to.id };
    case "self":
      return { noteToSelf: true };
    default:
      return to.kind satisfies never;
  }
}

function paramsOf({ text, styles, mentions, files, isVoice, quote, edits }: Outgoing): Record<string, unknown> {
  return {
    message: text,
    ...(styles.length > 0 ? { textStyle: styles.map((one) => `${one.start}:${one.length}:${one.style.toUpperCase()}`) } : {}),
    ...(mentions.length > 0 ? { mention: mentions.map((one) => `${one.start}:${one.length}:${one.recipient}`) } : {}),
    ...(files.length > 0 ? { attachments: files.map(dataOf) } : {}),
    // Older ones do not know it, and send the sound as a file.
    ...(isVoice ? { voiceNote: true } : {}),
    ...(quote ? { quoteTimestamp: quote.sentAt, quoteAuthor: quote.author, quoteMessage: quote.text } : {}),
    ...(edits === undefined ? {} : { editTimestamp: edits }),
  };
}

export function dataOf({ type, name, base64 }: Outgoing["files"][number]): string {
  // "text/plain; charset=utf-8" would be read as a parameter of the address.
  const [bare = ""] = type.split(";");
  const plain = /^[\w.+-]+\/[\w.+-]+$/.test(bare) ? bare : "application/octet-stream";
  return `data:${plain};filename=${encodeURIComponent(name)};base64,${base64}`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
