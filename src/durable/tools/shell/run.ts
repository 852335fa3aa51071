// One command in an in-process bash (just-bash, its build for browsers: nothing of Node's file system or processes).
// Loaded by exec.ts at first use. Never gives the shell a network, a real process or the variables of the Worker.
import { Bash, type CommandName, getCommandNames } from "just-bash/browser";
import { ToolFailure } from "../../../contract/errors.ts";
import type { ToolContext } from "../port.ts";
import { expectValue, SHELL_ROOT, toWorkspacePath } from "../workspace-path.ts";
import { ShellFiles } from "./files.ts";

interface ShellRun {
  stdout: string;
  stderr: string;
  exitCode: number;
  isTimedOut: boolean;
  /** How many files and folders of the workspace are different now. */
  changed: number;
  /** Symbolic links and names for which the workspace has no place. */
  leftOut: string[];
}

// A loop that waits for nothing holds the whole object, and no timer can cut it: counts bound it to a second or two.
const MAX_COMMANDS = 30_000;
const LIMITS = {
  maxCommandCount: MAX_COMMANDS,
  maxLoopIterations: MAX_COMMANDS,
  maxAwkIterations: 100_000,
  maxSedIterations: 100_000,
  maxJqIterations: 1_000_000,
  maxWorkUnits: 2_000_000,
  maxOutputSize: 512 * 1024,
  maxStringLength: 4 * 1024 * 1024,
  maxLiveBytes: 32 * 1024 * 1024,
};

// Known by name only: they need parts that the build for browsers does not have.
const ABSENT = ["tar", "yq", "xan", "sqlite3"];

export async function runShell(
  command: string,
  options: { workdir: string; env: Record<string, string>; timeoutMs: number },
  context: ToolContext,
): Promise<ShellRun> {
  const { workspace, signal } = context;
  signal.throwIfAborted();
  const tree = expectValue(await workspace.list("", true));
  const files = new ShellFiles(tree, async (path) => expectValue(await workspace.read(path)).bytes);
  const folder = toWorkspacePath(options.workdir);
  const cwd = folder === "" ? SHELL_ROOT : `${SHELL_ROOT}/${folder}`;
  if (!(await files.exists(cwd)) || !(await files.stat(cwd)).isDirectory) {
    throw new ToolFailure(`There is no folder ${folder}; make it first, or leave workdir out.`);
  }
  await files.mkdir("/tmp", { recursive: true });
  const bash = new Bash({
    fs: files,
    cwd,
    env: { HOME: SHELL_ROOT, USER: "skerry", LANG: "C.UTF-8", TZ: context.timeZone },
    commands: getCommandNames().filter((name): name is CommandName => !ABSENT.includes(name)),
    // It would replace globals that every other event in this isolate uses.
    defenseInDepth: false,
    executionLimitProfile: "hardened",
    executionLimits: { ...LIMITS, maxExecutionTimeMs: options.timeoutMs },
  });
  const startedAt = context.now();
  const result = await bash.exec(command, { env: options.env, signal, rawScript: true }).catch(describeFault);
  const { changes, leftOut } = await files.changes();
  if (changes.length > 0) expectValue(await workspace.apply(changes));
  signal.throwIfAborted();
  return {
    stdout: result.stdoutKind === "bytes" ? decodeBytes(result.stdout) : nameAbsent(result.stdout),
    stderr: nameAbsent(result.stderr),
    exitCode: result.exitCode,
    isTimedOut: result.exitCode === 124 && context.now() - startedAt >= options.timeoutMs,
    changed: changes.length,
    leftOut,
  };
}

/** A file that cannot be opened for a redirect ends the whole script; what was done before it stays. */
function describeFault(error: unknown): { stdout: string; stdoutKind?: "text" | "bytes"; stderr: string; exitCode: number } {
  return { stdout: "", stderr: `bash: ${error instanceof Error ? error.message : "the script broke off"}`, exitCode: 1 };
}

/** The build for browsers names commands that it does not have; to a script they are simply not found. */
function nameAbsent(output: string): string {
  return output.replace(
    /command not available in browser environments\. Exclude '[^']*' from .*? use the Node\.js bundle\./g,
    "command not found",
  );
}

/** A string of which every character is one byte. */
function decodeBytes(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}
