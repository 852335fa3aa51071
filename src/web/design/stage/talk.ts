// Made-up talk, as the Gateway sends it.
import type { ChatHistory, ContentPart, WireMessage } from "../../../client/frames.ts";
import type { CallItem, MessageItem } from "../../../client/view-items.ts";
import { sessionAnswers } from "./sessions.ts";
import type { Answers } from "./staged-desk.ts";

const NOW = Date.now();
const MINUTE = 60_000;

export const PLAN = `Here is a plan that fits the tide. High water at the sound is **14:10**, so the channel is open from about noon.

| when | what |
| --- | --- |
| 11:30 | Load the boat, check fuel and flares |
| 12:15 | Leave the harbour on the rising tide |
| 16:30 | Back before the wind turns |

I noted it in \`plans/saturday.md\` and worked out the fuel:

\`\`\`python
distance = 2 * 7.4          # nautical miles
litres = distance * 1.1 + 5 # a reserve of five
print(f"{litres:.0f} litres")
\`\`\`

Shall I write to Ada that we leave at a quarter past twelve?`;

export const EVERYTHING = `# A heading
## A smaller one
### And a third
Plain words, **strong ones**, *leaning ones*, ~~gone ones~~, \`code\`, a [link](https://example.org), H<sub>2</sub>O, <mark>marked</mark> and <kbd>Ctrl</kbd>.

> What somebody else said,
> over two lines.

1. First
2. Second
   - within it
   - and again
3. Third

- [x] Done
- [ ] Still to do

---

| Left | Right |
| :--- | ---: |
| Fuel | 21 l |
| Water | 40 l |

\`\`\`typescript
// Colours come when the text is finished.
const litres: number = 2 * 7.4 * 1.1 + 5;
console.log(\`\${litres.toFixed(0)} litres\`, null);
\`\`\`

\`\`\`diff
- leave at noon
+ leave at 12:15
\`\`\`

![The way](https://example.org/way.png)`;

export const WIDE = `A line of code that is longer than any screen, and a table with more columns than fit:

\`\`\`bash
find . -type f -name '*.md' -not -path './node_modules/*' -print0 | xargs -0 grep --line-number --ignore-case --color=never 'high water' | sort --unique > /tmp/high-water-in-all-notes.txt
\`\`\`

| ${Array.from({ length: 14 }, (_, at) => `Harbour ${at + 1}`).join(" | ")} |
| ${Array.from({ length: 14 }, () => "---").join(" | ")} |
| ${Array.from({ length: 14 }, (_, at) => `${10 + at}:${10 + at}`).join(" | ")} |

${"Unbroken".repeat(30)}`;

export const ARABIC = `خطة يوم السبت: المد العالي في الساعة **14:10**، والقناة مفتوحة من الظهر.

- نحمل القارب
- نغادر الميناء في الساعة 12:15

واللغة الإنجليزية في الوسط: Skerry ثم نكمل.`;

export function said(text: string, rest: Partial<MessageItem> = {}): MessageItem {
  return {
    kind: "message",
    key: `said-${text}`,
    role: "user",
    text,
    media: [],
    at: NOW - 3 * MINUTE,
    isStreaming: false,
    ...rest,
  };
}

export function answered(text: string, rest: Partial<MessageItem> = {}): MessageItem {
  return {
    ...said(text),
    key: `answer-${text}`,
    role: "assistant",
    at: NOW - MINUTE,
    model: "anthropic/claude-opus-4-6",
    usage: { input: 420, output: 260, cacheRead: 2300, cost: { total: 0.0123 } },
    ...rest,
  };
}

export function call(state: CallItem["state"], rest: Partial<CallItem> = {}): CallItem {
  return {
    kind: "call",
    key: `call-${state}-${rest.name ?? ""}`,
    callId: `call-${state}`,
    name: "exec",
    args: { command: "npm test -- --run tides", timeout: 60 },
    state,
    startedAt: NOW - 4_200,
    ...(state === "running" ? {} : { endedAt: NOW - 1_000 }),
    ...rest,
  };
}

const mark = (seq: number, rest: Record<string, unknown> = {}) => ({
  __openclaw: { id: `entry-${seq}`, seq, turnId: "turn", runId: "run", ...rest },
  timestamp: NOW - (40 - seq) * MINUTE,
});

const asked = (seq: number, text: string, parts: ContentPart[] = []): WireMessage => ({
  role: "user",
  content: [{ type: "text", text }, ...parts],
  ...mark(seq, { runId: `asked-${seq}` }),
});

const replied = (seq: number, parts: ContentPart[], rest: Record<string, unknown> = {}): WireMessage => ({
  role: "assistant",
  content: parts,
  provider: "anthropic",
  model: "claude-opus-4-6",
  stopReason: "stop",
  usage: { input: 420, output: 260, cacheRead: 2300, cost: { total: 0.0123 } },
  ...mark(seq, rest),
});

