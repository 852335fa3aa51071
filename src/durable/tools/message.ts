// message: writes to people and places on channels, within what the owner permits. Not repeatable: what may have been
// sent is never sent again, the model is told so. The platform is asked in the words of a delivery; no file here knows one.
import * as z from "zod";
import type { Button, DeliveryAct, ReadBack } from "../../contract/channels/delivery.ts";
import { CHANNEL_FACTS, channelFacts } from "../../contract/channels/facts.ts";
import { ToolFailure } from "../../contract/errors.ts";
import type { Address, MediaRef } from "../../contract/message.ts";
import { OWNER_ID, type Person } from "../../contract/people.ts";
import type { MessageDesk, Tool, ToolContext, ToolResult } from "./port.ts";
import { wrapUntrusted } from "./untrusted.ts";
import { expectValue, toFilePath } from "./workspace-path.ts";

const ACTIONS = ["send", "reply", "react", "edit", "delete", "poll", "read", "pin", "unpin", "thread"] as const;
const MAX_TRIES = 3;
const LONGEST_PAUSE_MS = 8000;
const DEFAULT_READ = 20;
const MAX_FILES = 10;
const SHORT_LABEL = 12;
const BUTTONS_IN_ROW = 3;
const BUTTON_BYTES = 64;

const input = z.object({
  action: z.enum(ACTIONS),
  to: z.string().optional().describe('telegram:42, slack:C123#thread, a person\'s name or "owner"; default: this talk'),
  text: z.string().optional().describe("What to write; a poll's question; a thread's name"),
  message: z.string().optional().describe("Message id; default for react and reply: the latest one here"),
  emoji: z.string().optional().describe("Empty takes the reaction away"),
  files: z.array(z.string()).max(MAX_FILES).optional().describe("Workspace paths"),
  options: z
    .array(z.string().min(1))
    .max(12)
    .optional()
    .describe("A poll's answers; of send and reply: buttons, pressed they are said"),
  multiple: z.boolean().optional(),
  voice: z.boolean().optional().describe("The file (ogg) is a voice message"),
  limit: z.int().min(1).max(100).optional(),
});
type Input = z.infer<typeof input>;

interface Place {
  to: Address;
  isHere: boolean;
  name: string;
  sessionKey?: string;
}

export const message: Tool<typeof input> = {
  name: "message",
  label: "Message",
  group: "messaging",
  needs: "channels",
  description: "Write to people on messengers, or act on messages there. Your answer goes to this talk by itself.",
  input,
  isRepeatable: false,
  isParallel: false,
  title: ({ action, to }) => `${TITLES[action]}${to ? ` ${action === "read" ? "from" : "to"} ${to}` : ""}`,
  async run(wanted, context) {
    const desk = context.messages;
    if (!desk) throw new ToolFailure("No channel is set up, so nobody can be written to. Tell the person that.");
    const isForHere = wanted.action === "send" && ["", "here"].includes(wanted.to?.trim() ?? "");
    if (!desk.here && isForHere && wanted.files?.length) return handOver(wanted.files, context);
    const place = await findPlace(desk, wanted.to);
    if (wanted.action === "read") return readBack(desk, place, wanted.limit ?? DEFAULT_READ);
    const acts = await actsOf(wanted, context, desk, place);
    const ids = await performAll(desk, place, acts);
    const what = place.isHere ? "in this talk" : `to ${place.name}`;
    const isWritten = wanted.action === "send" || wanted.action === "reply" || wanted.action === "poll";
    const noted = isWritten ? await noteThere(desk, place, wanted) : "";
    const known = ids.length > 0 ? ` Message id: ${ids.join(", ")}.` : "";
    return {
      text: `Done: ${wanted.action} ${what}.${known}${noted}`,
      ...(isWritten ? { wroteTo: place.to } : {}),
      details: { action: wanted.action, to: place.name, ids },
    };
  },
};

const TITLES: Record<(typeof ACTIONS)[number], string> = {
  send: "Send",
  reply: "Send a reply",
  react: "React",
  edit: "Edit a message",
  delete: "Delete a message",
  poll: "Send a poll",
  read: "Read messages",
  pin: "Pin a message",
  unpin: "Unpin a message",
  thread: "Open a thread",
};

async function findPlace(desk: MessageDesk, written: string | undefined): Promise<Place> {
  const wanted = written?.trim() ?? "";
  if (wanted === "" || wanted === "here") {
    if (desk.here) return { to: desk.here.address, isHere: true, name: "this talk" };
    throw new ToolFailure("This talk is not on a channel, so there is nowhere to write by default. Say to whom, with `to`.");
  }
  const to = readAddress(wanted) ?? (await addressOfPerson(desk, wanted));
  const { here } = desk;
  if (here && isSame(here.address, to)) return { to: here.address, isHere: true, name: "this talk" };
  const permission = await desk.permit(to);
  if (permission.outcome === "denied") throw new ToolFailure(`Not permitted: ${permission.reason}`);
  const { sessionKey } = permission;
  return { to: permission.to, isHere: false, name: wanted, ...(sessionKey === undefined ? {} : { sessionKey }) };
}

