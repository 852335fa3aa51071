// Which browser of this machine is used: the one its owner names, else the first of those that are usually there. Chrome, Chromium,
// Brave and Edge are the same to us: they speak the same protocol over a pipe.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";

const NAMES = [
  "google-chrome-stable",
  "google-chrome",
  "chromium",
  "chromium-browser",
  "chrome",
  "brave-browser",
  "microsoft-edge",
];
const MAC_APPS = ["Google Chrome", "Chromium", "Brave Browser", "Microsoft Edge"];
const LINUX_PATHS = ["/opt/google/chrome/chrome", "/snap/bin/chromium"];
const HOW = {
  linux: "Install one (Debian, Ubuntu, Raspberry Pi OS: apt install chromium)",
  darwin: "Install Google Chrome (brew install --cask google-chrome)",
  other: "Install Google Chrome or Chromium",
} as const;

export interface ChromeSearch {
  /** What the owner of this machine named. */
  path?: string | undefined;
  environment: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
}

export function findChrome(search: ChromeSearch): string | undefined {
  return search.path === undefined ? placesOf(search).find(isProgram) : isProgram(search.path) ? search.path : undefined;
}

/** @throws HomeRefused with what to do. */
export function demandChrome(search: ChromeSearch): string {
  const found = findChrome(search);
  if (found !== undefined) return found;
  if (search.path !== undefined) {
    throw new HomeRefused("NOT_FOUND", `The browser that this machine's bridge is told to use is not there: ${search.path}.`);
  }
  const { platform = process.platform } = search;
  const how = platform === "linux" || platform === "darwin" ? HOW[platform] : HOW.other;
  throw new HomeRefused(
    "NOT_FOUND",
    `There is no Chrome or Chromium on this machine. ${how}, or name it in the bridge's configuration (browser.path).`,
  );
}

function placesOf({ environment, platform = process.platform }: ChromeSearch): string[] {
  const folders = (environment["PATH"] ?? "").split(delimiter).filter(Boolean);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  if (platform !== "darwin") return [...onPath, ...LINUX_PATHS];
  const roots = ["/Applications", join(environment["HOME"] ?? "/", "Applications")];
  return [...MAC_APPS.flatMap((app) => roots.map((root) => `${root}/${app}.app/Contents/MacOS/${app}`)), ...onPath];
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
