// CPU that the Worker's code costs before it can answer: the runtime started with Skerry's bundle, against the same
// runtime and configuration with a Worker of four empty objects. The difference is compiling, evaluating and answering
// one /health.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startRuntime } from "../../src/bridge/local/runtime.ts";
import { measureCpu } from "../process-tree.ts";
import { median } from "../statistics.ts";
import { ROOT } from "../subjects/skerry.ts";
import { pickPort } from "../subjects/subject.ts";
import { repeat, type Scenario, type Scene } from "./scenario.ts";

const LIMIT_MS = 60_000;
const EMPTY = `import { DurableObject } from "cloudflare:workers";
export class Directory extends DurableObject {}
export class Session extends DurableObject {}
export class Workspace extends DurableObject {}
export class Gateway extends DurableObject {}
export default { fetch: () => new Response("ok") };
`;

export const workerStart: Scenario = {
  name: "worker",
  figures: ["worker-cpu"],
  isShared: false,
  async run(scene) {
    const times = scene.isQuick ? 3 : 11;
    const emptyDist = scene.makeFolder();
    cpSync(join(ROOT, "dist/local"), join(emptyDist, "local"), { recursive: true });
    mkdirSync(join(emptyDist, "web"));
    mkdirSync(join(emptyDist, "worker"));
    writeFileSync(join(emptyDist, "worker/index.js"), EMPTY);
    scene.tell("the runtime with an empty Worker");
    const empty = median(await repeat(times, LIMIT_MS, () => measureStart(scene, emptyDist)));
    scene.tell("the runtime with Skerry's Worker");
    const whole = await repeat(times, LIMIT_MS, () => measureStart(scene, join(ROOT, "dist")));
    return [{ figure: "worker-cpu", samples: whole.map((ms) => ms - empty) }];
  },
};

async function measureStart(scene: Scene, distDir: string): Promise<number> {
  const port = await pickPort();
  const runtime = await startRuntime({
    distDir,
    stateDir: scene.makeFolder(),
    host: "127.0.0.1",
    port,
    variables: { SKERRY_TOKEN: "bench-token-0123456789abcdef", SKERRY_RUNTIME: "local" },
  });
  try {
    return measureCpu([runtime.pid]);
  } finally {
    await runtime.stop();
  }
}
