// A browser at a DevTools address that the owner named. An http address is asked for the socket's first, which is then looked for at
// the same host: what a browser calls itself there is often its own idea of localhost.
import { ToolFailure } from "../../../contract/errors.ts";
import { within } from "./deadline.ts";
import type { FetchUpgrade, LineSocket } from "./edge.ts";

const ANSWER_MS = 10_000;

/** @throws ToolFailure when nobody answers there. */
export async function reachAddress(fetcher: FetchUpgrade, address: string): Promise<LineSocket> {
  try {
    const url = await socketOf(fetcher, new URL(address));
    const ask = (signal: AbortSignal) => fetcher(url, { headers: { upgrade: "websocket" }, signal });
    const response = await within(ANSWER_MS, ask);
    const socket = response.webSocket;
    if (!socket) {
      await response.body?.cancel();
      throw new ToolFailure(`The DevTools address answered ${response.status}; the owner should look at browser.cdpUrl.`);
    }
    socket.accept();
    return socket;
  } catch (error) {
    if (error instanceof ToolFailure) throw error;
    throw new ToolFailure(
      "Nobody answers at the DevTools address; is that browser running? The owner sets it by browser.cdpUrl.",
    );
  }
}

async function socketOf(fetcher: FetchUpgrade, address: URL): Promise<string> {
  if (address.protocol === "ws:" || address.protocol === "wss:") return asHttp(address);
  const asked = new URL(address);
  asked.pathname = `${asked.pathname.replace(/\/+$/, "")}/json/version`;
  const response = await fetcher(asked.href, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ToolFailure(`The DevTools address answered ${response.status}; the owner should look at browser.cdpUrl.`);
  }
  const { webSocketDebuggerUrl } = (await response.json()) as { webSocketDebuggerUrl?: unknown };
  if (typeof webSocketDebuggerUrl !== "string" || !URL.canParse(webSocketDebuggerUrl)) {
    throw new ToolFailure("The DevTools address names no browser; the owner should look at browser.cdpUrl.");
  }
  const socket = new URL(webSocketDebuggerUrl);
  socket.host = address.host;
  socket.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  return asHttp(socket);
}

/** `fetch` takes a WebSocket's address under its older name. */
function asHttp(url: URL): string {
  return url.href.replace(/^ws/, "http");
}
