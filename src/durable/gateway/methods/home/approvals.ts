// Approvals: what waits for the owner's word, the word itself, and what was decided. Only screens that may approve come here.
import { viewApproval } from "../../../../contract/home/approval-view.ts";
import type { ScreenState } from "../../screen.ts";
import { type Handlers, notFound, unwrap } from "../method.ts";

type ApprovalMethod = "exec.approval.list" | "exec.approval.get" | "exec.approval.resolve" | "approval.history";

const HISTORY = 100;

export const approvals: Handlers<ApprovalMethod> = {
  "exec.approval.list": async (_params, { house }) => {
    const all = await house.directory.approvals(1);
    return all.filter(({ state }) => state === "open").map((approval) => viewApproval(approval));
  },

  "exec.approval.get": async ({ id }, { house }) => {
    const found = await house.directory.approval(id);
    if (!found) throw notFound("There is no such question. exec.approval.list has those that wait.");
    return { ...viewApproval(found, true), commandText: found.plan.command };
  },

  "exec.approval.resolve": async ({ id, decision }, { house, screen }) => {
    const decided = unwrap(await house.directory.decideApproval(id, decision, nameOf(screen.state)));
    return { ok: true, approval: viewApproval(decided) };
  },

  "approval.history": async ({ limit = HISTORY }, { house }) => {
    const all = await house.directory.approvals(limit);
    return { approvals: all.filter(({ state }) => state !== "open").map((approval) => viewApproval(approval)) };
  },
};

function nameOf({ client }: ScreenState): string {
  return (client.displayName ?? client.id).slice(0, 80);
}
