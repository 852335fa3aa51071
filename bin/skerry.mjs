#!/usr/bin/env node
// Runs the command line with the Node that came with Skerry, whatever Node called it. No build.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { constants } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const main = join(root, "src/bridge/cli/main.ts");
// Modules are read and compiled once, not at every start: half the time and a quarter of the memory. Kept in a folder of the program,
// where nobody else can put anything; where it cannot be written, nothing is kept.
const compiled = join(root, ".cache/compiled");
const [major = 0] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  module.enableCompileCache(compiled);
  await import(pathToFileURL(main).href);
} else {
  const node = join(root, "node_modules/node/bin/node");
  if (!existsSync(node)) {
    process.stderr.write("Skerry is not installed completely. Run npm ci in its folder, then try again.\n");
    process.exit(1);
  }
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: "inherit", env });
  // Ctrl-C reaches the child by itself.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + (signal ? constants.signals[signal] : 0)));
}
