// A channel whose line a machine at home holds. Here Markdown is cut and written as the platform writes it; what is done there, the
// machine does. Asked twice under the id of one row, it does it once: so whatever broke off on the way is asked again.
import * as z from "zod";
import { type HomeInbound, type HomeItem, homePost, isSaid, lineState, mediaRef } from "../../../contract/channels/at-home.ts";
import type { Inbound } from "../../../contract/channels/channel.ts";
import type { Button, DeliveryAct, DeliveryOutcome, DeliveryStyle } from "../../../contract/channels/delivery.ts";
import { channelReadAnswer, deliveryOutcome, type HomeAct, type TextStyle } from "../../../contract/channels/home-acts.ts";
import type { Outcome } from "../../../contract/errors.ts";
import type { HomeAnswer } from "../../../contract/home/port.ts";
import type { Channel, Line } from "../channel.ts";
import { splitToFit } from "../text/limit.ts";

/** A text as the platform writes it. */
export interface Rendered {
  text: string;
  html?: string;
  styles?: TextStyle[];
}

export interface HomePlatform {
  id: string;
  /** As sentences name it. */
  label: string;
  maxText: number;
  render(markdown: string): Rendered;
  /** Why it cannot do an act; what is not named it can. */
  cannot: Partial<Record<DeliveryAct["type"], string>>;
}

/** A large file takes its time at the platform; whoever waited longer asks again. */
const ANSWER_MS = 20_000;
/** How long an answer waits for the machine at home, and how often it is asked meanwhile. */
const PATIENCE_MS = 24 * 3_600_000;
const ASK_AGAIN_MS = 60_000;
/** The machine is working on it. */
const SOON_MS = 2_000;

export function makeHomeChannel(platform: HomePlatform): Channel {
  const { id, label, maxText, render, cannot } = platform;
  return {
    id,
    maxBodyBytes: 0,
    prove: async () => ({ ok: false, reason: `${label} comes by a machine at home, not by a webhook` }),
    translate: async () => ({ inbound: [] }),
    hear: readHomePost,

    async deliver({ id: row, to, act }, line) {
      const reason = cannot[act.type];
      if (reason !== undefined) return { outcome: "refused", reason };
      return outcomeOf(await ask(line, "channel.send", { id: row, to, act: writeAct(act, render) }), label);
    },

    split: (text: string, style: DeliveryStyle) =>
      splitToFit(text, { ...style, textLimit: Math.min(style.textLimit, maxText) }, (piece) => render(piece).text),

    async haveStored(remote, from, line) {
      const maxBytes = Math.floor(line.account.mediaMaxMb * 1024 * 1024);
      const answer = await ask(line, "channel.media", { from, remote, maxBytes });
      return readAnswer(answer, mediaRef, label);
    },

    async read(from, limit, line) {
      const answer = readAnswer(await ask(line, "channel.read", { from, limit }), channelReadAnswer, label);
      return answer.ok ? { ok: true, value: answer.value.messages } : answer;
    },

    async connect(_address, line) {
      const { channel, account } = line.account;
      const answer = readAnswer(await ask(line, "channel.look", { channel, account }), lineState, label);
      if (!answer.ok)
        return [{ state: "by-hand", text: `${answer.error.message} Its line is held by skerry bridge, on a machine of yours.` }];
      const { phase, who, said } = answer.value;
      if (phase === "open") return [{ state: "done", text: `The line is open${who ? ` as ${who}` : ""}.` }];
      const text = said ?? `The machine takes the line up (${phase}).`;
      return [{ state: phase === "refused" ? "failed" : "by-hand", text }];
    },

    async probe(line) {
      const { channel, account } = line.account;
      const answer = readAnswer(await ask(line, "channel.look", { channel, account }), lineState, label);
      if (!answer.ok) return answer;
      const { phase, who, said } = answer.value;
      if (phase === "open") return { ok: true, value: who ?? label };
      return { ok: false, error: { code: "UNAVAILABLE", message: said ?? `${label} is not connected just now.` } };
    },
  };
}

/** @throws SyntaxError when it is not what a line brings. */
function readHomePost(body: unknown, line: Line): Inbound[] {
  return readItems(body)
    .filter(isSaid)
    .map((item) => ({ kind: item.kind, message: messageOf(item, line) }));
}

