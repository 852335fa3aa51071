// What a tool is. One file and one line in list.ts a tool; no registration by import.
// Imports nothing of Cloudflare: tested in plain Node.
import type { z } from "zod";
import type { MediaRef } from "../../contract/message.ts";
import type { WorkspacePort } from "../../contract/ports.ts";

export interface ToolResult {
  /** What the model reads. Cut to its cap, and the whole kept, by the caller (agent/results.ts). */
  text: string;
  isError?: boolean;
  media?: MediaRef[];
  /** For screens only. */
  details?: Record<string, unknown>;
}

export interface ToolContext {
  agentId: string;
  sessionKey: string;
  callId: string;
  workspace: WorkspacePort;
  /** Facts for session_status, read when asked. */
  status(): Promise<Record<string, string>>;
  fetch: typeof fetch;
  /** Asks a DNS service for the addresses of a name; absent where the platform resolves safely by itself. */
  resolveHost?: (name: string) => Promise<string[]>;
  /** Hosts that the owner allows although they are private. */
  allowedHosts: readonly string[];
  signal: AbortSignal;
  /** Keeps bytes where screens and models find them (R2); absent: a picture is only described. */
  storeMedia?: (bytes: Uint8Array, type: string, name: string) => Promise<MediaRef>;
  /** Output so far, for screens. */
  progress(text: string): void;
  now(): number;
  timeZone: string;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  name: string;
  /** One line for people. */
  label: string;
  group: "fs" | "runtime" | "memory" | "web" | "sessions";
  /** For the model. Every word costs on every request. */
  description: string;
  input: Input;
  /** Whether running it twice does no more than running it once. Cut off and safe: run again. */
  isRepeatable: boolean;
  /** Whether it may run beside other calls of the same step. */
  isParallel: boolean;
  /** What people see while it runs: "Read SOUL.md". */
  title(input: z.infer<Input>): string;
  /** Contract: throws ToolFailure for what the model should read; anything else is a fault and told as such. */
  run(input: z.infer<Input>, context: ToolContext): Promise<ToolResult>;
}
