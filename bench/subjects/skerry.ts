// Skerry as a person starts it: `npm start`, on a state folder and a port of its own, with the scripted model's address.
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { launch, pickPort, plainEnvironment, type Subject, TOKEN } from "./subject.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

/** Builds dist beforehand, so that no start pays for it. */
export function ensureBuilt(): void {
  const built = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { cwd: ROOT, stdio: "inherit" });
  if (built.status !== 0) throw new Error("Skerry could not be built; the lines above say why.");
}

export function skerry(modelUrl: string): Subject {
  return {
    name: "Skerry",
    async start(stateDir, variables = {}) {
      const port = await pickPort();
      return launch({
        command: "npm",
        args: ["start", "--silent", "--no-update-notifier"],
        cwd: ROOT,
        port,
        environment: {
          ...plainEnvironment(),
          PORT: String(port),
          SKERRY_STATE_DIR: stateDir,
          SKERRY_TOKEN: TOKEN,
          SKERRY_MODEL: "anthropic/claude-opus-4-6",
          ANTHROPIC_API_KEY: "bench-key",
          ANTHROPIC_BASE_URL: modelUrl,
          ...variables,
        },
      });
    },
  };
}
