// The local program, bundled into dist/local/start.js so that no compiler stays in memory while Skerry runs.
// Started by scripts/start.mjs, which makes the build when `isFresh` says no.
import { join } from "node:path";
import { StartRefused, StateTooNew } from "../../contract/errors.ts";
import { readBuild, readFreshBuild } from "./build-note.ts";
import { serve } from "./serve.ts";

export function isFresh(root: string): boolean {
  return readFreshBuild(root) !== undefined;
}

/** Runs the build that is there until Ctrl-C. Sets the exit code; a refusal is one sentence on the error output. */
export async function run(root: string): Promise<void> {
  const startedAt = Date.now() - Math.round(process.uptime() * 1000);
  const { version, schemas = {} } = readBuild(root) ?? {};
  try {
    if (version === undefined) throw new StartRefused({ kind: "build", said: "Run npm ci, then npm run build." });
    await serve({
      distDir: join(root, "dist"),
      workingDir: process.cwd(),
      environment: process.env,
      version,
      schemas,
      startedAt,
      print: (text) => process.stdout.write(`${text}\n`),
      complain: (line) => process.stderr.write(`${line}\n`),
      isRich: process.stdout.isTTY === true && !process.env["NO_COLOR"],
    });
  } catch (error) {
    if (!(error instanceof StartRefused) && !(error instanceof StateTooNew)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
  // Open handles of a connection must not hold up the end.
  process.exit();
}
