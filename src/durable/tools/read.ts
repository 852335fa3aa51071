// read: one page of a text file. A page stays under the smallest cap of a result, so that it is never cut a second time;
// its last line says how to go on. Bytes that are no text are described; a picture is handed on where it can be kept.
import * as z from "zod";
import { ToolFailure } from "../../contract/errors.ts";
import { decodeText } from "./charset.ts";
import type { Tool, ToolContext, ToolResult } from "./port.ts";
import { describeSize, expectValue, toFilePath } from "./workspace-path.ts";

const MAX_PAGE_CHARS = 14_000;
const DEFAULT_LINES = 2000;

export const readInput = z.object({
  path: z.string().min(1),
  offset: z.int().min(1).optional().describe("First line, from 1"),
  limit: z.int().min(1).optional().describe("Lines"),
  column: z.int().min(1).optional().describe("First character of a long line"),
  numbered: z.boolean().optional().describe("Show line numbers"),
});

export const read: Tool<typeof readInput> = {
  name: "read",
  label: "Read a file",
  group: "fs",
  description: "Read a workspace file, page by page.",
  input: readInput,
  isRepeatable: true,
  isParallel: true,
  title: ({ path }) => `Read ${path}`,
  async run(wanted, context) {
    const path = toFilePath(wanted.path);
    const { info, bytes } = expectValue(await context.workspace.read(path));
    return showFile({ path, bytes, details: { version: info.version } }, wanted, context);
  },
};

/** A page of it, a picture, or what it is; wherever it lies. */
export async function showFile(
  { path, bytes, details }: { path: string; bytes: Uint8Array; details?: Record<string, unknown> },
  { offset = 1, limit = DEFAULT_LINES, column = 1, numbered = false }: Omit<z.infer<typeof readInput>, "path">,
  context: ToolContext,
): Promise<ToolResult> {
  const type = sniffType(bytes);
  const text = readText(path, type, bytes);
  if (text === undefined) return describeBytes(path, type ?? "application/octet-stream", bytes, context);
  if (text === "") return { text: `${path} is empty.` };
  const page = cutPage(path, text, { offset, limit, column, isNumbered: numbered });
  return { text: page, details: { path, size: bytes.length, ...details } };
}

/** UTF-8 whatever it holds, and text in another charset where the file's name says that it is text. */
function readText(path: string, type: string | undefined, bytes: Uint8Array): string | undefined {
  if (type !== undefined && type !== "application/octet-stream") return undefined;
  const text = decodeText(bytes, { type: type ?? "", name: path });
  return text ?? (type === undefined ? new TextDecoder().decode(bytes) : undefined);
}

interface Page {
  offset: number;
  limit: number;
  column: number;
  isNumbered: boolean;
}

function cutPage(path: string, text: string, { offset, limit, column, isNumbered }: Page): string {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  if (offset > lines.length) {
    throw new ToolFailure(`${path} has ${lines.length} lines; line ${offset} is after its end. Use a smaller offset.`);
  }
  if (column > 1) return cutLine(lines, offset, column);
  const page: string[] = [];
  let room = MAX_PAGE_CHARS;
  for (const line of lines.slice(offset - 1, offset - 1 + limit)) {
    const shown = isNumbered ? `${offset + page.length}\t${line}` : line;
    if (shown.length + 1 > room) break;
    room -= shown.length + 1;
    page.push(shown);
  }
  if (page.length === 0) return cutLine(lines, offset, 1);
  const end = offset + page.length - 1;
  if (offset === 1 && end === lines.length) return isNumbered ? page.join("\n") : text;
  const next = end < lines.length ? ` Go on with offset ${end + 1}.` : "";
  return `${page.join("\n")}\n\n[Lines ${offset}-${end} of ${lines.length} in ${path}.${next}]`;
}

/** A line that is longer than a page, from a character on. */
function cutLine(lines: readonly string[], offset: number, column: number): string {
  const line = lines[offset - 1] ?? "";
  if (column > line.length)
    throw new ToolFailure(
      `Line ${offset} has ${line.length} characters; column ${column} is after its end. Use a smaller column.`,
    );
  const most = column - 1 + MAX_PAGE_CHARS;
  // No character is cut in two.
  const end = most < line.length && /[\ud800-\udbff]/.test(line[most - 1] ?? "") ? most - 1 : Math.min(most, line.length);
  const more = end < line.length ? ` Go on with offset ${offset}, column ${end + 1}.` : "";
  const next = offset < lines.length ? ` The next line: offset ${offset + 1}.` : "";
  return `${line.slice(column - 1, end)}\n\n[Line ${offset}, characters ${column}-${end} of ${line.length}.${more}${next}]`;
}

async function describeBytes(path: string, type: string, bytes: Uint8Array, context: ToolContext): Promise<ToolResult> {
  const what = `${path}: ${type}, ${describeSize(bytes.length)}`;
  if (!type.startsWith("image/")) return { text: `${what}. Not text, so it is not shown.` };
  if (!context.storeMedia) return { text: `${what}. Pictures cannot be shown here.` };
  const name = path.split("/").at(-1) ?? path;
  return { text: what, media: [await context.storeMedia(bytes, type, name)] };
}

const MAGIC: readonly { type: string; at?: number; bytes: readonly number[] }[] = [
  { type: "image/png", bytes: [0x89, 0x50, 0x4e, 0x47] },
  { type: "image/jpeg", bytes: [0xff, 0xd8, 0xff] },
  { type: "image/gif", bytes: [0x47, 0x49, 0x46, 0x38] },
  { type: "image/webp", at: 8, bytes: [0x57, 0x45, 0x42, 0x50] },
  { type: "application/pdf", bytes: [0x25, 0x50, 0x44, 0x46, 0x2d] },
  { type: "application/zip", bytes: [0x50, 0x4b, 0x03, 0x04] },
  { type: "application/gzip", bytes: [0x1f, 0x8b] },
];

/** The MIME type of bytes that are not text; undefined for text. */
export function sniffType(bytes: Uint8Array): string | undefined {
  const known = MAGIC.find(({ at = 0, bytes: magic }) => magic.every((byte, index) => bytes[at + index] === byte));
  if (known) return known.type;
  const head = bytes.subarray(0, 8192);
  if (head.includes(0)) return "application/octet-stream";
  try {
    // A character cut in two by the end of the head is no fault: `stream` keeps it open.
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(head, { stream: true });
    return undefined;
  } catch {
    return "application/octet-stream";
  }
}
