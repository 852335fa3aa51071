// The question to the owner as a message of a chat. What stands in it came from a model and from a machine: it is shown as
// code, with hidden signs spelled out, and what does not fit is said. Pure.
import type { Button } from "../../../contract/channels/delivery.ts";
import type { Approval } from "../../../contract/home/approval.ts";
import type { ExecSegment } from "../../../contract/home/commands.ts";
import { showLine, showText } from "../../../contract/home/shown-text.ts";

/** The least that a platform takes together with buttons. */
const MOST_CHARS = 1000;
const LEAST_COMMAND_CHARS = 160;
const MOST_SEGMENTS = 3;

const VERDICTS: Record<ExecSegment["verdict"], string> = {
  allowed: "allowed",
  "not-listed": "not on the list",
  "not-found": "not found there",
  unprovable: "cannot be judged",
};

/** `isHere`: it is asked in the talk of the call itself, where a plain yes or no is enough. */
export function writeQuestion(
  approval: Approval,
  { isHere, now }: { isHere: boolean; now: number },
): { text: string; buttons: Button[][] } {
  const { code, plan, home, host, sessionKey, expiresAt } = approval;
  const minutes = Math.max(1, Math.round((expiresAt - now) / 60_000));
  const where = `${host === "sandbox" ? "in a container on" : "on"} ${codeOf(showLine(home, 60))}`;
  const head = isHere ? `May this run ${where}?` : `May this run ${where}? It is asked in ${codeOf(showLine(sessionKey, 90))}.`;
  const write = (maxChars: number) => {
    const shown = showText(plan.command, maxChars);
    const answers = shown.isCut
      ? `Read the whole first, in the Control UI under Approvals or with \`skerry approvals show ${code}\`. `
      : "";
    const words = isHere && !shown.isCut ? "yes, no, or " : "";
    const text = [
      head,
      blockOf(shown.text),
      `In ${codeOf(showLine(plan.workdir, 100))}. ${codeOf(showLine(plan.reason, 150))}`,
      ...segmentsOf(plan.segments),
      ...shown.warnings.map((warning) => `⚠ ${escapeMarks(warning)}`),
      `${answers}Answer ${words}\`/approve ${code} once\`, \`always\` or \`deny\`, within ${minutes} min.`,
    ].join("\n\n");
    return { text, isCut: shown.isCut };
  };
  let written = write(Number.POSITIVE_INFINITY);
  for (let room = 600; written.text.length > MOST_CHARS && room >= LEAST_COMMAND_CHARS; room -= 40) written = write(room);
  return { text: written.text, buttons: buttonsOf(code, written.isCut) };
}

/** Whether its message shows all of the command. */
export function isShownWhole(approval: Approval): boolean {
  return writeQuestion(approval, { isHere: true, now: approval.askedAt }).buttons.flat().length > 1;
}

/** Who has not seen the whole can only say no by a press. */
function buttonsOf(code: string, isCut: boolean): Button[][] {
  const deny = { label: "Deny", value: `/approve ${code} deny` };
  if (isCut) return [[deny]];
  return [[{ label: "Allow once", value: `/approve ${code} once` }, { label: "Always", value: `/approve ${code} always` }, deny]];
}

function segmentsOf(segments: readonly ExecSegment[]): string[] {
  const asked = segments.filter(({ verdict }) => verdict !== "allowed");
  if (segments.length < 2 || asked.length === 0) return [];
  const lines = asked
    .slice(0, MOST_SEGMENTS)
    .map(({ text, verdict, executable }) => `- ${codeOf(showLine(executable ?? text, 60))} ${VERDICTS[verdict]}`);
  const more = asked.length - lines.length;
  return [[...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join("\n")];
}

/** A fence that nothing inside can close. */
function blockOf(text: string): string {
  const fence = "`".repeat(Math.max(3, longestTicks(text) + 1));
  return `${fence}\n${text}\n${fence}`;
}

export function codeOf(text: string): string {
  if (text === "") return "(none)";
  const ticks = "`".repeat(longestTicks(text) + 1);
  const pad = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${ticks}${pad}${text}${pad}${ticks}`;
}

function longestTicks(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
}

function escapeMarks(text: string): string {
  return text.replace(/[\\`*_[\]<>#|~]/g, "\\$&");
}
