// The sandbox put together: a place in containers of this machine's own engine. Nothing is looked for or started before it is
// first asked; an engine that comes later is found then, one that went away is told and looked for again.
import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";
import type { SandboxStatus } from "../../contract/home/commands.ts";
import type { HomeCommands } from "../home-command.ts";
import type { LaunchRequest, PlaceHost, RunningProcess } from "../places/place.ts";
import { explainClosed, type SandboxPlace, WORKSPACE } from "./container-plan.ts";
import { Containers, homeOf } from "./containers.ts";
import { MIN_FREE_BYTES } from "./disk.ts";
import type { Engine } from "./engine.ts";
import { findEngine } from "./engine-search.ts";
import { openFiles } from "./files.ts";
import { type BuildRequest, buildImage, DEFAULT_IMAGE, explainMissing, findImage } from "./image.ts";
import type { AgentFolders } from "./mirror/mirror.ts";
import { enter, mirrorFiles } from "./mirror/mirrored-files.ts";
import type { Note } from "./mirror/notes.ts";
import { startRunning } from "./running.ts";

const PRUNE_EVERY_MS = 3_600_000;
const FAREWELL_MS = 5_000;

export interface SandboxOptions {
  /** Of the bridge. */
  stateDir: string;
  environment: NodeJS.ProcessEnv;
  /** What the owner of this machine says of it. */
  config: { socket?: string | undefined; image?: string | undefined; networks: readonly string[] };
  /** Folder with the Dockerfile of the default image. */
  imageDir: string;
  /** The files of agents, for places that mount them. */
  folders: AgentFolders;
  log(text: string, isBad?: boolean): void;
  now?(): number;
  /** With less than this left on the disk nothing is started, and what runs is ended. */
  minFreeBytes?: number;
  /** Works on all files by commands in the container, as where folders of this machine cannot be walked safely. */
  isFilesInside?: boolean;
}

export interface Sandbox {
  host: PlaceHost<SandboxPlace>;
  commands: HomeCommands;
  status(): Promise<SandboxStatus>;
  /** Takes away what was idle for a day or is a week old. Answers how many. @throws HomeRefused */
  prune(): Promise<number>;
  /** The default one, whichever is used. @throws HomeRefused */
  buildImage(onLine: (line: string) => void, signal?: AbortSignal): Promise<{ built: string; used: string }>;
  /** The bridge begins: takes away what an earlier run left behind, and prunes now and every hour. Never rejects. */
  start(): Promise<void>;
  /** Ends what runs. Never rejects. */
  close(): Promise<void>;
}

