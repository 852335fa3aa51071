// An answer while it is being written. In a thread of direct messages Slack shows a stream of its own; elsewhere, and where
// it lets us have none, one message is edited (a stream in a channel is seen growing by one person alone). A stream only
// grows: what does not go on where it stopped, or came after Slack closed it, is an edit again. Nothing here must be kept:
// a message whose stream this isolate does not know is edited, and ended first when Slack says that it still streams.

import type { KnownBlock } from "@slack/types";
import type { WebClient } from "@slack/web-api";
import { splitToFit } from "../text/limit.ts";
import { codeOf, outcomeOf } from "./api.ts";
import { guardMarkdown, MAX_TEXT, renderMrkdwn } from "./mrkdwn.ts";

export interface Spot {
  channel: string;
  thread?: string | undefined;
  isDirect: boolean;
}

const REFUSED_FOR_MS = 600_000;
const MAX_STREAMS = 500;

/** What the streams of this isolate show, by message. */
const shown = new Map<string, string>();
/** Rooms in which Slack lets us have no stream, and until when that is believed. */
const withoutStream = new Map<string, number>();

export async function beginDraft(text: string, spot: Spot, api: WebClient, now: number): Promise<string> {
  const { said, isPlain } = readDraft(text);
  if (spot.isDirect && spot.thread !== undefined && isPlain && (withoutStream.get(spot.channel) ?? 0) < now) {
    const started = await startStream(said, spot.channel, spot.thread, api, now);
    if (started !== undefined) return started;
  }
  const thread = spot.thread === undefined ? {} : { thread_ts: spot.thread };
  const posted = await api.chat.postMessage({ channel: spot.channel, text: renderDraft(text), ...thread, ...QUIET });
  return posted.ts ?? "";
}

/** Links get no preview: half of an answer's are sources. */
export const QUIET = { unfurl_links: false, unfurl_media: false };

async function startStream(
  text: string,
  channel: string,
  thread: string,
  api: WebClient,
  now: number,
): Promise<string | undefined> {
  try {
    const { ts = "" } = await api.chat.startStream({ channel, thread_ts: thread, markdown_text: text });
    if (shown.size >= MAX_STREAMS) shown.clear();
    shown.set(`${channel} ${ts}`, text);
    return ts;
  } catch (error) {
    if (outcomeOf(error, false).outcome !== "refused") throw error;
    withoutStream.set(channel, now + REFUSED_FOR_MS);
    return undefined;
  }
}

export async function growDraft(text: string, ts: string, channel: string, api: WebClient): Promise<void> {
  const { said } = readDraft(text);
  const goesOn = async (rest: string) => {
    if (rest !== "") await api.chat.appendStream({ channel, ts, markdown_text: rest });
    shown.set(`${channel} ${ts}`, said);
  };
  if (!(await continueStream(said, ts, channel, goesOn))) await replaceText(renderDraft(text), ts, channel, api);
}

/** The draft becomes the answer. */
export async function endDraft(
  text: string,
  ts: string,
  channel: string,
  api: WebClient,
  blocks: KnownBlock[] | undefined,
): Promise<void> {
  const ends = async (rest: string) => {
    await api.chat.stopStream({ channel, ts, ...(rest === "" ? {} : { markdown_text: rest }) });
    shown.delete(`${channel} ${ts}`);
  };
  if (blocks || !(await continueStream(guardMarkdown(text), ts, channel, ends)))
    await replaceText(renderMrkdwn(text), ts, channel, api, blocks);
}

/** Says what comes after what is shown; false when nothing can follow it, or Slack has closed the stream. */
async function continueStream(text: string, ts: string, channel: string, say: (rest: string) => Promise<void>): Promise<boolean> {
  const before = shown.get(`${channel} ${ts}`);
  if (before === undefined || !text.startsWith(before)) return false;
  try {
    await say(text.slice(before.length));
    return true;
  } catch (error) {
    if (outcomeOf(error, true).outcome !== "refused") throw error;
    return false;
  }
}

/** Puts a text in a message's place. One that still streams is ended first. */
export async function replaceText(
  text: string,
  ts: string,
  channel: string,
  api: WebClient,
  blocks?: KnownBlock[],
): Promise<void> {
  const update = () => api.chat.update({ channel, ts, text, parse: "none", ...(blocks ? { blocks } : {}) });
  if (shown.has(`${channel} ${ts}`)) await stopStream(ts, channel, api);
  try {
    await update();
  } catch (error) {
    if (codeOf(error) !== "streaming_state_conflict") throw error;
    await stopStream(ts, channel, api);
    await update();
  }
}

/** It may have ended by itself: Slack closes one after some minutes. */
export async function stopStream(ts: string, channel: string, api: WebClient): Promise<void> {
  try {
    await api.chat.stopStream({ channel, ts });
  } catch (error) {
    if (outcomeOf(error, true).outcome !== "refused") throw error;
  }
  shown.delete(`${channel} ${ts}`);
}

export function isStreaming(ts: string, channel: string): boolean {
  return shown.has(`${channel} ${ts}`);
}

/** The words alone: the line that says what is being done, and the mark of a cut, will not stay where they are. */
function readDraft(text: string): { said: string; isPlain: boolean } {
  const words = text.replace(/(?:^|\n\n)[^\n]* …$/, "").replace(/…$/, "");
  return { said: guardMarkdown(words), isPlain: words === text && words !== "" };
}

function renderDraft(text: string): string {
  const rendered = renderMrkdwn(text);
  if (rendered.length <= MAX_TEXT) return rendered;
  const [first = ""] = splitToFit(text, { textLimit: MAX_TEXT, chunkMode: "length" }, renderMrkdwn);
  return renderMrkdwn(first);
}
