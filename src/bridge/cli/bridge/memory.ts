// `skerry bridge log` and `skerry bridge rules`: what ran on this machine and on whose word, and what its owner allowed for
// always, with the way to take that back. Reads this machine's own database; needs no Skerry.
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { showLine } from "../../../contract/home/shown-text.ts";
import { LEDGER_FILE } from "../../exec/exec.ts";
import { type AuditRow, ExecLedger } from "../../exec/ledger.ts";
import { type AllowEntry, draftOf } from "../../exec/policy/allowlist.ts";
import { findExecutable, SEARCH_PATH } from "../../exec/policy/executables.ts";
import { show } from "../../exec/policy/judge.ts";
import { EXIT } from "../exit-code.ts";
import { type BridgeCommand, findBridgeState } from "./run.ts";

const NOTHING = "No command was run on this machine yet.";

export async function showLog(command: BridgeCommand, limit: number): Promise<number> {
  const { terminal, isJson } = command;
  if (!Number.isInteger(limit) || limit < 1) {
    terminal.remark("--limit takes a number from 1.", "red");
    return EXIT.usage;
  }
  const rows = withLedger(command, (ledger) => ledger.audited(limit)) ?? [];
  if (isJson) terminal.print(JSON.stringify(rows));
  else if (rows.length === 0) terminal.print(NOTHING);
  else for (const row of rows.reverse()) terminal.print(describeRow(row));
  return EXIT.ok;
}

export async function showRules(command: BridgeCommand): Promise<number> {
  const { terminal, isJson } = command;
  const found = withLedger(command, (ledger) => ({ programs: ledger.allowed(), files: ledger.allowedFiles() }));
  const { programs = [], files = [] } = found ?? {};
  if (isJson) {
    terminal.print(JSON.stringify({ programs, files }));
    return EXIT.ok;
  }
  if (programs.length + files.length === 0) terminal.print("Nothing is allowed for always on this machine.");
  for (const entry of programs) terminal.print(describeEntry(entry));
  for (const { path, purpose, addedAt } of files) {
    terminal.print(`file  ${showLine(path, 200)}  ${purpose === "write" ? "read and written" : "read"}, since ${dayOf(addedAt)}`);
  }
  return EXIT.ok;
}

/** `program`: a name, a path, or a pattern of paths such as /usr/bin/*. */
export async function addRule(command: BridgeCommand, program: string, args: readonly string[]): Promise<number> {
  const { terminal, environment, given } = command;
  const isPattern = isAbsolute(program) && program.includes("*");
  const found = isPattern ? undefined : await findExecutable(program, process.cwd(), SEARCH_PATH);
  if (!isPattern && !found) {
    terminal.remark(`There is no program ${program} on this machine.`, "red");
    return EXIT.failed;
  }
  const draft = { ...(found ? draftOf(found) : { path: program }), ...(args.length > 0 ? { args: [...args] } : {}) };
  const isDone = withLedger(command, (ledger) => {
    ledger.allow(draft, "skerry bridge rules add", Date.now());
    return true;
  });
  if (!isDone) {
    const folder = findBridgeState(environment, given.stateDir);
    terminal.remark(`No bridge has run with ${folder} yet; start it once, or name its folder with --state-dir.`, "red");
    return EXIT.failed;
  }
  terminal.print(`${draft.path} is allowed from now on.`);
  return EXIT.ok;
}

/** `what`: the number of a program, or the path of a file, as `rules` shows them. */
export async function forgetRule(command: BridgeCommand, what: string): Promise<number> {
  const { terminal } = command;
  const isGone = withLedger(command, (ledger) => (/^\d+$/.test(what) ? ledger.forbid(Number(what)) : ledger.forbidFile(what)));
  if (!isGone) {
    terminal.remark(`Nothing is allowed as ${what}; skerry bridge rules lists what is.`, "red");
    return EXIT.failed;
  }
  terminal.print("Forgotten. It is asked about again.");
  return EXIT.ok;
}

function withLedger<T>(command: BridgeCommand, work: (ledger: ExecLedger) => T): T | undefined {
  const path = join(findBridgeState(command.environment, command.given.stateDir), LEDGER_FILE);
  if (!existsSync(path)) return undefined;
  const ledger = new ExecLedger(path);
  try {
    return work(ledger);
  } finally {
    ledger.close();
  }
}

function describeRow({ at, place, command, verdict, approval, exit, sessionKey }: AuditRow): string {
  const end = exit === undefined ? "runs" : exit;
  const word = approval === undefined ? "" : ` [${approval}]`;
  const when = new Date(at).toISOString().slice(0, 19).replace("T", " ");
  return `${when}  ${place}  ${sessionKey}\n  ${showLine(command, 400)}\n  ${verdict}${word}${end === "" ? "" : `; ${end}`}`;
}

function describeEntry({ id, path, name, args, isExact, workdir, addedAt, usedAt }: AllowEntry): string {
  const what = args === undefined ? "any arguments" : args.length === 0 ? "no arguments" : show(args);
  const how = `${what}${isExact ? ", exactly" : ""}${workdir === undefined ? "" : `, in ${workdir}`}`;
  const used = usedAt === undefined ? "not used yet" : `used ${dayOf(usedAt)}`;
  return `${id}  ${path}${name === undefined ? "" : ` as ${name}`}  ${how}, since ${dayOf(addedAt)}, ${used}`;
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
