// Made-up sessions: of every age, state and length of name.
import type { SessionSummary } from "../../../client/frames.ts";
import type { Answers } from "./staged-desk.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.now();

export const MAIN = "agent:main:main";

function session(name: string, ageMs: number, rest: Partial<SessionSummary> = {}): SessionSummary {
  return {
    key: `agent:main:${name}`,
    label: null,
    displayName: name,
    lastMessagePreview: "Shall I write to Ada that we leave at a quarter past twelve?",
    createdAt: NOW - ageMs - 3 * DAY,
    updatedAt: NOW - ageMs,
    state: "idle",
    inputTokens: 48_210,
    outputTokens: 6_120,
    totalTokens: 31_000,
    contextTokens: 200_000,
    estimatedCostUsd: 0.42,
    messageCount: 24,
    model: "claude-opus-4-6",
    modelProvider: "anthropic",
    ...rest,
  };
}

export const SESSIONS: readonly SessionSummary[] = [
  session("main", 2 * MINUTE, { displayName: "Saturday's trip to the skerry", hasActiveRun: true, state: "running" }),
  session("garden", 50 * MINUTE, { label: "Garden", lastMessagePreview: "The beans go out after the last frost." }),
  session("tax", 5 * 60 * MINUTE, {
    label: "Tax return 2025",
    state: "failed",
    lastMessagePreview: "The provider refused the key.",
  }),
  session("letter", 26 * 60 * MINUTE, {
    displayName:
      "A letter to the harbour office about the berth, the fees of last winter, and who may tie up when nobody is at home",
    lastMessagePreview: null,
    estimatedCostUsd: null,
    inputTokens: 0,
    outputTokens: 0,
  }),
  session("hebrew", 3 * DAY, { displayName: "רשימת קניות לסוף השבוע", lastMessagePreview: "חלב, לחם, קפה" }),
  session("word", 40 * DAY, { displayName: "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" }),
];

export const sessionAnswers: Answers = {
  "sessions.subscribe": { sessions: SESSIONS },
  "sessions.list": ({ search }: { search?: string }) => {
    const found = SESSIONS.filter((row) =>
      JSON.stringify(row)
        .toLowerCase()
        .includes((search ?? "").toLowerCase()),
    );
    return { sessions: found, totalCount: search ? found.length : 231 };
  },
  "sessions.describe": ({ key }: { key: string }) => ({ session: SESSIONS.find((row) => row.key === key) ?? null }),
  "sessions.messages.subscribe": {},
  "sessions.patch": ({ key }: { key: string }) => ({ entry: SESSIONS.find((row) => row.key === key) }),
  "sessions.delete": {},
  "sessions.reset": {},
};

export const noSessions: Answers = { "sessions.subscribe": { sessions: [] }, "sessions.list": { sessions: [], totalCount: 0 } };
