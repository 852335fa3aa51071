// What the Gateway says of machines at home, and in which words the room tells it. What a machine calls itself and what it
// offers is its own claim: shown on one line, with signs that cannot be seen spelled out.
import type { SandboxStatus } from "../../../contract/home/commands.ts";
import { showLine } from "../../../contract/home/shown-text.ts";

export interface Machine {
  nodeId: string;
  displayName: string;
  platform: string;
  version: string;
  caps: readonly string[];
  commands: readonly string[];
  /** Offered since it was let in, and not allowed yet. */
  unapprovedCommands: readonly string[];
  connected: boolean;
  connectedAtMs?: number;
  lastSeenAtMs: number;
}

const NAME_CHARS = 80;
const PLATFORMS: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
  freebsd: "FreeBSD",
  android: "Android",
  ios: "iOS",
};

/** What commands mean to a person; the first that fits counts. */
const MEANINGS: readonly [RegExp, Ability][] = [
  [/^exec\.|^process\.|^system\.(run|which)/, "commands"],
  [/^sandbox\./, "sandbox"],
  [/^files\.(read|list|give)$/, "reads"],
  [/^files\./, "writes"],
  [/^browser\./, "browser"],
  [/^channels?\./, "channels"],
];
type Ability = "commands" | "sandbox" | "reads" | "writes" | "browser" | "channels";

export function nameOf({ displayName }: { displayName: string }): string {
  return showLine(displayName, NAME_CHARS) || "A machine without a name";
}

export function describePlatform(platform: string | undefined): string {
  return platform === undefined ? "" : (PLATFORMS[platform.toLowerCase()] ?? showLine(platform, 40));
}

/** "run commands (also in a sandbox), read and write files and use the browser there": what goes behind "may" or "to". */
export function describeOffer(commands: readonly string[]): string {
  const known = commands.map((command) => MEANINGS.find(([sign]) => sign.test(command))?.[1]);
  const has = (ability: Ability) => known.includes(ability);
  const others = known.filter((ability) => ability === undefined).length;
  const parts = [
    has("commands") ? `run commands${has("sandbox") ? " (also in a sandbox)" : ""}` : has("sandbox") ? "keep a sandbox" : "",
    has("reads") && has("writes") ? "read and write files" : has("reads") ? "read files" : has("writes") ? "write files" : "",
    has("browser") ? "use the browser there" : "",
    has("channels") ? "speak on messengers from there" : "",
    others === 0 ? "" : `do ${others} ${others === 1 ? "thing" : "things"}${commands.length === others ? "" : " more"}`,
  ].filter((part) => part !== "");
  const last = parts.pop();
  if (last === undefined) return "do nothing";
  return parts.length === 0 ? last : `${parts.join(", ")} and ${last}`;
}

export interface SandboxWords {
  text: string;
  /** Something to do on that machine. */
  command?: string;
  isReady: boolean;
}

export function describeSandbox(status: SandboxStatus): SandboxWords {
  const { engine, hasImage, containers } = status;
  if (!engine) {
    const reason = showLine(status.reason ?? "No container engine answers there.", 300);
    return { text: `No sandbox: ${reason}`, isReady: false };
  }
  const name = `${showLine(engine.name, 40)} ${showLine(engine.version, 40)}${engine.isRootless ? ", rootless" : ""}`;
  if (status.reason !== undefined) {
    return { text: `The sandbox has an engine (${name}), and cannot be used: ${showLine(status.reason, 300)}`, isReady: false };
  }
  if (!hasImage) {
    return {
      text: `The sandbox has an engine (${name}), and no image yet. Build it on that machine:`,
      command: "npx skerry bridge sandbox build",
      isReady: false,
    };
  }
  const running = containers.filter(({ isRunning }) => isRunning).length;
  const count = running === 0 ? "" : `, ${running} ${running === 1 ? "container runs" : "containers run"}`;
  return { text: `Sandbox ready: ${name}${count}`, isReady: true };
}
