// The bridge beside a Skerry that runs on the same machine: one command gives both. It knows the owner's token, so it is let in
// without a word. Whatever goes wrong with it is told and never ends Skerry.
import { join } from "node:path";
import { openBridgeState, startBridge } from "./bridge.ts";
import { readBridgeConfig } from "./config.ts";
import type { LinkState } from "./link.ts";
import { openRooms } from "./rooms.ts";

export interface BesideRequest {
  url: string;
  token: string;
  /** Of Skerry; the bridge has a folder of its own in it. */
  stateDir: string;
  version: string;
  /** Of the program. */
  root: string;
  /** Where `.dev.vars` is looked for. */
  workingDir: string;
  environment: NodeJS.ProcessEnv;
  complain(text: string): void;
}

/** Answers how to end it. */
export async function startBeside(request: BesideRequest): Promise<() => Promise<void>> {
  const { url, token, version, root, workingDir, environment, complain } = request;
  const stateDir = join(request.stateDir, "bridge");
  openBridgeState(stateDir);
  const configPath = environment["SKERRY_BRIDGE_CONFIG"] || undefined;
  const config = readBridgeConfig(configPath);
  const log = (text: string, isBad = false) => {
    if (isBad) complain(`bridge: ${text}`);
  };
  // The owner's token, all that is told to Skerry, its keys, and what this machine says about it all.
  const closed = [request.stateDir, join(workingDir, ".dev.vars"), ...(configPath === undefined ? [] : [configPath])];
  let told = "";
  const onState = (state: LinkState) => {
    const reason = state.phase === "refused" ? state.reason : "";
    if (reason !== told && reason !== "") {
      complain(`bridge: This machine is not let in. ${reason}`);
      if (reason.includes("--new")) complain(`bridge: Its folder came from there. Add --url ${url} --state-dir ${stateDir}`);
    }
    told = reason;
  };
  const bridge = await startBridge({ url, token, stateDir, version, config, environment, log, onState }, () =>
    openRooms({ root, stateDir, closed, config, environment, log }),
  );
  return () => bridge.close();
}
