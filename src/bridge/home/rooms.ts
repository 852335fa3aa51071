// The rooms of the bridge: what this machine can do, each with its own commands. A room that cannot do anything here offers
// nothing; none of them starts anything before it is asked.

import { openBrowserRoom } from "../browser/room.ts";
import type { Room } from "./bridge.ts";
import type { BridgeConfig } from "./config.ts";

export interface RoomsRequest {
  stateDir: string;
  config: BridgeConfig;
  environment: NodeJS.ProcessEnv;
  log(text: string, isBad?: boolean): void;
}

export function openRooms({ stateDir, config, environment, log }: RoomsRequest): Room[] {
  return [openBrowserRoom({ stateDir, config: config.browser, environment, log })];
}
