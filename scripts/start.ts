// `npm start`: builds what changed, then runs Skerry on this machine until Ctrl-C. The build runs in a process of its
// own, so that its memory goes when it is done.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { serve } from "../src/bridge/local/serve.ts";
import { StartRefused, StateTooNew } from "../src/contract/errors.ts";
import { type BuildNote, DIST, ROOT, readFreshBuild } from "./build.ts";

const startedAt = Date.now() - Math.round(process.uptime() * 1000);

try {
  await serve({
    distDir: DIST,
    workingDir: process.cwd(),
    environment: process.env,
    version: ensureBuild().version,
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

function ensureBuild(): BuildNote {
  const fresh = readFreshBuild();
  if (fresh) return fresh;
  const built = spawnSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  const note = built.status === 0 ? readFreshBuild() : undefined;
  if (!note) throw new StartRefused({ kind: "build", said: "The lines above say why; run npm ci and try again." });
  return note;
}