export function openSandbox(options: SandboxOptions): Sandbox {
  const { config, environment, folders, log, now = Date.now, minFreeBytes = MIN_FREE_BYTES } = options;
  const dir = join(options.stateDir, "sandbox");
  const image = config.image ?? DEFAULT_IMAGE;
  const live = new Set<RunningProcess>();
  /** Those that have ended, and whose files are being brought back. */
  const leaving = new Set<Promise<void>>();
  const closing = Promise.withResolvers<void>();
  let known: Engine | undefined;
  let made: Containers | undefined;
  let timer: NodeJS.Timeout | undefined;

  const containers = () => {
    made ??= new Containers({
      dir,
      installation: openInstallation(dir),
      defaultImage: image,
      networks: config.networks,
      minFreeBytes,
      filesFolder: (place) => folders.folderOf(place),
      now,
      log,
    });
    return made;
  };
  /** Does something with the engine; one that does not answer is forgotten, so that another can be found next time. */
  const withEngine = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
    known ??= await findEngine({ socket: config.socket, environment });
    const engine = known;
    // One that has not the guards that are needed is asked anew each time: its owner may have seen to that meanwhile.
    if (explainClosed(engine.facts) !== undefined) known = undefined;
    try {
      return await work(engine);
    } catch (error) {
      if (error instanceof HomeRefused && error.code === "NO_ENGINE") known = undefined;
      throw error;
    }
  };
  const prune = async () => {
    const removed = await withEngine((engine) => containers().prune(engine));
    // What ran on after its command went with its container; what it wrote is still to be brought back.
    await folders.settle();
    return removed;
  };

  const host: PlaceHost<SandboxPlace> = {
    launch: (request) =>
      withEngine(async (engine) => {
        const { place } = request;
        const folder = posix.resolve(WORKSPACE, (request.workdir ?? "").replace(/^~(?=\/|$)/, WORKSPACE));
        const voice = openVoice(request);
        const leave = await enter(folders, place, voice.say);
        let release = () => {};
        try {
          const container = await containers().open(engine, place);
          release = containers().occupy(container.name);
          const running = await startRunning(
            { ...request, onOutput: voice.pass },
            {
              engine,
              container,
              folder,
              minFreeBytes,
              env: { ...homeOf(place), ...(request.isPty ? { TERM: "xterm-256color" } : {}), ...request.env },
              discard: () => containers().discard(engine, container),
              log,
            },
          );
          const ended = running.ended.then(async (end) => {
            const left = leave().finally(() => leaving.delete(left));
            leaving.add(left);
            await Promise.race([left, closing.promise]);
            live.delete(process);
            release();
            return end;
          });
          const process: RunningProcess = {
            write: (data) => running.write(data),
            endInput: () => running.endInput(),
            kill: (signal) => running.kill(signal),
            ended,
          };
          live.add(process);
          return process;
        } catch (error) {
          release();
          await leave();
          throw error;
        }
      }),
    files: mirrorFiles(
      openFiles({
        ...(options.isFilesInside === true ? { isDirect: false } : {}),
        folderOf: async (place) => ({ name: WORKSPACE, ...(await folderOf(place)) }),
        inside: (place) => withEngine(async (engine) => ({ engine, container: (await containers().open(engine, place)).id })),
      }),
      folders,
      log,
    ),
  };

  async function folderOf(place: SandboxPlace) {
    const { folder, owner } = await containers().folderOf(place);
    return { root: folder, owner };
  }

  async function status(): Promise<SandboxStatus> {
    try {
      return await withEngine(async (engine) => {
        const { name, version, isRootless, socket } = engine.facts;
        const [picture, list] = await Promise.all([findImage(engine, image), containers().list(engine)]);
        const missing = picture || image === DEFAULT_IMAGE ? undefined : explainMissing(engine, image, image);
        const reason = explainClosed(engine.facts) ?? missing;
        return {
          engine: { name, version, isRootless, socket },
          ...(reason === undefined ? {} : { reason }),
          image,
          hasImage: picture !== undefined,
          containers: list,
        };
      });
    } catch (error) {
      if (!(error instanceof HomeRefused)) throw error;
      return { reason: error.message, image, hasImage: false, containers: [] };
    }
  }

  return {
    host,
    commands: { "sandbox.status": status },
    status,
    prune,
    async buildImage(onLine, signal) {
      // Never by the name of another one: it would stand for what its owner means by that.
      const request: BuildRequest = { imageDir: options.imageDir, image: DEFAULT_IMAGE, onLine, signal };
      await withEngine((engine) => buildImage(engine, request));
      return { built: DEFAULT_IMAGE, used: image };
    },
    async start() {
      const tidy = async (isFirst: boolean) => {
        try {
          if (isFirst) await withEngine((engine) => containers().sweep(engine));
          await prune();
        } catch (error) {
          // Without an engine there is nothing to tidy; whoever uses the sandbox is told.
          if (!(error instanceof HomeRefused && error.code === "NO_ENGINE")) {
            log(`The sandboxes were not tidied: ${error instanceof Error ? error.message : String(error)}`, true);
          }
        }
      };
      timer = setInterval(() => void tidy(false), PRUNE_EVERY_MS).unref();
      await tidy(true);
    },
    async close() {
      clearInterval(timer);
      // An end is told at once then. What was changed has a moment to be brought back; else it is when the bridge is there again.
      closing.resolve();
      const ending = [...live];
      await Promise.all(ending.map((running) => running.kill("KILL").catch(() => undefined)));
      const late = new Promise((resolve) => setTimeout(resolve, FAREWELL_MS).unref());
      const all = async () => {
        await Promise.all(ending.map(({ ended }) => ended));
        await Promise.all(leaving);
      };
      await Promise.race([all(), late]);
    },
  };
}

/** Lets us speak among a command's output, on lines of our own. */
function openVoice({ isPty, onOutput }: LaunchRequest<SandboxPlace>) {
  let isLineOpen = false;
  return {
    pass: (chunk: Uint8Array) => {
      if (chunk.length > 0) isLineOpen = chunk.at(-1) !== 10;
      onOutput(chunk);
    },
    say: ({ text, isOld }: Note) => {
      if (isOld) return;
      const end = isPty ? "\r\n" : "\n";
      onOutput(Buffer.from(`${isLineOpen ? end : ""}[skerry] ${text}${end}`));
      isLineOpen = false;
    },
  };
}

/** Names this installation on labels, so that two of them on one engine leave each other's containers alone. */
function openInstallation(dir: string): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, "installation");
  const known = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  // A disk that was full when it was written left it empty.
  if (/^[0-9a-f-]{36}$/.test(known)) return known;
  const made = randomUUID();
  writeFileSync(path, made, { mode: 0o600 });
  return made;
}
