// Reading what a platform tells so that one thing that is not understood spoils nothing else.
import * as z from "zod";

/** Takes what can be read of a list, at most so many. */
export function some<T extends z.ZodType>(item: T, most: number) {
  return z
    .array(z.unknown())
    .nullish()
    .catch(undefined)
    .transform((list) =>
      (list ?? []).slice(0, most).flatMap((one): z.output<T>[] => {
        const read = item.safeParse(one);
        return read.success ? [read.data] : [];
      }),
    );
}

/** What Skerry takes of one text stays below its own limit, and below what a model should have to read of one message. */
const MOST_CHARACTERS = 100_000;

/** A text of any size, cut with a word that it was. */
export function cutText(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  return `${text.slice(0, MOST_CHARACTERS).toWellFormed()}\n[… the rest of ${text.length} characters is left out]`;
}

/** A name as somebody gave it to themselves: one line, with nothing that turns the text around it or ends a bracket of ours. */
export function plainName(name: string, most = 200): string {
  return name
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, " ")
    .replaceAll("[", "(")
    .replaceAll("]", ")")
    .trim()
    .slice(0, most)
    .toWellFormed();
}
