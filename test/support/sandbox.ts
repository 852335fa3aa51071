// A sandbox for tests: a state folder of its own, the image of the tests, and commands run to their end with all they say.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Ended, RunningProcess } from "../../src/bridge/places/place.ts";
import { NOBODY, type SandboxPlace } from "../../src/bridge/sandbox/container-plan.ts";
import type { AgentFolders } from "../../src/bridge/sandbox/mirror/mirror.ts";
import { openSandbox, type Sandbox, type SandboxOptions } from "../../src/bridge/sandbox/sandbox.ts";
import type { TestEngine } from "./engine.ts";

export interface Ran extends Ended {
  output: string;
}

export interface TestSandbox extends Sandbox {
  stateDir: string;
  /** Folder that a place with the agent's files mounts. */
  filesDir: string;
  logged: string[];
  place(key: string, rest?: Partial<SandboxPlace>): SandboxPlace;
  begin(place: SandboxPlace, command: string, rest?: Begin): Promise<RunningProcess & { output(): string; bytes(): number }>;
  /** Runs to its end. */
  run(place: SandboxPlace, command: string, rest?: Begin): Promise<Ran>;
  leave(): Promise<void>;
}

interface Begin {
  env?: Record<string, string>;
  workdir?: string;
  isPty?: boolean;
  /** What is kept of the output; the rest is counted. */
  maxBytes?: number;
}

/** Whom a container runs as, by its own numbers, where nobody but this test owns the folder. */
export function ownUser({ engine }: TestEngine): { uid: number; gid: number } {
  // The container's root is whoever runs the engine and this test; nobody else can own the folder there.
  if (engine.facts.isRootless && engine.facts.name === "Docker") return { uid: 0, gid: 0 };
  const [uid = 0, gid = 0] = [process.getuid?.(), process.getgid?.()];
  return uid === 0 ? { uid: NOBODY, gid: NOBODY } : { uid, gid };
}

/** A folder that stays as it is: nothing is brought there, and nothing back. */
function fixedFolder(path: string): AgentFolders {
  return { folderOf: async () => path, enter: async () => async () => undefined, settle: async () => undefined };
}

const IMAGE_DIR = resolve(import.meta.dirname, "../../sandbox/image");
let count = 0;

export function openTestSandbox(engine: Pick<TestEngine, "environment">, rest: Partial<SandboxOptions> = {}): TestSandbox {
  const stateDir = rest.stateDir ?? mkdtempSync(join(tmpdir(), "skerry-sandbox-"));
  const filesDir = join(stateDir, "files");
  mkdirSync(filesDir, { recursive: true });
  const logged: string[] = [];
  const sandbox = openSandbox({
    stateDir,
    environment: engine.environment,
    config: { networks: [] },
    imageDir: IMAGE_DIR,
    folders: fixedFolder(filesDir),
    log: (text) => logged.push(text),
    ...rest,
  });
  const begin: TestSandbox["begin"] = async (place, command, { env = {}, workdir, isPty = false, maxBytes = 1_000_000 } = {}) => {
    const kept: Uint8Array[] = [];
    let bytes = 0;
    count += 1;
    const running = await sandbox.host.launch({
      processId: `p${count}`,
      place,
      command,
      workdir,
      env,
      isPty,
      onOutput: (chunk) => {
        if (bytes < maxBytes) kept.push(Buffer.from(chunk));
        bytes += chunk.length;
      },
    });
    return {
      write: (data) => running.write(data),
      endInput: () => running.endInput(),
      kill: (signal) => running.kill(signal),
      ended: running.ended,
      output: () => Buffer.concat(kept).toString("utf8"),
      bytes: () => bytes,
    };
  };
  return {
    ...sandbox,
    stateDir,
    filesDir,
    logged,
    begin,
    place: (key, more = {}) => ({
      kind: "sandbox",
      key,
      agentId: "main",
      network: "none",
      workspace: "none",
      memoryMb: 256,
      cpus: 1,
      pids: 128,
      env: {},
      ...more,
    }),
    async run(place, command, more) {
      const running = await begin(place, command, more);
      const ended = await running.ended;
      return { ...ended, output: running.output() };
    },
    async leave() {
      await sandbox.close();
      if (rest.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
