// A bridge for journeys, in this process: the real line, key and spool, with rooms of the test's own.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bridge, openBridgeState, type Room, startBridge } from "../../src/bridge/home/bridge.ts";
import { readBridgeConfig } from "../../src/bridge/home/config.ts";
import type { LinkState } from "../../src/bridge/home/link.ts";
import type { HomeCommands } from "../../src/bridge/home-command.ts";

export interface TestBridge extends Bridge {
  stateDir: string;
  states: LinkState[];
  log: string[];
  /** Resolves when the line has reached the phase. */
  reach(phase: LinkState["phase"], ms?: number): Promise<void>;
}

export interface TestBridgeOptions {
  url: string;
  token?: string;
  name?: string;
  /** Kept after the end when given. */
  stateDir?: string;
  rooms?: Room[];
  /** In place of `rooms`. */
  openRooms?: () => Promise<Room[]>;
}

export async function openTestBridge(options: TestBridgeOptions): Promise<TestBridge> {
  const stateDir = options.stateDir ?? mkdtempSync(join(tmpdir(), "skerry-bridge-"));
  openBridgeState(stateDir);
  const states: LinkState[] = [];
  const log: string[] = [];
  const bridge = await startBridge(
    {
      url: options.url,
      stateDir,
      version: "1.2.3",
      config: { ...readBridgeConfig(undefined), name: options.name ?? "nas" },
      token: options.token,
      environment: {},
      log: (text) => log.push(text),
      onState: (state) => states.push(state),
    },
    options.openRooms ?? (async () => options.rooms ?? []),
  );
  return {
    ...bridge,
    get state() {
      return bridge.state;
    },
    stateDir,
    states,
    log,
    async reach(phase, ms = 15_000) {
      for (const endAt = Date.now() + ms; bridge.state.phase !== phase; ) {
        if (Date.now() > endAt) throw new Error(`The line is ${JSON.stringify(bridge.state)}, not ${phase}: ${log.join("; ")}`);
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    async close() {
      await bridge.close();
      if (options.stateDir === undefined) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

export function roomOf(commands: HomeCommands, cap?: string): Room {
  return { commands, ...(cap === undefined ? {} : { cap }), close: async () => {} };
}
