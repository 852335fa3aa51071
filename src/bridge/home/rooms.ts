// The rooms of the bridge: what this machine can do, each with its own commands. A room that cannot do anything here offers
// nothing; none of them starts anything before it is asked.

import { join } from "node:path";
import { openBrowserRoom } from "../browser/room.ts";
import { openChannelsRoom } from "../channels/room.ts";
import { openExec } from "../exec/exec.ts";
import { type Mirror, openMirror } from "../sandbox/mirror/mirror.ts";
import { openSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import type { Room } from "./bridge.ts";
import type { BridgeConfig } from "./config.ts";

export interface RoomsRequest {
  /** Of the program: the image of the sandbox lies there. */
  root: string;
  stateDir: string;
  /** Files and folders of Skerry's own beside these two. */
  closed?: readonly string[];
  config: BridgeConfig;
  environment: NodeJS.ProcessEnv;
  log(text: string, isBad?: boolean): void;
}

/** An engine that does not answer at once is no reason to be late. */
const ENGINE_MS = 700;
const LOOK_MS = 30_000;

export async function openRooms(request: RoomsRequest): Promise<Room[]> {
  const { root, stateDir, closed = [], config, environment, log } = request;
  const mirror = openMirror({ dir: join(stateDir, "sandbox/files"), log });
  const sandbox = openSandbox({
    stateDir,
    environment,
    config: config.sandbox,
    imageDir: join(root, "sandbox/image"),
    folders: mirror,
    log,
  });
  const exec = openExec({ stateDir, closed: [root, ...closed], config, environment, hosts: { sandbox: sandbox.host }, log });
  const browser = openBrowserRoom({ stateDir, config: config.browser, environment, log });
  const channels = openChannelsRoom({ root, stateDir, environment, log });
  return [exec, await sandboxRoom(sandbox, mirror, log), browser, channels];
}

/**
 * Its commands are there also without an engine, and say why not; that it can be used is claimed only where that is so, which is
 * looked at again from time to time: an engine is started, an image built, while the bridge runs.
 */
async function sandboxRoom(sandbox: Sandbox, mirror: Mirror, log: RoomsRequest["log"]): Promise<Room> {
  const look = async () => {
    try {
      const { engine, hasImage, image, reason } = await sandbox.status();
      const lack = reason ?? `its image ${image} is not there. Build it with: skerry bridge sandbox build`;
      const canBeUsed = engine !== undefined && hasImage && reason === undefined;
      return { canBeUsed, lack: engine && !canBeUsed ? lack : undefined };
    } catch (error) {
      log(`How the sandbox stands could not be found out: ${error instanceof Error ? error.message : String(error)}`, true);
      return { canBeUsed: false, lack: undefined };
    }
  };
  const first = look();
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, ENGINE_MS, undefined));
  let isReady = (await Promise.race([first, late]))?.canBeUsed === true;
  void first.then(({ lack }) => {
    if (lack !== undefined) log(`The sandbox is not used: ${lack}`);
  });
  let timer: NodeJS.Timeout | undefined;
  return {
    commands: sandbox.commands,
    get cap() {
      return isReady ? "sandbox" : "";
    },
    begin({ door, announce }) {
      mirror.connect(door);
      void sandbox.start();
      let isLooking = false;
      const lookAgain = async () => {
        if (isLooking) return;
        isLooking = true;
        const { canBeUsed } = await look().finally(() => {
          isLooking = false;
        });
        if (canBeUsed === isReady) return;
        isReady = canBeUsed;
        log(isReady ? "The sandbox can be used now." : "The sandbox cannot be used now.");
        announce();
      };
      timer = setInterval(() => void lookAgain(), LOOK_MS).unref();
      void first.then(lookAgain);
    },
    async close() {
      clearInterval(timer);
      await sandbox.close();
    },
  };
}
