// Homes: machines of the owner that offer commands over the Gateway (role `node`). What is known of one, and how a session
// has something done there. A call is a row until it is answered: a line that breaks loses nothing and doubles nothing.
import type { Outcome } from "../errors.ts";

/** A home as lists show it. Times in ms. */
export interface HomeRow {
  /** Its device's id. */
  id: string;
  name: string;
  platform: string;
  version: string;
  isConnected: boolean;
  connectedAt?: number;
  seenAt: number;
  /** What it says it can do, in words of the protocol: `exec`, `sandbox`, `browser`, `channels`. Claims, not permissions. */
  caps: string[];
  /** Commands that it declares and that were approved: what may be called. */
  commands: string[];
  /** Commands that it declares since, and that wait for approval. */
  unapproved: string[];
}

export interface HomeRequest {
  /** The call's own id: asked again under the same id, nothing is done again and the first answer is given. */
  id: string;
  /** Id or name of the home; absent: the only connected one that offers the command. */
  home?: string;
  command: string;
  params: Record<string, unknown>;
  /** From now until nobody wants the answer any more, ms. */
  timeoutMs: number;
  /** How long whoever asks waits here, ms; at most 20,000. Later answers go to `replyTo`. */
  waitMs: number;
  /** The session and the call in it that hear of an answer that came after `waitMs`. */
  replyTo?: { sessionKey: string; callId: string };
  /** Whose screens see the output while it comes. */
  live?: { sessionKey: string; agentId: string; runId: string; callId: string; name: string };
}

export type HomeAnswer =
  | { outcome: "answered"; home: string; payload: unknown }
  /** The home said no, or could not. */
  | { outcome: "refused"; home: string; code: string; message: string }
  /** Nothing was sent: there is no such home, it is not connected, or it may not be asked for this. */
  | { outcome: "unreachable"; reason: string }
  /** It was sent, and what became of it is not known. */
  | { outcome: "interrupted"; home: string; reason: string }
  /** The answer will come as an event of kind `result`. */
  | { outcome: "pending"; home: string };

/** A machine that waits to be let in. */
export interface AskingHome {
  /** As it shows it. */
  code: string;
  name: string;
  platform: string;
  /** Commands that it would offer. */
  commands: string[];
  expiresAt: number;
}

export interface HomePort {
  homes(): Promise<HomeRow[]>;
  callHome(request: HomeRequest): Promise<HomeAnswer>;
  /** Machines that wait; with a decision: the one that it was made about, or NOT_FOUND. */
  askingHomes(decision?: { code: string; isLetIn: boolean }): Promise<Outcome<AskingHome[]>>;
  /** Nobody wants the answer any more: the home is told to stop. */
  cancelCall(id: string): Promise<void>;
}
