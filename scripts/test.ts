// `npm test`: makes sure of what the tests need, builds, and runs every kind of test. The last line counts them.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { chromium } from "playwright-core";
import { build, ROOT } from "./build.ts";

const REPORT = join(ROOT, ".cache/tests.json");
const BROWSERS = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

/** More than these is no matter of chance. */
const MAX_AGAIN = 4;
const unsteadyTests: string[] = [];

/** How many files run at once, and of which kinds: on two cores, more of what waits, one of what looks at the clock. */
const ROUNDS = (
  [
    [3, "node", "workers"],
    [4, "waits"],
    [2, "journeys"],
    [1, "clocks"],
  ] as const
).map(([atOnce, ...names]) => [`--maxWorkers=${atOnce}`, ...names.flatMap((name) => ["--project", name])]);

interface Round {
  files: Map<string, { passed: number; skipped: number; failed: string[] }>;
  /** Of what no test stands for: a file that cannot be loaded, an error beside the tests. */
  isBroken: boolean;
}

if (ensureBrowser()) {
  const given = process.argv.slice(2);
  const untested = given.length > 0 ? undefined : ensureHomeserver();
  await build();
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const startedAt = Date.now();
  const rounds = given.length > 0 ? [runRound(given)] : ROUNDS.map((args) => runTwice(args));
  const files = rounds.flatMap((round) => [...round.files.values()]);
  const passed = files.reduce((sum, file) => sum + file.passed, 0);
  const failed = files.flatMap((file) => file.failed);
  const skipped = files.reduce((sum, file) => sum + file.skipped, 0);
  const isGood = failed.length === 0 && rounds.every((round) => !round.isBroken && round.files.size > 0);
  process.exitCode = isGood ? 0 : 1;
  const unsteady = unsteadyTests.length === 0 ? "" : `, ${unsteadyTests.length} of them only when run again`;
  for (const name of unsteadyTests) console.log(`failed once, passed when its file ran again alone: ${name}`);
  for (const name of failed) console.log(`failed: ${name}`);
  const minutes = ((Date.now() - startedAt) / 60_000).toFixed(1);
  if (untested !== undefined) console.log(untested);
  console.log(
    `${passed} passed${unsteady}, ${skipped} skipped, ${Math.max(failed.length, isGood ? 0 : 1)} failed in ${minutes} min`,
  );
} else {
  process.exitCode = 1;
}

/**
 * A file that failed runs once more, alone: on a machine that does other things as well, something may come too late.
 * What passes only then is named at the end, so that it is looked at.
 */
function runTwice(args: readonly string[]): Round {
  const first = runRound(args);
  const again = [...first.files].filter(([, { failed }]) => failed.length > 0).map(([path]) => path);
  if (again.length === 0 || again.length > MAX_AGAIN || first.isBroken) return first;
  console.log(`Running again, alone: ${again.join(", ")}`);
  const second = runRound([...args, "--no-file-parallelism", ...again]);
  for (const [path, { failed }] of first.files) {
    const left = second.files.get(path)?.failed ?? [];
    unsteadyTests.push(...failed.filter((name) => again.includes(path) && !left.includes(name)));
  }
  return { files: new Map([...first.files, ...second.files]), isBroken: second.isBroken };
}

function runRound(args: readonly string[]): Round {
  rmSync(REPORT, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`];
  const run = spawnSync(process.execPath, [vitest, "run", ...reporters, ...args], { cwd: ROOT, stdio: "inherit" });
  const files = readReport();
  const hasFailed = [...files.values()].some(({ failed }) => failed.length > 0);
  return { files, isBroken: run.status !== 0 && !hasFailed };
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

/** Matrix's journeys have a real homeserver. Where the distribution does not give one today, they are left out, and that is said. */
function ensureHomeserver(): string | undefined {
  const made = spawnSync(process.execPath, [join(ROOT, "test/support/matrix/synapse.ts")], { cwd: ROOT, stdio: "inherit" });
  if (made.status === 0) return undefined;
  process.env["SKERRY_SYNAPSE"] = "off";
  return "NOT TESTED: Matrix against a real homeserver, since it could not be installed (its trouble stands at the top).";
}

function hasBrowser(): boolean {
  const named = process.env["CHROMIUM_PATH"];
  return [...(named ? [named] : []), ...BROWSERS, chromium.executablePath()].some((path) => existsSync(path));
}

function hasCommand(command: string): boolean {
  const probe = spawnSync(command, ["--version"], { stdio: "ignore" });
  return probe.error === undefined && probe.status === 0;
}

/** What became of each file. One that could not be loaded has a failure of its own. */
function readReport(): Round["files"] {
  if (!existsSync(REPORT)) return new Map();
  const { testResults } = JSON.parse(readFileSync(REPORT, "utf8")) as { testResults: FileReport[] };
  return new Map(
    testResults.map(({ name, status, assertionResults }) => {
      const path = relative(ROOT, name);
      const failed = assertionResults.filter((test) => test.status === "failed").map((test) => `${path}: ${test.fullName}`);
      const passed = assertionResults.filter((test) => test.status === "passed").length;
      const skipped = assertionResults.length - passed - failed.length;
      return [
        path,
        { passed, skipped, failed: status === "failed" && failed.length === 0 ? [`${path}: the file itself`] : failed },
      ];
    }),
  );
}

interface FileReport {
  name: string;
  status: string;
  assertionResults: { status: string; fullName: string }[];
}
