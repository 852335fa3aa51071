// The room of commands for tests: real processes on this machine, in folders of its own, with the words of one session at hand.
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ExecOptions, type ExecRoom, openExec } from "../../src/bridge/exec/exec.ts";
import type { EndNotice } from "../../src/bridge/exec/kept.ts";
import { SEARCH_PATH } from "../../src/bridge/exec/policy/executables.ts";
import type { CommandContext, Transfer } from "../../src/bridge/home-command.ts";
import {
  type ExecAnswer,
  type ExecPlan,
  execStart,
  HOME_COMMANDS,
  type HomeCommandName,
  type HomeResult,
  type ProcessState,
} from "../../src/contract/home/commands.ts";

export interface TestExec {
  room: ExecRoom;
  dir: string;
  stateDir: string;
  homeFolder: string;
  told: { id: string; event: string; payload: EndNotice }[];
  progress: string[];
  /** exec.start with everything usual; a process id of its own unless one is given. */
  start(command: string, more?: Record<string, unknown>, context?: Partial<CommandContext>): Promise<ExecAnswer>;
  /** Without any question, for what is not about the policy. */
  run(command: string, more?: Record<string, unknown>): Promise<ProcessState>;
  ask<C extends HomeCommandName>(
    command: C,
    params: Record<string, unknown>,
    context?: Partial<CommandContext>,
  ): Promise<HomeResult<C>>;
  /** The bridge ends and begins again on the same state. */
  reopen(): Promise<void>;
  /** The bridge ends. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export const FULL = { policy: { security: "full", ask: "off" } } as const;

export function openTestExec(rest: Partial<ExecOptions> = {}): TestExec {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "skerry-exec-")));
  const [stateDir, homeFolder] = [join(dir, "state"), join(dir, "home")];
  mkdirSync(stateDir);
  mkdirSync(homeFolder);
  let count = 0;
  let isClosed = false;
  const told: TestExec["told"] = [];
  const progress: string[] = [];
  const open = () => {
    const room = openExec({
      stateDir,
      homeFolder,
      searchPath: SEARCH_PATH,
      config: { exec: undefined, files: { read: [], write: ["~/Skerry"] } },
      environment: { ...process.env, SKERRY_TOKEN: "the-owners-token", ANTHROPIC_API_KEY: "a-key" },
      hosts: {},
      log: () => undefined,
      ...rest,
    });
    room.begin({ tell: (id, event, payload) => void told.push({ id, event, payload: payload as EndNotice }) });
    return room;
  };
  const context: CommandContext = {
    callId: "call",
    signal: new AbortController().signal,
    progress: (text) => void progress.push(text),
    transfer: { give: noTransfer, take: noTransfer } satisfies Transfer,
    now: Date.now,
  };
  const test: TestExec = {
    room: open(),
    dir,
    stateDir,
    homeFolder,
    told,
    progress,
    ask(command, params, own = {}) {
      const run = test.room.commands[command] as (params: unknown, context: CommandContext) => Promise<never>;
      return run(HOME_COMMANDS[command].params.parse({ sessionKey: "one", mayReachHome: true, ...params }), {
        ...context,
        ...own,
      });
    },
    start(command, more = {}, own = {}) {
      count += 1;
      const params = execStart.parse({
        processId: `p${count}`,
        sessionKey: "one",
        place: { kind: "home" },
        command,
        workdir: homeFolder,
        ...more,
      });
      return test.ask("exec.start", params, own);
    },
    async run(command, more = {}) {
      const answer = await test.start(command, { ...FULL, ...more });
      if (answer.state === "running" || answer.state === "exited") return answer;
      throw new Error(`It did not run: ${JSON.stringify(answer)}`);
    },
    async reopen() {
      if (!isClosed) await test.room.close();
      isClosed = false;
      test.room = open();
    },
    async end() {
      isClosed = true;
      await test.room.close();
    },
    async close() {
      if (!isClosed) await test.room.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return test;
}

export function planOf(answer: ExecAnswer): ExecPlan {
  if (answer.state === "asks") return answer.plan;
  throw new Error(`Nothing was asked: ${JSON.stringify(answer)}`);
}

export function approval(plan: ExecPlan, id: string, decision: "allow-once" | "allow-always" = "allow-once") {
  return { approval: { id, plan: plan.hash, decision } };
}

function noTransfer(): never {
  throw new Error("This test passes no files on.");
}