/** `telegram:42`, `telegram@work:-1001#7`; undefined: it may be a person's name. */
function readAddress(written: string): Address | undefined {
  const match = /^([a-z][a-z0-9-]*)(?:@([a-z0-9][a-z0-9-]*))?:([^#\s]+)(?:#(\S+))?$/i.exec(written);
  const [, channel = "", account, peer = "", thread] = match ?? [];
  if (!match) return undefined;
  const facts = channelFacts(channel.toLowerCase());
  if (!facts) {
    throw new ToolFailure(`There is no channel "${channel}". Channels: ${CHANNEL_FACTS.map(({ id }) => id).join(", ")}.`);
  }
  return { channel: facts.id, peer, ...(account ? { account } : {}), ...(thread ? { thread } : {}) };
}

async function addressOfPerson(desk: MessageDesk, name: string): Promise<Address> {
  const people = await desk.people();
  const person = findPerson(people, name);
  // Where this talk is, if they are there too; else where they were let in last.
  const accounts = person.accounts.toSorted((one, other) => other.approvedAt - one.approvedAt);
  const account = accounts.find(({ channel }) => channel === desk.here?.address.channel) ?? accounts[0];
  if (!account) throw new ToolFailure(`${person.name} is on no channel, so nothing can be sent there.`);
  return {
    channel: account.channel,
    peer: account.sender,
    kind: "direct",
    ...(account.account ? { account: account.account } : {}),
  };
}

function findPerson(people: readonly Person[], name: string): Person {
  const wanted = name.toLowerCase();
  const [only, another] = people.filter((person) =>
    wanted === OWNER_ID ? person.role === "owner" : person.id === name || person.name.toLowerCase() === wanted,
  );
  if (only && !another) return only;
  const known = people.map((person) => (person.role === "owner" ? `owner (${person.name})` : person.name)).join(", ");
  if (!only) throw new ToolFailure(`Nobody called "${name}" is known. Known: ${known || "nobody yet"}.`);
  throw new ToolFailure(`Several people are called "${name}". Write an address such as telegram:42 instead.`);
}

async function actsOf(wanted: Input, context: ToolContext, desk: MessageDesk, place: Place): Promise<DeliveryAct[]> {
  const { action } = wanted;
  switch (action) {
    case "send":
    case "reply":
      return writeActs(wanted, context, desk, place);
    case "react":
      return [{ type: "react", message: messageId(wanted, desk, place), emoji: wanted.emoji || null }];
    case "edit":
      return [{ type: "edit", message: given(wanted, "message"), text: given(wanted, "text") }];
    case "delete":
      return [{ type: "delete", message: given(wanted, "message") }];
    case "poll": {
      const options = wanted.options ?? [];
      if (options.length < 2) throw new ToolFailure("A poll needs at least two options.");
      return [{ type: "poll", question: given(wanted, "text"), options, ...(wanted.multiple ? { isMultiple: true } : {}) }];
    }
    case "pin":
    case "unpin":
      return [{ type: "pin", message: given(wanted, "message"), isPinned: action === "pin" }];
    case "thread":
      return [{ type: "thread", name: given(wanted, "text"), ...(wanted.message ? { message: wanted.message } : {}) }];
    case "read":
      return [];
    default:
      return action satisfies never;
  }
}

async function writeActs(wanted: Input, context: ToolContext, desk: MessageDesk, place: Place): Promise<DeliveryAct[]> {
  const replyTo = wanted.action === "reply" ? messageId(wanted, desk, place) : undefined;
  const hang = replyTo === undefined ? {} : { replyTo };
  const text = wanted.text?.trim() ?? "";
  const media: MediaRef[] = [];
  for (const written of wanted.files ?? []) media.push(await storeFile(written, context));
  if (text === "" && media.length === 0) throw new ToolFailure("There is nothing to send: give text or files.");
  const buttons = buttonsOf(wanted.options ?? []);
  const texts = text === "" ? [] : await desk.plan(place.to, text);
  if (buttons.length > 0 && texts.length === 0) throw new ToolFailure("Buttons stand under a text: give `text` too.");
  const acts: DeliveryAct[] = texts.map((part, index) => ({
    type: "text",
    text: part,
    ...(index === 0 ? hang : {}),
    ...(index === texts.length - 1 && buttons.length > 0 ? { buttons } : {}),
  }));
  const voice = wanted.voice ? { isVoice: true } : {};
  if (media.length > 0) acts.push({ type: "media", media, ...voice, ...(acts.length === 0 ? hang : {}) });
  return acts;
}

/** Short ones stand side by side. */
function buttonsOf(labels: readonly string[]): Button[][] {
  const inRow = labels.every((label) => label.length <= SHORT_LABEL) ? BUTTONS_IN_ROW : 1;
  const buttons = labels.map((label) => ({ label, value: cutBytes(label, BUTTON_BYTES) }));
  return Array.from({ length: Math.ceil(buttons.length / inRow) }, (_row, at) => buttons.slice(at * inRow, (at + 1) * inRow));
}

function cutBytes(text: string, most: number): string {
  const encoder = new TextEncoder();
  let kept = "";
  for (const character of text) {
    if (encoder.encode(kept + character).length > most) break;
    kept += character;
  }
  return kept;
}

/** A talk on a screen is no place that is written to: there the files stand beside the call. */
async function handOver(files: readonly string[], context: ToolContext): Promise<ToolResult> {
  const media: MediaRef[] = [];
  for (const written of files) media.push(await storeFile(written, context));
  return { text: "Done: the files are in this talk. Say the rest in your answer.", media, isForPerson: true };
}

async function storeFile(written: string, context: ToolContext): Promise<MediaRef> {
  if (!context.storeMedia) throw new ToolFailure("Files cannot be sent from here.");
  const path = toFilePath(written);
  const { bytes } = expectValue(await context.workspace.read(path));
  return context.storeMedia(bytes, "application/octet-stream", path.split("/").at(-1) ?? path);
}

function messageId({ message: id }: Input, desk: MessageDesk, place: Place): string {
  const latest = place.isHere ? desk.here?.messageId : undefined;
  if (id ?? latest) return id ?? latest ?? "";
  throw new ToolFailure("Say which message, with `message`: its id stands in its first line.");
}

function given(wanted: Input, field: "text" | "message"): string {
  const value = wanted[field]?.trim();
  if (value) return value;
  throw new ToolFailure(`${wanted.action} needs \`${field}\`.`);
}

/** One after the other; what was sent stays sent when a later one fails. */
async function performAll(desk: MessageDesk, place: Place, acts: readonly DeliveryAct[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [part, act] of acts.entries()) {
    const before = part === 0 ? "" : ` The first ${part} of ${acts.length} messages were sent.`;
    const id = await perform(desk, place, act, part, before);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

async function perform(
  desk: MessageDesk,
  place: Place,
  act: DeliveryAct,
  part: number,
  before: string,
): Promise<string | undefined> {
  for (let tries = 1; ; tries += 1) {
    const outcome = await desk.send(place.to, act, part);
    switch (outcome.outcome) {
      case "sent":
        return outcome.platformId;
      case "refused":
        throw new ToolFailure(`The platform said no: ${outcome.reason}${before}`);
      case "unknown":
        throw new ToolFailure(
          `Outcome unknown: it may have been sent (${outcome.reason}). Do not repeat it; read the place or ask first.${before}`,
        );
      case "unanswered": {
        const pause = outcome.retryAfterMs ?? 1000 * 2 ** (tries - 1);
        if (tries >= MAX_TRIES || pause > LONGEST_PAUSE_MS) {
          throw new ToolFailure(`Not sent: nobody answered (${outcome.reason}). Try again later.${before}`);
        }
        await new Promise((resolve) => setTimeout(resolve, pause));
        break;
      }
      default:
        outcome satisfies never;
    }
  }
}

async function readBack(desk: MessageDesk, place: Place, limit: number): Promise<ToolResult> {
  const messages = expectValue(await desk.read(place.to, limit));
  if (messages.length === 0) return { text: "There are no messages that can be read." };
  return { text: wrapUntrusted(messages.map(lineOf).join("\n"), `messages of ${place.name}`) };
}

function lineOf({ platformId, author, text, at }: ReadBack): string {
  return `${new Date(at).toISOString().slice(0, 16)}Z ${author} (message ${platformId}): ${text}`;
}

async function noteThere(desk: MessageDesk, place: Place, wanted: Input): Promise<string> {
  if (place.isHere || place.sessionKey === undefined) return "";
  const files = wanted.files?.length ? ` with ${wanted.files.join(", ")}` : "";
  try {
    await desk.note(place.to, place.sessionKey, `${wanted.text ?? ""}${files}`.trim());
    return "";
  } catch {
    return " The talk there could not be told of it.";
  }
}

function isSame(one: Address, other: Address): boolean {
  return (
    one.channel === other.channel &&
    (one.account ?? "default") === (other.account ?? "default") &&
    one.peer === other.peer &&
    (one.thread ?? "") === (other.thread ?? "")
  );
}
