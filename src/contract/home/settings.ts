// What the settings document says of commands: where they run, how a container is made, what needs the owner's word. Names as in
// openclaw.json where the meaning is the same. What is left out closes: see durable/directory/hands/.
import * as z from "zod";

export const SANDBOX_MODES = ["off", "non-main", "all"] as const;
export const EXEC_HOSTS = ["auto", "edge", "sandbox", "home"] as const;
export const EXEC_SECURITIES = ["deny", "allowlist", "full"] as const;
export const EXEC_ASKS = ["off", "on-miss", "always"] as const;
export const ELEVATIONS = ["off", "on", "ask", "full"] as const;

const MEMORY = /^(\d{1,7})(m|g)$/i;

export const sandboxSettings = z
  .strictObject({
    mode: z
      .enum(SANDBOX_MODES)
      .optional()
      .describe(
        "Which sessions are kept in a sandbox. off: none; non-main (the default): all but the owner's own main session; all: that one, too.",
      ),
    scope: z
      .enum(["session", "agent", "shared"])
      .optional()
      .describe(
        "Who shares a container. session (the default): nobody, each session has its own; agent: the sessions of one agent; shared: all.",
      ),
    workspaceAccess: z
      .enum(["none", "ro", "rw"])
      .optional()
      .describe("Whether the agent's files are there. none (the default): no; ro: to read; rw: to read and write."),
    docker: z
      .strictObject({
        image: z.string().min(1).max(256).optional().describe("Image of the containers; else the machine's own default."),
        network: z
          .string()
          .regex(/^(?!host$|container:)[A-Za-z0-9][\w.-]{0,127}$/, "must be none or the name of a network, never host")
          .optional()
          .describe("none (the default), or a network of the engine. What is in it can be reached."),
        memory: z
          .string()
          .regex(MEMORY, "must be a size such as 512m or 2g")
          .refine((text) => isBetween(readMemoryMb(text), 16, 65_536), "must be from 16m to 64g")
          .optional()
          .describe("Most memory of a container, such as 512m or 2g; 1g by default."),
        cpus: z.number().positive().max(64).optional().describe("Processors a container may use; 1 by default."),
        pidsLimit: z.int().min(8).max(4096).optional().describe("Processes a container may have; 256 by default."),
        setupCommand: z.string().min(1).max(10_000).optional().describe("Run once in each new container."),
        env: z
          .record(z.string().regex(/^[A-Za-z_]\w*$/, "must be the name of a variable"), z.string().max(4096))
          .optional()
          .describe("Variables of the containers. What is in them can be read by the model: no keys."),
      })
      .optional()
      .describe("How the containers are made, by Docker or Podman, and how much they may use."),
  })
  .describe("Containers that commands run in, on one of the owner's machines.");

export const execSettings = z
  .strictObject({
    host: z
      .enum(EXEC_HOSTS)
      .optional()
      .describe(
        "Where commands run when nothing is said. edge: the shell inside Skerry; sandbox: a container on a machine; home: the machine itself; auto (the default): the sandbox for sessions that are kept in one, else the edge.",
      ),
    node: z.string().min(1).max(200).optional().describe("Id or name of the machine to use where none is said."),
    security: z
      .enum(EXEC_SECURITIES)
      .optional()
      .describe(
        "What may run on a machine itself. deny: nothing; allowlist (the default): what its list of programs allows; full: everything.",
      ),
    ask: z
      .enum(EXEC_ASKS)
      .optional()
      .describe(
        "When the owner is asked about a command on a machine itself. off: never; on-miss (the default): for what is not on the list; always: each time.",
      ),
    timeoutSec: z
      .int()
      .min(0)
      .max(86_400)
      .optional()
      .describe("A command is ended after this many seconds; 0: never. 1800 by default."),
    backgroundMs: z
      .int()
      .min(0)
      .max(15_000)
      .optional()
      .describe("A command that runs longer than this many milliseconds goes on in the background; 10000 by default."),
  })
  .describe("Commands on the owner's machines.");
export type ExecSettings = z.infer<typeof execSettings>;

export const toolsSettings = z
  .strictObject({
    exec: execSettings.optional(),
    elevated: z
      .strictObject({
        enabled: z.boolean().optional().describe("Whether the owner may raise a session above its sandbox by /elevated."),
        allowFrom: z
          .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a channel's id"), z.array(z.string().min(1).max(256)))
          .optional()
          .describe("The owner's accounts that may, by channel (\"*\": all of that channel); left out: all of the owner's."),
      })
      .optional()
      .describe("/elevated: the owner raises a session above its sandbox for a while."),
  })
  .describe("What commands may do, and where, for every agent that says nothing else.");

export const approvalsSettings = z
  .strictObject({
    exec: z
      .strictObject({
        enabled: z
          .boolean()
          .optional()
          .describe("Whether the owner is asked in chats, too (the default). Else in the Control UI and the terminal alone."),
      })
      .optional()
      .describe("Commands that wait for the owner's word."),
  })
  .describe("Where the owner is asked.");

/** "512m", "2g". */
export function readMemoryMb(text: string): number {
  const [, number = "", unit = ""] = MEMORY.exec(text) ?? [];
  return Number(number) * (unit.toLowerCase() === "g" ? 1024 : 1);
}

function isBetween(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}
