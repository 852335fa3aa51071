// Content of a message, in either API's words: a text, or parts of text, pictures and files. Pictures and files come
// as data: URLs and are stored once; an address of the web is never fetched from here.
import * as z from "zod";
import { ApiRefused, GatewayError } from "../../contract/errors.ts";
import type { MediaRef, Part } from "../../contract/message.ts";
import { fromBase64Url } from "../../durable/gateway/access/secrets.ts";
import { invalid, unsupported } from "./refusals.ts";

export type RawPart = { type: "text"; text: string } | { type: "image" | "file"; base64: string; name?: string; param: string };

export type Store = (bytes: Uint8Array<ArrayBuffer>, name?: string) => Promise<MediaRef>;

/** A row holds 2 MB, and a message lies in it with what belongs to it. */
const MAX_TEXT_BYTES = 1_000_000;

const filePart = z.looseObject({ file_data: z.string().nullish(), filename: z.string().nullish() });
const contentPart = z.looseObject({
  type: z.string(),
  text: z.string().nullish(),
  refusal: z.string().nullish(),
  image_url: z.union([z.string(), z.looseObject({ url: z.string() })]).nullish(),
  file: filePart.nullish(),
  file_data: z.string().nullish(),
  filename: z.string().nullish(),
});
type ContentPart = z.infer<typeof contentPart>;

export const content = z.union([z.string(), z.array(contentPart)]).nullish();
export type Content = z.infer<typeof content>;

/** @throws ApiRefused at a part that cannot be taken. */
export function readParts(value: Content, param: string): RawPart[] {
  if (value === null || value === undefined) return [];
  const parts =
    typeof value === "string"
      ? [{ type: "text" as const, text: value }]
      : value.map((part, index) => readPart(part, `${param}[${index}]`));
  const text = textOf(parts);
  if (text.length > MAX_TEXT_BYTES || new TextEncoder().encode(text).length > MAX_TEXT_BYTES) {
    throw invalid("One message may hold 1 MB of text; send the rest as a file.", param, "string_above_max_length");
  }
  return parts.filter((part) => part.type !== "text" || part.text.trim() !== "");
}

export function textOf(parts: readonly RawPart[]): string {
  return parts.flatMap((part) => (part.type === "text" ? [part.text] : [])).join("\n\n");
}

function readPart(part: ContentPart, param: string): RawPart {
  switch (part.type) {
    case "text":
    case "input_text":
    case "output_text":
      return { type: "text", text: part.text ?? "" };
    case "refusal":
      return { type: "text", text: part.refusal ?? "" };
    case "image_url":
    case "input_image": {
      const url = typeof part.image_url === "string" ? part.image_url : part.image_url?.url;
      return { type: "image", base64: readDataUrl(url, `${param}.image_url`), param };
    }
    case "file":
    case "input_file": {
      const file = part.file ?? part;
      const name = file.filename ?? undefined;
      return {
        type: "file",
        base64: readDataUrl(file.file_data ?? undefined, `${param}.file_data`),
        param,
        ...(name ? { name } : {}),
      };
    }
    default:
      throw unsupported(`Content of type "${part.type}" cannot be taken; send text, image_url or file.`, param);
  }
}

function readDataUrl(url: string | undefined, param: string): string {
  if (url === undefined)
    throw invalid("The bytes are missing: send them as a data: URL with base64.", param, "missing_required_parameter");
  if (/^https?:/i.test(url)) {
    throw invalid("Addresses of the web are not fetched; send the picture or file itself as a data: URL with base64.", param);
  }
  const base64 = /^data:[^,]*;base64,(.*)$/is.exec(url)?.[1];
  if (base64 === undefined) throw invalid("This is no data: URL with base64.", param);
  return base64;
}

/** Stores what is no text. The same bytes twice are stored once. */
export async function storeParts(parts: readonly RawPart[], store: Store): Promise<Part[]> {
  const stored: Part[] = [];
  for (const part of parts) stored.push(part.type === "text" ? part : await storePart(part, store));
  return stored;
}

async function storePart(part: Exclude<RawPart, { type: "text" }>, store: Store): Promise<Part> {
  const bytes = fromBase64Url(part.base64.replace(/\s+/g, ""));
  if (!bytes) throw invalid("This is no base64.", part.param);
  try {
    const media = await store(bytes, part.name);
    const isImage = media.type.startsWith("image/");
    if (part.type === "image" && !isImage)
      throw invalid("The bytes are no picture; send PNG, JPEG, GIF or WebP.", part.param, "invalid_image_format");
    return { type: isImage ? "image" : "file", media };
  } catch (error) {
    if (error instanceof ApiRefused || !(error instanceof GatewayError)) throw error;
    throw invalid(error.message, part.param);
  }
}
