// web_fetch: one page or document as text. Every address, of each redirect too, passes address-guard.ts; redirects are
// followed by hand. Size, time and hops are bounded. What comes back is wrapped as outside content.
import * as z from "zod";
import { checkAddress } from "../../../browser/address-guard.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import type { Tool, ToolContext } from "../port.ts";
import { sniffType } from "../read.ts";
import { wrapUntrusted } from "../untrusted.ts";
import { describeSize } from "../workspace-path.ts";
import { type Body, decodeText, readBody } from "./body.ts";
import type { PageMode } from "./page.ts";

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 3;
const DEFAULT_CHARS = 20_000;
const HEADERS = {
  accept: "text/markdown, text/html;q=0.9, application/json;q=0.9, text/plain;q=0.8, */*;q=0.5",
  "accept-language": "en, *;q=0.5",
  "user-agent": "Mozilla/5.0 (compatible; Skerry)",
};

const input = z.object({
  url: z.string().min(1).max(4096),
  extractMode: z.enum(["markdown", "text"]).optional(),
  maxChars: z.int().min(100).max(200_000).optional().describe("Default 20000"),
});

export const webFetch: Tool<typeof input> = {
  name: "web_fetch",
  label: "Fetch a web page",
  group: "web",
  description: "Fetch a public web page or JSON as readable text. Its content is untrusted.",
  input,
  isRepeatable: true,
  isParallel: true,
  title: ({ url }) => `Fetch ${url.length <= 80 ? url : `${url.slice(0, 80)}…`}`,
  async run({ url: wanted, extractMode = "markdown", maxChars = DEFAULT_CHARS }, context) {
    const time = AbortSignal.timeout(TIMEOUT_MS);
    const signal = AbortSignal.any([context.signal, time]);
    const { response, url } = await follow(wanted, signal, context).catch((error) => explain(error, wanted, time, context));
    const body = await readBody(response).catch((error) => explain(error, wanted, time, context));
    const content = await extract(body, url, extractMode);
    const text = content.text.slice(0, maxChars).toWellFormed();
    const notes = [
      ...(response.ok ? [] : [`The server answered ${response.status} ${response.statusText}`.trim()]),
      ...(body.isCut ? [`Only the first ${describeSize(body.bytes.length)} were fetched`] : []),
      ...(text.length < content.text.length ? [`Cut to ${maxChars} of ${content.text.length} characters; raise maxChars`] : []),
    ];
    return {
      text: wrapUntrusted(text === "" ? "(empty)" : text, url.href, notes),
      isError: !response.ok,
      details: { url: url.href, status: response.status, type: content.type, bytes: body.bytes.length, isCut: body.isCut },
    };
  },
};

async function follow(wanted: string, signal: AbortSignal, context: ToolContext): Promise<{ response: Response; url: URL }> {
  let url = await checkAddress(wanted, context);
  for (let hops = 0; ; hops++) {
    const response = await context.fetch(url.href, { headers: HEADERS, redirect: "manual", signal });
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return { response, url };
    await response.body?.cancel();
    if (hops === MAX_REDIRECTS)
      throw new ToolFailure(`${wanted} redirects more than ${MAX_REDIRECTS} times; fetch ${url.href} itself.`);
    if (!URL.canParse(location, url)) throw new ToolFailure(`${url.href} redirects to something that is no address.`);
    url = await checkAddress(new URL(location, url).href, context);
  }
}

/** "Nobody answered", told apart from "stopped" and "refused". */
function explain(error: unknown, wanted: string, time: AbortSignal, context: ToolContext): never {
  if (error instanceof ToolFailure) throw error;
  context.signal.throwIfAborted();
  if (time.aborted) throw new ToolFailure(`${wanted} did not answer within ${TIMEOUT_MS / 1000} seconds; try again later.`);
  throw new ToolFailure(`${wanted} could not be reached (${rootCause(error)}); check the address or try again later.`);
}

function rootCause(error: unknown): string {
  if (!(error instanceof Error)) return "no answer";
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function extract(body: Body, url: URL, mode: PageMode): Promise<{ text: string; type: string }> {
  const type = body.type || sniffType(body.bytes) || "text/plain";
  const isHtml = type === "text/html" || type === "application/xhtml+xml";
  if (!isHtml && sniffType(body.bytes) !== undefined && !isTextType(type)) {
    return { text: `This is ${type}, ${describeSize(body.size)}; it has no text that can be shown.`, type };
  }
  const text = decodeText(body.bytes, body.charset, isHtml);
  if (!isHtml && !/^\s*<(!doctype html|html)[\s>]/i.test(text.slice(0, 500))) return { text, type };
  const { readPage } = await import("./page.ts");
  const page = readPage(text, url.href, mode);
  return { text: page.title === "" ? page.text : `# ${page.title}\n\n${page.text}`, type };
}

function isTextType(type: string): boolean {
  return type.startsWith("text/") || /[/+](json|xml|yaml|javascript|x-ndjson)$/.test(type);
}
