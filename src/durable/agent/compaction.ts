// When a talk outgrows the model's window: where to cut, and what to ask for as a summary. Nothing is deleted:
// the summary is one more entry and the window begins behind it. A call and its result are never separated.
import type { Entry, UserEntry } from "../../contract/entry.ts";
import { textOf } from "../../contract/message.ts";
import type { ModelMessage } from "../models/port.ts";
import { describeFile, MOST_CHARS, mayBeText } from "./attached-text.ts";
import { windowOf } from "./context.ts";
import { authorOf, plainName } from "./envelope.ts";
import { estimateTokens } from "./tokens.ts";

export interface CompactionPlan {
  /** Entries the summary replaces. */
  older: Entry[];
  previousSummary?: string;
  firstKeptSeq: number;
}

/** Longest text of one entry that goes into a summary request, in characters. */
const ENTRY_CHARS = 3000;
const REQUEST_CHARS = 240_000;

export function entryTokens(entry: Entry): number {
  switch (entry.kind) {
    case "user":
      return estimateTokens(textOf(entry.parts)) + entry.parts.length * 4 + mediaTokens(entry);
    case "assistant":
      return estimateTokens(entry.text) + estimateTokens(JSON.stringify(entry.calls)) + 8;
    case "result":
    case "note":
    case "summary":
      return estimateTokens(entry.text) + 8;
    default:
      return entry satisfies never;
  }
}

/** What a message's files may take: as much as would be shown of texts, and a picture's price of others. */
function mediaTokens(entry: UserEntry): number {
  return entry.parts.reduce((sum, part) => {
    if (part.type === "text") return sum;
    return sum + (mayBeText(part.media) ? Math.min(part.media.size, MOST_CHARS) / 3.6 : 1600);
  }, 0);
}

/**
 * Chooses the cut so that about `keepTokens` stay. Answers undefined when there is nothing worth summarising.
 * The first kept entry is a person's message, or an assistant's reply whose results all come after it.
 */
export function planCompaction(entries: readonly Entry[], keepTokens: number): CompactionPlan | undefined {
  const { summary, kept } = windowOf(entries);
  let tokens = 0;
  let cut = kept.length;
  for (let index = kept.length - 1; index >= 0; index--) {
    const entry = kept[index];
    if (!entry) break;
    tokens += entryTokens(entry);
    if (tokens > keepTokens && cut < kept.length) break;
    if (entry.kind === "user" || entry.kind === "assistant") cut = index;
  }
  const first = kept[cut];
  const older = kept.slice(0, cut);
  if (!first || older.every((entry) => entry.kind === "note")) return undefined;
  return { older, firstKeptSeq: first.seq, ...(summary ? { previousSummary: summary.text } : {}) };
}

const INSTRUCTION = `Summarise the talk below so that the assistant can go on from your text alone. Use these headings: Goals, Facts and decisions,
Done, Open questions and next steps, Exact names (paths, ids, addresses, figures: word for word). Leave out pleasantries. Do not invent.`;

/** The request that makes the summary: one message, no tools. */
export function summaryRequest(plan: CompactionPlan, focus?: string): { system: string; messages: ModelMessage[] } {
  const parts = plan.previousSummary ? [`Earlier summary:\n${plan.previousSummary}`] : [];
  parts.push(...plan.older.map(lineOf).filter((line) => line !== ""));
  let text = parts.join("\n\n");
  if (text.length > REQUEST_CHARS) text = `${text.slice(0, REQUEST_CHARS / 3)}\n[…]\n${text.slice((-REQUEST_CHARS * 2) / 3)}`;
  const wish = focus ? `\nPay special attention to: ${focus.slice(0, 800)}` : "";
  return { system: INSTRUCTION + wish, messages: [{ role: "user", parts: [{ type: "text", text }] }] };
}

/** What stands in when no model could write one: the talk's own first lines. Better short than lost. */
export function plainSummary(plan: CompactionPlan): string {
  const lines = plan.older.map(lineOf).filter((line) => line !== "");
  const head = plan.previousSummary ? [plan.previousSummary.slice(0, 6000)] : [];
  return [...head, ...lines.map((line) => line.slice(0, 240)).slice(-60)].join("\n").slice(0, 16_000);
}

function lineOf(entry: Entry): string {
  switch (entry.kind) {
    case "user":
      return [
        ...earlierOf(entry),
        `${personOf(entry)}: ${cutTo([textOf(entry.parts), ...filesOf(entry)].filter(Boolean).join("\n"))}`,
      ].join("\n");
    case "assistant":
      return `Assistant: ${cutTo([entry.text, ...entry.calls.map((call) => `[calls ${call.name} ${JSON.stringify(call.args).slice(0, 600)}]`)].filter(Boolean).join(" "))}`;
    case "result":
      return `Result of ${entry.name}: ${cutTo(entry.text)}`;
    case "note":
      return entry.isForModel ? `Note: ${cutTo(entry.text)}` : "";
    case "summary":
      return "";
    default:
      return entry satisfies never;
  }
}

/** Whoever is not the owner is named: in a group it matters who said what. */
function personOf({ origin, sender }: UserEntry): string {
  return origin && sender && !sender.isOwner ? plainName(sender.name ?? sender.id) : "Person";
}

/** The talk goes on from what stood in its thread before. */
function earlierOf({ earlier = [] }: UserEntry): string[] {
  return earlier.map((said) => `Before, in this thread, ${authorOf(said)}: ${cutTo(said.text)}`);
}

function filesOf(entry: UserEntry): string[] {
  return entry.parts.flatMap((part) => (part.type === "text" ? [] : [`[attached ${part.type}: ${describeFile(part.media)}]`]));
}

function cutTo(text: string): string {
  return text.length <= ENTRY_CHARS ? text : `${text.slice(0, ENTRY_CHARS * 0.7)} […] ${text.slice(-ENTRY_CHARS * 0.3)}`;
}
