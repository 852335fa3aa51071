// One question to a running Skerry: connect, ask, hang up.
import type { GatewayClient } from "../../client/gateway-client.ts";
import { DEFAULT_ACCOUNT } from "../../contract/channels/facts.ts";
import { createClient, type Reach } from "../connection.ts";
import type { Terminal } from "./terminal.ts";

export interface Question {
  reach: Reach;
  version: string;
  isJson: boolean;
  terminal: Terminal;
}

export async function withClient<T>(question: Question, ask: (client: GatewayClient) => Promise<T>): Promise<T> {
  const about = { id: "skerry-cli", mode: "cli", version: question.version, isLasting: false };
  const client = createClient(question.reach, about);
  try {
    await client.connect();
    return await ask(client);
  } finally {
    client.close();
  }
}

/** "Telegram", and of several accounts "Telegram (work)". */
export function nameChannel({ label, accountId }: { label: string; accountId: string }): string {
  return accountId === DEFAULT_ACCOUNT ? label : `${label} (${accountId})`;
}

/** "4 min", "2 days". */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
