// What a session asks of a new browser of the binding: which domains alone it may reach, and which private hosts all the same.
import type { IncomingMessage } from "node:http";
import * as z from "zod";

const MOST_BYTES = 64 * 1024;

const names = z.array(z.string().max(255)).max(200).default([]);
const wish = z.object({
  guardrails: z.object({ allowedDomains: names }).prefault({}),
  /** Known here alone: at Cloudflare there are no private hosts to reach. */
  allowedHosts: names,
});

/** Undefined: it cannot be read. */
export function readRules(text: string): { allowedDomains: string[]; allowedHosts: string[] } | undefined {
  try {
    const { guardrails, allowedHosts } = wish.parse(text === "" ? {} : JSON.parse(text));
    // What is below a domain is part of it in our own rules.
    return { allowedDomains: guardrails.allowedDomains.filter((domain) => !domain.startsWith("*.")), allowedHosts };
  } catch {
    return undefined;
  }
}

export async function readBody(asked: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of asked as AsyncIterable<Buffer>) {
    size += part.length;
    if (size > MOST_BYTES) throw new Error("The request is too large.");
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}
