// Browser Rendering by its binding: a browser is asked for, spoken to over a WebSocket with the plain DevTools protocol, and ended.
// The binding's own requests are used and no library: these three are all that is needed of one.
import { ToolFailure } from "../../../contract/errors.ts";
import { within } from "./deadline.ts";

/** A WebSocket as the runtime hands it out. */
export type LineSocket = Pick<WebSocket, "send" | "close" | "addEventListener"> & { accept(): void };
export interface UpgradeAnswer extends Pick<Response, "ok" | "status" | "text" | "json" | "body"> {
  webSocket?: LineSocket | null;
}
export type FetchUpgrade = (input: string, init?: RequestInit) => Promise<UpgradeAnswer>;

/** The part of the binding that is used. */
export interface BrowserBinding {
  fetch: FetchUpgrade;
}

export interface StartWish {
  idleMs: number;
  allowedDomains: readonly string[];
  /** For the binding on this machine alone: private hosts that its proxy lets through. */
  allowedHosts?: readonly string[] | undefined;
}

/** Only the binding answers there. */
const API = "https://browser-rendering.invalid/v1/devtools/browser";
/** What the platform knows as one that says it is in use. */
const LONGEST_IDLE_MS = 600_000;
/** A browser takes a few seconds to start, on a machine of one's own some more. */
const START_MS = 45_000;
const ANSWER_MS = 15_000;

/** Starts one, whoever stops meanwhile: a start that was broken off would use up browser time that nobody knows of. @throws ToolFailure with what the platform said, in our words. */
export async function startBrowser(
  binding: BrowserBinding,
  { idleMs, allowedDomains, allowedHosts }: StartWish,
): Promise<{ sessionId: string; idleMs: number }> {
  const keepMs = Math.min(idleMs, LONGEST_IDLE_MS);
  // Fixed for its life, and held by the platform also while nobody is at the line.
  const domains = allowedDomains.flatMap((domain) => [domain, `*.${domain}`]);
  const wish = {
    ...(domains.length > 0 ? { guardrails: { allowedDomains: domains } } : {}),
    ...(allowedHosts ? { allowedHosts } : {}),
  };
  const hasWish = Object.keys(wish).length > 0;
  const request = {
    method: "POST",
    ...(hasWish ? { headers: { "content-type": "application/json" }, body: JSON.stringify(wish) } : {}),
  };
  const { response, text } = await within(START_MS, async (signal) => {
    const answer = await binding.fetch(`${API}?keep_alive=${keepMs}`, { ...request, signal });
    return { response: answer, text: await answer.text() };
  }).catch((error: unknown) => {
    if (isTimeout(error))
      throw new ToolFailure(`The browser at the edge did not start within ${START_MS / 1000} seconds; try again in a minute.`);
    throw new ToolFailure(`The browser at the edge did not start: ${said(error)}.`);
  });
  if (!response.ok) throw new ToolFailure(explain(response.status, text));
  const sessionId = readSessionId(text);
  if (sessionId === undefined)
    throw new ToolFailure("The browser at the edge started, but did not say which one it is; try again.");
  return { sessionId, idleMs: keepMs };
}

/** A line to one that runs; undefined: it is no more. @throws ToolFailure when nobody says whether it is. */
export async function reachBrowser(
  binding: BrowserBinding,
  sessionId: string,
  stopped?: AbortSignal,
): Promise<LineSocket | undefined> {
  const ask = (signal: AbortSignal) =>
    binding.fetch(`${API}/${encodeURIComponent(sessionId)}`, { headers: { upgrade: "websocket" }, signal });
  const response = await within(ANSWER_MS, ask, stopped).catch((error: unknown) => {
    stopped?.throwIfAborted();
    if (isTimeout(error))
      throw new ToolFailure(`The browser at the edge did not answer within ${ANSWER_MS / 1000} seconds; try again in a moment.`);
    return undefined;
  });
  const socket = response?.webSocket;
  if (!socket) {
    await response?.body?.cancel();
    return undefined;
  }
  socket.accept();
  return socket;
}

/** Ends one. What fails here ends by itself when it was idle for long enough. */
export async function endBrowser(binding: BrowserBinding, sessionId: string): Promise<void> {
  const ask = (signal: AbortSignal) => binding.fetch(`${API}/${encodeURIComponent(sessionId)}`, { method: "DELETE", signal });
  await (await within(ANSWER_MS, ask)).body?.cancel();
}

function readSessionId(text: string): string | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const id = typeof answer === "object" && answer !== null && "sessionId" in answer ? answer.sessionId : undefined;
    return typeof id === "string" && id !== "" ? id : undefined;
  } catch {
    return undefined;
  }
}

function explain(status: number, text: string): string {
  if (status === 429 && /time limit|for today/i.test(text)) {
    return "Cloudflare gives no more browser time today: the plan's limit is used up until midnight UTC. A machine at home with a browser (skerry bridge) or the paid plan has no such limit.";
  }
  if (status === 429) return "Too many browsers were started at the edge just now; wait 20 seconds and try again.";
  const plain = text.replace(/\s+/g, " ").slice(0, 200);
  return `The browser at the edge did not start (${status}${plain === "" ? "" : `: ${plain}`}); try again in a minute.`;
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

function said(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : "it did not answer";
}
