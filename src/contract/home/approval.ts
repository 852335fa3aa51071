// The owner's word on a command line: asked for by a call that sleeps meanwhile, kept as a row of the Directory, decided in the
// Control UI, by `/approve` in a chat or by the command line, and told to the session by `receive`.
import type { Outcome } from "../errors.ts";
import type { Address } from "../message.ts";
import type { ExecPlan } from "./commands.ts";

export const APPROVAL_LIFE_MS = 30 * 60_000;

export type ApprovalDecision = "allow-once" | "allow-always" | "deny";

export interface ApprovalRequest {
  /** The asking call's own id: asked again under the same id it is the same question. */
  id: string;
  sessionKey: string;
  agentId: string;
  /** Row of the call that waits; what it waits for is `approvalToken(id)`. */
  callId: string;
  runId: string;
  /** Name of the machine, and whether it would run in a container there. */
  home: string;
  host: "home" | "sandbox";
  plan: ExecPlan;
  expiresAt: number;
}

export interface Approval extends ApprovalRequest {
  /** Eight characters for people to type. */
  code: string;
  askedAt: number;
  state: "open" | "decided" | "expired" | "withdrawn";
  decision?: ApprovalDecision;
  /** Who decided: "Control UI", a person's name. */
  by?: string;
  decidedAt?: number;
}

/** A question that was just asked, and by which way the owner may be asked beside the Control UI. */
export interface AskedApproval extends Approval {
  /** Whether the settings let questions go to chats. */
  goesToChats: boolean;
  /** Where the owner was heard last in private. */
  ownerAt?: Address;
}

/** What the waiting call gets as its answer. */
export interface ApprovalAnswer {
  decision: ApprovalDecision | "expired";
  by?: string;
}

export interface ApprovalsPort {
  askApproval(request: ApprovalRequest): Promise<AskedApproval>;
  /** `id`: of the question, or its code. First answer counts; a later one gets CONFLICT with what was decided. */
  decideApproval(id: string, decision: ApprovalDecision, by: string): Promise<Outcome<Approval>>;
  /** Nobody wants to do it any more. */
  withdrawApproval(id: string): Promise<void>;
  /** `id`: of the question, or its code. */
  approval(id: string): Promise<Approval | undefined>;
  /** Open ones first, then the latest decided. */
  approvals(limit?: number): Promise<Approval[]>;
}

export function approvalToken(id: string): string {
  return `approval:${id}`;
}
