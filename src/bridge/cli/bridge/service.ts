// The bridge as a service of the logged-in user: a systemd user unit on Linux, a launch agent on a Mac. Secrets go into a file for
// the owner's eyes alone, never into the unit or the agent; the end of the service is its end.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { openBridgeState } from "../../home/bridge.ts";
import { EXIT } from "../exit-code.ts";
import { type BridgeCommand, findBridgeState, settle } from "./run.ts";

const UNIT = "skerry-bridge.service";
const LABEL = "dev.skerry.bridge";
const SECRETS = "service.env";
/** There is no file of variables for a launch agent: the shell reads it, and then is the bridge. */
const WITH_FILE = ["/bin/sh", "-c", 'set -a; [ -f "$0" ] && . "$0"; exec "$@"'];
/** What the service is given of the environment, where it is set. */
const PASSED = ["SKERRY_TOKEN", "CF_ACCESS_CLIENT_ID", "CF_ACCESS_CLIENT_SECRET", "DOCKER_HOST", "CHROMIUM_PATH"];

interface Service {
  path: string;
  text: string;
  /** Commands of the system that make it run, and that end it. */
  start: string[][];
  stop: string[][];
}

export async function installService(command: BridgeCommand, root: string): Promise<number> {
  const { terminal } = command;
  const { stateDir, url } = settle(command);
  openBridgeState(stateDir);
  const { config, name, token } = command.given;
  const environment: NodeJS.ProcessEnv = { ...command.environment, ...(token === undefined ? {} : { SKERRY_TOKEN: token }) };
  const passed = PASSED.flatMap((variable) => (environment[variable] ? [[variable, environment[variable]] as const] : []));
  const envFile = join(stateDir, SECRETS);
  writeFileSync(envFile, passed.map(([variable, value]) => `${variable}=${quoteForFile(value)}\n`).join(""), { mode: 0o600 });
  const words = [process.execPath, join(root, "bin/skerry.mjs"), "bridge", "--url", url, "--state-dir", stateDir];
  if (config !== undefined) words.push("--config", resolve(config));
  if (name !== undefined) words.push("--name", name);
  const service = describeService(process.platform, { words, envFile, stateDir });
  if (!service) {
    terminal.remark(
      `There is no service for ${process.platform}; start skerry bridge with whatever starts programs there.`,
      "red",
    );
    return EXIT.failed;
  }
  mkdirSync(dirname(service.path), { recursive: true });
  writeFileSync(service.path, service.text, { mode: 0o600 });
  for (const words of service.start) {
    const failed = run(words);
    if (failed !== undefined) {
      terminal.remark(`${service.path} is written, but ${words.join(" ")} failed: ${failed}`, "red");
      return EXIT.failed;
    }
  }
  terminal.print(`The bridge runs by itself from now on (${service.path}).`);
  if (process.platform === "linux") terminal.print("To keep it running while you are logged out: loginctl enable-linger");
  return EXIT.ok;
}

export async function uninstallService({ terminal }: BridgeCommand): Promise<number> {
  const service = describeService(process.platform, { words: [], envFile: "", stateDir: "" });
  if (!service || !existsSync(service.path)) {
    terminal.print("It was not installed.");
    return EXIT.ok;
  }
  for (const words of service.stop) run(words);
  const envFile = envFileOf(readFileSync(service.path, "utf8"));
  if (envFile) rmSync(envFile, { force: true });
  rmSync(service.path, { force: true });
  terminal.print("It does not run by itself any more. Its key is still there; skerry devices remove takes it out of Skerry.");
  return EXIT.ok;
}

