// `npm test`: makes sure of what the tests need, builds, and runs every kind of test. The last line counts them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { build, ROOT } from "./build.ts";

const REPORT = join(ROOT, ".cache/tests.json");
const BROWSERS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

const isReady = ensureBrowser();
if (isReady) {
  await build();
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`, ...process.argv.slice(2)];
  const run = spawnSync(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), ...args], {
    cwd: ROOT,
    stdio: "inherit",
  });
  process.exitCode = run.status ?? 1;
  console.log(countTests());
} else {
  process.exitCode = 1;
}

/** The journeys drive a real browser. It is installed where that is possible without asking. */
function ensureBrowser(): boolean {
  if (hasBrowser()) return true;
  if (process.platform === "linux" && process.getuid?.() === 0 && hasCommand("apt-get")) {
    console.log("Installing Chromium for the journeys (apt-get install chromium) …");
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const apt = (...args: string[]) =>
      spawnSync("apt-get", ["-qq", "-y", ...args], { stdio: ["ignore", "ignore", "inherit"], env }).status === 0;
    if (!apt("install", "--no-install-recommends", "chromium")) {
      apt("update");
      apt("install", "--no-install-recommends", "chromium");
    }
    if (hasBrowser()) return true;
  }
  console.error(
    "The tests need a Chromium browser. Install one (apt-get install chromium, brew install --cask chromium), or name one in CHROMIUM_PATH.",
  );
  return false;
}

function hasBrowser(): boolean {
  const named = process.env["CHROMIUM_PATH"];
  return [...(named ? [named] : []), ...BROWSERS, chromium.executablePath()].some((path) => existsSync(path));
}

function hasCommand(command: string): boolean {
  const probe = spawnSync(command, ["--version"], { stdio: "ignore" });
  return probe.error === undefined && probe.status === 0;
}

function countTests(): string {
  try {
    const report = JSON.parse(readFileSync(REPORT, "utf8"));
    return `${report.numPassedTests} passed, ${report.numFailedTests + (report.numFailedTestSuites > 0 && report.numFailedTests === 0 ? 1 : 0)} failed`;
  } catch {
    return "0 passed, 1 failed";
  }
}
