// Whether a file of the machine itself is read or written: folders that its owner opened, files that were allowed for always,
// Skerry's settings, this machine's own rules, and the owner's word on one file. What may never be touched is refused by the
// place itself, whoever asks.
import { createHash } from "node:crypto";
import { dirname } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { ExecApproval, ExecPlan, ExecPolicy } from "../../contract/home/commands.ts";
import type { FilePurpose, HomeFiles } from "../places/home-files.ts";
import { type GateOptions, note, whoForbids } from "./gate.ts";
import { rule } from "./policy/decision.ts";

export interface FileWish {
  sessionKey: string;
  path: string;
  policy: ExecPolicy;
  approval?: ExecApproval | undefined;
}

export type FilePassed = { outcome: "passed"; files: HomeFiles } | { outcome: "asks"; answer: { state: "asks"; plan: ExecPlan } };

/** @throws HomeRefused when it is refused, with whose rule that is. */
export async function passFile(
  wish: FileWish,
  purpose: FilePurpose,
  files: HomeFiles,
  gate: Pick<GateOptions, "ledger" | "rules" | "now">,
): Promise<FilePassed> {
  const { ledger, rules, now } = gate;
  const { sessionKey, path, policy, approval } = wish;
  const { real, isOpen, openFolders } = await files.locate(path, purpose);
  const write = (verdict: string) => {
    const row = { sessionKey, processId: "", place: "home", command: `${purpose} ${real}`, workdir: dirname(real), verdict };
    const id = note(ledger, { ...row, at: now(), ...(approval ? { approval: `${approval.id} ${approval.decision}` } : {}) });
    ledger.auditEnd(id, "", now());
  };
  const refuse = (reason: string): never => {
    write(`refused: ${reason}`);
    throw new HomeRefused("FORBIDDEN", reason);
  };
  const closed = whoForbids(policy, rules);
  if (closed !== undefined) return refuse(closed);
  const isRemembered = ledger.isFileAllowed(real, purpose);
  const open = openFolders.length === 0 ? "no folder is" : `open are ${openFolders.join(", ")}`;
  const reason = `${real} lies in no folder that may be ${purpose === "read" ? "read" : "written to"} without a question (${open}).`;
  const ruling = rule(policy, rules, isOpen || isRemembered);
  switch (ruling) {
    case "refuse":
      return refuse(`${reason} Nobody is asked for such files (ask is off).`);
    case "run":
      write(
        isOpen
          ? "done: an open folder"
          : isRemembered
            ? "done: allowed for always"
            : "done: everything is allowed (security is full)",
      );
      break;
    case "ask": {
      const hash = createHash("sha256")
        .update(JSON.stringify(["file", purpose, real]))
        .digest("hex");
      const key = `${sessionKey}\nfile\n${hash}`;
      const isAsked = approval?.plan === hash && ledger.wasAsked(hash, sessionKey, "file", now());
      if (!approval || !isAsked || !ledger.useWord(approval.id, key, now())) {
        ledger.noteQuestion(hash, sessionKey, "file", now());
        write("asked");
        return {
          outcome: "asks",
          answer: {
            state: "asks",
            plan: planOf({ hash, purpose, real, reason: isOpen ? "It is asked for every time." : reason }),
          },
        };
      }
      write(`done: approved (${approval.decision})`);
      if (approval.decision === "allow-always") ledger.allowFile(real, purpose, `approval ${approval.id}`, now());
      break;
    }
    default:
      return ruling satisfies never;
  }
  return { outcome: "passed", files: files.opened(real) };
}

function planOf({ hash, purpose, real, reason }: { hash: string; purpose: FilePurpose; real: string; reason: string }): ExecPlan {
  const command = `${purpose} ${real}`;
  return { hash, command, workdir: dirname(real), reason, segments: [{ text: command, verdict: "not-listed", reason }] };
}
