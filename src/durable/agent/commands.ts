// Slash commands: the one list of them, and how a message is recognised as one. What they do is in
// session/slash.ts.

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
  { name: "usage", description: "Tokens and cost of this session", example: "/usage" },
  { name: "whoami", description: "Who I think you are", example: "/whoami" },
  { name: "help", description: "What I can do and these commands", example: "/help" },
  { name: "commands", description: "List the slash commands", example: "/commands" },
] as const satisfies readonly Command[];

export type CommandName = (typeof commands)[number]["name"];

/** A message that is a command, alone or with its argument. Unknown words after a slash are ordinary text. */
export function parseCommand(text: string): { name: CommandName; args: string } | undefined {
  const match = /^\/([a-z-]+)(?:@\S+)?(?:\s+([\s\S]*))?$/i.exec(text.trim());
  const name = match?.[1]?.toLowerCase();
  const command = commands.find((candidate) => candidate.name === name);
  return command ? { name: command.name, args: (match?.[2] ?? "").trim() } : undefined;
}
