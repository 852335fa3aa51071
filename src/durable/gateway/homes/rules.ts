// Which commands a machine may be asked for: what the settings forbid to all, and what a screen may ask for by itself. Machines
// come with commands of every kind (OpenClaw's node host and apps among them): one that is not known here is closed to screens
// until the settings open it.

export interface CommandRules {
  /** gateway.nodes.commands.allow: for screens, beyond what does no harm. */
  allow: readonly string[];
  /** gateway.nodes.commands.deny: for everybody. */
  deny: readonly string[];
}

/** What runs commands, touches files or drives a browser has a policy that stands in the way of the agent's tools, not here. */
const TOOLS_ONLY = /^(exec|process|files?|dir|fs|browser|worker)\.|^system\.run/;

/** It would change what the machine's own owner allows there. */
const AT_THE_MACHINE = "system.execApprovals.set";

/** They look, or show something to whoever sits there. */
const HARMLESS = new Set([
  "sandbox.status",
  "system.which",
  "system.notify",
  "system.execApprovals.get",
  "device.info",
  "device.status",
  "device.permissions",
  "device.health",
  "camera.list",
  "ollama.models",
]);

/** Other names of what runs a command: who forbids one forbids them all. */
const SAME_AS: Readonly<Record<string, string>> = { "system.run": "exec.start", "system.run.prepare": "exec.start" };

export function isDenied(command: string, { deny }: CommandRules): boolean {
  return deny.includes(command) || deny.includes(SAME_AS[command] ?? command);
}

/** Why a screen may not ask for it; undefined: it may. */
export function refuseToScreens(command: string, { allow }: CommandRules): string | undefined {
  if (TOOLS_ONLY.test(command)) return `${command} is done by the agent's tools alone, under their policy.`;
  if (command === AT_THE_MACHINE) return "What a machine allows is changed at that machine: openclaw approvals.";
  if (HARMLESS.has(command) || allow.includes(command)) return undefined;
  return `${command} is closed to screens; add it to gateway.nodes.commands.allow in the settings to open it.`;
}
