// Devices from the command line: who asks to be let in, and the owner's word on it. A code is that of the device itself, so it
// is compared with what stands on the other screen.
import type { GatewayClient } from "../../../client/gateway-client.ts";
import { GatewayError } from "../../../contract/errors.ts";
import { createClient, type Reach } from "../../connection.ts";
import { EXIT } from "../exit-code.ts";
import type { Terminal } from "../terminal.ts";

export interface DevicesCommand {
  reach: Reach;
  version: string;
  isJson: boolean;
  terminal: Terminal;
}

interface PendingDevice {
  requestId: string;
  deviceId: string;
  code?: string;
  displayName: string;
  platform: string;
  role: string;
  commands?: string[];
}

interface PairedDevice {
  deviceId: string;
  displayName: string;
  platform: string;
  roles: string[];
  lastSeenAtMs: number;
  isCurrent?: boolean;
}

interface Listed {
  pending: PendingDevice[];
  paired: PairedDevice[];
}

export function listDevices(command: DevicesCommand): Promise<number> {
  return withClient(command, async (client) => {
    const { pending, paired } = await client.request<Listed>("device.pair.list", {});
    const { terminal } = command;
    if (command.isJson) terminal.print(JSON.stringify({ pending, paired }));
    else {
      for (const device of pending) {
        const offers = device.commands?.length ? `, offers ${device.commands.length} commands` : "";
        terminal.print(
          `${device.code ?? device.requestId}  asks to come in: ${device.displayName} (${device.platform}, ${device.role}${offers})`,
        );
      }
      for (const device of paired) {
        const seen = new Date(device.lastSeenAtMs).toISOString().slice(0, 16).replace("T", " ");
        terminal.print(
          `${device.deviceId.slice(0, 12)}  ${device.displayName} (${device.platform}, ${device.roles.join(", ")}), seen ${seen}`,
        );
      }
      if (pending.length + paired.length === 0) terminal.print("No device is paired, and none asks to be.");
    }
    return EXIT.ok;
  });
}

export function decideDevice(command: DevicesCommand, code: string, isWelcome: boolean): Promise<number> {
  return withClient(command, async (client) => {
    const { pending } = await client.request<Listed>("device.pair.list", {});
    const wanted = code.trim().toUpperCase();
    const asked = pending.find((device) => device.code === wanted || device.requestId === code || device.deviceId === code);
    if (!asked) {
      throw new GatewayError({
        code: "NOT_FOUND",
        message: `No device with the code ${wanted} asks to come in. It asks again by itself every few seconds while it runs; see skerry devices list.`,
      });
    }
    const method = isWelcome ? "device.pair.approve" : "device.pair.reject";
    await client.request(method, { requestId: asked.requestId });
    const { terminal } = command;
    if (command.isJson) terminal.print(JSON.stringify({ deviceId: asked.deviceId, approved: isWelcome }));
    else terminal.print(isWelcome ? `${asked.displayName} is let in.` : `${asked.displayName} was turned away.`);
    return EXIT.ok;
  });
}

export function removeDevice(command: DevicesCommand, named: string): Promise<number> {
  return withClient(command, async (client) => {
    const { paired } = await client.request<Listed>("device.pair.list", {});
    const lower = named.toLowerCase();
    const meant = paired.filter((device) => device.deviceId.startsWith(lower) || device.displayName.toLowerCase() === lower);
    const [device] = meant;
    if (!device || meant.length > 1) {
      const message = device
        ? `Several devices are called "${named}"; give the id of one.`
        : `There is no device "${named}"; see skerry devices list.`;
      throw new GatewayError({ code: "NOT_FOUND", message });
    }
    await client.request("device.pair.remove", { deviceId: device.deviceId });
    if (command.isJson) command.terminal.print(JSON.stringify({ deviceId: device.deviceId, removed: true }));
    else command.terminal.print(`${device.displayName} is out; it cannot come back with its key.`);
    return EXIT.ok;
  });
}

async function withClient(command: DevicesCommand, work: (client: GatewayClient) => Promise<number>): Promise<number> {
  const client = createClient(command.reach, { id: "skerry-cli", mode: "cli", version: command.version, isLasting: false });
  await client.connect();
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
