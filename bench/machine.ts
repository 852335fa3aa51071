// What the figures depend on besides Skerry: processor, versions, how long the disk takes to keep a page, and whether
// the machine was quiet. Read before anything is measured.
import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { median } from "./statistics.ts";
import { ROOT } from "./subjects/skerry.ts";

const PAGE_BYTES = 4096;
const COMMITS = 50;
/** A load per core from which other work shows in the figures. */
const BUSY_LOAD = 0.5;

export interface Machine {
  date: string;
  processor: string;
  versions: string;
  /** Median of writing a page and waiting until the disk has it, ms. */
  commitMs: number;
  /** Processes that wanted to run in the last minute. */
  load: number;
  isBusy: boolean;
}

/** `folder`: on the disk that the state folders will lie on. */
export function readMachine(folder: string): Machine {
  const processors = cpus();
  const own = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  const runtime = createRequire(import.meta.url)("workerd/package.json") as { version: string };
  const load = loadavg()[0] ?? 0;
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${processors.length} cores, ${processors[0]?.model ?? "unknown"}; ${Math.round(totalmem() / 2 ** 30)} GiB; Linux ${release().split(".").slice(0, 2).join(".")}`,
    versions: `Skerry ${own.version}, workerd ${runtime.version}, Node ${process.versions.node}`,
    commitMs: measureCommit(join(folder, "commit")),
    load,
    isBusy: load > availableParallelism() * BUSY_LOAD,
  };
}

function measureCommit(path: string): number {
  const file = openSync(path, "w");
  const page = Buffer.alloc(PAGE_BYTES, 1);
  try {
    const samples = Array.from({ length: COMMITS }, (_unused, index) => {
      writeSync(file, page, 0, PAGE_BYTES, index * PAGE_BYTES);
      const startedAt = performance.now();
      fsyncSync(file);
      return performance.now() - startedAt;
    });
    return median(samples);
  } finally {
    closeSync(file);
  }
}
