// Commands and files of this machine as a room of the bridge: the places there are, the gate, the processes, what is remembered.
import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { BridgeConfig } from "../home/config.ts";
import type { HomeCommands } from "../home-command.ts";
import { HomePlace } from "../places/home-place.ts";
import { execCommands } from "./commands.ts";
import { fileCommands } from "./file-commands.ts";
import type { EndNotice } from "./kept.ts";
import { ExecLedger } from "./ledger.ts";
import { SEARCH_PATH } from "./policy/executables.ts";
import type { Locate } from "./policy/redirects.ts";
import { type Hosts, Processes } from "./processes.ts";

/** In the state folder of the bridge. */
export const LEDGER_FILE = join("exec", "exec.db");

export interface ExecOptions {
  /** Of the bridge; nobody may look into it. */
  stateDir: string;
  /** Nor into these: the program and what it keeps. */
  closed?: readonly string[];
  config: Pick<BridgeConfig, "exec" | "files">;
  /** The bridge's own; little of it is passed on. */
  environment: NodeJS.ProcessEnv;
  /** Places beside the machine itself. */
  hosts: Omit<Hosts, "home">;
  log(text: string, isBad?: boolean): void;
  now?(): number;
  homeFolder?: string;
  searchPath?: readonly string[];
}

export interface ExecRoom {
  commands: HomeCommands;
  cap: string;
  begin(line: { tell(id: string, event: string, payload: unknown): void }): void;
  ledger: ExecLedger;
  close(): Promise<void>;
}

export function openExec(options: ExecOptions): ExecRoom {
  const {
    stateDir,
    closed = [],
    config,
    environment,
    log,
    now = Date.now,
    homeFolder = homedir(),
    searchPath = SEARCH_PATH,
  } = options;
  const dir = join(stateDir, "exec");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const ledger = new ExecLedger(join(stateDir, LEDGER_FILE));
  const { read, write } = config.files;
  const home = new HomePlace({
    environment,
    closedFolders: [stateDir, ...closed].map((path) => resolve(path)),
    openFolders: { read, write },
    searchPath,
    homeFolder,
  });
  const hosts: Hosts = { ...options.hosts, home };
  let line: { tell(id: string, event: string, payload: unknown): void } | undefined;
  const untold: [key: string, notice: EndNotice][] = [];
  const tell = (key: string, notice: EndNotice) => {
    if (line) line.tell(`ended:${key}`, "process.ended", notice);
    else untold.push([key, notice]);
  };
  const processes = new Processes({ folder: join(dir, "output"), ledger, hosts, now, log, tell });
  const expose = (path: string) => home.files.expose(path);
  const folderOf = (workdir: string | undefined) => home.folderOf(workdir);
  const locate: Locate = (path, purpose) => home.files.locate(path, purpose);
  const gate = { ledger, rules: config.exec ?? {}, searchPath, expose, folderOf, locate, now };
  return {
    commands: {
      ...execCommands({ processes, gate }),
      ...fileCommands({ hosts: { ...options.hosts, home }, gate, folder: join(dir, "passing") }),
    },
    cap: "exec",
    ledger,
    begin(to) {
      line = to;
      for (const [key, notice] of untold.splice(0)) processes.tell(key, notice);
    },
    async close() {
      await processes.close();
      await home.close();
      ledger.close();
    },
  };
}