const brought = (seq: number, callId: string, toolName: string, text: string, outcome = "done"): WireMessage => ({
  role: "toolResult",
  toolCallId: callId,
  toolName,
  content: [{ type: "text", text }],
  ...mark(seq, { outcome }),
});

const TALK: WireMessage[] = [
  {
    role: "system",
    content: "",
    ...mark(1, { kind: "compaction", summary: "They planned last year's trip, and bought flares." }),
  },
  asked(2, "Plan Saturday's trip to the skerry. Mind the tide."),
  replied(3, [
    { type: "thinking", thinking: "They mean the sound. The tide table is in memory; the plan belongs into a file." },
    { type: "toolCall", id: "c1", name: "memory_search", arguments: { query: "tide sound skerry" } },
    { type: "toolCall", id: "c2", name: "write", arguments: { path: "plans/saturday.md", content: "# Saturday" } },
  ]),
  brought(4, "c1", "memory_search", "memory/2025-06-02.md: high water at the sound 14:10"),
  brought(5, "c2", "write", "Wrote 52 bytes to plans/saturday.md"),
  replied(6, [{ type: "text", text: PLAN }]),
];

/** Longer than any screen. */
export const LONG_TALK: WireMessage[] = Array.from({ length: 12 }, (_, at) => [
  asked(2 * at + 20, `And what about day ${at + 1}?`),
  replied(2 * at + 21, [{ type: "text", text: "High water is a little later than the day before, by about fifty minutes." }]),
]).flat();

const DEFAULTS: NonNullable<ChatHistory["defaults"]> = {
  modelProvider: "anthropic",
  model: "claude-opus-4-6",
  thinkingLevels: ["off", "low", "medium", "high"].map((id) => ({ id })),
};

/** What a room asks for; `history` changes what comes back. */
export function talkAnswers(history: Partial<ChatHistory> = {}): Answers {
  return {
    ...sessionAnswers,
    "chat.history": ({ sessionKey, beforeSeq }: { sessionKey: string; beforeSeq?: number }): ChatHistory => ({
      sessionKey,
      hasMore: false,
      defaults: DEFAULTS,
      sessionInfo: {
        key: sessionKey,
        label: "Saturday's trip",
        totalTokens: 31_000,
        contextTokens: 200_000,
        estimatedCostUsd: 0.42,
      },
      ...history,
      messages: beforeSeq === undefined ? (history.messages ?? TALK) : [],
    }),
    "chat.send": { runId: "sent", status: "started", state: "queued" },
    "chat.abort": {},
    "usage.cost": { totals: { totalTokens: 182_000, knownCost: 1.84, unpricedTurns: 0 } },
    "commands.list": { commands: COMMANDS },
    "models.list": { models: MODELS, default: "anthropic/claude-opus-4-6", why: "a key is there" },
  };
}

/** A run under way, of which this is known. */
export function running(rest: Partial<NonNullable<ChatHistory["active"]>> = {}): NonNullable<ChatHistory["active"]> {
  return { runId: "live", startedAt: NOW - 14_000, step: 1, text: "", thinking: "", calls: [], seq: 1, ...rest };
}

const COMMANDS = [
  { name: "new", description: "Start afresh; the old talk stays readable above", acceptsArgs: true, argsHint: "[message]" },
  { name: "stop", description: "Stop the running turn and drop what waits", acceptsArgs: false },
  { name: "status", description: "Model, tokens, cost and state of this session", acceptsArgs: false },
  {
    name: "model",
    description: "Show or choose the model of this session",
    acceptsArgs: true,
    argsHint: "[provider/model|default]",
  },
  { name: "think", description: "How hard the model thinks", acceptsArgs: true, argsHint: "[off|low|medium|high|default]" },
  { name: "compact", description: "Summarise the older part of the talk", acceptsArgs: true, argsHint: "[what matters]" },
  { name: "usage", description: "Tokens and cost of this session", acceptsArgs: false },
  { name: "help", description: "What I can do and these commands", acceptsArgs: false },
];

const model = (provider: string, id: string, name: string, rest: object = {}) => ({
  id,
  ref: `${provider}/${id}`,
  name,
  provider,
  contextWindow: 200_000,
  input: ["text", "image"],
  reasoning: true,
  available: true,
  cost: { input: 5, output: 25 },
  ...rest,
});

export const MODELS = [
  model("anthropic", "claude-opus-4-6", "Claude Opus 4.6"),
  model("anthropic", "claude-haiku-4-5", "Claude Haiku 4.5", { cost: { input: 1, output: 5 }, reasoning: false }),
  model("openai", "gpt-6", "GPT-6", { contextWindow: 1_050_000, available: false, unavailableReason: "no key of OpenAI" }),
  model("ollama", "qwen3-coder-480b-a35b-instruct-q4_K_M", "Qwen3 Coder 480B A35B Instruct, quantised", {
    cost: { input: 0, output: 0 },
    input: ["text"],
    reasoning: false,
  }),
];
