// What doing something in a browser comes to: our words, the page's words, files. The page's words are told apart, because the
// model must know that others wrote them.

import { ToolFailure } from "../contract/errors.ts";
import type { HandedTab } from "../contract/home/browser.ts";

export interface BrowserFile {
  name: string;
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

export interface BrowserAnswer {
  notes: string[];
  content?: string;
  url?: string;
  files?: BrowserFile[];
  /** Of a hand-off: the tab's name from now on. */
  tab?: string;
  /** Handed to a person by a page of our own. */
  handed?: HandedTab;
}

/** Of a file on its way to or from a page. */
export const MOST_FILE_BYTES = 20 * 1024 * 1024;

/** What is said of a file that is larger. */
export function tooLarge(name: string): ToolFailure {
  return new ToolFailure(`${name} is larger than ${MOST_FILE_BYTES / 1024 / 1024} MB, which is the most that can be passed on.`);
}

/** Bytes of base64, as the protocol carries them. */
export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export function base64Of(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

const MOST_NOTES = 30;
const MOST_NOTE = 1000;
const MOST_FAILURE = 4000;
const MOST_URL = 4096;

/** What a page can make as long as it likes, at a length that passes every line on its way. */
export function bounded(answer: BrowserAnswer): BrowserAnswer {
  const { notes, url } = answer;
  const more = notes.length - MOST_NOTES;
  return {
    ...answer,
    notes: [
      ...notes.slice(0, MOST_NOTES).map((note) => cutTo(note, MOST_NOTE)),
      ...(more > 0 ? [`And ${more} more of these.`] : []),
    ],
    ...(url === undefined ? {} : { url: cutTo(url, MOST_URL) }),
  };
}

/** The same for a failure and what happened beside it. */
export function boundedFailure(message: string, notes: readonly string[]): string {
  return cutTo([cutTo(message, MOST_FAILURE / 2), ...notes].join(" "), MOST_FAILURE);
}

function cutTo(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).toWellFormed()}…`;
}

/** One line without marks that look like ours: `[e5]` means a ref only where we wrote it. */
export function plain(text: string, most: number): string {
  const line = text
    .replace(/\s+/g, " ")
    .trim()
    .replace(/\[(e\d+)\]/gi, "($1)");
  return line.length <= most ? line : `${line.slice(0, most).toWellFormed()}…`;
}
