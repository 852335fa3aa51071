// What is offered below the cursor while a slash command is typed: the commands that fit, then the words its argument may
// be. Pure.
import { commandWord, matchCommands } from "../state/command-match.ts";
import type { CommandInfo, ModelChoice } from "../state/desk.ts";

export interface Offer {
  name: string;
  note: string;
  /** What the field holds when the offer is taken. */
  text: string;
  /** Nothing is left to write: taking it sends it. */
  isWhole: boolean;
}

export interface Offered {
  offers: Offer[];
  /** How the argument is written, once the command stands. */
  hint: string;
  /** Enter takes the first offer; else it sends what is written until an arrow was pressed. */
  isFirstChosen: boolean;
}

export const NOTHING: Offered = { offers: [], hint: "", isFirstChosen: false };

/** Whether the argument being typed is a model's name, so that models are needed for the offer. */
export function wantsModels(text: string): boolean {
  return /^\/model [^\s]*$/i.test(text);
}

export function offerFor(
  text: string,
  commands: readonly CommandInfo[],
  models: readonly ModelChoice[],
  /** Of the session's own model; absent: all there are. */
  thinkingLevels?: readonly string[],
): Offered {
  const word = commandWord(text);
  if (word !== undefined) {
    const offers = matchCommands(commands, word).map((command) => offerCommand(command, word));
    return { offers, hint: "", isFirstChosen: true };
  }
  const [, name = "", argument = ""] = /^\/([a-z-]+) ([^\n]*)$/i.exec(text) ?? [];
  const command = commands.find((candidate) => candidate.name === name.toLowerCase());
  if (!command) return NOTHING;
  const typed = argument.trim().toLowerCase();
  const choices = choicesOf(command, models, thinkingLevels);
  const isWord = choices.some((choice) => choice.name.toLowerCase() === typed);
  const offers = choices
    .filter((choice) => choice.name.toLowerCase().includes(typed) && choice.name.toLowerCase() !== typed)
    .toSorted((a, b) => Number(b.name.toLowerCase().startsWith(typed)) - Number(a.name.toLowerCase().startsWith(typed)))
    .map((choice) => ({ ...choice, text: `/${command.name} ${choice.name}`, isWhole: true }));
  // A word that stands is meant, though another one contains it.
  const isFirstChosen = typed !== "" && !isWord;
  return { offers: /\s/.test(typed) ? [] : offers, hint: command.argsHint ?? "", isFirstChosen };
}

function offerCommand({ name, description, acceptsArgs, argsHint = "" }: CommandInfo, word: string): Offer {
  const needsMore = acceptsArgs && word !== name;
  const hint = argsHint.length > 24 ? "" : ` ${argsHint}`;
  return { name: `/${name}`, note: description + hint, text: needsMore ? `/${name} ` : `/${name}`, isWhole: !needsMore };
}

/** The words an argument may be, where its hint lists them; for the model, those that can be used. */
function choicesOf(
  { name, argsHint = "" }: CommandInfo,
  models: readonly ModelChoice[],
  thinkingLevels: readonly string[] | undefined,
): { name: string; note: string }[] {
  if (name === "model") {
    const usable = models.filter(({ available }) => available).map((model) => ({ name: model.ref, note: model.name }));
    return [...usable, { name: "default", note: "as the settings say" }];
  }
  const listed = /^\[([a-z]+(?:\|[a-z]+)+)\]$/.exec(argsHint)?.[1]?.split("|") ?? [];
  const isOffered = (word: string) => name !== "think" || !thinkingLevels || thinkingLevels.includes(word) || word === "default";
  const words = listed.filter(isOffered);
  return words.map((word) => ({ name: word, note: word === "default" ? "as the settings say" : "" }));
}
