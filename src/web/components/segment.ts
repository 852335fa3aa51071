// One group of the transcript: a message with what became of it, a line of work, an answer with its foot, a note.
import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import type { MessageItem, NoteItem } from "../../client/view-items.ts";
import type { MediaRef } from "../../contract/message.ts";
import { copy, warning } from "../pictures/icons.ts";
import type { ChatRoom } from "../state/chat-room.ts";
import type { Desk } from "../state/desk.ts";
import type { Segment } from "../state/segments.ts";
import { clockOf } from "../state/times.ts";
import { describeUsage } from "../state/usage.ts";
import { copyText } from "./markdown.ts";
import "./markdown.ts";
import "./thinking.ts";
import "./tool-call.ts";

export function renderSegment(segment: Segment, room: ChatRoom, desk: Desk | undefined): TemplateResult {
  switch (segment.kind) {
    case "said":
      return renderSaid(segment.item, room, desk?.link.phase === "ready");
    case "work":
      return html`<div class="work">
        ${repeat(
          segment.items,
          (item) => item.key,
          (item) =>
            item.kind === "call"
              ? html`<sk-tool-call .item=${item}></sk-tool-call>`
              : html`<sk-thinking .item=${item}></sk-thinking>`,
        )}
      </div>`;
    case "answer":
      return html`<article class="answer" aria-label="Answer">
        <sk-markdown .text=${segment.item.text} .isLive=${segment.item.isStreaming}></sk-markdown>
        ${renderMedia(segment.item.media)} ${segment.isLast ? renderFoot(segment.item, room, desk) : nothing}
      </article>`;
    case "note":
      return renderNote(segment.item);
    default:
      return segment satisfies never;
  }
}

function renderSaid(item: MessageItem, room: ChatRoom, isConnected: boolean): TemplateResult {
  const { state } = item;
  const isPending = state === "sending" || state === "queued";
  const isFailed = state === "unsent" || state === "failed";
  const style = isFailed ? "said is-failed" : isPending || state === "dropped" ? "said is-pending" : "said";
  return html`<article class=${style} aria-label="You said">
    <div class="said-text" dir="auto">${item.text}</div>
    ${renderMedia(item.media)} ${renderState(item, room, isConnected)}
  </article>`;
}

function renderState(item: MessageItem, room: ChatRoom, isConnected: boolean): TemplateResult | typeof nothing {
  const { state } = item;
  switch (state) {
    case undefined:
    case "done":
    case "working":
      return nothing;
    case "sending":
      return isConnected ? nothing : html`<p class="said-state">Kept here until the connection is back</p>`;
    case "queued":
      return html`<p class="said-state">Waiting its turn</p>`;
    case "steered":
      return html`<p class="said-state">Passed on to the turn under way</p>`;
    case "failed":
      return html`<p class="said-state">
        <span class="is-bad">${item.reason ?? "Not answered."}</span>
        <button type="button" class="link-button" @click=${() => room.sayAgain(item)}>Send again</button>
      </p>`;
    case "dropped":
    case "unsent":
      return html`<p class="said-state">
        <span class=${state === "unsent" ? "is-bad" : ""}>${item.reason ?? "Not taken."}</span>
        <button type="button" class="link-button" @click=${() => room.sayAgain(item)}>Send again</button>
        <button type="button" class="link-button" @click=${() => room.dismiss(item)}>Remove</button>
      </p>`;
    default:
      return state satisfies never;
  }
}

function renderFoot(item: MessageItem, room: ChatRoom, desk: Desk | undefined): TemplateResult {
  const usage = room.usageOf(item);
  const facts = [
    clockOf(item.at),
    item.stopReason === "aborted" ? "stopped" : "",
    item.stopReason === "length" ? "cut at the model's longest answer" : "",
    nameModel(item.model),
    usage && usage.input + usage.output > 0 ? describeUsage(usage) : "",
  ].filter((fact) => fact !== "");
  const copyAnswer = async () => {
    if (await copyText(item.text)) desk?.say("Copied.");
    else desk?.say("This browser does not let pages copy. Select the text and copy it by hand.", "error");
  };
  return html`<footer class="turn-foot">
    <button type="button" aria-label="Copy the answer" title="Copy" @click=${copyAnswer}>${copy}</button>
    ${facts.map((fact) => html`<span>${fact}</span>`)}
  </footer>`;
}

/** The model's name without its provider; nothing when an answer was stopped before it was known. */
function nameModel(ref: string | undefined): string {
  const name = ref?.includes("/") ? ref.slice(ref.indexOf("/") + 1) : (ref ?? "");
  return name === "unknown" ? "" : name;
}

function renderNote(item: NoteItem): TemplateResult {
  switch (item.tone) {
    case "summary":
      return html`<details class="fold">
        <summary class="mark">Earlier messages were summarised</summary>
        <sk-markdown .text=${item.text}></sk-markdown>
      </details>`;
    case "error":
      return html`<div class="note note-bad">${warning}<span>${item.text}</span></div>`;
    case "info":
      if (item.label === "new") return html`<p class="mark">${item.text}</p>`;
      if (item.label === "failed" || item.label === "parked") return renderNote({ ...item, tone: "error" });
      return html`<div class="note">
        ${item.label?.startsWith("/") ? html`<code class="note-label">${item.label}</code>` : nothing}
        <sk-markdown .text=${item.text}></sk-markdown>
      </div>`;
    default:
      return item.tone satisfies never;
  }
}

function renderMedia(media: readonly MediaRef[]): TemplateResult | typeof nothing {
  if (media.length === 0) return nothing;
  return html`<ul class="media">
    ${media.map((file) => html`<li>${file.name ?? file.type}, ${describeSize(file.size)}</li>`)}
  </ul>`;
}

function describeSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  return bytes < 1024 * 1024 ? `${Math.round(bytes / 1024)} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
