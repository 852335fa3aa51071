// Plain requests and the calls they lead to. The first pattern that fits wins; a request whose tool is not offered is
// answered in words. Several phrasings each, because people do not read manuals.
import { planIntroduction } from "./introduction.ts";
import type { DemoPlan, DemoTurn, Topic } from "./talk.ts";

/** Characters that `read` surely gives in one piece. */
const LONGEST_MEMORY = 6_000;

type Match = (text: RegExpExecArray, turn: DemoTurn) => DemoPlan;

const FILE = String.raw`[\`"'“]?((?:[\w@.-]+\/)*[\w@-][\w@.-]*\.\w{1,8}|(?:[\w@.-]+\/)+[\w@.-]+|LICENSE|Makefile)[\`"'”]?`;

const INTENTS: readonly [pattern: RegExp, plan: Match][] = [
  [
    /^(?:\/?help|\?|what (?:can|do) you do\b.*|what are you\b.*|who are you\b.*|how does this work\b.*)[?.!\s]*$/i,
    () => plain("help"),
  ],
  [/https?:\/\/[^\s<>"')\]]+/i, (match) => call("fetch", "web_fetch", { url: match[0].replace(/[.,;:!?]+$/, "") }, match[0])],
  [
    /(?:fetch|open|visit|browse|load|summari[sz]e|what(?:'s| is) on) (?:the )?(?:(?:web ?)?(?:page|site|website|url) )?((?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|ai|de|uk|eu)(?:\/\S*)?)/i,
    (match) => call("fetch", "web_fetch", { url: `https://${match[1] ?? ""}`.replace(/[.,;:!?]+$/, "") }, match[1]),
  ],
  [
    /(?:^|\b)(?:run|execute|exec|shell)(?: (?:the |this )?(?:shell )?(?:command|script))?\s*[:,]?\s*(?:`{1,3}(?:\w+\n)?([\s\S]+?)`{1,3}|["“](.+?)["”]|(.+))$/i,
    (match) => call("run", "exec", { command: (match[1] ?? match[2] ?? match[3] ?? "").trim() }),
  ],
  [/^[$>]\s+(.+)$/s, (match) => call("run", "exec", { command: (match[1] ?? "").trim() })],
  [
    new RegExp(
      String.raw`(?:write|put|save|store)\s+(?:the (?:text|words?|line)\s+)?(?:["“'\`]([\s\S]+?)["”'\`]|(.+?))\s+(?:in|into|to|as)\s+(?:a |the )?(?:new )?(?:file )?(?:called |named )?${FILE}`,
      "i",
    ),
    (match) => write(match[3] ?? "", match[1] ?? match[2] ?? ""),
  ],
  [
    new RegExp(
      String.raw`(?:create|make|write|add|start)\s+(?:me )?(?:a |the )?(?:new )?(?:text |markdown )?(?:file|note|document)?\s*(?:called |named )?${FILE}(?:\s+(?:file))?\s*(?:with|containing|saying|that says|:)\s*(?:the (?:text|words?|line|content)\s+)?["“'\`]?([\s\S]+?)["”'\`]?$`,
      "i",
    ),
    (match) => write(match[1] ?? "", match[2] ?? ""),
  ],
  [
    new RegExp(
      String.raw`(?:replace|change)\s+["“'\`]?([\s\S]+?)["”'\`]?\s+(?:with|to|by|into)\s+["“'\`]?([\s\S]+?)["”'\`]?\s+in\s+(?:the )?(?:file )?${FILE}`,
      "i",
    ),
    (match) =>
      call("edit", "edit", { path: match[3] ?? "", edits: [{ oldText: match[1] ?? "", newText: match[2] ?? "" }] }, match[3]),
  ],
  [
    /what (?:do|can|did) you (?:remember|recall|know) (?:of|about|on)\s+(.+?)[?.!]*$/i,
    (match) => call("recall", "memory_search", { query: aboutYou(match[1] ?? "") }, match[1]),
  ],
  [
    /(?:do you (?:remember|recall|know)|search (?:your )?memory (?:for|about)|recall)\s+(.+?)[?.!]*$/i,
    (match) => call("recall", "memory_search", { query: aboutYou(match[1] ?? "") }, match[1]),
  ],
  [
    /what do you (?:remember|know|recall)[?.!]*$|^(?:show|read) (?:me )?(?:your )?memor(?:y|ies)[.!?]*$/i,
    () => call("recall", "memory_get", { path: "MEMORY.md" }),
  ],
  [
    /(?:remember|note|keep in mind|don'?t forget|memori[sz]e|make a note)(?: that| of| down|,|:)*\s+(?:that\s+|to\s+)?(.+)$/is,
    (match, turn) => remember(match[1] ?? "", turn),
  ],
  [
    /\b(?:what(?:'s| is)?|tell me|which|know)\b.{0,30}\b(?:time|date|day|today)\b|^(?:time|date)[?!.]*$|\bhow late\b/i,
    (_match, turn) => (turn.hasTool("session_status") ? call("time", "session_status", {}) : plain("time")),
  ],
  [
    /\b(?:status|which model|what model|tokens?|cost)\b.*\?|^(?:session )?status[?.!]*$/i,
    () => call("time", "session_status", {}),
  ],
  [
    /(?:search|grep|look)\s+(?:for\s+)?["“'`]?(.+?)["”'`]?\s+in\s+(?:all |my |the |your )*(?:files?|workspace|folder)\b|(?:search|grep)\s+(?:the |my |all )*(?:files?|workspace)\s+for\s+["“'`]?(.+?)["”'`]?[?.!]*$/i,
    (match) => call("search", "grep", { pattern: match[1] ?? match[2] ?? "" }, match[1] ?? match[2]),
  ],
  [
    /(?:find|locate)\s+(?:all |the |me )*(?:files?\s+)?(?:called |named |like |matching )?["“'`]?([\w*?.[\]/-]*[*.][\w*?.[\]/-]*)["”'`]?/i,
    (match) => call("search", "find", { pattern: match[1] ?? "*" }, match[1]),
  ],
  [
    /\b(?:list|show|what)\b.{0,40}\b(?:files?|folders?|workspace|director(?:y|ies))\b|^ls(?:\s+(\S+))?[.!]*$/i,
    (match, turn) => list(match.input, match[1], turn),
  ],
  [
    new RegExp(
      String.raw`(?:read|show|open|print|display|cat|see|view|what(?:'s| is| does)(?: in)?|look (?:at|into|in))\b.*?${FILE}`,
      "i",
    ),
    (match) => read(match.input),
  ],
  [
    /^(?:hi|hello|hey|hallo|moin|good (?:morning|afternoon|evening|day)|yo|hi there|hello there)\b[^?]{0,40}$/i,
    () => plain("greeting"),
  ],
  [/^(?:thanks?|thank you|thx|great|cool|nice|ok(?:ay)?|good|perfect)\b.{0,30}$/i, () => plain("thanks")],
];

export function planTurn(turn: DemoTurn): DemoPlan {
  const introduction = planIntroduction(turn);
  if (introduction) return introduction;
  for (const [pattern, plan] of INTENTS) {
    const match = pattern.exec(turn.said);
    if (match) return offered(plan(match, turn), turn);
  }
  return plain("unknown");
}

function offered(plan: DemoPlan, turn: DemoTurn): DemoPlan {
  const missing = plan.steps.flat().find((step) => !turn.hasTool(step.name));
  return missing ? { topic: "no-tool", steps: [], subject: missing.name } : plan;
}

function plain(topic: Topic): DemoPlan {
  return { topic, steps: [] };
}

function call(topic: Topic, name: string, args: Record<string, unknown>, subject?: string): DemoPlan {
  return { topic, steps: [[{ name, args }]], ...(subject === undefined ? {} : { subject }) };
}

function write(path: string, content: string): DemoPlan {
  const text = content.trim().replaceAll("\\n", "\n");
  return call("write", "write", { path, content: text.endsWith("\n") ? text : `${text}\n` }, path);
}

/** One file, or several side by side: "read a.md and b.md". */
function read(said: string): DemoPlan {
  const paths = [...said.matchAll(new RegExp(FILE, "gi"))].flatMap((match) => (match[1] ? [match[1]] : []));
  return {
    topic: "read",
    steps: [[...new Set(paths)].map((path) => ({ name: "read", args: { path } }))],
    subject: paths.join(", "),
  };
}

function list(said: string, given: string | undefined, turn: DemoTurn): DemoPlan {
  const folder =
    given ??
    /\b(?:in|of|under|inside)\s+(?:the\s+)?(?:folder\s+)?[`"']?([\w.-]+(?:\/[\w.-]+)*)\/?[`"']?(?:\s+folder)?[?.!]*$/i.exec(
      said,
    )?.[1];
  const isWhole = !folder || /^(?:the|your|my|workspace|here|there|folder)$/i.test(folder);
  if (!turn.hasTool("ls") && turn.hasTool("exec")) return call("list", "exec", { command: isWhole ? "ls" : `ls ${folder}` });
  return call("list", "ls", isWhole ? {} : { path: folder }, isWhole ? undefined : folder);
}

/** Memory grows at its end: what is there is read first, then written with the new line. */
function remember(fact: string, turn: DemoTurn): DemoPlan {
  const subject = fact.trim().replace(/[.!]*$/, "");
  const line = `- ${subject.replace(/\s+/g, " ")}\n`;
  const before = turn.batches[0]?.results[0];
  const known =
    before && !before.isError && !/^(?:\(no output\)|MEMORY\.md is empty\.)$/.test(before.text) ? before.text.trimEnd() : "";
  const steps = [[{ name: "read", args: { path: "MEMORY.md" } }], [{ name: "write", args: placeFact(known, line) }]];
  return { topic: "remember", steps, subject };
}

/** A long memory is read in pages: writing back the first alone would lose the rest, so the fact gets its own file. */
function placeFact(known: string, line: string): { path: string; content: string } {
  if (known === "") return { path: "MEMORY.md", content: `# Memory\n\n${line}` };
  if (known.length <= LONGEST_MEMORY) return { path: "MEMORY.md", content: `${known}\n${line}` };
  const name = line
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "")
    .slice(0, 40);
  return { path: `memory/${name || "fact"}.md`, content: line };
}

function aboutYou(subject: string): string {
  return subject.replace(/^(?:my|the|our)\s+/i, "").trim();
}
