// The bridge beside a Skerry that runs on the same machine: one command gives both. It knows the owner's token, so it is let in
// without a word. Whatever goes wrong with it is told and never ends Skerry.
import { join } from "node:path";
import { openBridgeState, startBridge } from "./bridge.ts";
import { readBridgeConfig } from "./config.ts";
import { openRooms } from "./rooms.ts";

export interface BesideRequest {
  url: string;
  token: string;
  /** Of Skerry; the bridge has a folder of its own in it. */
  stateDir: string;
  version: string;
  /** Of the program. */
  root: string;
  environment: NodeJS.ProcessEnv;
  complain(text: string): void;
}

/** Answers how to end it. */
export async function startBeside(request: BesideRequest): Promise<() => Promise<void>> {
  const { url, token, version, root, environment, complain } = request;
  const stateDir = join(request.stateDir, "bridge");
  openBridgeState(stateDir);
  const config = readBridgeConfig(environment["SKERRY_BRIDGE_CONFIG"] || undefined);
  const log = (text: string, isBad = false) => {
    if (isBad) complain(`bridge: ${text}`);
  };
  const rooms = await openRooms({ root, stateDir, config, environment, log });
  const bridge = await startBridge({ url, token, stateDir, version, config, environment, log }, rooms);
  return () => bridge.close();
}
