// `npm start`: builds what changed (`--no-build`: takes the build that is there), then runs Skerry on this machine until
// Ctrl-C. Plain JavaScript, and the build in a
// process of its own: what stays in memory is the small program of src/bridge/local alone.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const program = join(root, "dist/local/start.js");

function build() {
  const node = join(root, "node_modules/node/bin/node");
  const args = [join(root, "scripts/build.ts"), "--quiet"];
  const { status } = spawnSync(existsSync(node) ? node : process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status === 0) return;
  process.stderr.write("Skerry could not be built; the lines above say why. Run npm ci and try again.\n");
  process.exit(1);
}

if (!existsSync(program)) build();
let { isFresh, run } = await import(pathToFileURL(program).href);
if (!process.argv.includes("--no-build") && !isFresh(root)) {
  build();
  ({ isFresh, run } = await import(`${pathToFileURL(program).href}?rebuilt`));
}
await run(root);
