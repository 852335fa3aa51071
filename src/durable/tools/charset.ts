// Bytes as text: by their byte order mark, as UTF-8, and in older charsets only where the name says that it is text.
// Never guesses at bytes that hold control characters: those are no text.

const TEXT_NAME =
  /\.(txt|text|md|markdown|rst|adoc|tex|csv|tsv|json|jsonl|ndjson|json5|ya?ml|toml|ini|cfg|conf|env|properties|log|xml|xsd|xsl|svg|html?|xhtml|css|scss|less|[cm]?[jt]sx?|vue|svelte|py|rb|php|java|kts?|swift|go|rs|c|cc|cpp|h|hpp|cs|sh|bash|zsh|fish|ps1|bat|sql|r|lua|pl|scala|dart|ex|exs|erl|hs|clj|ics|vcf|eml|srt|vtt|diff|patch|lock|graphql|proto|dockerfile|makefile)$/i;

/** The text of bytes in the charset they are in; undefined when they are no text. */
export function decodeText(bytes: Uint8Array, media: { type: string; name?: string }): string | undefined {
  const marked = charsetOfMark(bytes);
  if (marked) return decode(bytes, marked);
  const isNamedText = TEXT_NAME.test(media.name ?? "") || /^text\//.test(media.type);
  const text = decode(bytes, "utf-8");
  if (text !== undefined) return text.includes("\0") ? undefined : text;
  // Bytes that are no UTF-8 are text only when the name says so and they hold no control characters.
  if (!isNamedText || bytes.subarray(0, 65_536).some((byte) => byte < 9 || (byte > 13 && byte < 27))) return undefined;
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 1024));
  const declared = /(?:encoding|charset)\s*=\s*["']?([\w-]{3,40})/i.exec(head)?.[1];
  return (declared && !/^utf-?8$/i.test(declared) ? decode(bytes, declared) : undefined) ?? decode(bytes, "windows-1252");
}

function charsetOfMark(bytes: Uint8Array): string | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "utf-16le";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "utf-16be";
  return undefined;
}

function decode(bytes: Uint8Array, charset: string): string | undefined {
  try {
    return new TextDecoder(charset, { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    return undefined;
  }
}
