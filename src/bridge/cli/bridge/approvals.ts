// `skerry approvals …`: the commands that wait for the owner's word, and the word itself. A command line is printed with its
// hidden signs spelled out, so that it cannot move the cursor or pretend to be another.
import type { ApprovalDecision } from "../../../contract/home/approval.ts";
import { type ApprovalView, describeEnd } from "../../../contract/home/approval-view.ts";
import { showLine, showText } from "../../../contract/home/shown-text.ts";
import { EXIT } from "../exit-code.ts";
import { formatSpan, type Question, withClient } from "../question.ts";

const LINE_CHARS = 160;

export async function listApprovals(question: Question, isAll: boolean): Promise<number> {
  const { open, past } = await withClient(question, async (client) => ({
    open: await client.request<ApprovalView[]>("exec.approval.list", {}),
    past: isAll ? (await client.request<{ approvals: ApprovalView[] }>("approval.history", {})).approvals : [],
  }));
  const { terminal } = question;
  if (question.isJson) terminal.print(JSON.stringify([...open, ...past]));
  else if (open.length + past.length === 0) terminal.print("No command waits for your word.");
  else terminal.print([...open, ...past].map(describe).join("\n"));
  return EXIT.ok;
}

export async function showApproval(question: Question, code: string): Promise<number> {
  const approval = await withClient(question, (client) => client.request<ApprovalView>("exec.approval.get", { id: code }));
  if (question.isJson) {
    question.terminal.print(JSON.stringify(approval));
    return EXIT.ok;
  }
  const { request } = approval;
  const shown = showText(request.command);
  const segments = request.segments.map(({ text, verdict, executable }) => {
    const program = executable === undefined ? "" : ` (${showLine(executable)})`;
    return `  ${verdict.padEnd(10)}  ${showLine(text, LINE_CHARS)}${program}`;
  });
  question.terminal.print(
    [
      describe(approval),
      "",
      shown.text,
      "",
      `Folder: ${showLine(request.cwd)}`,
      `Why asked: ${showLine(request.reason, 400)}`,
      `Session: ${showLine(request.sessionKey)}`,
      ...(segments.length > 0 ? ["Its parts:", ...segments] : []),
      ...shown.warnings.map((warning) => `Careful: ${warning}`),
    ].join("\n"),
  );
  return EXIT.ok;
}

export async function decideApproval(question: Question, code: string, decision: ApprovalDecision): Promise<number> {
  const { approval } = await withClient(question, (client) =>
    client.request<{ approval: ApprovalView }>("exec.approval.resolve", { id: code, decision }),
  );
  const { terminal } = question;
  if (question.isJson) terminal.print(JSON.stringify(approval));
  else {
    const done = { "allow-once": "Allowed once", "allow-always": "Allowed, and remembered on that machine", deny: "Denied" };
    terminal.print(`${done[decision]}: ${showLine(approval.request.command, LINE_CHARS)}`);
  }
  return EXIT.ok;
}

function describe({ code, state, request, expiresAtMs, decision, resolvedBy }: ApprovalView): string {
  const where = `${request.host === "sandbox" ? "container on " : ""}${showLine(request.nodeName, 60)}`;
  const by = resolvedBy === undefined ? {} : { by: showLine(resolvedBy, 60) };
  const when =
    state === "open"
      ? `${formatSpan(expiresAtMs - Date.now())} left`
      : describeEnd({ state, ...(decision ? { decision } : {}), ...by });
  const more = request.commandLength > LINE_CHARS ? ` (${request.commandLength} characters)` : "";
  return `${code}  ${where}: ${showLine(request.command, LINE_CHARS)}${more} · ${when}`;
}
