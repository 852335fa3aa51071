// A folder of a sandbox beside an agent's files, for tests: the routes, the workspace and the folder are the real ones; the
// container is the test's own process.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { SandboxPlace } from "../../src/bridge/sandbox/container-plan.ts";
import { type Mirror, type MirrorOptions, openMirror } from "../../src/bridge/sandbox/mirror/mirror.ts";
import { openTestAgentFiles, type TestAgentFiles } from "./agent-files.ts";

export interface TestHouse {
  files: TestAgentFiles;
  mirror: Mirror;
  dir: string;
  /** The folder as the container sees it. */
  at(path: string): string;
  put(path: string, text: string): void;
  /** Path to text of all plain files in the folder that did not come with Skerry. */
  texts(): Record<string, string>;
  /** One command that does `work`. Answers what was said. */
  run(work?: () => unknown, rest?: Partial<SandboxPlace>): Promise<string[]>;
  restart(): void;
}

export const filesPlace = (rest: Partial<SandboxPlace> = {}): SandboxPlace => ({
  kind: "sandbox",
  key: "k",
  agentId: "main",
  network: "none",
  workspace: "rw",
  memoryMb: 64,
  cpus: 1,
  pids: 16,
  env: {},
  ...rest,
});

export async function openHouse(rest: Partial<MirrorOptions> = {}): Promise<TestHouse> {
  const dir = mkdtempSync(join(tmpdir(), "skerry-mirror-"));
  const files = await openTestAgentFiles();
  const open = () => {
    const mirror = openMirror({ dir, minFreeBytes: 1, log: () => undefined, ...rest });
    mirror.connect((path, init) => files.door(path, init));
    return mirror;
  };
  const house: TestHouse = {
    files,
    mirror: open(),
    dir,
    at: (path) => join(dir, "main.rw", path),
    put(path, text) {
      mkdirSync(dirname(house.at(path)), { recursive: true });
      writeFileSync(house.at(path), text);
    },
    texts() {
      const all = readdirSync(house.at(""), { recursive: true, withFileTypes: true });
      const plain = all.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
      const pairs = plain.map((path) => [path.slice(house.at("").length + 1), readFileSync(path, "utf8")] as const);
      return Object.fromEntries(pairs.filter(([path]) => !path.startsWith("skills/")));
    },
    async run(work = () => undefined, rest = {}) {
      const said: string[] = [];
      const leave = await house.mirror.enter(filesPlace(rest), ({ text, isOld }) => isOld || said.push(text));
      await work();
      await leave();
      return said;
    },
    restart() {
      house.mirror = open();
    },
  };
  return house;
}
