// The bridge put together: its state folder, its key, its spool, the commands this machine offers, and the line to Skerry.
// One bridge a state folder: the spool's database is held for as long as it runs.
import { accessSync, chmodSync, constants, mkdirSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { BridgeRefused } from "../../contract/errors.ts";
import type { HomeCommands } from "../home-command.ts";
import type { BridgeConfig } from "./config.ts";
import { openDeviceKey } from "./device-key.ts";
import { type DoorOptions, type HomeDoor, openDoor } from "./door.ts";
import { Link, type LinkState } from "./link.ts";
import { Spool } from "./spool.ts";
import { openTransfer } from "./transfer.ts";

export interface BridgeRequest {
  url: string;
  stateDir: string;
  version: string;
  config: BridgeConfig;
  /** The owner's token, where this machine knows it. */
  token?: string | undefined;
  environment: NodeJS.ProcessEnv;
  log(text: string, isBad?: boolean): void;
  onState?(state: LinkState): void;
}

export interface Bridge {
  readonly state: LinkState;
  readonly deviceId: string;
  /** Commands that it offers. */
  readonly commands: string[];
  close(): Promise<void>;
}

export interface RoomLine {
  tell(id: string, event: string, payload: unknown): void;
  /** Lost when the line is down: for what is told anew as soon as it is there. */
  say(event: string, payload: unknown): void;
  door: HomeDoor;
  /** What the room can do has changed: its `cap` is read anew. */
  announce(): void;
}

/** What a room of the bridge brings: its commands, what it can do in a word, and its end. */
export interface Room {
  commands: HomeCommands;
  cap?: string;
  /**
   * The bridge begins. What is told is kept until Skerry has it; the same id again says nothing new. By the door bytes pass, as
   * soon as Skerry lets this machine in.
   */
  begin?(line: RoomLine): void;
  /** Skerry has let this machine in, or is there again. */
  ready?(): void;
  close(): Promise<void>;
}

/** The rooms are opened once the folder is this program's alone: they write there. @throws BridgeRefused when it cannot start. */
export async function startBridge(request: BridgeRequest, openRooms: () => Promise<readonly Room[]>): Promise<Bridge> {
  const { url, stateDir, version, config, token, log } = request;
  const key = openDeviceKey(stateDir);
  const spool = openSpool(stateDir, (text) => log(text, true));
  const rooms = await openRooms().catch((error: unknown) => {
    spool.close();
    throw error;
  });
  const lost = spool.dropRunning();
  if (lost.length > 0) log(`${lost.length} calls were cut off when this program ended last; Skerry is told so.`);
  const commands = without(Object.assign({}, ...rooms.map((room) => room.commands)), config.without);
  const way: DoorOptions = { url, token: () => link.deviceToken, headers: accessHeaders(request.environment) };
  const link: Link = new Link({
    url,
    name: config.name ?? hostname(),
    version,
    key,
    spool,
    commands,
    caps: () => rooms.flatMap((room) => (room.cap ? [room.cap] : [])),
    transfer: openTransfer(way),
    token,
    headers: accessHeaders(request.environment),
    log,
    onState: (state) => {
      noteState(stateDir, { pid: process.pid, url, version, deviceId: key.deviceId, state, at: Date.now() });
      request.onState?.(state);
      if (state.phase === "ready") for (const room of rooms) room.ready?.();
    },
  });
  const door = openDoor(way);
  const line: RoomLine = {
    tell: (id, event, payload) => link.tell(id, event, payload),
    say: (event, payload) => link.say(event, payload),
    door,
    announce: () => link.announce(),
  };
  for (const room of rooms) room.begin?.(line);
  link.start();
  return {
    get state() {
      return link.state;
    },
    deviceId: key.deviceId,
    commands: Object.keys(commands).sort(),
    async close() {
      link.close();
      await Promise.all(rooms.map((room) => room.close()));
      spool.close();
    },
  };
}

/** Makes the folder ready for its owner alone. @throws BridgeRefused */
export function openBridgeState(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    if ((statSync(dir).mode & 0o077) !== 0) chmodSync(dir, 0o700);
    accessSync(dir, constants.W_OK);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new BridgeRefused({ kind: "unwritable", dir, reason });
  }
}

function openSpool(stateDir: string, complain: (text: string) => void): Spool {
  try {
    return new Spool(join(stateDir, "spool.db"), complain);
  } catch (error) {
    if (error instanceof Error && /locked|busy/i.test(error.message)) {
      throw new BridgeRefused({ kind: "running", dir: stateDir });
    }
    throw error;
  }
}

/** A service token of Cloudflare Access, by the names that its own tools use. */
function accessHeaders(environment: NodeJS.ProcessEnv): Record<string, string> {
  const id = environment["CF_ACCESS_CLIENT_ID"];
  const secret = environment["CF_ACCESS_CLIENT_SECRET"];
  return id && secret ? { "cf-access-client-id": id, "cf-access-client-secret": secret } : {};
}

function without(commands: HomeCommands, unwanted: readonly string[]): HomeCommands {
  const isWanted = (name: string) => !unwanted.some((one) => name === one || (one.endsWith(".") && name.startsWith(one)));
  return Object.fromEntries(Object.entries(commands).filter(([name]) => isWanted(name)));
}

/** For `skerry bridge status`. */
function noteState(stateDir: string, note: Record<string, unknown>): void {
  try {
    writeFileSync(join(stateDir, "bridge.json"), `${JSON.stringify(note)}\n`, { mode: 0o600 });
  } catch {
    // A full disk must not end the line.
  }
}
