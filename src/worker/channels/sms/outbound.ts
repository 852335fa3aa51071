// What the house says, as text messages by Twilio's REST API; files by links that open for an hour.
import type { DeliveryAct, DeliveryOutcome, OutboxItem } from "../../../contract/channels/delivery.ts";
import type { Address, MediaRef } from "../../../contract/message.ts";
import type { Line } from "../channel.ts";
import { outcomeOfError } from "../outcome.ts";
import { askTwilio, outcomeOfAnswer } from "./api.ts";
import { renderPlain } from "./text.ts";

const MAX_TEXT = 1600;
const MAX_FILES = 10;
const MAX_FILES_BYTES = 5 * 1024 * 1024;
const LINK_LIFE_MS = 3_600_000;

const CANNOT: Partial<Record<DeliveryAct["type"], string>> = {
  poll: "Text messages have no polls; ask the question in a message instead.",
  draft: "A text message cannot grow while it is written.",
  edit: "A text message that was sent cannot be changed; send another one.",
  delete: "A text message that was sent cannot be taken back.",
  react: "Text messages have no reactions.",
  pin: "Text messages cannot be pinned.",
  thread: "Text messages have no threads.",
  typing: "Text messages show nobody typing.",
};

export async function deliver({ act, to }: OutboxItem, line: Line): Promise<DeliveryOutcome> {
  const reason = CANNOT[act.type];
  if (reason !== undefined) return { outcome: "refused", reason };
  switch (act.type) {
    case "text": {
      const choices = act.buttons?.flat().map(({ label, value }) => `- ${label}: answer "${value}"`) ?? [];
      return send([renderPlain(act.text), ...choices].join("\n"), [], to, line);
    }
    case "media": {
      const links = await linksTo(act.media, to, line);
      return "outcome" in links ? links : send(act.caption === undefined ? "" : renderPlain(act.caption), links.urls, to, line);
    }
    default:
      return { outcome: "refused", reason: "Text messages cannot do this." };
  }
}

async function send(text: string, urls: readonly string[], to: Address, line: Line): Promise<DeliveryOutcome> {
  if (text.length > MAX_TEXT) return { outcome: "refused", reason: `A text message has at most ${MAX_TEXT} characters.` };
  const form = new URLSearchParams({ To: to.peer, From: line.account.keys["TWILIO_PHONE_NUMBER"] ?? "" });
  if (text !== "") form.set("Body", text);
  for (const url of urls) form.append("MediaUrl", url);
  const callback = callbackOf(to, line);
  if (callback !== undefined) form.set("StatusCallback", callback);
  try {
    const answer = await askTwilio(line, "/Messages.json", form);
    if (!answer.isOk) return outcomeOfAnswer(answer, line.now());
    const id = answer.json?.["sid"];
    return typeof id === "string" ? { outcome: "sent", platformId: id } : { outcome: "sent" };
  } catch (error) {
    return outcomeOfError(error, false);
  }
}

/** Where Twilio tells what became of it; nowhere, when it is not known how Twilio reaches us. */
function callbackOf(to: Address, line: Line): string | undefined {
  const configured = line.account.keys["TWILIO_WEBHOOK_URL"];
  if (configured) return configured;
  const origin = originOf(to, line);
  if (origin === undefined) return undefined;
  const { account } = line.account;
  return `${origin}/channels/sms${account === "default" ? "" : `/${account}`}`;
}

function originOf(to: Address, line: Line): string | undefined {
  const known = line.account.keys["TWILIO_WEBHOOK_URL"] || to.route?.["origin"];
  return known !== undefined && URL.canParse(known) ? new URL(known).origin : undefined;
}

async function linksTo(media: readonly MediaRef[], to: Address, line: Line): Promise<{ urls: string[] } | DeliveryOutcome> {
  const origin = originOf(to, line);
  if (origin === undefined || !line.linkMedia) {
    const reason =
      "It is not known how Twilio reaches this Skerry, so it cannot fetch a file: give TWILIO_WEBHOOK_URL, or wait until this person wrote.";
    return { outcome: "refused", reason };
  }
  if (media.length > MAX_FILES) return { outcome: "refused", reason: `A text message brings at most ${MAX_FILES} files.` };
  if (media.reduce((sum, { size }) => sum + size, 0) > MAX_FILES_BYTES) {
    return { outcome: "refused", reason: "The files are larger than a text message may bring (5 MB together)." };
  }
  const until = line.now() + LINK_LIFE_MS;
  const paths = await Promise.all(media.map(({ key, name }) => line.linkMedia?.(key, until, name) ?? ""));
  return { urls: paths.map((path) => `${origin}${path}`) };
}
