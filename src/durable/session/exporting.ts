// The talk from the outside: what the next request is made of, and the whole transcript as a file.
import type { Brief } from "../../contract/admission.ts";
import type { Entry } from "../../contract/entry.ts";
import { textOf } from "../../contract/message.ts";
import { buildMessages } from "../agent/context.ts";
import { buildSystemPrompt } from "../agent/prompt.ts";
import { estimateMessageTokens, estimateTokens } from "../agent/tokens.ts";
import { HAND_OFF, hideAddress } from "../hand-off-link.ts";
import type { ModelMessage } from "../models/port.ts";
import { toolSpecs, toolsFor } from "../tools/list.ts";
import { choiceOf, count, describeShare } from "./describing.ts";
import { loadCounted } from "./media/files.ts";
import type { SessionParts } from "./parts.ts";

const PAGE = 1000;

const LARGEST = 5;

/**
 * Sizes of the parts of the next request, in estimated tokens; what the provider counted last stands beside them.
 * `isDetailed`: each file and tool, and the largest messages.
 */
export async function describeContext(parts: SessionParts, brief: Brief, isDetailed: boolean): Promise<Record<string, string>> {
  const bootstrap = await parts.ports.workspace.bootstrap(undefined, brief.skills);
  if ("unchanged" in bootstrap) throw new Error("A workspace that is asked without a fingerprint answers in full.");
  const tools = toolsFor(brief);
  const system = buildSystemPrompt(bootstrap, {
    agentName: brief.agentName,
    sessionKey: brief.sessionKey,
    channel: "webchat",
    timeZone: brief.timeZone,
    now: parts.now(),
    toolNames: tools.map((tool) => tool.name),
  });
  const { windowSeq, contextTokens } = parts.profile.get();
  const contextWindow = choiceOf(parts, brief).models[0]?.contextWindow;
  const entries = parts.transcript.window(windowSeq);
  const built = await buildMessages(entries, (media) => loadCounted(parts, media), {
    contextWindow: contextWindow ?? 0,
    timeZone: brief.timeZone,
  });
  const messages = built.map((message, at) => ({
    what: `#${at + 1} ${nameMessage(message)}`,
    tokens: estimateMessageTokens(message),
  }));
  const files = bootstrap.files
    .filter((file) => !file.isMissing)
    .map((file) => ({ what: file.name, tokens: estimateTokens(file.text) }));
  const specs = toolSpecs(tools).map((spec) => ({ what: spec.name, tokens: estimateTokens(JSON.stringify(spec)) }));
  const systemTokens = estimateTokens(system.stable) + estimateTokens(system.volatile);
  const offered = bootstrap.skills.filter((skill) => skill.isEnabled).length;
  const largest = messages.toSorted((a, b) => b.tokens - a.tokens).slice(0, LARGEST);
  const total = systemTokens + sumOf(specs) + sumOf(messages);
  const detail = (rows: readonly Sized[]) =>
    isDetailed ? `  \n${rows.map(({ what, tokens }) => `${what} ${count(tokens)}`).join(" · ")}` : "";
  return {
    "Next request": `about ${describeShare(total, contextWindow)}, before what you write`,
    "System prompt": `${count(systemTokens)}, of which ${count(sumOf(files))} in ${files.length} files; ${offered} skills offered${detail(files)}`,
    Tools: `${count(sumOf(specs))} for ${specs.length} tools${detail(specs)}`,
    Messages: `${count(sumOf(messages))} for ${messages.length} messages${windowSeq > 1 ? "; older ones are not sent any more" : ""}${detail(largest)}`,
    "Counted by the model": contextTokens
      ? `${describeShare(contextTokens, contextWindow)}, its latest answer included`
      : "nothing asked yet",
    ...(isDetailed ? {} : { More: "/context detail names each file, each tool and the largest messages" }),
  };
}

interface Sized {
  what: string;
  tokens: number;
}

function sumOf(rows: readonly Sized[]): number {
  return rows.reduce((sum, { tokens }) => sum + tokens, 0);
}

/** "result of exec", "you “What is on the …”". */
function nameMessage(message: ModelMessage): string {
  switch (message.role) {
    case "user":
      return `you “${firstWords(message.parts.flatMap((part) => (part.type === "text" && !part.text.startsWith("<<<") ? [part.text] : [])).join(" "))}”${message.parts.length > 1 ? " with files" : ""}`;
    case "assistant":
      return `agent “${firstWords(message.text || message.calls.map((call) => call.name).join(", "))}”`;
    case "tool":
      return `result of ${message.name}`;
    default:
      return message satisfies never;
  }
}

function firstWords(text: string): string {
  // What would be read as formatting is left out.
  const line = text
    .replace(/[*_`~<>[\]|\\]/g, "")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > 40 ? `${line.slice(0, 39)}…` : line;
}

/** Writes the whole talk, what was summarised included, as Markdown into the workspace. */
export async function exportTalk(parts: SessionParts, path: string): Promise<string> {
  const day = new Date(parts.now()).toISOString().slice(0, 10);
  const target = path || `exports/${parts.ports.sessionKey.replace(/[^a-z0-9]+/gi, "-")}-${day}.md`;
  const lines = [`# ${parts.profile.get().title ?? parts.ports.sessionKey}`];
  for (let afterSeq = 0, hasMore = true; hasMore; ) {
    const page = parts.transcript.page({ limit: PAGE, afterSeq });
    lines.push(...page.entries.map(chapterOf).filter((text) => text !== ""));
    afterSeq = page.entries.at(-1)?.seq ?? afterSeq;
    hasMore = page.hasMore;
  }
  const written = await parts.ports.workspace.write(target, new TextEncoder().encode(`${lines.join("\n\n")}\n`));
  return written.ok
    ? `The talk is in \`${written.value.path}\` (${written.value.size} bytes).`
    : `Not exported: ${written.error.message}`;
}

function chapterOf(entry: Entry): string {
  const at = new Date(entry.at).toISOString().slice(0, 16).replace("T", " ");
  switch (entry.kind) {
    case "user":
      return `## You, ${at}\n\n${textOf(entry.parts) || "(attachment)"}`;
    case "assistant": {
      const calls = entry.calls.map((call) => `- \`${call.name}\` \`${JSON.stringify(call.args)}\``);
      return [`## ${entry.model}, ${at}`, entry.text, calls.join("\n")].filter((text) => text !== "").join("\n\n");
    }
    case "result":
      return `Result of \`${entry.name}\` (${entry.outcome}):\n\n${fenced(entry.text)}`;
    case "note":
      return `> ${(entry.label === HAND_OFF ? hideAddress(entry.text) : entry.text).replaceAll("\n", "\n> ")}`;
    case "summary":
      return `Summary of what is above:\n\n${fenced(entry.text)}`;
    default:
      return entry satisfies never;
  }
}

/** A code block whose fence is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
