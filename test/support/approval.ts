// A question to the owner, as a call of a session would ask it.
import type { ApprovalRequest } from "../../src/contract/home/approval.ts";
import type { ExecPlan } from "../../src/contract/home/commands.ts";

export function makePlan(command: string, change: Partial<ExecPlan> = {}): ExecPlan {
  return {
    hash: `hash of ${command.slice(0, 40)}`,
    command,
    workdir: "/srv/work",
    segments: [{ text: command.slice(0, 2000), executable: "/usr/bin/rm", verdict: "not-listed" }],
    reason: "rm is not on the list of this machine.",
    ...change,
  };
}

export function makeRequest(id: string, now: number, change: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    id,
    sessionKey: "agent:main:main",
    agentId: "main",
    callId: "turn_1:0:c1",
    runId: "run-1",
    home: "desk",
    host: "home",
    plan: makePlan("rm -r build"),
    expiresAt: now + 30 * 60_000,
    ...change,
  };
}
