// Tells the screens who is here now: a few arrivals at once are told once.
import type { House } from "./methods/method.ts";
import { readHealth } from "./methods/status.ts";
import type { Screens } from "./screens.ts";

const PAUSE_MS = 100;

export class PresenceNews {
  readonly #screens: Screens;
  readonly #house: () => House;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(screens: Screens, house: () => House) {
    this.#screens = screens;
    this.#house = house;
  }

  tellSoon(): void {
    this.#timer ??= setTimeout(() => void this.#tell(), PAUSE_MS);
  }

  async #tell(): Promise<void> {
    this.#timer = undefined;
    const house = this.#house();
    const stateVersion = { presence: house.presence.version, health: 1 };
    this.#screens.tell("presence", { presence: house.presence.list(Date.now()) }, "readers", "", stateVersion);
    if (this.#screens.open().length === 0) return;
    const health = await readHealth({ house }).catch(() => undefined);
    if (health) this.#screens.tell("health", health, "readers", "", stateVersion);
  }
}
