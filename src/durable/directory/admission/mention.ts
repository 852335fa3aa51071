// Whether a message in a group speaks to the assistant though the platform did not mark it: by its name, or by the words
// the settings give. Patterns are RE2: none can hang.
import type { Settings } from "../../../contract/settings.ts";

const MAX_CHARS = 4000;
const MAX_KEPT = 100;
const MAX_WEIGHT = 2000;

type Matcher = (text: string) => boolean;
const matchers = new Map<string, Matcher>();

export async function isSpokenTo(settings: Settings, agentName: string, text: string): Promise<boolean> {
  const patterns = settings.messages?.groupChat?.mentionPatterns ?? [namePattern(agentName)];
  const heard = text.slice(0, MAX_CHARS);
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
  const { RE2JS } = await import("re2js");
  const expression = RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  const matcher: Matcher = (text) => expression.matcher(text).find();
  matchers.set(pattern, matcher);
  if (matchers.size > MAX_KEPT) matchers.delete(matchers.keys().next().value ?? "");
  return matcher;
}

/** The name as a word of its own. */
function namePattern(name: string): string {
  const plain = name.trim().replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return `(?:^|[^\\p{L}\\p{N}_])${plain}(?:$|[^\\p{L}\\p{N}_])`;
}
