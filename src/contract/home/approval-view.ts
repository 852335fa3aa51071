// A question to the owner as it stands in frames: names of the Gateway protocol. Written by the house, read by the page and the
// command line. A long command line is cut here with its length said; exec.approval.get has the whole.
import type { Approval, ApprovalDecision } from "./approval.ts";
import type { ExecSegment } from "./commands.ts";

export interface ApprovalView {
  id: string;
  code: string;
  state: Approval["state"];
  request: {
    /** At most the first 8,000 characters in lists and events. */
    command: string;
    /** Characters of the whole. */
    commandLength: number;
    cwd: string;
    host: "home" | "sandbox";
    nodeName: string;
    agentId: string;
    sessionKey: string;
    runId: string;
    reason: string;
    segments: ExecSegment[];
  };
  allowedDecisions: ApprovalDecision[];
  createdAtMs: number;
  expiresAtMs: number;
  decision?: ApprovalDecision;
  resolvedBy?: string;
  resolvedAtMs?: number;
}

const LISTED_CHARS = 8000;
const LISTED_SEGMENTS = 40;
export const APPROVAL_DECISIONS = ["allow-once", "allow-always", "deny"] as const satisfies readonly ApprovalDecision[];

export function viewApproval(approval: Approval, isWhole = false): ApprovalView {
  const { id, code, state, plan, host, home, agentId, sessionKey, runId, askedAt, expiresAt, decision, by, decidedAt } = approval;
  return {
    id,
    code,
    state,
    request: {
      command: isWhole ? plan.command : plan.command.slice(0, LISTED_CHARS),
      commandLength: plan.command.length,
      cwd: plan.workdir,
      host,
      nodeName: home,
      agentId,
      sessionKey,
      runId,
      reason: plan.reason,
      segments: isWhole ? plan.segments : plan.segments.slice(0, LISTED_SEGMENTS),
    },
    allowedDecisions: [...APPROVAL_DECISIONS],
    createdAtMs: askedAt,
    expiresAtMs: expiresAt,
    ...(decision === undefined ? {} : { decision }),
    ...(by === undefined ? {} : { resolvedBy: by }),
    ...(decidedAt === undefined ? {} : { resolvedAtMs: decidedAt }),
  };
}

/** "allowed once by Ann", for whoever comes later. */
export function describeEnd({ state, decision, by }: Pick<Approval, "state" | "decision" | "by">): string {
  switch (state) {
    case "open":
      return "waits for an answer";
    case "expired":
      return "expired before anybody answered";
    case "withdrawn":
      return "withdrawn: nobody wants to do it any more";
    case "decided": {
      const what = decision === "deny" ? "denied" : decision === "allow-always" ? "allowed for always" : "allowed once";
      return by === undefined ? what : `${what} by ${by}`;
    }
    default:
      return state satisfies never;
  }
}
