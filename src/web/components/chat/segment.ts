// One group of the transcript: a message with what became of it, a line of work, an answer with its foot, a note.
import { html, nothing, type TemplateResult } from "lit";
import { guard } from "lit/directives/guard.js";
import { repeat } from "lit/directives/repeat.js";
import type { CallItem, MessageItem, NoteItem, ThinkingItem } from "../../../client/view-items.ts";
import { copy, warning } from "../../pictures/icons.ts";
import type { ChatRoom } from "../../state/chat-room.ts";
import type { Desk } from "../../state/desk.ts";
import type { Segment, ShownLevels } from "../../state/segments.ts";
import { clockOf } from "../../state/times.ts";
import { describeUsage } from "../../state/usage.ts";
import { placeOfCall } from "../../talk/transcript-search.ts";
import { copyText } from "./markdown.ts";
import { renderMedia } from "./media.ts";
import "./markdown.ts";
import "./thinking.ts";
import "./tool-call.ts";

/** What has not changed is not looked at again: of a thousand messages one grows. */
export function renderSegment(segment: Segment, room: ChatRoom, desk: Desk | undefined, levels: ShownLevels): unknown {
  switch (segment.kind) {
    case "said": {
      const { item } = segment;
      const isConnected = desk?.link.phase === "ready";
      return guard([item, isConnected], () => renderSaid(item, room, desk, isConnected));
    }
    case "work":
      return guard([...segment.items, levels.reasoning, levels.verbose], () => renderWork(segment.items, levels));
    case "answer": {
      const { item, isLast } = segment;
      return guard([item, isLast && room.usageOf(item), isLast], () => renderAnswer(item, isLast, room, desk));
    }
    case "note":
      return guard([segment.item], () => renderNote(segment.item));
    default:
      return segment satisfies never;
  }
}

function renderWork(items: readonly (CallItem | ThinkingItem)[], levels: ShownLevels): TemplateResult {
  return html`<div class="work" data-part>
    ${repeat(
      items,
      (item) => item.key,
      (item) =>
        item.kind === "call"
          ? html`<sk-tool-call data-hit=${placeOfCall(item)} .item=${item} .isFull=${levels.verbose === "full"}></sk-tool-call>`
          : html`<sk-thinking .item=${item} .isFollowed=${levels.reasoning === "stream"}></sk-thinking>`,
    )}
  </div>`;
}

function renderAnswer(item: MessageItem, isLast: boolean, room: ChatRoom, desk: Desk | undefined): TemplateResult {
  return html`<article class="answer" aria-label="Answer" data-part data-seq=${item.seq ?? nothing}>
    <sk-markdown .text=${item.text} .isLive=${item.isStreaming}></sk-markdown>
    ${renderMedia(item.media)} ${isLast ? renderFoot(item, room, desk) : nothing}
  </article>`;
}

function renderSaid(item: MessageItem, room: ChatRoom, desk: Desk | undefined, isConnected: boolean): TemplateResult {
  const { state } = item;
  const isPending = state === "sending" || state === "queued";
  const isFailed = state === "unsent" || state === "failed";
  const style = isFailed ? "said is-failed" : isPending || state === "dropped" ? "said is-pending" : "said";
  return html`<article class=${style} aria-label="You said" data-part data-seq=${item.seq ?? nothing}>
    ${renderMedia(item.media)}
    ${
      item.text === ""
        ? nothing
        : html`<div class="said-row">
            ${renderCopy(item.text, "Copy your message", desk)}
            <div class="said-text" dir="auto">${item.text}</div>
          </div>`
    }
    ${renderState(item, room, isConnected)}
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
  return html`<footer class="turn-foot">
    ${renderCopy(item.text, "Copy the answer", desk)}
    ${facts.map((fact) => html`<span>${fact}</span>`)}
  </footer>`;
}

function renderCopy(text: string, name: string, desk: Desk | undefined): TemplateResult {
  const copyIt = async () => {
    if (await copyText(text)) desk?.say("Copied.");
    else desk?.say("This browser does not let pages copy. Select the text and copy it by hand.", "error");
  };
  return html`<button type="button" class="copy" aria-label=${name} title="Copy" @click=${copyIt}>${copy}</button>`;
}

/** The model's name without its provider; nothing when an answer was stopped before it was known. */
function nameModel(ref: string | undefined): string {
  const name = ref?.includes("/") ? ref.slice(ref.indexOf("/") + 1) : (ref ?? "");
  return name === "unknown" ? "" : name;
}

function renderNote(item: NoteItem): TemplateResult {
  switch (item.tone) {
    case "summary":
      return html`<details class="recap" data-part>
        <summary class="mark">Earlier messages were summarised</summary>
        <sk-markdown .text=${item.text}></sk-markdown>
      </details>`;
    case "error":
      return html`<div class="note note-bad" data-part data-seq=${item.seq ?? nothing}>${warning}<span>${item.text}</span></div>`;
    case "info":
      if (item.label === "new") return html`<p class="mark" data-part>${item.text}</p>`;
      if (item.label === "failed" || item.label === "parked") return renderNote({ ...item, tone: "error" });
      return html`<div class="note" data-part data-seq=${item.seq ?? nothing}>
        ${item.label?.startsWith("/") ? html`<code class="note-label">${item.label}</code>` : nothing}
        <sk-markdown .text=${item.text}></sk-markdown>
      </div>`;
    default:
      return item.tone satisfies never;
  }
}
