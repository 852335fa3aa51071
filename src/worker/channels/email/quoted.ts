// Parts a mail from the mail it answers: programs put the older one below, behind a line that says so. Works line by line,
// so that no text can make it slow; what is not clearly quoted stays. Answers written between quoted lines stay whole.

export interface Written {
  text: string;
  quoted: string;
}

const MAX_LINES = 5000;
/** "On Tue, Ann <ann@example.com> wrote:" in the languages that mail programs speak; may be broken over two lines. */
const ATTRIBUTION =
  /(?<!\p{L})(wrote|écrit|escribió|scritto|escreveu|schrieb|schreef|pisze|napisał|napisał\(a\)|skrev|kirjoitti|пишет|написал|yazdı|napsal)(?!\p{L}).{0,200}:\s*$|(写道|寫道|のメッセージ|작성)\s*[::]\s*$/iu;
const SEPARATOR =
  /^\s*(-{2,}|_{2,})\s*(original message|forwarded message|ursprüngliche nachricht|message d.origine|mensaje original|messaggio originale|oorspronkelijk bericht|originalnachricht|weitergeleitete nachricht)\s*(-{2,}|_{2,})\s*$/i;
const HEAD = /^\s*\*?(from|von|de|da|van|från|fra|od|от)\s*\*?\s?:\*?\s.*\S/i;
const HEAD_MORE =
  /^\s*\*?(sent|date|to|subject|gesendet|an|betreff|datum|envoyé|à|objet|enviado|para|asunto|inviato|a|oggetto|verzonden|aan|onderwerp)\s*\*?\s?:/i;

export function partQuoted(source: string): Written {
  const lines = source.replace(/\r\n?/g, "\n").split("\n");
  if (lines.length > MAX_LINES) return { text: source.trim(), quoted: "" };
  const cut = lines.findIndex((line, at) => isHead(lines, line, at));
  const tail = quotedTail(lines);
  const at = Math.min(cut < 0 ? lines.length : cut, tail);
  const text = lines.slice(0, at).join("\n").trim();
  const quoted = lines.slice(at).join("\n").trim();
  // Nothing above it: it was forwarded to be read.
  return text === "" ? { text: quoted, quoted: "" } : { text: withoutSignature(text), quoted };
}

/** Where an older mail begins with its own head, as Outlook writes it. */
function isHead(lines: readonly string[], line: string, at: number): boolean {
  if (SEPARATOR.test(line.slice(0, 200)) && !/forwarded|weitergeleitet/i.test(line)) return true;
  if (!HEAD.test(line.slice(0, 300))) return false;
  const next = lines.slice(at + 1, at + 5).filter((other) => HEAD_MORE.test(other.slice(0, 100)));
  return next.length >= 2 && !lines.slice(Math.max(0, at - 3), at).some((before) => /forwarded|weitergeleitet|fwd/i.test(before));
}

/** Where the last lines begin that are all quoted, with the line that says whose they are. */
function quotedTail(lines: readonly string[]): number {
  let at = lines.length;
  while (at > 0 && /^\s*(>.*)?$/.test(lines[at - 1] ?? "")) at -= 1;
  if (!lines.slice(at).some((line) => /^\s*>/.test(line))) return lines.length;
  for (const before of [1, 2, 3]) {
    const said = lines
      .slice(Math.max(0, at - before), at)
      .join(" ")
      .slice(-500);
    // Broken over lines, its last one may be nothing but "wrote:".
    if (ATTRIBUTION.test(said) && /[\d@<]/.test(said)) return at - before;
  }
  return at;
}

/** "-- " on a line of its own begins what a program adds. */
function withoutSignature(text: string): string {
  const lines = text.split("\n");
  const at = lines.findLastIndex((line) => line === "--" || line === "-- ");
  return at > 0 && lines.length - at <= 15 ? lines.slice(0, at).join("\n").trim() : text;
}
