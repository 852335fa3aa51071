// `npm test`: makes sure of what the tests need, builds, and runs every kind of test. The last line counts them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
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

/** What looks at the clock runs when nothing else does. */
const ROUNDS = [["node", "workers"], ["journeys"], ["clocks"]].map((names) => names.flatMap((name) => ["--project", name]));

if (ensureBrowser()) {
  await build();
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const given = process.argv.slice(2);
  const rounds = given.length > 0 ? [given] : ROUNDS;
  const startedAt = Date.now();
  const counts = rounds.map(runRound);
  const sum = (name: "passed" | "failed") => counts.reduce((total, count) => total + count[name], 0);
  process.exitCode = sum("failed") === 0 && counts.every((count) => count.passed > 0) ? 0 : 1;
  console.log(`${sum("passed")} passed, ${sum("failed")} failed in ${((Date.now() - startedAt) / 60_000).toFixed(1)} min`);
} else {
  process.exitCode = 1;
}

function runRound(args: readonly string[]): { passed: number; failed: number } {
  rmSync(REPORT, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const run = spawnSync(process.execPath, [vitest, "run", ...reporters, ...args], { cwd: ROOT, stdio: "inherit" });
  const { passed, failed } = readCounts();
  // A file that cannot be loaded, or an error beside the tests, fails the round without failing a test.
  return { passed, failed: run.status === 0 ? failed : Math.max(1, failed) };
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

function readCounts(): { passed: number; failed: number } {
  try {
    const report = JSON.parse(readFileSync(REPORT, "utf8"));
    return { passed: report.numPassedTests, failed: report.numFailedTests };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
