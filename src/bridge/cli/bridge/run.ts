// `skerry bridge` in the foreground: a readable log, a code while Skerry does not know this machine, and an orderly end.
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import qrcode from "qrcode";
import { BridgeRefused } from "../../../contract/errors.ts";
import { openBridgeState, startBridge } from "../../home/bridge.ts";
import { readBridgeConfig } from "../../home/config.ts";
import { openDeviceKey, retireDeviceKey } from "../../home/device-key.ts";
import type { LinkState } from "../../home/link.ts";
import { openRooms } from "../../home/rooms.ts";
import { outliveStrays } from "../../home/strays.ts";
import { EXIT } from "../exit-code.ts";
import { readUrl } from "../reach.ts";
import type { Terminal } from "../terminal.ts";

export interface BridgeArguments {
  url?: string | undefined;
  token?: string | undefined;
  config?: string | undefined;
  stateDir?: string | undefined;
  name?: string | undefined;
}

export interface BridgeCommand {
  terminal: Terminal;
  version: string;
  environment: NodeJS.ProcessEnv;
  given: BridgeArguments;
  isJson: boolean;
}

/** Runs until a signal. */
export async function runBridge(command: BridgeCommand, root: string): Promise<number> {
  const { terminal, version, environment, given } = command;
  // It lives for weeks and does little: room for young objects that grew in a busy minute would never be given back.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { config, stateDir, url } = settle(command);
  openBridgeState(stateDir);
  const log = (text: string, isBad = false) => terminal.remark(`${clock()} ${text}`, isBad ? "red" : undefined);
  outliveStrays((text) => log(text, true));
  const left = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => left.resolve());
  const token = given.token ?? environment["SKERRY_TOKEN"];
  let told = "";
  const bridge = await startBridge(
    {
      url,
      stateDir,
      version,
      config: given.name === undefined ? config : { ...config, name: given.name },
      token,
      environment,
      log,
      onState: (state) => {
        const text = describeState(state, url);
        if (text !== undefined && text !== told) log(text, state.phase === "refused");
        told = text ?? told;
      },
    },
    () => openRooms({ root, stateDir, config, environment, log }),
  );
  log(`This machine offers ${bridge.commands.length === 0 ? "nothing yet" : bridge.commands.join(", ")}.`);
  await left.promise;
  await bridge.close();
  log("Stopped.");
  return EXIT.ok;
}

/** Shows the code by which the owner knows this machine, as text and as a picture to scan. */
export async function showPairing(command: BridgeCommand, isNew: boolean): Promise<number> {
  const { terminal } = command;
  const { stateDir, url } = settle(command);
  openBridgeState(stateDir);
  if (isNew) retireDeviceKey(stateDir);
  const { deviceId } = openDeviceKey(stateDir);
  const { codeOfDevice } = await import("../../../contract/home/code.ts");
  const code = codeOfDevice(deviceId);
  const page = `${url}/#/control/devices`;
  if (command.isJson) terminal.print(JSON.stringify({ code, deviceId, page }));
  else {
    terminal.print(`This machine's code is ${code}.`);
    terminal.print(
      `Start it with skerry bridge --url ${url}, then approve it: on the page ${page}, or by skerry devices approve ${code}.`,
    );
    terminal.print(await qrcode.toString(page, { type: "terminal", small: true }));
  }
  return EXIT.ok;
}

export function settle({ environment, given }: Pick<BridgeCommand, "environment" | "given">) {
  const config = readBridgeConfig(given.config);
  const named = given.url ?? environment["SKERRY_URL"] ?? config.url;
  if (!named) throw new BridgeRefused({ kind: "no-address" });
  return { config, url: readUrl(named.replace(/\/+$/, "")), stateDir: findBridgeState(environment, given.stateDir) };
}

export function findBridgeState(environment: NodeJS.ProcessEnv, given: string | undefined): string {
  const named = given ?? environment["SKERRY_BRIDGE_STATE_DIR"];
  if (named) return resolve(named);
  const data = environment["XDG_DATA_HOME"] ?? join(homedir(), ".local/share");
  return join(data, "skerry-bridge");
}

function describeState(state: LinkState, url: string): string | undefined {
  switch (state.phase) {
    case "ready":
      return `Connected to ${url}.`;
    case "waiting":
      return "The line is down; trying again by itself.";
    case "unknown":
      return `Skerry does not know this machine yet. Approve the code ${state.code} on its page under Control, Devices, or with: skerry devices approve ${state.code}`;
    case "refused":
      return `Not let in: ${state.reason}`;
    case "connecting":
    case "closed":
      return undefined;
    default:
      return state satisfies never;
  }
}

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}
