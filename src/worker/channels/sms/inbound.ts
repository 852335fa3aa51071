// What Twilio tells: text messages with their pictures, words by which somebody opts out or in, messages of ours that were
// not delivered.
import type { Inbound } from "../../../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Address, Message, RemoteMedia } from "../../../contract/message.ts";
import { reasonOfCode } from "./api.ts";

export interface Heard {
  inbound: Inbound[];
  trouble?: string;
}

export interface Place {
  account: string;
  /** The number that is ours. */
  own: string;
  /** Where Twilio reaches us. */
  origin: string;
}

const NUMBER = /^\+[1-9]\d{6,14}$/;
const MAX_FILES = 10;

export function readForm(form: URLSearchParams, place: Place, now: number): Heard {
  const status = form.get("MessageStatus");
  if (status !== null) return readStatus(form, status, place, now);
  const [id, sender, to] = [form.get("MessageSid") ?? form.get("SmsSid"), form.get("From") ?? "", form.get("To")];
  // Other numbers of the account, and WhatsApp by Twilio, are not ours to answer for.
  if (!id || sender === "" || to !== place.own || sender === place.own || sender.includes(":")) return { inbound: [] };
  const head = {
    id: `sms:${place.account}:${id}`,
    from: addressOf(sender, place),
    sender: { id: sender, isOwner: false },
    sentAt: now,
  };
  const words = (form.get("Body") ?? "").trim();
  const noticed = describeOptOut(form.get("OptOutType"), words, sender);
  if (noticed === "") return { inbound: [] };
  if (noticed !== undefined)
    return { inbound: [{ kind: "notice", message: { ...head, parts: [{ type: "text", text: noticed }] } }] };
  const attachments = filesOf(form);
  if (words === "" && attachments.length === 0) return { inbound: [] };
  const message: Message = {
    ...head,
    parts: words === "" ? [] : [{ type: "text", text: words }],
    platformId: id,
    ...(attachments.length > 0 ? { attachments } : {}),
    // A name or a short number: nobody is there to answer.
    ...(NUMBER.test(sender) ? {} : { isFromBot: true }),
  };
  return { inbound: [{ kind: "message", message }] };
}

function addressOf(peer: string, { account, origin }: Place): Address {
  return {
    channel: "sms",
    ...(account === DEFAULT_ACCOUNT ? {} : { account }),
    peer,
    kind: "direct",
    route: { origin },
  };
}

/** Words that carriers keep for themselves. Twilio acts on them and answers; "": nothing is left to know. */
function describeOptOut(type: string | null, words: string, sender: string): string | undefined {
  const word = words.toUpperCase();
  const kind = type?.toUpperCase() ?? OPT_WORDS[word];
  switch (kind) {
    case "STOP":
      return `[${sender} wrote ${word || "STOP"}: they want no more text messages. Twilio sends them none until they write START.]`;
    case "START":
      return `[${sender} wrote ${word || "START"}: they want text messages again.]`;
    case "HELP":
      return "";
    default:
      return undefined;
  }
}

/** Twilio's own lists; "CANCEL", "END" and the like too, as carriers want it. */
const OPT_WORDS: Record<string, string> = {
  STOP: "STOP",
  STOPALL: "STOP",
  UNSUBSCRIBE: "STOP",
  CANCEL: "STOP",
  END: "STOP",
  QUIT: "STOP",
  REVOKE: "STOP",
  OPTOUT: "STOP",
  START: "START",
  UNSTOP: "START",
  HELP: "HELP",
  INFO: "HELP",
};

function filesOf(form: URLSearchParams): RemoteMedia[] {
  const count = Math.min(Number(form.get("NumMedia") ?? 0) || 0, MAX_FILES);
  return Array.from({ length: count }, (_, index) => index).flatMap((index): RemoteMedia[] => {
    const [handle, type] = [form.get(`MediaUrl${index}`), form.get(`MediaContentType${index}`)];
    if (!handle) return [];
    const [family] = (type ?? "").split("/");
    const kind = family === "image" || family === "audio" || family === "video" ? family : "file";
    return [{ handle, kind, ...(type ? { type } : {}) }];
  });
}

function readStatus(form: URLSearchParams, status: string, place: Place, now: number): Heard {
  const [id, to] = [form.get("MessageSid"), form.get("To")];
  if (!["failed", "undelivered"].includes(status) || !id || !to || form.get("From") !== place.own) return { inbound: [] };
  const reason = reasonOfCode(Number(form.get("ErrorCode") ?? 0), form.get("ErrorMessage") ?? status);
  const message: Message = {
    id: `sms:${place.account}:${id}:failed`,
    from: addressOf(to, place),
    sender: { id: to, isOwner: false },
    sentAt: now,
    parts: [{ type: "text", text: `[Your message ${id} was not delivered: ${reason}]` }],
  };
  return { inbound: [{ kind: "notice", message }], trouble: `A message to ${to} was not delivered: ${reason}` };
}
