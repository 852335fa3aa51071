// `skerry bridge sandbox`: the image of the sandbox built here, and how the sandbox of this machine stands. Needs no Skerry.
import { join } from "node:path";
import { HomeRefused } from "../../../contract/errors.ts";
import type { SandboxStatus } from "../../../contract/home/commands.ts";
import { readBridgeConfig } from "../../home/config.ts";
import { openMirror } from "../../sandbox/mirror/mirror.ts";
import { openSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { EXIT } from "../exit-code.ts";
import { type BridgeCommand, findBridgeState } from "./run.ts";

export async function buildSandbox(command: BridgeCommand, root: string): Promise<number> {
  const { terminal, isJson } = command;
  try {
    const { built, used } = await open(command, root).buildImage((line) => terminal.remark(line));
    const effect =
      built === used ? "the sandbox uses it from the next command on" : `the sandbox uses ${used}, as the configuration says`;
    terminal.print(isJson ? JSON.stringify({ image: built }) : `The image ${built} is built; ${effect}.`);
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof HomeRefused)) throw error;
    terminal.remark(error.message, "red");
    return EXIT.failed;
  }
}

export async function showSandbox(command: BridgeCommand, root: string): Promise<number> {
  const { terminal, isJson } = command;
  const told = await open(command, root).status();
  if (isJson) {
    terminal.print(JSON.stringify(told));
    return isUsable(told) ? EXIT.ok : EXIT.failed;
  }
  const { engine, image, reason, containers } = told;
  if (engine) {
    terminal.print(`${engine.name} ${engine.version}${engine.isRootless ? ", rootless" : ""}, at ${engine.socket}.`);
    const lack = reason ?? `The image ${image} is not there; build it with: skerry bridge sandbox build`;
    terminal.print(isUsable(told) ? `The image ${image} is there.` : lack);
  } else terminal.print(reason ?? "No container engine answers.");
  for (const { name, key, isRunning, usedAt } of containers) {
    const used = new Date(usedAt).toISOString().slice(0, 16).replace("T", " ");
    terminal.print(`${name}  ${key}, ${isRunning ? "runs" : "stopped"}, used ${used}`);
  }
  return isUsable(told) ? EXIT.ok : EXIT.failed;
}

function isUsable({ engine, hasImage, reason }: SandboxStatus): boolean {
  return engine !== undefined && hasImage && reason === undefined;
}

function open({ environment, given }: BridgeCommand, root: string): Sandbox {
  const config = readBridgeConfig(given.config);
  const stateDir = findBridgeState(environment, given.stateDir);
  return openSandbox({
    stateDir,
    environment,
    config: config.sandbox,
    imageDir: join(root, "sandbox/image"),
    folders: openMirror({ dir: join(stateDir, "sandbox/files"), log: () => undefined }),
    log: () => undefined,
  });
}
