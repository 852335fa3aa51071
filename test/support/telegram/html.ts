// Telegram's HTML as its Bot API reads it: the tags it knows, all of them closed in order, and the entities by name.
// What it cannot read it refuses, in its own words.

const TAGS = new Set([
  ...["b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "a", "code", "pre", "blockquote", "tg-spoiler", "tg-emoji"],
  "span",
]);
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };
const TOKEN = /<(\/?)([a-zA-Z][\w-]*)((?:\s[^<>]*)?)>|&(#x?[0-9a-fA-F]+|[a-zA-Z]+);|<|[^<&]+|&/g;

export type ReadHtml = { ok: true; shown: string } | { ok: false; description: string };

export function readHtml(html: string): ReadHtml {
  const open: string[] = [];
  let shown = "";
  for (const match of html.matchAll(TOKEN)) {
    const [token, slash, name, , entity] = match;
    const at = `at byte offset ${Buffer.byteLength(html.slice(0, match.index))}`;
    if (entity !== undefined) shown += readEntity(entity) ?? token;
    else if (name === undefined) {
      if (token === "<") return refuse(`Unsupported start tag "" ${at}`);
      shown += token;
    } else if (!TAGS.has(name.toLowerCase())) return refuse(`Unsupported start tag "${name}" ${at}`);
    else if (slash === "") {
      if (name === "a" && open.includes("a")) return refuse(`Nested "a" ${at}`);
      open.push(name.toLowerCase());
    } else {
      const expected = open.pop();
      if (expected === undefined) return refuse(`Unexpected end tag ${at}`);
      if (expected !== name.toLowerCase())
        return refuse(`Unmatched end tag ${at}, expected "</${expected}>", found "</${name}>"`);
    }
  }
  const left = open.pop();
  return left === undefined ? { ok: true, shown } : refuse(`Can't find end tag corresponding to start tag "${left}"`);
}

function readEntity(entity: string): string | undefined {
  if (!entity.startsWith("#")) return NAMED[entity];
  const code = entity[1] === "x" ? Number.parseInt(entity.slice(2), 16) : Number.parseInt(entity.slice(1), 10);
  return String.fromCodePoint(code);
}

function refuse(what: string): ReadHtml {
  return { ok: false, description: `Bad Request: can't parse entities: ${what}` };
}
