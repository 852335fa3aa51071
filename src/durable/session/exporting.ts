// The talk from the outside: what the next request is made of, and the whole transcript as a file.
import type { Brief } from "../../contract/admission.ts";
import type { Entry } from "../../contract/entry.ts";
import { textOf } from "../../contract/message.ts";
import { buildMessages } from "../agent/context.ts";
import { buildSystemPrompt } from "../agent/prompt.ts";
import { estimateMessageTokens, estimateTokens } from "../agent/tokens.ts";
import { selectTools, toolSpecs } from "../tools/list.ts";
import { loadCounted } from "./media/files.ts";
import type { SessionParts } from "./parts.ts";

const PAGE = 1000;

/** Sizes of the parts of the next request, in estimated tokens; what the provider counted last stands beside them. */
export async function describeContext(parts: SessionParts, brief: Brief): Promise<Record<string, string>> {
  const bootstrap = await parts.ports.workspace.bootstrap(undefined, brief.skills);
  if ("unchanged" in bootstrap) throw new Error("A workspace that is asked without a fingerprint answers in full.");
  const tools = selectTools(brief.tools);
  const system = buildSystemPrompt(bootstrap, {
    agentName: brief.agentName,
    sessionKey: brief.sessionKey,
    channel: "webchat",
    timeZone: brief.timeZone,
    now: parts.now(),
    toolNames: tools.map((tool) => tool.name),
  });
  const { windowSeq, contextTokens, contextWindow } = parts.profile.get();
  const messages = await buildMessages(parts.transcript.window(windowSeq), (media) => loadCounted(parts, media), {
    contextWindow: contextWindow ?? 0,
  });
  const files = bootstrap.files.filter((file) => !file.isMissing);
  return {
    "System prompt": `about ${estimateTokens(system.stable)} tokens`,
    ...Object.fromEntries(files.map((file) => [`… ${file.name}`, `about ${estimateTokens(file.text)} tokens`])),
    "… skills": `${bootstrap.skills.filter((skill) => skill.isEnabled).length} offered`,
    Tools: `${tools.length}, about ${estimateTokens(JSON.stringify(toolSpecs(tools)))} tokens`,
    Messages: `${messages.length}, about ${messages.reduce((sum, message) => sum + estimateMessageTokens(message), 0)} tokens`,
    "Counted by the model": contextTokens
      ? `${contextTokens} of ${contextWindow ?? "?"} tokens, answer included`
      : "nothing asked yet",
  };
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
      return `> ${entry.text.replaceAll("\n", "\n> ")}`;
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
