// ls, find, grep: what is there, by folder, by name and by content. Lists are cut with a note that says so.
import * as z from "zod";
import { GatewayError, ToolFailure } from "../../contract/errors.ts";
import type { FileInfo } from "../../contract/ports/workspace.ts";
import { compileGlob } from "../workspace/files/grep.ts";
import type { Tool } from "./port.ts";
import { describeSize, expectValue, toWorkspacePath } from "./workspace-path.ts";

const MAX_LISTED = 500;
const MAX_FOUND = 200;
const MAX_LINE_CHARS = 400;

const folder = z.string().optional().describe("Folder");

const lsInput = z.object({ path: folder });

export const ls: Tool<typeof lsInput> = {
  name: "ls",
  label: "List a folder",
  group: "fs",
  description: "List a workspace folder.",
  input: lsInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ path }) => `List ${path || "the workspace"}`,
  async run({ path: written = "" }, context) {
    const path = toWorkspacePath(written);
    const entries = expectValue(await context.workspace.list(path)).toSorted(compareEntries);
    if (entries.length === 0) return { text: `${path || "The workspace"} is empty.` };
    const lines = entries.slice(0, MAX_LISTED).map((entry) => describeEntry(entry, path));
    return { text: [...lines, ...noteCut(entries.length, MAX_LISTED, "ls a folder below")].join("\n") };
  },
};

function compareEntries(a: FileInfo, b: FileInfo): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

function describeEntry(entry: FileInfo, folder: string): string {
  const name = folder === "" ? entry.path : entry.path.slice(folder.length + 1);
  if (entry.isDirectory) return `${name}/`;
  const day = new Date(entry.updatedAt).toISOString().slice(0, 16).replace("T", " ");
  return `${name}  ${describeSize(entry.size)}  ${day}${entry.isReadOnly ? "  read-only" : ""}`;
}

const findInput = z.object({
  pattern: z.string().min(1).max(512).describe("Glob, like *.md or src/**/*.ts"),
  path: folder,
  limit: z.int().min(1).max(2000).optional(),
});

export const find: Tool<typeof findInput> = {
  name: "find",
  label: "Find files",
  group: "fs",
  description: "Find files by name. A pattern without / matches in every folder.",
  input: findInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ pattern }) => `Find ${pattern}`,
  async run({ pattern, path: written = "", limit = MAX_FOUND }, context) {
    const path = toWorkspacePath(written);
    const isWanted = readGlob(pattern);
    const entries = expectValue(await context.workspace.list(path, true));
    const found = entries
      .filter((entry) => isWanted(path === "" ? entry.path : entry.path.slice(path.length + 1)))
      .toSorted(compareEntries);
    if (found.length === 0) return { text: `No file matches ${pattern}${path === "" ? "" : ` in ${path}`}.` };
    const lines = found.slice(0, limit).map((entry) => (entry.isDirectory ? `${entry.path}/` : entry.path));
    return { text: [...lines, ...noteCut(found.length, limit, "narrow the pattern or raise limit")].join("\n") };
  },
};

function readGlob(pattern: string): (path: string) => boolean {
  try {
    return compileGlob(pattern);
  } catch (error) {
    throw new ToolFailure(error instanceof GatewayError ? error.message : `${pattern} is no glob; write it like notes/**/*.md.`);
  }
}

const grepInput = z.object({
  pattern: z.string().min(1).max(512).describe("Regular expression"),
  path: z.string().optional().describe("Folder or file"),
  glob: z.string().max(512).optional().describe("Only such files"),
  ignoreCase: z.boolean().optional(),
  literal: z.boolean().optional().describe("Pattern is plain text"),
  context: z.int().min(0).max(10).optional().describe("Lines around"),
  limit: z.int().min(1).max(500).optional().describe("Default 100"),
});

export const grep: Tool<typeof grepInput> = {
  name: "grep",
  label: "Search in files",
  group: "fs",
  description: "Search file contents.",
  input: grepInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ pattern }) => `Search for ${pattern}`,
  async run({ pattern, path: written = "", glob, ignoreCase, literal, context: around = 0, limit = 100 }, context) {
    const path = toWorkspacePath(written);
    const request = {
      pattern,
      limit: limit + 1,
      context: around,
      ...(path === "" ? {} : { path }),
      ...(glob === undefined ? {} : { glob }),
      ...(ignoreCase === undefined ? {} : { isCaseless: ignoreCase }),
      ...(literal === undefined ? {} : { isLiteral: literal }),
    };
    const hits = expectValue(await context.workspace.grep(request));
    if (hits.length === 0) return { text: `Nothing matches ${pattern}.` };
    const lines = hits.slice(0, limit).map((hit) => `${hit.path}:${hit.line}: ${cutLine(hit.text)}`);
    const note = hits.length > limit ? [`[More than ${limit} lines; narrow the search or raise limit.]`] : [];
    return { text: [...lines, ...note].join("\n") };
  },
};

function cutLine(text: string): string {
  return text.length <= MAX_LINE_CHARS ? text : `${text.slice(0, MAX_LINE_CHARS)}…`;
}

function noteCut(count: number, limit: number, advice: string): string[] {
  return count > limit ? [`[${count - limit} more; ${advice}.]`] : [];
}
