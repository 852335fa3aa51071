// How long a provider asks to wait: from its headers in every form in use, else from its words.

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** Beyond a day the number is a mistake or a date of another clock. */
const LONGEST = 86_400_000;

export function readRetryAfter(headers: Headers | undefined, text: string, now: number): number | undefined {
  const found = fromHeaders(headers, now) ?? fromWords(text);
  return found === undefined || !Number.isFinite(found) ? undefined : Math.min(LONGEST, Math.max(0, Math.ceil(found)));
}

function fromHeaders(headers: Headers | undefined, now: number): number | undefined {
  const exact = headers?.get("retry-after-ms");
  if (exact && Number.isFinite(Number(exact))) return Number(exact);
  const plain = headers?.get("retry-after")?.trim();
  if (!plain) return undefined;
  if (/^\d+(\.\d+)?$/.test(plain)) return Number(plain) * 1_000;
  const at = Date.parse(plain);
  return Number.isNaN(at) ? fromDuration(plain) : at - now;
}

/** "Please try again in 6m0.5s", "retry after 20 seconds". */
function fromWords(text: string): number | undefined {
  const match =
    /(?:try again|retry|available|reset\w*)\s+(?:in|after)\s+([\d.]+\s*(?:ms|h|m|s)[a-z]*(?:\s*[\d.]+\s*(?:ms|m|s)[a-z]*)*)/i.exec(
      text,
    );
  return match?.[1] ? fromDuration(match[1]) : undefined;
}

function fromDuration(text: string): number | undefined {
  const parts = [...text.matchAll(/([\d.]+)\s*(ms|h|m|s)/gi)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[(unit ?? "s").toLowerCase()] ?? 0), 0);
}
