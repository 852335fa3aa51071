// What the demo says: about itself, and about the results of the calls it made.

import { readNames } from "./introduction.ts";
import type { DemoPlan, DemoResult, DemoTurn } from "./talk.ts";

const WHAT_I_AM =
  "I am Skerry's built-in **demo model**: a small script, not an AI. I am here so that you can see every part work before you fetch a key.";
const BETTER =
  "For a real model, give a key in the page (**Control**, then **Models and keys**), or start with `ANTHROPIC_API_KEY` or `OPENAI_API_KEY` set.";
const EXAMPLES = [
  "list the files",
  "read SOUL.md",
  'write "buy milk" to todo.md',
  "remember that I like tea",
  "what do you remember about tea?",
  "what time is it?",
  "fetch https://example.com",
  "run `echo hello | tr a-z A-Z`",
];
const MAX_SHOWN = 2_000;
const MAX_PAGE = 900;

export function tellResults(turn: DemoTurn, plan: DemoPlan): string {
  const results = turn.batches.flatMap((batch) => batch.results);
  const failed = results.find((result) => result.isError && !(plan.topic === "remember" && result.name === "read"));
  if (failed) return `That did not work: ${cut(failed.text, MAX_PAGE)}`;
  const first = results[0];
  switch (plan.topic) {
    case "help":
      return `${WHAT_I_AM}\n\nTry one of these:\n\n${examples()}\n\n${BETTER}`;
    case "greeting":
      return turn.isFirstRun ? firstRunGreeting() : `Hello! ${WHAT_I_AM} Say "help" to see what I can do.`;
    case "thanks":
      return "You are welcome.";
    case "list":
      return tellList(first, plan);
    case "read":
      return results.map((result) => `**${String(result.args["path"])}**\n\n${fenced(result.text)}`).join("\n\n");
    case "write":
      return `Done: I wrote ${count(String(first?.args["content"] ?? ""))} to \`${plan.subject ?? "the file"}\`.`;
    case "edit":
      return `Done: \`${plan.subject ?? "the file"}\` is changed.`;
    case "remember":
      return `I will remember: ${plan.subject ?? ""}. It is in \`${String(results.at(-1)?.args["path"] ?? "MEMORY.md")}\`.`;
    case "recall":
      return tellMemory(first, plan);
    case "time":
      return tellTime(turn, first);
    case "fetch":
      return `Here is what I found at ${plan.subject ?? "that address"}:\n\n${quoted(cut(pageText(first?.text ?? ""), MAX_PAGE))}`;
    case "run":
      return `The command said:\n\n${fenced(first?.text ?? "")}`;
    case "search":
      return `Found for "${plan.subject ?? ""}":\n\n${fenced(first?.text ?? "")}`;
    case "introduction":
      return tellIntroduction(turn);
    case "introduction-thin":
      return "Nice to meet you. I cannot write it down, because no tool for writing is offered to me here.";
    case "no-tool":
      return `For that I would need the tool \`${plan.subject ?? ""}\`, which is not offered to me here.`;
    case "unknown":
      return `${WHAT_I_AM} I only understand a few plain requests, and this was none of them. Try:\n\n${examples()}\n\n${BETTER}`;
    default:
      return plan.topic satisfies never;
  }
}

function firstRunGreeting(): string {
  return `Hello! ${WHAT_I_AM}\n\nThis workspace is new, so let us get acquainted: what is your name, and what shall I be called? For example: "I'm Ada, call yourself Kelp."\n\n${BETTER}`;
}

function tellIntroduction(turn: DemoTurn): string {
  const { person, agent } = readNames(turn.said);
  const lines = [
    person ? `Hello ${person}! I wrote your name to \`USER.md\`.` : "",
    agent ? `From now on I am ${agent}; that is in \`IDENTITY.md\`.` : "",
    person && !agent ? 'What shall I be called? Say for example "call yourself Kelp".' : "",
    agent && !person ? 'And what is your name? Say for example "I\'m Ada".' : "",
  ];
  return lines.filter((line) => line !== "").join(" ");
}

function tellList(result: DemoResult | undefined, plan: DemoPlan): string {
  const where = plan.subject ? `in \`${plan.subject}\`` : "in the workspace";
  const lines = (result?.text ?? "").split("\n").filter((line) => line.trim() !== "");
  return `This is ${where} (${lines.length} ${lines.length === 1 ? "line" : "lines"}):\n\n${fenced(lines.join("\n"))}`;
}

function tellMemory(result: DemoResult | undefined, plan: DemoPlan): string {
  const text = (result?.text ?? "").trim();
  const isNothing = text === "" || /^(?:nothing|no (?:matches|results|hits)|\(no output\))/i.test(text);
  if (isNothing) return `I remember nothing about ${plan.subject ?? "that"} yet. Tell me with "remember that …".`;
  return `This is what I remember${plan.subject ? ` about ${plan.subject}` : ""}:\n\n${quoted(cut(text, MAX_PAGE))}`;
}

function tellTime(turn: DemoTurn, result: DemoResult | undefined): string {
  if (result && /status|model|token|cost/i.test(turn.said)) return fenced(result.text);
  const line = result?.text.split("\n").find((candidate) => /^(?:now|time|date)\b.*\d/i.test(candidate)) ?? turn.system.volatile;
  return line.trim() === ""
    ? "I have no clock here."
    : `It is ${line
        .replace(/^(?:now|time|date)\s*:\s*/i, "")
        .trim()
        .replace(/\.$/, "")}.`;
}

/** The page itself, without the marks of untrusted content and the lines about it. */
function pageText(text: string): string {
  const inside = /<<<[^>]*>>>\n([\s\S]*?)\n<<<END[^>]*>>>/.exec(text)?.[1] ?? text;
  return inside.replace(/^Source: [\s\S]*?\n---\n/, "").trim();
}

function examples(): string {
  return EXAMPLES.map((example) => `- ${example}`).join("\n");
}

function fenced(text: string): string {
  const shown = cut(text.trim() === "" ? "(nothing)" : text.trimEnd(), MAX_SHOWN);
  const fence = "`".repeat(Math.max(3, ...[...shown.matchAll(/`{3,}/g)].map((run) => run[0].length + 1)));
  return `${fence}\n${shown}\n${fence}`;
}

function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}\n… (${text.length - most} characters more)`;
}

function count(text: string): string {
  const characters = text.trimEnd().length;
  return `${characters} ${characters === 1 ? "character" : "characters"}`;
}
