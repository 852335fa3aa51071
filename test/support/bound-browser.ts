// The browser binding in plain Node: the one of `npm start`, with a real Chromium, behind the port that a session asks. What is
// Cloudflare's alone (the live view) is answered here, in the line between.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { openBrowserBinding } from "../../src/bridge/local/browser-binding.ts";
import type { BrowserBinding, FetchUpgrade, LineSocket, UpgradeAnswer } from "../../src/durable/session/browser/edge.ts";
import { findBrowser } from "./browser.ts";

export interface BoundBrowser {
  binding: BrowserBinding;
  /** Requests of the binding's, such as `POST` and `DELETE`; lines are `LINE`. */
  asked: string[];
  bodies: string[];
  /** What a person does in the live view. */
  live: { isOpen: boolean; wishes: string[]; isMissing?: boolean };
  /** The next request of this kind gets it instead. */
  answerNext(method: string, answer: { status: number; text: string }): void;
  /** Ends what runs, as the platform does with one that is idle. */
  endAll(): Promise<void>;
  address: string;
  secret: string;
  close(): Promise<void>;
}

export async function openBoundBrowser(): Promise<BoundBrowser> {
  const dir = mkdtempSync(join(tmpdir(), "skerry-bound-"));
  const config = join(dir, "bridge.json");
  // Tests may run as root, where Chromium has no sandbox of its own.
  writeFileSync(config, JSON.stringify({ browser: { path: findBrowser(), sandbox: process.getuid?.() !== 0 } }));
  const environment = { ...process.env, SKERRY_BRIDGE_CONFIG: config };
  const made = await openBrowserBinding({ stateDir: dir, environment, complain: (text) => console.error(text) });
  if (!made) throw new Error("There is no browser on this machine.");
  const { address, secret } = made;
  const authorization = `Bearer ${secret}`;
  const instead = new Map<string, { status: number; text: string }>();
  const running = new Set<string>();
  const bound: Omit<BoundBrowser, "binding"> = {
    asked: [],
    bodies: [],
    live: { isOpen: false, wishes: [] },
    address,
    secret,
    answerNext: (method, answer) => void instead.set(method, answer),
    async endAll() {
      for (const id of running) await ask(`/v1/devtools/browser/${id}`, { method: "DELETE" });
    },
    async close() {
      await made.close();
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  const ask = (path: string, init: RequestInit) =>
    fetch(`http://${address}${path}`, { ...init, headers: { ...(init.headers as Record<string, string>), authorization } });
  const binding: BrowserBinding = {
    async fetch(url, init = {}): Promise<UpgradeAnswer> {
      const { pathname, search } = new URL(url);
      const isLine = new Headers(init.headers).has("upgrade");
      const method = isLine ? "LINE" : (init.method ?? "GET");
      bound.asked.push(method);
      if (typeof init.body === "string") bound.bodies.push(init.body);
      const given = instead.get(method);
      instead.delete(method);
      if (given) return new Response(given.text, { status: given.status });
      if (isLine) return openLine(`ws://${address}${pathname}`, authorization, bound.live);
      const answer = await ask(`${pathname}${search}`, init);
      if (method === "POST") running.add(((await answer.clone().json()) as { sessionId: string }).sessionId);
      return answer;
    },
  };
  return Object.assign(bound, { binding });
}

/** `fetch` as the Worker has it: a WebSocket's address is asked for with an upgrade. */
export const fetchUpgrade: FetchUpgrade = (url, init = {}) =>
  new Headers(init.headers).has("upgrade") ? openLine(url.replace("http", "ws"), "") : fetch(url, init);

/** Refused, it is a plain answer without a socket. */
function openLine(url: string, authorization: string, live?: BoundBrowser["live"]): Promise<UpgradeAnswer> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { headers: { authorization } });
    socket.on("unexpected-response", (_request, response) => resolve(new Response("", { status: response.statusCode ?? 500 })));
    socket.on("error", () => resolve(new Response("", { status: 502 })));
    socket.on("open", () => {
      const heard = new Set<(event: MessageEvent) => void>();
      const line = {
        accept: () => undefined,
        close: () => socket.close(),
        send(text: string) {
          const { id, method, params, sessionId } = JSON.parse(text);
          if (!live || live.isMissing || !String(method).startsWith("Cloudflare.")) return socket.send(text);
          const result = answerLive(method, params, live);
          for (const hear of heard) hear({ data: JSON.stringify({ id, result, sessionId }) } as MessageEvent);
        },
        addEventListener(type: string, listener: (event: MessageEvent) => void) {
          if (type === "message") heard.add(listener);
          socket.addEventListener(type as "message", listener as never);
        },
      };
      resolve({ ok: true, status: 101, text: async () => "", json: async () => ({}), body: null, webSocket: line as LineSocket });
    });
  });
}

function answerLive(method: string, params: { instructions?: string }, live: BoundBrowser["live"]): unknown {
  if (method === "Cloudflare.getLiveView") return { devtoolsFrontendUrl: "https://live.example/ui/view?mode=tab" };
  if (method === "Cloudflare.getHandoffState") return { active: live.isOpen };
  live.isOpen = true;
  live.wishes.push(params.instructions ?? "");
  return { handoffId: "h1" };
}