export async function showService(command: BridgeCommand): Promise<number> {
  const { terminal, environment, given, isJson } = command;
  const stateDir = findBridgeState(environment, given.stateDir);
  const service = describeService(process.platform, { words: [], envFile: "", stateDir });
  const isInstalled = service !== undefined && existsSync(service.path);
  const note = readNote(join(stateDir, "bridge.json"));
  const isAlive = note !== undefined && isProcess(note.pid);
  const line = note?.state.phase ?? "never started";
  if (isJson)
    terminal.print(
      JSON.stringify({
        stateDir,
        isInstalled,
        isRunning: isAlive,
        line: isAlive ? line : "stopped",
        ...(note ? { url: note.url } : {}),
      }),
    );
  else {
    terminal.print(isAlive ? `The bridge runs (process ${note.pid}) toward ${note.url}: ${line}.` : "The bridge does not run.");
    terminal.print(
      isInstalled ? `It starts by itself (${service.path}).` : "It does not start by itself; skerry bridge install changes that.",
    );
  }
  return isAlive ? EXIT.ok : EXIT.failed;
}

interface Facts {
  words: string[];
  envFile: string;
  stateDir: string;
}

/** The unit or agent for this system; undefined where we know of none. */
export function describeService(platform: NodeJS.Platform, facts: Facts, home = homedir()): Service | undefined {
  const { words, envFile, stateDir } = facts;
  switch (platform) {
    case "linux": {
      const text = [
        "[Unit]",
        "Description=Skerry bridge: what this machine does for Skerry",
        "After=network-online.target",
        "",
        "[Service]",
        `ExecStart=${words.map(quoteForSystemd).join(" ")}`,
        `EnvironmentFile=-${envFile.replaceAll("%", "%%")}`,
        "Restart=always",
        "RestartSec=3",
        "KillMode=mixed",
        "",
        "[Install]",
        "WantedBy=default.target",
        "",
      ].join("\n");
      const system = ["systemctl", "--user"];
      return {
        path: join(home, ".config/systemd/user", UNIT),
        text,
        start: [
          [...system, "daemon-reload"],
          [...system, "enable", "--now", UNIT],
          [...system, "restart", UNIT],
        ],
        stop: [[...system, "disable", "--now", UNIT]],
      };
    }
    case "darwin": {
      const path = join(home, "Library/LaunchAgents", `${LABEL}.plist`);
      const whole = [...WITH_FILE, envFile, ...words];
      const text = `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>Label</key><string>${LABEL}</string>
<key>ProgramArguments</key><array>${whole.map((word) => `<string>${escapeXml(word)}</string>`).join("")}</array>
<key>RunAtLoad</key><true/><key>KeepAlive</key><true/>
<key>StandardErrorPath</key><string>${escapeXml(join(stateDir, "bridge.log"))}</string>
</dict></plist>
`;
      return {
        path,
        text,
        start: [
          ["launchctl", "unload", path],
          ["launchctl", "load", "-w", path],
        ],
        stop: [["launchctl", "unload", "-w", path]],
      };
    }
    default:
      return undefined;
  }
}

/** Why it failed; undefined: it did not. */
function run([program = "", ...words]: string[]): string | undefined {
  const done = spawnSync(program, words, { encoding: "utf8" });
  if (done.error) return done.error.message;
  return done.status === 0 || words.includes("unload") ? undefined : done.stderr.trim() || `exit code ${done.status}`;
}

function quoteForSystemd(word: string): string {
  return `"${word.replace(/[\\"]/g, "\\$&").replace(/%/g, "%%").replace(/\$/g, "$$$$")}"`;
}

/** As a shell and systemd both read it. */
function quoteForFile(value: string): string {
  return `"${value.replace(/[\\"`$]/g, "\\$&")}"`;
}

/** Where the secrets of an installed service lie. */
function envFileOf(text: string): string | undefined {
  const inUnit = /^EnvironmentFile=-(.+)$/m.exec(text)?.[1]?.replaceAll("%%", "%");
  const inAgent = /<string>([^<]+)<\/string>/g;
  const path =
    inUnit ?? [...text.matchAll(inAgent)].map(([, word = ""]) => unescapeXml(word)).find((word) => basename(word) === SECRETS);
  return path !== undefined && basename(path) === SECRETS ? path : undefined;
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function readNote(path: string): { pid: number; url: string; state: { phase: string } } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isProcess(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
