// `skerry bridge allowed` and `skerry bridge audit`: what this machine lets run without a question, and what was asked of it. Both
// read and write the bridge's own database, beside the bridge while it runs. Needs no Skerry.
import { existsSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { ExecLedger } from "../../exec/ledger.ts";
import { type AllowEntry, draftOf } from "../../exec/policy/allowlist.ts";
import { findExecutable, SEARCH_PATH } from "../../exec/policy/executables.ts";
import { EXIT } from "../exit-code.ts";
import { type BridgeCommand, findBridgeState } from "./run.ts";

export async function listAllowed(command: BridgeCommand): Promise<number> {
  const { terminal, isJson } = command;
  const entries = withLedger(command, (ledger) => ledger.allowed()) ?? [];
  if (isJson) terminal.print(JSON.stringify(entries));
  else if (entries.length === 0) terminal.print("No program is allowed beyond those that only turn their input into output.");
  else for (const entry of entries) terminal.print(describe(entry));
  return EXIT.ok;
}

/** `program`: a name, a path, or a pattern of paths such as /usr/bin/*. */
export async function addAllowed(command: BridgeCommand, program: string, args: readonly string[]): Promise<number> {
  const { terminal } = command;
  const isPattern = isAbsolute(program) && program.includes("*");
  const found = isPattern ? undefined : await findExecutable(program, process.cwd(), SEARCH_PATH);
  if (!isPattern && !found) {
    terminal.remark(`There is no program ${program} on this machine.`, "red");
    return EXIT.failed;
  }
  const draft = { ...(found ? draftOf(found) : { path: program }), ...(args.length > 0 ? { args: [...args] } : {}) };
  const isDone = withLedger(command, (ledger) => {
    ledger.allow(draft, "skerry bridge allowed add", Date.now());
    return true;
  });
  if (!isDone) return missing(command);
  terminal.print(`${draft.path} is allowed from now on.`);
  return EXIT.ok;
}

export async function removeAllowed(command: BridgeCommand, number: string): Promise<number> {
  const { terminal } = command;
  const isGone = withLedger(command, (ledger) => ledger.forbid(Number(number)));
  if (isGone === undefined) return missing(command);
  if (isGone) terminal.print(`Number ${number} is not allowed any more.`);
  else terminal.remark(`There is no number ${number}; skerry bridge allowed lists them.`, "red");
  return isGone ? EXIT.ok : EXIT.failed;
}

export async function showAudit(command: BridgeCommand, limit: number): Promise<number> {
  const { terminal, isJson } = command;
  const rows = withLedger(command, (ledger) => ledger.audited(limit)) ?? [];
  if (isJson) terminal.print(JSON.stringify(rows));
  else if (rows.length === 0) terminal.print("No command was asked of this machine.");
  else {
    for (const { at, sessionKey, place, command: text, verdict, approval, exit = "runs" } of rows.reverse()) {
      terminal.print(`${clock(at)}  ${sessionKey}  ${place}  ${JSON.stringify(text.slice(0, 200))}`);
      terminal.print(`    ${verdict}${approval === undefined ? "" : `, ${approval}`}; ${exit}`);
    }
  }
  return EXIT.ok;
}

function withLedger<T>({ environment, given }: BridgeCommand, work: (ledger: ExecLedger) => T): T | undefined {
  const path = join(findBridgeState(environment, given.stateDir), "exec/exec.db");
  if (!existsSync(path)) return undefined;
  const ledger = new ExecLedger(path);
  try {
    return work(ledger);
  } finally {
    ledger.close();
  }
}

function missing({ terminal, environment, given }: BridgeCommand): number {
  const folder = findBridgeState(environment, given.stateDir);
  terminal.remark(`No bridge has run with ${folder} yet; start it once, or name its folder with --state-dir.`, "red");
  return EXIT.failed;
}

function describe({ id, path, name, args, isExact, workdir, addedAt, by, usedAt }: AllowEntry): string {
  const what = args === undefined ? "with any arguments" : `${isExact ? "exactly with" : "with"} ${JSON.stringify(args)}`;
  const facts = [
    ...(name === undefined ? [] : [`called ${name}`]),
    what,
    ...(workdir === undefined ? [] : [`in ${workdir}`]),
    `since ${clock(addedAt)} by ${by}`,
    usedAt === undefined ? "never used" : `used ${clock(usedAt)}`,
  ];
  return `${id}  ${path}  ${facts.join(", ")}`;
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}
