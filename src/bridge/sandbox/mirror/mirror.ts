// The folders of agents on this machine: brought up to date before something begins to work in one, and what changed brought back
// when it has ended. One folder an agent, for all its containers; what reads only has another one. Comparisons of one folder are
// done one after the other.
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import type { HomeDoor } from "../../home/door.ts";
import { NOBODY, type SandboxPlace } from "../container-plan.ts";
import { MIN_FREE_BYTES } from "../disk.ts";
import { openAgentFiles } from "./agent-files.ts";
import { NOT_BACK, type Note, type Say } from "./notes.ts";
import { openMirrorState } from "./state.ts";
import { syncFiles } from "./sync.ts";
import { openTree } from "./tree.ts";

const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const FOLDER_NAME = /^([a-z0-9][a-z0-9_-]{0,63})\.(ro|rw)$/;

/** Folders of this machine with the files of agents, for places that mount them. */
export interface AgentFolders {
  /** Made when it is not there. @throws HomeRefused where there can be none. */
  folderOf(place: SandboxPlace): Promise<string>;
  /**
   * Brings the folder up to date for something that begins to work in it. The answer is called when that has ended: it brings back
   * what changed, says what somebody should know, and never rejects. @throws HomeRefused when it is not up to date.
   */
  enter(place: SandboxPlace, say: Say): Promise<() => Promise<void>>;
  /** Brings back what an earlier try did not, and what goes on for long has written. Never rejects. */
  settle(): Promise<void>;
}

export interface Mirror extends AgentFolders {
  /** How to reach Skerry, as soon as that is known. */
  connect(door: HomeDoor): void;
}

export interface MirrorOptions {
  /** Of its own, on the disk that sandboxes may fill. */
  dir: string;
  /** With less than this left on the disk nothing is brought here. */
  minFreeBytes?: number;
  log(text: string, isBad?: boolean): void;
  now?(): number;
  /** Whether folders of this machine can be walked without being led astray. */
  isDirect?: boolean;
}

interface Folder {
  agentId: string;
  isReadOnly: boolean;
  path: string;
  /** Of the latest comparison. */
  queue: Promise<unknown>;
  /** What works in it now. */
  workers: number;
  /** Large files that could not be sent a moment ago, by when they are tried again. */
  waiting: Map<string, number>;
}

export function openMirror(options: MirrorOptions): Mirror {
  const { dir, minFreeBytes = MIN_FREE_BYTES, log, now = Date.now } = options;
  const isDirect = options.isDirect ?? (process.platform === "linux" && existsSync("/proc/self/fd"));
  const folders = new Map<string, Folder>();
  let door: HomeDoor | undefined;

  const doorNow = () => {
    if (door) return door;
    throw new HomeRefused(
      "UNAVAILABLE",
      "This machine is not connected to Skerry just now, so the agent's files are out of reach.",
    );
  };

  function open(agentId: string, isReadOnly: boolean): Folder {
    if (!isDirect) {
      throw new HomeRefused(
        "UNAVAILABLE",
        "Agents' files can be mounted only where the bridge runs on Linux; the owner can set sandbox.workspaceAccess to none.",
      );
    }
    if (!AGENT_ID.test(agentId)) throw new HomeRefused("INVALID_REQUEST", `"${agentId.slice(0, 80)}" is no agent's id.`);
    const path = join(dir, `${agentId}.${isReadOnly ? "ro" : "rw"}`);
    const known = folders.get(path);
    try {
      // What was on its way when an earlier run was cut off.
      if (!known) rmSync(`${path}.arriving`, { recursive: true, force: true });
      makeFolders(path);
    } catch (error) {
      const isFull = error instanceof Error && "code" in error && error.code === "ENOSPC";
      throw new HomeRefused(
        isFull ? "DISK_FULL" : "UNAVAILABLE",
        `The folder ${path} could not be made: ${String(error)}.`,
        error,
      );
    }
    if (known) return known;
    const folder = { agentId, isReadOnly, path, queue: Promise.resolve(), workers: 0, waiting: new Map() };
    folders.set(path, folder);
    return folder;
  }

  function openPlace(place: SandboxPlace): Folder {
    return open(place.agentId, place.workspace !== "rw");
  }

  /** Comparisons of one folder follow each other. */
  function compare(folder: Folder, when: "before" | "after", say: Say, begin?: () => void): Promise<Note[]> {
    const work = async () => {
      const { path, agentId, isReadOnly } = folder;
      // Whoever works in it may have closed it to us.
      makeFolders(path);
      const { uid, gid } = statSync(path);
      const notes = await syncFiles({
        tree: openTree({ root: path, arriving: `${path}.arriving`, owner: { uid, gid }, now: Date.now }),
        files: openAgentFiles(doorNow, agentId),
        state: openMirrorState(`${path}.json`, path),
        isReadOnly,
        // What others are at is not taken from under their hands: it goes when one of them ends.
        isOutward: isReadOnly || when === "after" || folder.workers === 0,
        isBusy: folder.workers > 0,
        when,
        waiting: folder.waiting,
        minFreeBytes,
        now,
        say,
      });
      begin?.();
      return notes;
    };
    const turn = folder.queue.then(work, work);
    folder.queue = turn.catch(() => undefined);
    return turn;
  }

  /** After the work: what could not be brought back is still here, and goes the next time. */
  async function bringBack(folder: Folder, say: Say): Promise<void> {
    try {
      for (const note of await compare(folder, "after", say)) say(note);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log(`The files of ${folder.agentId} could not be brought back from the sandbox: ${reason}`, true);
      say({ text: `${NOT_BACK}; it goes there with the next command. ${reason}` });
    }
  }

  return {
    connect(given) {
      door = given;
    },

    async folderOf(place) {
      return openPlace(place).path;
    },

    async enter(place, say) {
      const folder = openPlace(place);
      // Counted within the turn: whoever compares next knows of it.
      const notes = await compare(folder, "before", say, () => {
        folder.workers += 1;
      });
      for (const note of notes) say(note);
      let hasLeft = false;
      return async () => {
        if (hasLeft) return;
        hasLeft = true;
        folder.workers -= 1;
        if (!folder.isReadOnly) await bringBack(folder, say);
      };
    },

    async settle() {
      if (!isDirect || !door || !existsSync(dir)) return;
      for (const name of readdirSync(dir)) {
        const [, agentId = "", access] = FOLDER_NAME.exec(name) ?? [];
        if (access !== "rw") continue;
        try {
          await bringBack(open(agentId, false), ({ text, isOld }) => isOld || log(`Files of ${agentId}: ${text}`));
        } catch (error) {
          log(`The files of ${agentId} were not compared: ${error instanceof Error ? error.message : String(error)}`, true);
        }
      }
    },
  };
}

/** The folder itself is its container's; what is beside it is the bridge's alone. */
function makeFolders(path: string): void {
  const isRoot = process.getuid?.() === 0;
  // What was noted of one that is gone is not true of a new one, which would pass for the same with its files removed.
  if (mkdirSync(path, { recursive: true, mode: 0o700 }) !== undefined) rmSync(`${path}.json`, { force: true });
  const { uid, mode } = statSync(path);
  if (isRoot && uid === 0) chownSync(path, NOBODY, NOBODY);
  if ((mode & 0o777) !== 0o700) chmodSync(path, 0o700);
  mkdirSync(`${path}.arriving`, { recursive: true, mode: 0o700 });
}
