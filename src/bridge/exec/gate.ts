// Whether a command for the machine itself runs, is asked about, or is refused: its plan, Skerry's settings, this machine's own
// rules and the owner's word. Everything that comes here is written into the audit log before anything of it happens.
import { HomeRefused } from "../../contract/errors.ts";
import type { ExecAnswer, ExecApproval, ExecPolicy, ExecStart } from "../../contract/home/commands.ts";
import type { Exposure } from "../places/home-files.ts";
import type { ExecLedger } from "./ledger.ts";
import { type MachineRules, rule } from "./policy/decision.ts";
import { refusedNames } from "./policy/environment.ts";
import { findDefect, type JudgedPlan, makePlan } from "./policy/plan.ts";
import type { Locate } from "./policy/redirects.ts";
import { keepTrusted } from "./trust.ts";

const MOST_WHY = 280;
const TYPED = "What is typed into it while it runs is not asked about; it stands in the audit log.";

export interface GateOptions {
  ledger: ExecLedger;
  /** What this machine's own configuration says. */
  rules: MachineRules;
  searchPath: readonly string[];
  /** What can be changed without a question may not be trusted for always. */
  expose(path: string): Promise<Exposure>;
  /** @throws HomeRefused when there is no such folder. */
  folderOf(workdir: string | undefined): Promise<string>;
  /** For files that a command reads and writes by < and >. */
  locate: Locate;
  now(): number;
}

export type Passed =
  | { outcome: "runs"; text: string; workdir: string; auditId: number }
  | { outcome: "not"; answer: Extract<ExecAnswer, { state: "asks" | "refused" }> };

/** `key`: of the process that it would be. */
export async function pass(params: ExecStart, key: string, options: GateOptions): Promise<Passed> {
  const { ledger, rules, searchPath, expose, folderOf, locate, now } = options;
  const { command, env, isPty, sessionKey, processId, policy, approval } = params;
  const write = (workdir: string, verdict: string) =>
    note(ledger, { at: now(), sessionKey, processId, place: "home", command, workdir, verdict, ...wordOf(approval) });
  const refuse = (reason: string, workdir: string): Passed => {
    ledger.auditEnd(write(workdir, `refused: ${reason}`), "not run", now());
    return { outcome: "not", answer: { state: "refused", reason } };
  };
  const given = params.workdir ?? "~";
  const defect = findDefect(command);
  if (defect !== undefined) return refuse(defect, given);
  const names = refusedNames(env);
  if (names.length > 0) {
    return refuse(`${names.join(", ")} cannot be set for a command on this machine: programs load or run what they name.`, given);
  }
  const closed = whoForbids(policy, rules);
  if (closed !== undefined) return refuse(closed, given);

  const workdir = await folderOf(params.workdir);
  const writableFiles = ledger.allowedFiles().flatMap((file) => (file.purpose === "write" ? [file.path] : []));
  const entries = await keepTrusted(ledger.allowed(), { writableFiles, expose });
  const plan = await makePlan({ command, workdir, env, isPty, entries, searchPath, locate });
  const ruling = rule(policy, rules, plan.isProved);
  switch (ruling) {
    case "refuse":
      return refuse(`${plan.reason} Nobody is asked for such commands (ask is off).`, workdir);
    case "run": {
      const auditId = write(workdir, plan.isProved ? `ran: ${plan.reason}` : "ran: everything is allowed (security is full)");
      ledger.noteUse(plan.usedEntries, now());
      return { outcome: "runs", text: plan.text, workdir, auditId };
    }
    case "ask": {
      const doubt = approval === undefined ? undefined : whyNoWord(approval, plan, key, params, options);
      if (approval === undefined || doubt !== undefined) {
        ledger.noteQuestion(plan.hash, sessionKey, processId, now());
        ledger.auditEnd(write(workdir, `asked: ${plan.reason}`), "not run", now());
        return { outcome: "not", answer: { state: "asks", plan: shown(plan, doubt, takesInput(params)) } };
      }
      const isForAlways = approval.decision === "allow-always";
      const drafts = isForAlways ? await keepTrusted(plan.drafts, { writableFiles, expose }) : [];
      const auditId = write(workdir, `ran: approved (${approval.decision})`);
      for (const draft of drafts) ledger.allow(draft, `approval ${approval.id}`, now());
      return { outcome: "runs", text: plan.text, workdir, auditId };
    }
    default:
      return ruling satisfies never;
  }
}

/** Why the owner's word is none for this. The first process that it started has used it up. */
function whyNoWord(
  approval: ExecApproval,
  plan: JudgedPlan,
  key: string,
  { sessionKey, processId }: ExecStart,
  { ledger, now }: GateOptions,
): string | undefined {
  if (approval.plan !== plan.hash) return "What it would run has changed since it was asked about.";
  if (!ledger.wasAsked(plan.hash, sessionKey, processId, now())) return "It was asked about too long ago.";
  return ledger.useWord(approval.id, key, now()) ? undefined : "That word was given for another command and used.";
}

/** @throws HomeRefused: what cannot be written down does not run. */
export function note(ledger: ExecLedger, row: Parameters<ExecLedger["audit"]>[0]): number {
  try {
    return ledger.audit(row);
  } catch (error) {
    throw new HomeRefused("DISK_FULL", "Nothing is run: the audit log of this machine cannot be written.", error);
  }
}

export function whoForbids(policy: ExecPolicy, rules: MachineRules): string | undefined {
  if (policy.security === "deny") return "Skerry's settings forbid commands on the machine itself (tools.exec.security is deny).";
  return rules.security === "deny"
    ? "This machine's own configuration forbids commands on it (exec.security is deny)."
    : undefined;
}

type Question = Extract<ExecAnswer, { state: "asks" }>["plan"];

function shown(plan: JudgedPlan, doubt: string | undefined, isOpen: boolean): Question {
  const { hash, command, workdir, segments, reason } = plan;
  const why = doubt === undefined ? reason : `${doubt} ${reason}`;
  if (!isOpen) return { hash, command, workdir, segments, reason: why };
  // Screens cut a long reason: this has to stand all the same.
  const short = why.length <= MOST_WHY ? why : `${why.slice(0, MOST_WHY).toWellFormed()}…`;
  return { hash, command, workdir, segments, reason: `${short} ${TYPED}` };
}

/** In the foreground a command has no input. */
export function takesInput({ isPty, yieldMs }: Pick<ExecStart, "isPty" | "yieldMs">): boolean {
  return isPty || yieldMs === 0;
}

function wordOf(approval: ExecApproval | undefined): { approval?: string } {
  return approval === undefined ? {} : { approval: `${approval.id} ${approval.decision}` };
}
