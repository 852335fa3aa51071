// What a machine at home does with commands, for journeys: it runs none before the owner's word, and what may run always from
// then on. What it "ran" is written down. A process id that comes again is the same process.
import { createHash } from "node:crypto";
import type { Room } from "../../src/bridge/home/bridge.ts";
import type { ExecAnswer, ExecPlan, SandboxStatus } from "../../src/contract/home/commands.ts";
import { roomOf } from "./bridge.ts";

export interface AskingRoom {
  room: Room;
  ran: { command: string; decision: string }[];
}

export const READY_SANDBOX: SandboxStatus = {
  engine: { name: "Docker", version: "27.3.1", isRootless: false, socket: "/var/run/docker.sock" },
  image: "skerry-sandbox:1",
  hasImage: true,
  containers: [],
};

export function openAskingRoom(sandbox: SandboxStatus = READY_SANDBOX): AskingRoom {
  const ran: AskingRoom["ran"] = [];
  const remembered = new Set<string>();
  const processes = new Map<string, ExecAnswer>();
  const room = roomOf(
    {
      "exec.start": async ({ processId, command, workdir = "/home/ada", approval }) => {
        const known = processes.get(processId);
        if (known) return known;
        const plan = planOf(command, workdir);
        if (!remembered.has(command) && approval?.plan !== plan.hash) return { state: "asks", plan };
        if (approval?.decision === "allow-always") remembered.add(command);
        ran.push({ command, decision: approval?.decision ?? "remembered" });
        const output = `ran: ${command.slice(0, 80)}\n`;
        const done: ExecAnswer = {
          state: "exited",
          processId,
          startedAt: 0,
          endedAt: 1,
          exitCode: 0,
          output,
          outputBytes: output.length,
        };
        processes.set(processId, done);
        return done;
      },
      "sandbox.status": async () => sandbox,
    },
    "sandbox",
  );
  return { room, ran };
}

function planOf(command: string, workdir: string): ExecPlan {
  const [program = ""] = command.trim().split(/\s+/);
  const text = command.slice(0, 2000);
  return {
    hash: createHash("sha256").update(`${workdir}\n${command}`).digest("hex"),
    command,
    workdir,
    segments: [{ text, executable: `/usr/bin/${program.slice(0, 40)}`, verdict: "not-listed" }],
    reason: `${program.slice(0, 40)} is not on the list of this machine.`,
  };
}
