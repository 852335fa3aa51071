// Builds dist/: the Worker in parts (rarely used libraries load only when used), the page with hashed names, and the
// stand-ins for assets and files on this machine. Does nothing when no input changed since the last build.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildNote, hashInputs, readFreshBuild } from "../src/bridge/local/build-note.ts";
import { SCHEMAS } from "../src/durable/storage/schemas.ts";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "..");
export const DIST = join(ROOT, "dist");
/** Builds everything into a folder beside dist and moves it in place as the last step. */
export async function build(): Promise<BuildNote> {
  const hash = hashInputs(ROOT);
  const draft = join(ROOT, ".cache", `build-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    const { bundleLocal, bundleWeb, bundleWorker } = await import("./bundles.ts");
    await Promise.all([
      bundleWorker(ROOT, join(draft, "worker")),
      bundleWeb(ROOT, join(draft, "web"), join(draft, "local/br")),
      bundleLocal(ROOT, join(draft, "local"), dirname(createRequire(import.meta.url).resolve("miniflare"))),
    ]);
    const note: BuildNote = { hash, version: readVersion(), builtAt: Date.now(), schemas: { ...SCHEMAS } };
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

/** The package's version, with the commit when there is a repository and it is not a released one. */
export function readVersion(): string {
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
  const fresh = process.argv.includes("--force") ? undefined : readFreshBuild(ROOT);
  const note = fresh ?? (await build());
  if (!process.argv.includes("--quiet")) {
    const took = Math.round(performance.now() - startedAt);
    console.log(fresh ? `dist is up to date (${note.version})` : `built dist (${note.version}) in ${took} ms`);
  }
}
