// The machine itself as a place: commands by its shell, each in a process group of its own, with an environment that holds none
// of the bridge's own; its files as far as home-files.ts lets. Whether a command may run at all was decided before.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { constants, homedir } from "node:os";
import { HomeRefused } from "../../contract/errors.ts";
import type { Place } from "../../contract/home/commands.ts";
import { makeEnvironment } from "../exec/policy/environment.ts";
import { SEARCH_PATH } from "../exec/policy/executables.ts";
import { HomeFiles, resolveHomePath } from "./home-files.ts";
import { Keeper } from "./keeper.ts";
import type { Ended, LaunchRequest, PlaceHost, RunningProcess } from "./place.ts";
import { MARK, signalTree, type TreeSignal } from "./process-tree.ts";
import { openTerminal } from "./terminal.ts";

type HomeKind = Extract<Place, { kind: "home" }>;

export interface HomePlaceOptions {
  /** The bridge's own; little of it is passed on. */
  environment: NodeJS.ProcessEnv;
  /** Folders that nobody may look into or write to: the bridge's state. */
  closedFolders: readonly string[];
  openFolders: { read: readonly string[]; write: readonly string[] };
  searchPath?: readonly string[];
  homeFolder?: string;
}

/** After its end, output that is on its way is waited for; a child that keeps the pipe open is not. */
const DRAIN_MS = 500;

export class HomePlace implements PlaceHost<HomeKind> {
  readonly files: HomeFiles;
  readonly #options: HomePlaceOptions;
  readonly #homeFolder: string;
  readonly #searchPath: readonly string[];
  readonly #keeper = new Keeper();
  readonly #running = new Map<number, string>();

  constructor(options: HomePlaceOptions) {
    this.#options = options;
    this.#homeFolder = options.homeFolder ?? homedir();
    this.#searchPath = options.searchPath ?? SEARCH_PATH;
    this.files = new HomeFiles({
      homeFolder: this.#homeFolder,
      closedFolders: options.closedFolders,
      openFolders: options.openFolders,
      searchPath: this.#searchPath,
    });
  }

  /** The folder that a command runs in. @throws HomeRefused when there is none of that name. */
  async folderOf(workdir: string | undefined): Promise<string> {
    const folder = resolveHomePath(workdir ?? "~", this.#homeFolder);
    const found = await stat(folder).catch(() => undefined);
    // Without links: what is asked about must be where it runs, also when a link leads elsewhere by then.
    if (found?.isDirectory()) return realpath(folder);
    throw new HomeRefused("NOT_FOUND", `There is no folder ${folder} on this machine to run it in.`);
  }

  async launch(request: LaunchRequest<HomeKind>): Promise<RunningProcess> {
    const cwd = await this.folderOf(request.workdir);
    const mark = randomBytes(12).toString("hex");
    const env = {
      HOME: this.#homeFolder,
      ...makeEnvironment(this.#options.environment, request.env, this.#searchPath),
      [MARK]: mark,
    };
    // No start-up file of anybody is read.
    const [file, args] = existsSync("/bin/bash")
      ? ["/bin/bash", ["--noprofile", "--norc", "-c", request.command]]
      : ["/bin/sh", ["-c", request.command]];
    this.#keeper.expect(mark);
    const begin = request.isPty ? inTerminal : withPipes;
    const started = await begin(file, args, cwd, env, request).catch((error: unknown) => {
      this.#keeper.dismiss(mark);
      throw error;
    });
    const { pid } = started;
    this.#running.set(pid, mark);
    this.#keeper.add(pid, mark);
    const ended = started.ended.then(async (end) => {
      // What it left behind is not on any list, so it ends with it. What is to go on is a process of its own.
      await signalTree(pid, mark, "KILL").catch(() => undefined);
      this.#running.delete(pid);
      this.#keeper.end(pid, mark);
      return end;
    });
    return {
      write: started.write,
      endInput: started.endInput,
      kill: (signal: TreeSignal) => (this.#running.has(pid) ? signalTree(pid, mark, signal) : Promise.resolve()),
      ended,
    };
  }

  /** Ends all that runs. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map(([pid, mark]) => signalTree(pid, mark, "KILL")));
    this.#keeper.close();
  }
}

interface Started {
  pid: number;
  write(data: Uint8Array): Promise<void>;
  endInput(): Promise<void>;
  ended: Promise<Ended>;
}

async function withPipes(
  file: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
  { onOutput }: LaunchRequest,
): Promise<Started> {
  const child = spawn(file, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  const { stdin, stdout, stderr } = child;
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => reject(explainStart(error)));
  });
  // A program that does not read is no fault of ours.
  stdin.on("error", () => undefined);
  for (const stream of [stdout, stderr]) stream.on("data", onOutput);
  const ended = new Promise<Ended>((resolve) => {
    child.once("exit", (code, signal) => {
      const end = code === null ? (signal === null ? {} : { signal }) : { exitCode: code };
      const drained = setTimeout(() => {
        stdout.destroy();
        stderr.destroy();
      }, DRAIN_MS);
      child.once("close", () => {
        clearTimeout(drained);
        resolve(end);
      });
    });
  });
  return {
    pid: child.pid ?? 0,
    ended,
    write: (data) =>
      new Promise((resolve, reject) => {
        if (!stdin.writable) return reject(new HomeRefused("CONFLICT", "Its input is closed already."));
        stdin.write(data, (error) =>
          error ? reject(new HomeRefused("CONFLICT", "It does not read its input any more.", error)) : resolve(),
        );
      }),
    endInput: async () => {
      stdin.end();
    },
  };
}

async function inTerminal(
  file: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
  { onOutput }: LaunchRequest,
): Promise<Started> {
  const terminal = await openTerminal({ file, args, cwd, env, onOutput });
  return {
    pid: terminal.pid,
    write: async (data) => terminal.write(data),
    // In a terminal the end of the input is a key.
    endInput: async () => terminal.write(Buffer.from([4])),
    ended: terminal.ended.then(({ exitCode, signal }) =>
      signal === undefined ? { exitCode: exitCode ?? 0 } : { signal: nameOfSignal(signal) },
    ),
  };
}

function nameOfSignal(number: number): string {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `signal ${number}`;
}

function explainStart(error: Error): HomeRefused {
  const code = "code" in error ? error.code : undefined;
  if (code === "E2BIG")
    return new HomeRefused("TOO_LARGE", "The command is too long for this machine; put it into a file.", error);
  if (code === "EAGAIN")
    return new HomeRefused("UNAVAILABLE", "This machine runs too many processes just now; try again.", error);
  return new HomeRefused(
    "UNAVAILABLE",
    `The command could not be started on this machine (${String(code ?? error.message)}).`,
    error,
  );
}
