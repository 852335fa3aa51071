// What stands around a message of a channel when the model reads it: a first line that says where it came from, by whom
// and when; what stood in its thread before; what was said in its place since the last answer; what it answers. Screens show the message without it.
// The same entry always gives the same text, so that a provider's cache holds.
import { CHANNEL_FACTS, channelFacts } from "../../contract/channels/facts.ts";
import type { Overheard, UserEntry } from "../../contract/entry.ts";
import { neutralize, wrapUntrusted } from "../tools/untrusted.ts";

const QUOTE_CHARS = 2000;
const OVERHEARD_CHARS = 1000;
const EARLIER_CHARS = 2000;
const NAME_CHARS = 80;
/** How a line of ours begins: a message's first line, a note. */
const OUR_LINES = new RegExp(`^(\\s*)\\[(?=\\s*(?:note|${CHANNEL_FACTS.map(({ label }) => label).join("|")})\\b)`, "gim");

export function channelLabel(id: string): string {
  return channelFacts(id)?.label ?? id;
}

/** The lines before a message's own parts; undefined: it needs none. `before` is the entry before it. */
export function envelopeOf(entry: UserEntry, timeZone: string, before?: UserEntry): string | undefined {
  const { origin, from } = entry;
  if (!origin || !from) return undefined;
  const sections: string[] = [];
  if (entry.earlier && entry.earlier.length > 0) {
    const lines = entry.earlier.map((said) => overheardLine(said, timeZone, EARLIER_CHARS));
    const notes = ["Written in this thread before, oldest first; [you] marks your own answers."];
    sections.push(wrapUntrusted(lines.join("\n"), placeName(entry), notes, { mark: fenceId(entry, "e") }));
  }
  if (entry.overheard && entry.overheard.length > 0) {
    const lines = entry.overheard.map((heard) => overheardLine(heard, timeZone));
    const notes = ["Said in this place since your last answer, to others and not to you."];
    sections.push(wrapUntrusted(lines.join("\n"), placeName(entry), notes, { mark: fenceId(entry, "o") }));
  }
  if (origin.joinAs === undefined || before?.origin?.joinAs !== origin.joinAs) sections.push(headOf(entry, timeZone));
  if (origin.quoted) {
    const { quoted } = origin;
    const author = quoted.isOurs ? "you" : plainName(quoted.author ?? "someone");
    const text = quoted.text?.slice(0, QUOTE_CHARS) ?? `(message ${plainName(quoted.platformId)}, its text is not known)`;
    sections.push(wrapUntrusted(text, `the message that this one answers, by ${author}`, [], { mark: fenceId(entry, "q") }));
  }
  return sections.length > 0 ? sections.join("\n") : undefined;
}

/** A text that someone other than the owner wrote, without what imitates our own lines. */
export function guestText(text: string): string {
  return neutralize(text).replace(OUR_LINES, "$1(");
}

function headOf({ origin, from, sender, at }: UserEntry, timeZone: string): string {
  const isGroup = from?.kind === "group";
  const facts = [channelLabel(from?.channel ?? "")];
  if (sender && (isGroup || !sender.isOwner)) {
    const kind = sender.isOwner ? " (your owner)" : origin?.isFromBot ? " (a program)" : "";
    facts.push(`${plainName(sender.name ?? sender.id)}${kind}`);
  }
  if (isGroup) facts.push(origin?.placeName ? `in ${plainName(origin.placeName)}` : "in a group");
  facts.push(formatterFor(timeZone).format(at));
  if (origin?.platformId) facts.push(`message ${plainName(origin.platformId)}`);
  return `[${facts.join(", ")}]`;
}

function placeName({ origin, from }: UserEntry): string {
  return `${channelLabel(from?.channel ?? "")}, ${plainName(origin?.placeName ?? from?.peer ?? "")}`;
}

function overheardLine(heard: Overheard, timeZone: string, chars = OVERHEARD_CHARS): string {
  const said = heard.text.replace(/\s*\n\s*/g, " / ").slice(0, chars);
  return `${formatterFor(timeZone).format(heard.at)} ${authorOf(heard)}: ${said}`;
}

/** A name cannot have brackets: nobody can pass for us. */
export function authorOf({ author, isOurs }: Overheard): string {
  return isOurs ? "[you]" : plainName(author);
}

/** A name that cannot close the bracket it stands in or begin a line of its own. */
export function plainName(name: string): string {
  const plain = neutralize(name.slice(0, NAME_CHARS))
    .replace(/[[\],<>\r\n\u2028\u2029]+/g, " ")
    .replace(/\s+/g, " ")
    .trim();
  return plain === "" ? "nameless" : plain;
}

function fenceId(entry: UserEntry, kind: string): string {
  return `${entry.id.replace(/^entry_/, "")}${kind}`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timeZone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(timeZone);
  if (!formatter) {
    formatter = new Intl.DateTimeFormat("en-GB", {
      weekday: "short",
      day: "numeric",
      month: "short",
      hour: "2-digit",
      minute: "2-digit",
      timeZone,
    });
    formatters.set(timeZone, formatter);
  }
  return formatter;
}
