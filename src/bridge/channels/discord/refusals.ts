// Why Discord ends a line for good, in words its owner can act on: by the codes with which it closes its gateway, and the statuses of its
// HTTP interface. Everything else is tried again.
import { HomeRefused } from "../../../contract/errors.ts";

/** The owner of the bot has not switched on that it reads what is said. */
export const NOT_ALLOWED = 4014;
/** The place in the row is none of the session's: it begins anew. */
export const WRONG_PLACE = 4007;

const WRONG_TOKEN =
  "Discord does not know this bot token any more: make a new one under Bot, Reset Token at discord.com/developers/applications, and give it with skerry channels add discord.";

const WORDS: Record<number, string> = {
  4004: WRONG_TOKEN,
  4010: "Discord does not let this line be one of several (4010); restart the bridge, and tell the makers of Skerry if it stays so.",
  4011: "The bot is in so many servers that Discord wants its gateway to be held in parts, which this line cannot: take it out of some, or make a bot of its own for Skerry.",
  4012: "Discord does not speak this version of its gateway any more: update Skerry.",
  4013: "Discord does not know what this line wants to hear (4013): update Skerry.",
  4014: "Discord does not let the bot hear servers at all (4014): look at Privileged Gateway Intents under Bot at discord.com/developers/applications, then restart the bridge.",
};

/** Undefined: it is tried again. */
export function wordsOfCode(code: number): string | undefined {
  return WORDS[code];
}

/** What opening threw, and the code it was closed with. */
export function explain(error: unknown, code: number): unknown {
  const words = wordsOfCode(code) ?? (statusOf(error) === 401 ? WRONG_TOKEN : undefined);
  return words === undefined ? error : new HomeRefused("FORBIDDEN", words, error);
}

export function statusOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "status" in error ? error.status : undefined;
}
