// Builds dist/: the Worker in parts (rarely used libraries load only when used), the page with hashed names, and the
// stand-ins for assets and files on this machine. Does nothing when no input changed since the last build.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const DIST = join(ROOT, "dist");
const INPUTS = ["src", "skills", "scripts/build.ts", "scripts/bundles.ts", "package.json", "package-lock.json"];

export interface BuildNote {
  /** Of all inputs. */
  hash: string;
  version: string;
  builtAt: number;
}

/** What the last build left behind; undefined when it is missing or older than its inputs. */
export function readFreshBuild(): BuildNote | undefined {
  const note = readBuildNote();
  return note?.hash === hashInputs() ? note : undefined;
}

/** Builds everything into a folder beside dist and moves it in place as the last step. */
export async function build(): Promise<BuildNote> {
  const hash = hashInputs();
  const draft = join(ROOT, ".cache", `build-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const { bundleLocal, bundleWeb, bundleWorker } = await import("./bundles.ts");
    await Promise.all([
      bundleWorker(ROOT, join(draft, "worker")),
      bundleWeb(ROOT, join(draft, "web")),
      bundleLocal(ROOT, join(draft, "local"), dirname(createRequire(import.meta.url).resolve("miniflare"))),
    ]);
    const note: BuildNote = { hash, version: readVersion(), builtAt: Date.now() };
    writeFileSync(join(draft, "build.json"), `${JSON.stringify(note, null, 2)}\n`);
    rmSync(`${draft}-old`, { recursive: true, force: true });
    if (existsSync(DIST)) renameSync(DIST, `${draft}-old`);
    renameSync(draft, DIST);
    return note;
  } finally {
    rmSync(draft, { recursive: true, force: true });
    rmSync(`${draft}-old`, { recursive: true, force: true });
  }
}

function readBuildNote(): BuildNote | undefined {
  try {
    return JSON.parse(readFileSync(join(DIST, "build.json"), "utf8"));
  } catch {
    return undefined;
  }
}

function hashInputs(): string {
  const hash = createHash("sha256");
  for (const path of INPUTS.flatMap((input) => listFiles(join(ROOT, input)))) {
    hash.update(relative(ROOT, path)).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

function listFiles(path: string): string[] {
  if (!existsSync(path)) return [];
  const entries = (() => {
    try {
      return readdirSync(path, { recursive: true, withFileTypes: true });
    } catch {
      return undefined;
    }
  })();
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** The package's version, with the commit when there is a repository and it is not a released one. */
function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  try {
    const described = execFileSync("git", ["describe", "--tags", "--always", "--dirty"], {
      cwd: ROOT,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    return described === `v${version}` || described === "" ? version : `${version}+${described.replace(/^v/, "")}`;
  } catch {
    return version;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const startedAt = performance.now();
  const fresh = process.argv.includes("--force") ? undefined : readFreshBuild();
  const note = fresh ?? (await build());
  if (!process.argv.includes("--quiet")) {
    const took = Math.round(performance.now() - startedAt);
    console.log(fresh ? `dist is up to date (${note.version})` : `built dist (${note.version}) in ${took} ms`);
  }
}
