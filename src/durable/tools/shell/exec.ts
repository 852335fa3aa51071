// exec: at the edge a shell inside the Worker, over the files of the workspace: no process, no network, no container; it
// (run.ts) is loaded at its first use, and what it wrote is kept also when it failed. Elsewhere: hands/remote-exec.ts; on OpenClaw's
// node host: hands/node-host.ts.
import * as z from "zod";
import { cancelOnNodeHost, findNodeHost, isOfNodeHost, resumeOnNodeHost, startOnNodeHost } from "../hands/node-host.ts";
import { cancelRemote, type RemoteCommand, remoteInput, resumeRemote, startRemote } from "../hands/remote-exec.ts";
import { chooseWhere } from "../hands/where.ts";
import type { Tool, ToolContext, ToolResult, ToolWait } from "../port.ts";

const EDGE_TIMEOUT_SECONDS = 60;

const atEdge = z.object({
  command: z.string().min(1).max(100_000),
  workdir: z.string().optional().describe("Folder"),
  env: z.record(z.string().regex(/^[A-Za-z_]\w*$/, "names are letters, digits and _"), z.string()).optional(),
  timeoutSeconds: z.int().min(1).max(600).optional().describe("Default 60"),
});

const input = z.object({
  ...atEdge.shape,
  timeoutSeconds: z.int().min(1).max(86_400).optional().describe("Default 60 at the edge, else 1800"),
  ...remoteInput,
  background: z.boolean().optional().describe("Do not wait; not at the edge"),
  pty: z.boolean().optional().describe("For programs that want a terminal"),
});
type Input = z.infer<typeof input>;

const COMMANDS = "sed, awk, jq, rg, sort, diff, gzip, date and so on";

const execAtEdge: Tool<typeof atEdge> = {
  name: "exec",
  label: "Run a command",
  group: "runtime",
  description: `Run bash over the workspace files: pipes, loops, ${COMMANDS}. No network, python, node or git.`,
  input: atEdge,
  isRepeatable: false,
  isParallel: false,
  title: ({ command }) => `Run ${shorten(command)}`,
  run: runAtEdge,
};

export const exec: Tool<typeof input, ToolResult | ToolWait> = {
  name: "exec",
  label: "Run a command",
  group: "runtime",
  withoutHome: execAtEdge,
  description: `Run bash. At the edge: over the workspace files, with ${COMMANDS}, no network, python, node or git. In a sandbox, or on a machine of the owner: a real shell; the owner may be asked.`,
  input,
  // At the edge it may have done half; elsewhere its process is found again by its id.
  isRepeatable: ({ host }) => host === "sandbox" || host === "home",
  isParallel: false,
  title: ({ command, host }) => `Run ${shorten(command)}${host === "sandbox" || host === "home" ? ` (${host})` : ""}`,
  async run(given, context) {
    const where = await chooseWhere(given, context);
    if (where.host === "edge") return runAtEdge(given, context);
    const nodeHost = where.host === "home" ? await findNodeHost(where.home, context) : undefined;
    return nodeHost ? startOnNodeHost(remoteOf(given), nodeHost, context) : startRemote(remoteOf(given), where, context);
  },
  resume: (given, end, context) =>
    isOfNodeHost(end.memo) ? resumeOnNodeHost(remoteOf(given), end, context) : resumeRemote(remoteOf(given), end, context),
  cancel: (memo, context) => (isOfNodeHost(memo) ? cancelOnNodeHost(memo, context) : cancelRemote(memo, context)),
};

function remoteOf({ command, workdir, env = {}, timeoutSeconds, background = false, pty = false }: Input): RemoteCommand {
  return { command, workdir, env, timeoutSeconds, isBackground: background, isPty: pty };
}

async function runAtEdge(given: z.infer<typeof atEdge>, context: ToolContext): Promise<ToolResult> {
  const { command, workdir, env = {}, timeoutSeconds = EDGE_TIMEOUT_SECONDS } = given;
  const { runShell } = await import("./run.ts");
  const seconds = Math.min(timeoutSeconds, 600);
  const run = await runShell(command, { workdir: workdir ?? "", env, timeoutMs: seconds * 1000 }, context);
  const notes = [
    ...(run.isTimedOut ? [`Stopped after ${seconds} s; raise timeoutSeconds or do less at once.`] : []),
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
}

function describeSome(names: readonly string[]): string {
  const shown = names.slice(0, 5).map((name) => JSON.stringify(name));
  return [...shown, ...(names.length > 5 ? [`${names.length - 5} more`] : [])].join(", ");
}

function shorten(command: string): string {
  const line = command.trim().split("\n")[0] ?? "";
  return line.length <= 60 && line === command.trim() ? line : `${line.slice(0, 60)}…`;
}
