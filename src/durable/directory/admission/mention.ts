// Whether a message in a group speaks to the assistant though the platform did not mark it: by its name, or by the words
// the settings give. Patterns are RE2: none can hang.
import type { Settings } from "../../../contract/settings.ts";

const MAX_CHARS = 4000;
const MAX_KEPT = 100;
const MAX_WEIGHT = 2000;

type Matcher = (text: string) => boolean;
const matchers = new Map<string, Matcher>();

export async function isSpokenTo(settings: Settings, agentName: string, text: string): Promise<boolean> {
  const heard = text.slice(0, MAX_CHARS);
  const patterns = settings.messages?.groupChat?.mentionPatterns;
  if (!patterns) return isNamed(heard, agentName);
  for (const pattern of patterns) if (heard !== "" && (await matcherOf(pattern))(heard)) return true;
  return false;
}

/** Why a pattern cannot be used; undefined when it can. */
export async function refusePattern(pattern: string): Promise<string | undefined> {
  const { RE2JS } = await import("re2js");
  try {
    const weight = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE).programSize();
    return weight > MAX_WEIGHT ? "is too complex; use smaller repeat counts or fewer alternatives" : undefined;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return `is no pattern that can be read (${said}); RE2 syntax, without look-around and back-references`;
  }
}

async function matcherOf(pattern: string): Promise<Matcher> {
  const known = matchers.get(pattern);
  if (known) return known;
  const matcher = await makeMatcher(pattern);
  matchers.set(pattern, matcher);
  if (matchers.size > MAX_KEPT) matchers.delete(matchers.keys().next().value ?? "");
  return matcher;
}

/** The settings took only what can be read; should that ever change, one pattern must not close the group. */
async function makeMatcher(pattern: string): Promise<Matcher> {
  const { RE2JS } = await import("re2js");
  try {
    const expression = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
    return (text) => expression.matcher(text).find();
  } catch (error) {
    console.warn(`The mention pattern ${JSON.stringify(pattern)} cannot be read and is passed over.`, error);
    return () => false;
  }
}

/** The name as a word of its own, in any case. */
function isNamed(text: string, name: string): boolean {
  const [words, wanted] = [text.toLowerCase(), name.trim().toLowerCase()];
  if (wanted === "") return false;
  for (let at = words.indexOf(wanted); at >= 0; at = words.indexOf(wanted, at + 1)) {
    const [before, after] = [words.slice(0, at), words.slice(at + wanted.length)];
    if (!/[\p{L}\p{N}_]$/u.test(before.slice(-2)) && !/^[\p{L}\p{N}_]/u.test(after.slice(0, 2))) return true;
  }
  return false;
}
