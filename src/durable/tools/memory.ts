// memory_search and memory_get: what the agent wrote down in MEMORY.md, USER.md and memory/. Only reading; memories are written
// with write and edit like every other file.
import * as z from "zod";
import { ToolFailure } from "../../contract/errors.ts";
import type { Tool } from "./port.ts";
import { expectValue, toFilePath } from "./workspace-path.ts";

const MAX_HIT_CHARS = 700;
const DEFAULT_LINES = 200;
const MAX_CHARS = 14_000;

const searchInput = z.object({
  query: z.string().min(1),
  maxResults: z.int().min(1).max(50).optional().describe("Default 6"),
});

export const memorySearch: Tool<typeof searchInput> = {
  name: "memory_search",
  label: "Search memory",
  group: "memory",
  description: "Search MEMORY.md and memory/ for earlier facts, people, decisions; use before answering about the past.",
  input: searchInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ query }) => `Search memory for "${query}"`,
  async run({ query, maxResults = 6 }, context) {
    const hits = await context.workspace.memorySearch(query, maxResults);
    if (hits.length === 0) return { text: `Nothing in memory matches "${query}".`, details: { hits: [] } };
    const shown = hits.map((hit) => `${hit.path}:${hit.line}\n${cutText(hit.text.trim(), MAX_HIT_CHARS)}`);
    return { text: shown.join("\n\n"), details: { hits: hits.map(({ path, line, score }) => ({ path, line, score })) } };
  },
};

const getInput = z.object({
  path: z.string().min(1),
  from: z.int().min(1).optional().describe("First line, from 1"),
  lines: z.int().min(1).max(2000).optional(),
});

export const memoryGet: Tool<typeof getInput> = {
  name: "memory_get",
  label: "Read memory",
  group: "memory",
  description: "Read lines around a memory_search hit.",
  input: getInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ path }) => `Read ${path}`,
  async run({ path: written, from = 1, lines = DEFAULT_LINES }, context) {
    const path = toFilePath(written);
    if (!/^(memory\/.+|MEMORY\.md|USER\.md)$/.test(path)) {
      throw new ToolFailure(`${path} is not memory; memory is MEMORY.md, USER.md and memory/. Use read for other files.`);
    }
    const { bytes } = expectValue(await context.workspace.read(path));
    const all = new TextDecoder().decode(bytes).replace(/\n$/, "").split("\n");
    const text = all.slice(from - 1, from - 1 + lines).join("\n");
    if (from > all.length) throw new ToolFailure(`${path} has ${all.length} lines; use a smaller from.`);
    const end = Math.min(from - 1 + lines, all.length);
    const next = end < all.length ? ` Go on with from ${end + 1}.` : "";
    const note = from > 1 || end < all.length ? `\n\n[Lines ${from}-${end} of ${all.length}.${next}]` : "";
    return { text: `${cutText(text, MAX_CHARS)}${note}` };
  },
};

function cutText(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}… [${text.length - limit} more characters]`;
}
