// Whether a mail is from whom it says. Only what Cloudflare's own server found counts: the topmost Authentication-Results,
// above every line that came with the mail. DMARC decides; a domain without it needs a DKIM signature or an SPF result of
// its own name. Whatever could be read in two ways proves nothing.
import type { Proof } from "../channel.ts";
import { fromOf, isAddress, type Mail, withoutTag } from "./mail.ts";

const RECEIVER = "mx.cloudflare.net";
/** Mail servers try for five days. */
const OLDEST_MS = 7 * 86_400_000;
const MAX_RESULTS = 8000;
const CLOCK_SKEW_MS = 86_400_000;

interface Finding {
  method: string;
  result: string;
  properties: Map<string, string>;
}

export function proveSender(mail: Mail, ownAddress: string, now: number): Proof {
  const from = fromOf(mail);
  if (from === undefined) return no("its From names no single plain address");
  if (mail.envelopeFrom === "") return no("it is a bounce");
  if (!isAddress(mail.envelopeFrom)) return no("its envelope names no plain address");
  if (withoutTag(mail.recipient) !== withoutTag(ownAddress)) return no("it came to another address");
  if (!mail.recipients.some((address) => withoutTag(address) === withoutTag(ownAddress))) {
    return no("neither To nor Cc names our address, so it may be a copy of a mail to somebody else");
  }
  if (Number.isNaN(mail.sentAt)) return no("it has no date");
  if (now - mail.sentAt > OLDEST_MS) return no("it was written more than seven days ago");
  if (mail.sentAt - now > CLOCK_SKEW_MS) return no("its date is in the future");
  return proveDomain(mail, from.slice(from.indexOf("@") + 1));
}

function proveDomain(mail: Mail, domain: string): Proof {
  const findings = readFindings(mail);
  if (!findings) return no(`there are no results of ${RECEIVER} above the lines that came with it`);
  const judged = findings.filter(({ method }) => method === "dmarc");
  if (judged.length > 1) return no("it has two DMARC results");
  const [dmarc] = judged;
  if (dmarc?.result === "pass") {
    return dmarc.properties.get("header.from")?.toLowerCase() === domain ? { ok: true } : no("DMARC passed for another domain");
  }
  if (dmarc && dmarc.result !== "none") return no(`DMARC says ${dmarc.result}`);
  const isSigned = signaturesOf(findings).some(
    ({ result, properties }) => result === "pass" && isAligned(properties.get("header.d"), domain),
  );
  if (isSigned) return { ok: true };
  const isSent = findings.some(
    ({ method, result, properties }) =>
      method === "spf" && result === "pass" && properties.get("smtp.mailfrom")?.toLowerCase() === mail.envelopeFrom,
  );
  if (isSent && isAligned(mail.envelopeFrom.split("@")[1], domain)) return { ok: true };
  return no(`neither a DKIM signature nor SPF of ${domain} passed`);
}

/** The domain itself, or the one above it. */
function isAligned(proven: string | undefined, domain: string): boolean {
  const name = proven?.toLowerCase() ?? "";
  return name === domain || (name.includes(".") && domain.endsWith(`.${name}`));
}

/** Only those that stand before SPF's results, whose words are the sender's own. */
function signaturesOf(findings: readonly Finding[]): Finding[] {
  const end = findings.findIndex(({ method }) => method === "spf");
  return findings.slice(0, end < 0 ? undefined : end).filter(({ method }) => method === "dkim");
}

/** Undefined: the receiving server said nothing. */
function readFindings(mail: Mail): Finding[] | undefined {
  const [first] = mail.headers("authentication-results");
  if (first === undefined) return undefined;
  // Each server writes above what it was given: below the second Received begins what came with the mail.
  const second = mail.names.indexOf("received", mail.names.indexOf("received") + 1);
  const end = second < 0 ? mail.names.length : second;
  if (mail.names.indexOf("authentication-results") > end) return undefined;
  const [server = "", ...results] = split(withoutComments(first));
  return server.trim().split(/\s/)[0]?.toLowerCase() === RECEIVER ? results.flatMap(readFinding) : undefined;
}

function readFinding(text: string): Finding[] {
  const [head = "", ...rest] = text.trim().split(/\s+/);
  const [, method, result] = /^([a-z0-9-]+)(?:\/\d+)?=([a-z]+)$/i.exec(head) ?? [];
  if (method === undefined || result === undefined) return [];
  const properties = new Map<string, string>();
  for (const word of rest) {
    const [, name, value] = /^([a-z]+\.[a-z-]+)=(.+)$/i.exec(word) ?? [];
    if (name === undefined || value === undefined) continue;
    // The same name twice: somebody put the second one there.
    if (properties.has(name.toLowerCase())) return [];
    properties.set(name.toLowerCase(), value.replace(/^"(.*)"$/, "$1"));
  }
  return [{ method: method.toLowerCase(), result: result.toLowerCase(), properties }];
}

/** At each ";" that is not in quotes. */
function split(text: string): string[] {
  return text.match(/(?:"(?:[^"\\]|\\.)*"|[^;"]|")+/g) ?? [];
}

/** Comments hold words of the sender: they go, with all that is nested in them. */
function withoutComments(text: string): string {
  let depth = 0;
  let isQuoted = false;
  let plain = "";
  for (const character of text.slice(0, MAX_RESULTS)) {
    if (depth === 0 && character === '"') isQuoted = !isQuoted;
    if (!isQuoted && character === "(") depth += 1;
    else if (!isQuoted && character === ")" && depth > 0) depth -= 1;
    else if (depth === 0) plain += character;
  }
  return plain;
}

function no(reason: string): Proof {
  return { ok: false, reason };
}
