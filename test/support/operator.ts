// An owner's client for journeys: connects with the token and speaks the Gateway protocol through our own client.

import type { ChatHistory, WireMessage } from "../../src/client/frames.ts";
import { GatewayClient } from "../../src/client/gateway-client.ts";
import type { EventFrame } from "../../src/contract/gateway.ts";

export interface Operator {
  client: GatewayClient;
  frames: EventFrame[];
  /** Sends and answers the run's id at once. */
  send(sessionKey: string, message: string, id?: string): Promise<string>;
  /** Waits for the end of a run, over breaks of the connection. */
  ended(sessionKey: string, runId: string, timeoutMs?: number): Promise<WireMessage[]>;
  history(sessionKey: string): Promise<ChatHistory>;
  close(): void;
}

export async function openOperator(skerry: { url: string; token: string }): Promise<Operator> {
  const frames: EventFrame[] = [];
  const client = new GatewayClient(
    {
      url: `${skerry.url.replace("http", "ws")}/ws`,
      client: { id: "test", version: "1", platform: "linux", mode: "test" },
      auth: { token: skerry.token },
      scopes: ["operator.admin", "operator.read", "operator.write", "operator.pairing"],
    },
    { onEvent: (frame) => frames.push(frame) },
  );
  await client.connect();
  const history = (sessionKey: string) =>
    client.request<ChatHistory>("chat.history", { sessionKey, limit: 1000 }, { isRepeatable: true });
  return {
    client,
    frames,
    history,
    async send(sessionKey, message, id = crypto.randomUUID()) {
      await client.request("chat.send", { sessionKey, message, idempotencyKey: id }, { isRepeatable: true });
      return id;
    },
    async ended(sessionKey, runId, timeoutMs = 20_000) {
      for (const endAt = Date.now() + timeoutMs; ; ) {
        const page = await history(sessionKey);
        const isWaiting = page.pendingInputs?.items?.some((item) => item.id === runId);
        if (!page.active && !isWaiting && page.messages.length > 0) return page.messages;
        if (Date.now() > endAt)
          throw new Error(`The run ${runId} did not end within ${timeoutMs} ms: ${JSON.stringify(page).slice(0, 600)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    close: () => client.close(),
  };
}

export function textsOf(messages: readonly WireMessage[], role: string): string[] {
  return messages
    .filter((message) => message.role === role)
    .map((message) => contentText(message.content))
    .filter((text) => text !== "");
}

function contentText(content: WireMessage["content"]): string {
  if (content === undefined) return "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}
