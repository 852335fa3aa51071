// Every channel whose line a machine at home can hold, one line each. Its code loads in the thread of its line.
import type { Driver } from "./driver.ts";

const DRIVERS: Record<string, () => Promise<Driver>> = {
  matrix: async () => (await import("./matrix/matrix.ts")).matrix,
};

export function findDriver(channel: string): Promise<Driver> | undefined {
  return Object.hasOwn(DRIVERS, channel) ? DRIVERS[channel]?.() : undefined;
}

export function hasDriver(channel: string): boolean {
  return Object.hasOwn(DRIVERS, channel);
}
