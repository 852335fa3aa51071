// Every channel whose line a machine at home can hold, one line each. Its code loads in the thread of its line.
import type { Driver } from "./driver.ts";

const DRIVERS: Record<string, () => Promise<Driver>> = {
  discord: async () => (await import("./discord/gateway.ts")).discordGateway,
  imessage: async () => (await import("./imessage/imessage.ts")).imessage,
  matrix: async () => (await import("./matrix/matrix.ts")).matrix,
  signal: async () => (await import("./signal/signal.ts")).signal,
  whatsapp: async () => (await import("./whatsapp/whatsapp.ts")).whatsapp,
};

export function findDriver(channel: string): Promise<Driver> | undefined {
  return Object.hasOwn(DRIVERS, channel) ? DRIVERS[channel]?.() : undefined;
}

export function hasDriver(channel: string): boolean {
  return Object.hasOwn(DRIVERS, channel);
}
