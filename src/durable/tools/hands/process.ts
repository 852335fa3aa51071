// process: what was begun on a machine and goes on: list, look, read on, write to it, press keys, end it.
import * as z from "zod";
import { ToolFailure } from "../../../contract/errors.ts";
import type { ProcessState } from "../../../contract/home/commands.ts";
import type { Tool, ToolContext, ToolResult } from "../port.ts";
import { askAtOnce } from "./asking.ts";
import { describeProcess } from "./remote-exec.ts";
import { mayReachHome } from "./where.ts";

const input = z.object({
  action: z.enum(["list", "poll", "log", "write", "keys", "kill"]),
  id: z.string().max(200).optional().describe("Not for list"),
  waitSeconds: z.int().min(0).max(15).optional().describe("poll: for new output"),
  since: z.int().min(0).optional().describe("poll: bytes that are known"),
  from: z.int().optional().describe("log: first line; negative from the end"),
  lines: z.int().min(1).max(5000).optional().describe("log: default 200"),
  data: z.string().max(1_000_000).optional().describe("write"),
  end: z.boolean().optional().describe("write: close its input"),
  keys: z.array(z.string().max(32)).max(200).optional().describe('keys: such as "C-c", "Enter", "Up"'),
  force: z.boolean().optional().describe("kill: at once"),
  machine: z.string().max(200).optional(),
});
type Input = z.infer<typeof input>;

export const process: Tool<typeof input> = {
  name: "process",
  label: "Look after a process",
  group: "runtime",
  needs: "home",
  description: "Look after commands that exec left running in a sandbox or on a machine.",
  input,
  isRepeatable: ({ action }) => action === "list" || action === "poll" || action === "log",
  isParallel: false,
  title: ({ action, id }) => (action === "list" ? "List processes" : `${TITLES[action]} process ${id ?? ""}`.trim()),
  async run(given, context) {
    if (given.action === "list") return list(given, context);
    const { id: processId } = given;
    if (processId === undefined) throw new ToolFailure(`process was not run. ${given.action} needs the id of a process.`);
    const whose = { processId, sessionKey: context.sessionKey, mayReachHome: mayReachHome(context) };
    const home = given.machine;
    switch (given.action) {
      case "poll": {
        const params = { ...whose, since: given.since ?? 0, waitMs: (given.waitSeconds ?? 0) * 1000 };
        return view(await askAtOnce(context, given.action, "process.poll", params, home));
      }
      case "log": {
        const params = { ...whose, from: given.from ?? -200, lines: given.lines ?? 200 };
        const { value } = await askAtOnce(context, given.action, "process.log", params, home);
        const last = value.from + (given.lines ?? 200);
        const note = `[Lines ${value.from + 1} to ${Math.min(last, value.totalLines)} of ${value.totalLines}, ${value.totalBytes} bytes in all.]`;
        return { text: `${value.text.trimEnd()}\n${note}` };
      }
      case "write": {
        const params = { ...whose, data: given.data ?? "", isEnd: given.end ?? false };
        return view(await askAtOnce(context, given.action, "process.write", params, home));
      }
      case "keys": {
        if (!given.keys?.length) throw new ToolFailure("process was not run. keys needs a list of keys.");
        return view(await askAtOnce(context, given.action, "process.keys", { ...whose, keys: given.keys }, home));
      }
      case "kill": {
        const signal = given.force ? "KILL" : "TERM";
        return view(await askAtOnce(context, given.action, "process.kill", { ...whose, signal }, home));
      }
      default:
        return given.action satisfies never;
    }
  },
};

const TITLES: Record<Input["action"], string> = {
  list: "List",
  poll: "Look at",
  log: "Read the output of",
  write: "Write to",
  keys: "Press keys in",
  kill: "End",
};

async function list({ machine }: Input, context: ToolContext): Promise<ToolResult> {
  const whose = { sessionKey: context.sessionKey, mayReachHome: mayReachHome(context) };
  const { value, home } = await askAtOnce(context, "list", "process.list", whose, machine);
  const rows = value.processes.map((process) => {
    const state =
      process.state === "running"
        ? "running"
        : `ended, ${process.exitCode === undefined ? "by force" : `exit code ${process.exitCode}`}`;
    return `${process.processId}: ${state}, ${process.outputBytes} bytes of output`;
  });
  return { text: rows.length === 0 ? `No process of this talk is known on ${home}.` : rows.join("\n") };
}

function view({ home, value }: { home: string; value: ProcessState }): ToolResult {
  const shown = describeProcess(value, { home, host: "home" });
  // That a process ended badly is what was asked; it is no failure of looking.
  return { ...shown, isError: false };
}
