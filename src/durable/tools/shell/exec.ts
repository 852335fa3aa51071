// exec: a shell inside the Worker, over the files of the workspace; no process, no network, no container. The shell
// itself (run.ts) is loaded at its first use. What it wrote is kept also when it failed or was cut off, as by any shell.
import * as z from "zod";
import type { Tool } from "../port.ts";

const DEFAULT_TIMEOUT_SECONDS = 60;

const input = z.object({
  command: z.string().min(1).max(100_000),
  workdir: z.string().optional().describe("Folder"),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "names are letters, digits and _"), z.string()).optional(),
  timeoutSeconds: z.int().min(1).max(600).optional().describe("Default 60"),
  // Later also the sandbox and the machine at home.
  host: z.enum(["edge"]).optional().describe("Where it runs"),
});

export const exec: Tool<typeof input> = {
  name: "exec",
  label: "Run a command",
  group: "runtime",
  description:
    "Run bash over the workspace files: pipes, loops, sed, awk, jq, rg, sort, diff, gzip, date and so on. No network, python, node or git.",
  input,
  isRepeatable: false,
  isParallel: false,
  title: ({ command }) => `Run ${shorten(command)}`,
  async run({ command, workdir, env = {}, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS }, context) {
    const { runShell } = await import("./run.ts");
    const run = await runShell(command, { workdir: workdir ?? "", env, timeoutMs: timeoutSeconds * 1000 }, context);
    const notes = [
      ...(run.isTimedOut ? [`Stopped after ${timeoutSeconds} s; raise timeoutSeconds or do less at once.`] : []),
      ...(run.exitCode === 0 ? [] : [`Exit code ${run.exitCode}.`]),
      ...(run.leftOut.length > 0 ? [`Not kept (links, unusable names): ${describeSome(run.leftOut)}.`] : []),
    ];
    const output = [run.stdout, run.stderr].map((text) => text.trimEnd()).filter((text) => text !== "");
    const text = [...output, ...(notes.length > 0 ? [`[${notes.join(" ")}]`] : [])].join("\n");
    return {
      text: text === "" ? "Done, no output." : text,
      isError: run.exitCode !== 0,
      details: { exitCode: run.exitCode, changed: run.changed, host: "edge" },
    };
  },
};

function describeSome(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return [...shown, ...(names.length > 5 ? [`${names.length - 5} more`] : [])].join(", ");
}

function shorten(command: string): string {
  const line = command.trim().split("\n")[0] ?? "";
  return line.length <= 60 && line === command.trim() ? line : `${line.slice(0, 60)}…`;
}
