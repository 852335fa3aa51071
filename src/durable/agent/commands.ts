// Slash commands: the one list of them, how a message is recognised as one, and the directives that may stand inside a
// message and hold for it alone. What the commands do is in session/slash.ts.
import { QUEUE_MODES, THINKING_LEVELS, type TurnWishes } from "../../contract/event.ts";

export interface Command {
  name: string;
  description: string;
  /** How its argument is written, when it takes one. */
  args?: string;
  example: string;
}

export const commands = [
  { name: "new", description: "Start afresh; the old talk stays readable above", args: "[message]", example: "/new" },
  { name: "reset", description: "Same as /new", args: "[message]", example: "/reset" },
  { name: "stop", description: "Stop the running turn and drop what waits", example: "/stop" },
  { name: "status", description: "Model, tokens, cost and state of this session", example: "/status" },
  {
    name: "model",
    description: "Show or choose the model of this session",
    args: "[provider/model|default]",
    example: "/model anthropic/claude-opus-4-6",
  },
  { name: "models", description: "List the models that can be used now", example: "/models" },
  {
    name: "think",
    description: "How hard the model thinks",
    args: "[off|minimal|low|medium|high|xhigh|default]",
    example: "/think high",
  },
  {
    name: "queue",
    description: "What a message does while I am busy",
    args: "[steer|followup|collect|interrupt|default]",
    example: "/queue collect",
  },
  {
    name: "compact",
    description: "Summarise the older part of the talk",
    args: "[what matters]",
    example: "/compact keep the shopping list",
  },
  {
    name: "reasoning",
    description: "Whether the model's thinking is shown",
    args: "[on|off|stream|default]",
    example: "/reasoning on",
  },
  {
    name: "verbose",
    description: "How much is said about tools",
    args: "[off|on|full|default]",
    example: "/verbose on",
  },
  {
    name: "context",
    description: "What the next request is made of, and how big each part is",
    args: "[detail]",
    example: "/context detail",
  },
  {
    name: "export-session",
    description: "Write the whole talk to a file in the workspace",
    args: "[path]",
    example: "/export-session exports/trip.md",
  },
  { name: "usage", description: "Tokens and cost of this session and its latest turn", example: "/usage" },
  { name: "whoami", description: "Who I think you are", example: "/whoami" },
  {
    name: "activation",
    description: "In a group: answer when spoken to, or every message",
    args: "[mention|always|default]",
    example: "/activation mention",
  },
  {
    name: "pairing",
    description: "Strangers and machines that wait to be let in (owner)",
    args: "[list|approve CODE [as NAME]|reject CODE]",
    example: "/pairing approve ABCD2345 as Ann",
  },
  {
    name: "approve",
    description: "Give your word on a command that waits for it (owner)",
    args: "[CODE once|always|deny]",
    example: "/approve ABCD2345 once",
  },
  {
    name: "exec",
    description: "Where commands of this session run and what needs your word (owner)",
    args: "[host= security= ask= node=|default]",
    example: "/exec host=sandbox ask=always",
  },
  {
    name: "elevated",
    description: "Let this session reach your machine itself (owner)",
    args: "[off|on|ask|full]",
    example: "/elevated on",
  },
  { name: "help", description: "What I can do and these commands", example: "/help" },
  { name: "commands", description: "List the slash commands", example: "/commands" },
] as const satisfies readonly Command[];

export type CommandName = (typeof commands)[number]["name"];

export interface ParsedCommand {
  name: CommandName;
  args: string;
}

/** A message that is a command, alone or with its argument. Unknown words after a slash are ordinary text. */
export function parseCommand(text: string): ParsedCommand | undefined {
  const match = /^\/([a-z-]+)(?:@\S+)?(?:\s+([\s\S]*))?$/i.exec(text.trim());
  const name = match?.[1]?.toLowerCase();
  const command = commands.find((candidate) => candidate.name === name);
  return command ? { name: command.name, args: (match?.[2] ?? "").trim() } : undefined;
}

/** What a directive may say, by its command: "/think high" inside a message asks for more thought on it alone. */
const DIRECTIVES = {
  think: (word: string): TurnWishes | undefined => {
    const level = THINKING_LEVELS.find((candidate) => candidate === word);
    return level && { thinking: level };
  },
  queue: (word: string): TurnWishes | undefined => {
    const mode = QUEUE_MODES.find((candidate) => candidate === word);
    return mode && { queueMode: mode };
  },
  model: (word: string): TurnWishes | undefined => (/^[a-z0-9-]+\/\S+$/i.test(word) ? { model: word } : undefined),
};

const DIRECTIVE = /(^|\s)\/(think|queue|model)[ \t]+(\S+)(?=\s|$)/gi;

/**
 * Takes the directives out of a message. The text that is left is what the model reads; nothing left means that the
 * message was a command, not a message with directives. One that its sender may not give is ordinary text.
 */
export function takeDirectives(
  text: string,
  isAllowed: (name: string) => boolean = () => true,
): { text: string; wishes: TurnWishes } | undefined {
  let wishes: TurnWishes = {};
  const rest = text.replace(DIRECTIVE, (whole, before: string, name: string, word: string) => {
    if (!isAllowed(name.toLowerCase())) return whole;
    const wish = DIRECTIVES[name.toLowerCase() as keyof typeof DIRECTIVES](word.toLowerCase());
    if (!wish) return whole;
    wishes = { ...wishes, ...wish };
    return before;
  });
  if (Object.keys(wishes).length === 0 || rest.trim() === "") return undefined;
  return { text: rest.trim(), wishes };
}
