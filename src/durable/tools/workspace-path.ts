// Paths as models write them, made into workspace paths: "./a", "/workspace/a" and "~/a" all mean "a"; the root is "".
// Never lets ".." climb out of the workspace; the Workspace refuses it once more.
import { type Outcome, ToolFailure } from "../../contract/errors.ts";

/** Where the shell shows the workspace. */
export const SHELL_ROOT = "/workspace";

/** @throws ToolFailure when the path leaves the workspace or cannot be a path. */
export function toWorkspacePath(written: string): string {
  if (written.includes("\0")) throw new ToolFailure("The path contains a NUL character; write it without.");
  if (written.length > 1024) throw new ToolFailure("The path is longer than 1,024 characters; use a shorter one.");
  const inside = written.replace(/^~(?=\/|$)/, SHELL_ROOT).replace(/^\/+$/, SHELL_ROOT);
  const relative = inside.replace(/^\/workspace(?=\/|$)/, ".");
  if (relative.startsWith("/")) throw outside(written);
  const steps: string[] = [];
  for (const step of relative.split("/")) {
    if (step === "" || step === ".") continue;
    if (step !== "..") steps.push(step);
    else if (steps.pop() === undefined) throw outside(written);
  }
  return steps.join("/");
}

function outside(written: string): ToolFailure {
  return new ToolFailure(`${written.slice(0, 100)} is outside the workspace; write the path from its top, like notes/today.md.`);
}

/** The same, for a path that must name a file. */
export function toFilePath(written: string): string {
  const path = toWorkspacePath(written);
  if (path === "") throw new ToolFailure("The path names the workspace itself; name a file in it, like notes/today.md.");
  return path;
}

/** @throws ToolFailure with what the Workspace answered, when it said no. */
export function expectValue<T>(outcome: Outcome<T>): T {
  if (outcome.ok) return outcome.value;
  throw new ToolFailure(outcome.error.message);
}

/** "1.2 kB", for people and models. */
export function describeSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}
