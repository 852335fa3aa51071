// What may go with a message, and the words for what may not. Pure. The Gateway measures again and reads the type from
// the bytes; this is here so that nobody waits for an upload that will be refused.
import type { MediaRef } from "../../contract/message.ts";

const MB = 1024 * 1024;
export const MAX_FILE_BYTES = 20 * MB;
export const MAX_IMAGE_BYTES = 6 * MB;
export const MAX_FILES = 10;

/** Pictures that browsers show in place and models read. */
const SHOWN_PICTURE = /^image\/(?:png|jpeg|gif|webp)$/;
/** Pictures by name or type that no model reads as they are. */
const UNREADABLE_PICTURE = /^image\/(?:heic|heif|tiff|x-icon|vnd\.microsoft\.icon|svg\+xml|avif|bmp)/;

const MAY_BE_TEXT = /^$|^text\/|^application\/(?:json|xml|x-ndjson|yaml|x-yaml|toml|sql|javascript|x-sh|rtf)|\+(?:json|xml)/;

export interface FileFacts {
  name: string;
  type: string;
  size: number;
}

/** Why the file cannot go along; undefined when it can. */
export function refuseFile({ name, type, size }: FileFacts): string | undefined {
  if (size === 0) return `${name} is empty, or a folder. Choose a file with something in it.`;
  if (UNREADABLE_PICTURE.test(type)) {
    return `${name} is a picture of a kind that models cannot read. Save it as PNG or JPEG and add it again.`;
  }
  if (type.startsWith("image/") && size > MAX_IMAGE_BYTES) {
    return `${name} has ${describeSize(size)}; a picture may have 6 MB. Make it smaller and add it again.`;
  }
  if (size > MAX_FILE_BYTES) return `${name} has ${describeSize(size)}; a file may have 20 MB. Send a smaller one.`;
  return undefined;
}

export function isShownPicture(type: string): boolean {
  return SHOWN_PICTURE.test(type);
}

/**
 * What the model will make of files of these types, in a sentence; undefined when it takes them as they are. `reads`: what
 * it takes beside text; undefined while that is not known.
 */
export function describeReading(
  types: readonly string[],
  reads: readonly string[] | undefined,
  model: string,
): string | undefined {
  const name = model.split("/").slice(1).join("/") || model;
  const has = (isSuch: (type: string) => boolean) => types.some(isSuch);
  if (reads && !reads.includes("image") && has((type) => type.startsWith("image/"))) {
    return `${name} cannot see pictures: it will only be told that there is one. Choose another model below to have it looked at.`;
  }
  if (reads && !reads.includes("document") && has((type) => type === "application/pdf")) {
    return `${name} cannot read PDF files: it will only be told that there is one. Choose another model below, or send the text.`;
  }
  if (has((type) => !type.startsWith("image/") && type !== "application/pdf" && !MAY_BE_TEXT.test(type))) {
    return "Of files that are no text, picture or PDF the model is told the name, the kind and the size; its tools can open them.";
  }
  return undefined;
}

/** What a file is, in a word: of its type, else of its name. */
export function describeKind(type: string, name: string): string {
  if (type.startsWith("text/plain")) return nameEnding(name) ?? "text";
  const kind = type.split(";")[0]?.split("/")[1] ?? "";
  if (kind === "" || kind === "octet-stream") return nameEnding(name) ?? "file";
  return kind.length > 10 ? (nameEnding(name) ?? "file") : kind.toUpperCase();
}

export function describeSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < MB ? `${Math.round(bytes / 1024)} KB` : `${(bytes / MB).toFixed(1)} MB`;
}

/** Where the page gets a stored file; the login cookie opens it. */
export function addressOf({ key, name }: MediaRef): string {
  const query = name === undefined ? "" : `?${new URLSearchParams({ name })}`;
  return `/media/${key.replace(/^media\//, "")}${query}`;
}

function nameEnding(name: string): string | undefined {
  return /\.([a-z0-9]{1,8})$/i.exec(name)?.[1]?.toUpperCase();
}
