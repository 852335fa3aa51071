// Which slash commands fit what was typed so far. Pure.
import type { CommandInfo } from "./desk.ts";

/** The command word being typed, without its slash; undefined when the text is no command word. */
export function commandWord(text: string): string | undefined {
  return /^\/([a-z-]*)$/i.exec(text)?.[1]?.toLowerCase();
}

export function matchCommands(commands: readonly CommandInfo[], word: string): CommandInfo[] {
  const starts = commands.filter((command) => command.name.startsWith(word));
  const contains = commands.filter((command) => !command.name.startsWith(word) && word.length > 1 && command.name.includes(word));
  return [...starts.toSorted((a, b) => Number(b.name === word) - Number(a.name === word)), ...contains];
}
