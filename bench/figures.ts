// Every figure that is measured, in the order of the table, with what it should reach. Data alone.

export type Unit = "ms" | "s" | "turns/s" | "MiB" | "KB" | "times" | "requests" | "messages";

export interface Figure {
  what: string;
  unit: Unit;
  /** The most it may be, or the least. */
  reach: { most: number } | { least: number };
  /** What is held against the reach; default the median. */
  judged?: "p99";
}

export const FIGURES = {
  "to-model": { what: "message sent → request at the model, new session", unit: "ms", reach: { most: 8 } },
  "one-step": { what: "overhead of a one-step turn", unit: "ms", reach: { most: 15 } },
  "calls-in-row": { what: "overhead of a turn with five calls in a row", unit: "ms", reach: { most: 60 } },
  "calls-parallel": { what: "overhead of a turn with five calls in parallel", unit: "ms", reach: { most: 30 } },
  "first-token": { what: "model's first token → screen", unit: "ms", reach: { most: 4 } },
  "token-lag": { what: "token lag at 50 tokens/s", unit: "ms", reach: { most: 18 } },
  "rate-1": { what: "turns/s, 1 session", unit: "turns/s", reach: { least: 100 } },
  "rate-10": { what: "turns/s, 10 sessions", unit: "turns/s", reach: { least: 120 } },
  "rate-50": { what: "turns/s, 50 sessions", unit: "turns/s", reach: { least: 120 } },
  "rate-100": { what: "turns/s, 100 sessions", unit: "turns/s", reach: { least: 120 } },
  "turn-50": { what: "turn with 50 sessions at once (p99 counts)", unit: "s", reach: { most: 0.8 }, judged: "p99" },
  "turn-100": { what: "turn with 100 sessions at once (p99 counts)", unit: "s", reach: { most: 1.5 }, judged: "p99" },
  "slow-50": { what: "50 sessions on a model that takes 2 s, all done", unit: "s", reach: { most: 2.6 } },
  "overhead-1000": { what: "overhead at 1,000 earlier turns against 10", unit: "times", reach: { most: 1.5 } },
  ready: { what: "npm start → ready", unit: "s", reach: { most: 1.5 } },
  "first-answer": { what: "npm start → first answer", unit: "s", reach: { most: 2.5 } },
  "restart-1000": { what: "first turn of a 1,000-turn session after a restart", unit: "ms", reach: { most: 60 } },
  kill: { what: "SIGKILL in mid-turn: answer complete, from restart", unit: "s", reach: { most: 3 } },
  "memory-idle": { what: "memory of the whole process tree, idle", unit: "MiB", reach: { most: 320 } },
  "memory-100": { what: "memory of the whole process tree, after 100 sessions", unit: "MiB", reach: { most: 420 } },
  "cpu-turn": { what: "CPU for a turn, all processes", unit: "ms", reach: { most: 12 } },
  "request-size": { what: 'request for "hi", default tools', unit: "KB", reach: { most: 10 } },
  "worker-cpu": { what: "start-up CPU of the Worker", unit: "ms", reach: { most: 100 } },
  "hook-stored": { what: "Telegram: webhook → 200 (p99 counts)", unit: "ms", reach: { most: 50 }, judged: "p99" },
  "hook-model": { what: "Telegram: webhook → request at the model (p99 counts)", unit: "ms", reach: { most: 60 }, judged: "p99" },
  "burst-stored": { what: "1,000 webhooks in 10 s: webhook → 200 (p99 counts)", unit: "s", reach: { most: 1 }, judged: "p99" },
  "burst-answered": { what: "1,000 webhooks in 10 s: last one → all answers sent", unit: "s", reach: { most: 5 } },
  "burst-wrong": {
    what: "1,000 webhooks in 10 s: lost, doubled or left without an answer",
    unit: "messages",
    reach: { most: 0 },
  },
  "burst-memory": {
    what: "1,000 webhooks in 10 s: memory after doing it twice against once",
    unit: "MiB",
    reach: { most: 30 },
  },
  "page-bytes": { what: "WebChat, first load", unit: "KB", reach: { most: 150 } },
  "page-requests": { what: "WebChat, first load", unit: "requests", reach: { most: 10 } },
  "page-usable": { what: "WebChat, usable after", unit: "s", reach: { most: 0.6 } },
  "browser-start": { what: "browser at home: start, first page, snapshot", unit: "s", reach: { most: 3 } },
  "browser-open": { what: "browser at home: address → snapshot", unit: "ms", reach: { most: 500 } },
} as const satisfies Record<string, Figure>;

export type FigureId = keyof typeof FIGURES;
