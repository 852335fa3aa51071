// The packages of a channel: fetched when the channel is added, not with the bridge. What is fetched is written down to the last byte in
// a lock file beside the channel's code; no script of a package runs.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HomeRefused } from "../../contract/errors.ts";

const INSTALL_MS = 10 * 60_000;
const FILES = ["package.json", "package-lock.json"] as const;

export interface PackagesRequest {
  /** Folder of the lists: one folder a channel. */
  lists: string;
  /** Where they are installed. */
  dir: string;
  channel: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** They are not there, and are fetched now. */
  onFetch(): void;
}

/** The folder where the channel's packages are; undefined: it has none. Fetches them when they are not there. @throws HomeRefused */
export async function openPackages({
  lists,
  dir,
  channel,
  environment,
  signal,
  onFetch,
}: PackagesRequest): Promise<string | undefined> {
  const list = join(lists, channel);
  if (!existsSync(join(list, "package-lock.json"))) return undefined;
  const hash = createHash("sha256");
  for (const name of FILES) hash.update(readFileSync(join(list, name)));
  const whole = join(dir, `${channel}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(join(whole, "node_modules"))) return whole;
  onFetch();
  const arriving = `${whole}.arriving-${process.pid}`;
  rmSync(arriving, { recursive: true, force: true });
  mkdirSync(arriving, { recursive: true, mode: 0o700 });
  try {
    for (const name of FILES) copyFileSync(join(list, name), join(arriving, name));
    await runNpm(arriving, environment, signal);
    for (const name of namesOf(list)) {
      writeFileSync(join(arriving, `load-${name.replaceAll(/[@/]/g, "_")}.mjs`), loaderOf(name));
    }
    rmSync(whole, { recursive: true, force: true });
    renameSync(arriving, whole);
    dropOthers(dir, channel, whole);
    return whole;
  } finally {
    rmSync(arriving, { recursive: true, force: true });
  }
}

/** Those of earlier versions: nothing loads them any more. */
function dropOthers(dir: string, channel: string, whole: string): void {
  for (const name of readdirSync(dir)) {
    const isOld = name.startsWith(`${channel}-`) && /^[0-9a-f]{16}$/.test(name.slice(channel.length + 1));
    if (isOld && join(dir, name) !== whole) rmSync(join(dir, name), { recursive: true, force: true });
  }
}

function namesOf(list: string): string[] {
  const { dependencies = {} } = JSON.parse(readFileSync(join(list, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies);
}

/** A file among the packages sees them by their names, as no file of ours does. */
function loaderOf(name: string): string {
  return `export * from ${JSON.stringify(name)};\n`;
}

async function runNpm(cwd: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const args = ["ci", "--ignore-scripts", "--omit=dev", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error"];
  const child = spawn("npm", args, {
    cwd,
    env: { ...environment, npm_config_update_notifier: "false" },
    stdio: ["ignore", "ignore", "pipe"],
    signal: AbortSignal.any([signal, AbortSignal.timeout(INSTALL_MS)]),
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  let code: number | null;
  try {
    code = await promise;
  } catch (error) {
    const isMissing = error instanceof Error && "code" in error && error.code === "ENOENT";
    const why = isMissing ? "npm is not on this machine's PATH; install Node.js with npm" : "npm did not end in time";
    throw new HomeRefused("UNAVAILABLE", `The packages of this channel could not be fetched: ${why}.`, error);
  }
  if (code !== 0) {
    const reason = said
      .replace(/npm error( code)?/g, "")
      .replace(/\s+/g, " ")
      .trim()
      .slice(0, 200);
    throw new HomeRefused(
      "UNAVAILABLE",
      `The packages of this channel could not be fetched: ${reason || `npm ended with ${code}`}.`,
    );
  }
}