/** @throws SyntaxError when it is not what a line brings. */
export function readItems(body: unknown): HomeItem[] {
  const read = homePost.safeParse(body);
  if (!read.success) throw new SyntaxError(z.prettifyError(read.error).slice(0, 500));
  return read.data.items;
}

/** Where it came in is where it is answered: the machine names people and rooms, not channels. */
function messageOf({ message }: HomeInbound, { account }: Line): Inbound["message"] {
  const { sender, from, ...rest } = message;
  return {
    ...rest,
    from: { ...from, channel: account.channel, account: account.account },
    sender: { ...sender, isOwner: false },
  };
}

function ask(
  line: Line,
  command: "channel.send" | "channel.media" | "channel.read" | "channel.look",
  params: Record<string, unknown>,
) {
  return (
    line.askHome?.(command, params, ANSWER_MS) ??
    Promise.resolve<HomeAnswer>({ outcome: "unreachable", reason: "No machine at home can be asked from here." })
  );
}

function outcomeOf(answer: HomeAnswer, label: string): DeliveryOutcome {
  switch (answer.outcome) {
    case "answered": {
      const outcome = deliveryOutcome.safeParse(answer.payload);
      if (!outcome.success) return { outcome: "unknown", reason: `${answer.home} answered what cannot be read.` };
      return outcome.data.outcome === "unanswered" ? waiting(outcome.data.reason, outcome.data.retryAfterMs) : outcome.data;
    }
    case "refused":
      return answer.code === "UNAVAILABLE" ? waiting(answer.message) : { outcome: "refused", reason: answer.message };
    case "unreachable":
      return waiting(`${answer.reason} It goes out as soon as the machine that holds ${label} is there.`);
    case "interrupted":
      return waiting(answer.reason, SOON_MS);
    case "pending":
      return waiting(`${answer.home} is still sending it.`, SOON_MS);
    default:
      return answer satisfies never;
  }
}

function waiting(reason: string, retryAfterMs = ASK_AGAIN_MS): DeliveryOutcome {
  return { outcome: "unanswered", reason, retryAfterMs, patienceMs: PATIENCE_MS };
}

function readAnswer<T>(answer: HomeAnswer, schema: z.ZodType<T>, label: string): Outcome<T> {
  switch (answer.outcome) {
    case "answered": {
      const read = schema.safeParse(answer.payload);
      if (read.success) return { ok: true, value: read.data };
      return { ok: false, error: { code: "UNAVAILABLE", message: `${answer.home} answered what cannot be read.` } };
    }
    case "refused": {
      const code = answer.code === "NOT_FOUND" || answer.code === "INVALID_REQUEST" ? answer.code : "UNAVAILABLE";
      return { ok: false, error: { code, message: answer.message } };
    }
    case "unreachable":
    case "interrupted":
      return { ok: false, error: { code: "UNAVAILABLE", message: answer.reason, retryable: true } };
    case "pending": {
      const message = `${answer.home}, which holds ${label}, did not answer in time.`;
      return { ok: false, error: { code: "UNAVAILABLE", message, retryable: true } };
    }
    default:
      return answer satisfies never;
  }
}

/** Written for the platform; what it has no buttons for is said in words. */
function writeAct(act: DeliveryAct, render: HomePlatform["render"]): HomeAct {
  switch (act.type) {
    case "text": {
      const { text, buttons, ...rest } = act;
      return { ...rest, ...render(withChoices(text, buttons?.flat() ?? [])) };
    }
    case "draft":
    case "edit": {
      const { text, ...rest } = act;
      return { ...rest, ...render(text) };
    }
    case "media": {
      const { caption, ...rest } = act;
      return { ...rest, ...(caption === undefined ? {} : { caption: render(caption) }) };
    }
    case "poll": {
      const { durationS: _none, ...rest } = act;
      return rest;
    }
    case "delete":
    case "react":
    case "pin":
    case "thread":
    case "typing":
      return act;
    default:
      return act satisfies never;
  }
}

function withChoices(text: string, buttons: readonly Button[]): string {
  if (buttons.length === 0) return text;
  const choices = buttons.map(({ label, value }) => `- ${label}: answer “${value}”`);
  return `${text}\n\n${choices.join("\n")}`;
}
