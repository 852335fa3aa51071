// Made-up machines at home: here and away, with a sandbox and without, and one that asks.
import type { SandboxStatus } from "../../../contract/home/commands.ts";
import type { Machine } from "../../control/devices/machine.ts";
import type { PendingDevice } from "../../control/devices/pairing.ts";
import { type Answers, refuse } from "./staged-desk.ts";

const NOW = Date.now();
const HOUR = 3_600_000;
const EXEC = ["exec.start", "process.kill", "process.list", "process.log", "process.poll", "process.write"];
const FILES = ["files.give", "files.list", "files.read", "files.take", "files.write"];

export function machine(nodeId: string, rest: Partial<Machine> = {}): Machine {
  return {
    nodeId,
    displayName: nodeId,
    platform: "linux",
    version: "0.1.0",
    caps: ["exec", "sandbox"],
    commands: [...EXEC, ...FILES, "sandbox.status"],
    unapprovedCommands: [],
    connected: true,
    connectedAtMs: NOW - 5 * HOUR,
    lastSeenAtMs: NOW,
    ...rest,
  };
}

export const ASKING: PendingDevice = {
  requestId: "machine",
  deviceId: "m",
  displayName: "boat-house",
  platform: "linux",
  role: "node",
  scopes: [],
  commands: [...EXEC, ...FILES, "sandbox.status"],
  code: "HJKM4729",
  remoteIp: "192.0.2.31",
  ts: NOW - 40_000,
};

const MACHINES: readonly Machine[] = [
  machine("nas"),
  machine("studio", { platform: "darwin", commands: [...EXEC, ...FILES], unapprovedCommands: ["browser.act", "browser.open"] }),
  machine("The old laptop in the boat house, which is only on when somebody is there", {
    connected: false,
    lastSeenAtMs: NOW - 76 * HOUR,
    commands: ["files.list", "files.read"],
  }),
];

const READY: SandboxStatus = {
  engine: { name: "Docker", version: "27.3.1", isRootless: false, socket: "/var/run/docker.sock" },
  image: "skerry-sandbox:1",
  hasImage: true,
  containers: [{ name: "skerry-1", key: "agent:main:main", image: "skerry-sandbox:1", isRunning: true, usedAt: NOW }],
};

const invoked = (payload: SandboxStatus) => ({ ok: true, command: "sandbox.status", payload });

export const machineAnswers: Answers = { "node.list": { nodes: MACHINES }, "node.invoke": invoked(READY) };
export const noMachines: Answers = { "node.list": { nodes: [] } };
export const noImage: Answers = { "node.invoke": invoked({ ...READY, hasImage: false, containers: [] }) };
export const noEngine: Answers = {
  "node.invoke": invoked({
    image: "skerry-sandbox:1",
    hasImage: false,
    containers: [],
    reason: "No container engine answers at /var/run/docker.sock.",
  }),
};
export const noAnswer: Answers = { "node.invoke": refuse("nas did not answer in time.", { code: "AGENT_TIMEOUT" }) };
