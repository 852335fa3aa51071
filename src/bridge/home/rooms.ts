// The rooms of the bridge: what this machine can do, each with its own commands. A room that cannot do anything here offers
// nothing; none of them starts anything before it is asked.

import { join } from "node:path";
import { openBrowserRoom } from "../browser/room.ts";
import { openExec } from "../exec/exec.ts";
import { type Mirror, openMirror } from "../sandbox/mirror/mirror.ts";
import { openSandbox, type Sandbox } from "../sandbox/sandbox.ts";
import type { Room } from "./bridge.ts";
import type { BridgeConfig } from "./config.ts";

export interface RoomsRequest {
  /** Of the program: the image of the sandbox lies there. */
  root: string;
  stateDir: string;
  config: BridgeConfig;
  environment: NodeJS.ProcessEnv;
  log(text: string, isBad?: boolean): void;
}

/** An engine that does not answer at once is no reason to be late. */
const ENGINE_MS = 1_500;

export async function openRooms(request: RoomsRequest): Promise<Room[]> {
  const { root, stateDir, config, environment, log } = request;
  const mirror = openMirror({ dir: join(stateDir, "sandbox/files"), log });
  const sandbox = openSandbox({
    stateDir,
    environment,
    config: config.sandbox,
    imageDir: join(root, "sandbox/image"),
    folders: mirror,
    log,
  });
  const exec = openExec({ stateDir, config, environment, hosts: { sandbox: sandbox.host }, log });
  const browser = openBrowserRoom({ stateDir, config: config.browser, environment, log });
  return [exec, await sandboxRoom(sandbox, mirror, log), browser];
}

/** Its commands are there also without an engine, and say why not; that it can be used is claimed only where that is so. */
async function sandboxRoom(sandbox: Sandbox, mirror: Mirror, log: RoomsRequest["log"]): Promise<Room> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, ENGINE_MS, undefined));
  const status = await Promise.race([sandbox.status(), late]);
  const isReady = status?.engine !== undefined && status.hasImage;
  if (status?.engine && !status.hasImage)
    log(`The sandbox is not used: its image ${status.image} is not there. Build it with: skerry bridge sandbox build`);
  return {
    commands: sandbox.commands,
    ...(isReady ? { cap: "sandbox" } : {}),
    begin({ door }) {
      mirror.connect(door);
      void sandbox.start();
    },
    close: () => sandbox.close(),
  };
}
