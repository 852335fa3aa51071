// What an event says, before anything is done about it: a command, directives, or words for the model; and the entry it
// becomes in the transcript.
import type { Brief } from "../../../contract/admission.ts";
import type { Origin, Overheard } from "../../../contract/entry.ts";
import type { Event, TurnWishes } from "../../../contract/event.ts";
import { isAnsweredInPlace, type Message, textOf } from "../../../contract/message.ts";
import { type ParsedCommand, parseCommand, takeDirectives } from "../../agent/commands.ts";

export interface ReadEvent {
  event: Event;
  command?: ParsedCommand;
  /** A command that this sender may not use. */
  forbidden?: ParsedCommand;
  /** "/new <text>": a new talk that begins with the text. */
  isNewStart: boolean;
}

export function readEvent(event: Event, brief: Brief): ReadEvent {
  if (event.kind !== "message") return { event, isNewStart: false };
  const isAllowed = (name: string) => brief.commands?.includes(name) ?? true;
  const text = textOf(event.message.parts);
  const directed = takeDirectives(text, isAllowed);
  if (directed) return { event: withText(event, directed.text, directed.wishes), isNewStart: false };
  const command = isForAnother(text, brief) ? undefined : parseCommand(text);
  if (!command) return { event, isNewStart: false };
  if (!isAllowed(command.name)) return { event, forbidden: command, isNewStart: false };
  if ((command.name !== "new" && command.name !== "reset") || command.args === "") return { event, command, isNewStart: false };
  return { event: withText(event, command.args), isNewStart: true };
}

/** "/help@other_bot" in a group: somebody else's command. */
function isForAnother(text: string, { place }: Brief): boolean {
  return place?.kind === "group" && !place.isAddressed && /^\s*\/[a-z-]+@/i.test(text);
}

function withText(event: Event & { kind: "message" }, text: string, wishes: TurnWishes = {}): Event {
  const attachments = event.message.parts.filter((part) => part.type !== "text");
  const parts = [{ type: "text" as const, text }, ...attachments];
  return { ...event, wishes: { ...event.wishes, ...wishes }, message: { ...event.message, parts } };
}

/** What an event adds to the transcript when a turn takes it in. */
export function userEntryOf(event: Exclude<Event, { kind: "notice" }>, overheard: readonly Overheard[] = []) {
  switch (event.kind) {
    case "message": {
      const { message } = event;
      const said = { parts: message.parts, from: message.from, sender: message.sender };
      if (isAnsweredInPlace(message.from)) return said;
      return {
        ...said,
        origin: originOf(message),
        ...(overheard.length > 0 ? { overheard: [...overheard] } : {}),
        ...(Array.isArray(event.earlier) && event.earlier.length > 0 ? { earlier: event.earlier } : {}),
      };
    }
    case "schedule":
    case "peer":
    case "result":
    case "answer":
      return { parts: [{ type: "text" as const, text: event.text }] };
    default:
      return event satisfies never;
  }
}

function originOf({ platformId, placeName, quoted, joinAs, isFromBot }: Message): Origin {
  return {
    ...(platformId === undefined ? {} : { platformId }),
    ...(placeName === undefined ? {} : { placeName }),
    ...(quoted === undefined ? {} : { quoted }),
    ...(joinAs === undefined ? {} : { joinAs }),
    ...(isFromBot ? { isFromBot } : {}),
  };
}

export function textOfEvent(event: Event): string {
  return event.kind === "message" || event.kind === "notice" ? textOfMessage(event.message) : event.text;
}

export function textOfMessage({ parts, attachments = [] }: Message): string {
  return textOf(parts) || (attachments.length > 0 ? attachments.map(({ kind }) => `[${kind}]`).join(" ") : "[attachment]");
}
