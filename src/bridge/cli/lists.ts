// `skerry sessions`, `skerry models`, `skerry logs`: what there is, a line each.
import type { SessionSummary } from "../../client/frames.ts";
import { EXIT } from "./exit-code.ts";
import { formatSpan, type Question, withClient } from "./question.ts";

const LOG_PAUSE_MS = 1000;

export async function listSessions(
  question: Question,
  search: string | undefined,
  limit: number,
  isOfPrograms = false,
): Promise<number> {
  const params = { limit, ...(search ? { search } : {}), ...(isOfPrograms ? { programs: true } : {}) };
  const answer = await withClient(question, (client) =>
    client.request<{ sessions: SessionSummary[]; totalCount?: number }>("sessions.list", params),
  );
  if (question.isJson) question.terminal.print(JSON.stringify(answer.sessions));
  else if (answer.sessions.length === 0)
    question.terminal.print(search ? `No session has "${search}" in it.` : "No session yet.");
  else question.terminal.print(answer.sessions.map(lineOf).join("\n"));
  return EXIT.ok;
}

function lineOf(session: SessionSummary): string {
  const age = session.updatedAt ? `${formatSpan(Date.now() - session.updatedAt)} ago` : "";
  const cost = session.estimatedCostUsd ? `$${session.estimatedCostUsd.toFixed(2)}` : "";
  const name = session.label ?? session.displayName ?? "";
  return [session.key, session.hasActiveRun ? "running" : age, cost, name].filter((part) => part !== "").join(" · ");
}

interface ModelSummary {
  ref: string;
  name: string;
  available: boolean;
  unavailableReason?: string;
  contextWindow?: number;
}

export async function listModels(question: Question, wantsAll: boolean): Promise<number> {
  const { models } = await withClient(question, (client) => client.request<{ models: ModelSummary[] }>("models.list", {}));
  const shown = wantsAll ? models : models.filter((model) => model.available);
  if (question.isJson) {
    question.terminal.print(JSON.stringify(shown));
    return EXIT.ok;
  }
  const width = Math.max(...shown.map((model) => model.ref.length), 0);
  question.terminal.print(
    shown
      .map(
        (model) =>
          `${model.ref.padEnd(width)}  ${model.name}${model.available ? "" : ` (${model.unavailableReason ?? "no key"})`}`,
      )
      .join("\n"),
  );
  const hidden = models.length - shown.length;
  if (hidden > 0) question.terminal.remark(`${hidden} more need a key; skerry models --all shows them.`);
  return EXIT.ok;
}

interface LogPage {
  lines: string[];
  cursor: number;
}

/** Prints the Gateway's log, and goes on with it when asked to. */
export async function showLogs(question: Question, limit: number, isFollowing: boolean): Promise<number> {
  return withClient(question, async (client) => {
    let cursor: number | undefined;
    do {
      const page = await client.request<LogPage>("logs.tail", { limit, ...(cursor === undefined ? {} : { cursor }) });
      for (const line of page.lines) question.terminal.print(question.isJson ? line : readableLine(line));
      cursor = page.cursor;
      if (isFollowing) await new Promise((resolve) => setTimeout(resolve, LOG_PAUSE_MS));
    } while (isFollowing);
    return EXIT.ok;
  });
}

function readableLine(line: string): string {
  try {
    const { at, ts, time, level, message, msg, ...more } = JSON.parse(line) as Record<string, unknown>;
    const when = typeof (at ?? ts) === "number" ? new Date((at ?? ts) as number).toISOString() : String(time ?? "");
    const rest = Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : "";
    return `${when} ${String(level ?? "info")} ${String(message ?? msg ?? "")}${rest}`;
  } catch {
    return line;
  }
}
