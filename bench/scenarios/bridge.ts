// A machine at home: how fast the bridge is there and what it holds, how long the way to it and back takes, and what a command in a
// container costs, from the model's call to the request that holds its result.
import { imageArchive, startEngine } from "../../test/support/engine.ts";
import { listTree, measureMemory } from "../process-tree.ts";
import { type BridgeStart, type StartedBridge, startBridgeProgram } from "../subjects/bridge.ts";
import type { Started } from "../subjects/subject.ts";
import { count, repeat, type Scenario, type Scene, withStarted } from "./scenario.ts";

const IDLE_MS = 60_000;
const NAME = "bench";
/** The bridge that comes with `npm start` would be a second one. */
const ALONE = { SKERRY_BRIDGE: "off" };
const IMAGE = "skerry-sandbox:trixie";

export const bridge: Scenario = {
  name: "bridge",
  figures: ["bridge-ready", "bridge-memory", "link"],
  isShared: false,
  run: (scene) =>
    withStarted(
      scene,
      async ({ url, talker }) => {
        const start = (name: string): BridgeStart => ({ url, stateDir: scene.makeFolder(), name });
        const again = start("starts");
        // Its folder and its key are made by a first start that is not counted.
        await (await startBridgeProgram(again)).stop();
        const starts = await repeat(scene.isQuick ? 3 : 9, scene.limitMs, async (index) => {
          scene.tell(`start ${index + 1}`);
          const started = await startBridgeProgram(again);
          await started.stop();
          return started.readyMs / 1000;
        });
        return withBridge(start(NAME), async ({ pid }) => {
          scene.tell("idle for a minute");
          await new Promise((resolve) => setTimeout(resolve, scene.isQuick ? IDLE_MS / 10 : IDLE_MS));
          const memory = await repeat(5, scene.limitMs, async () => {
            await new Promise((resolve) => setTimeout(resolve, 100));
            return measureMemory(listTree(pid));
          });
          scene.tell("there and back");
          await repeat(20, scene.limitMs, () => askOnce(talker));
          const link = await repeat(count(scene, 500), scene.limitMs, () => askOnce(talker));
          return [
            { figure: "bridge-ready", samples: starts },
            { figure: "bridge-memory", samples: memory },
            { figure: "link", samples: link },
          ];
        });
      },
      ALONE,
    ),
};

export const sandbox: Scenario = {
  name: "sandbox",
  figures: ["exec-cold", "exec-warm"],
  isShared: false,
  async run(scene) {
    const engine = await startEngine();
    try {
      await engine.importImage(IMAGE, imageArchive());
      return await withStarted(
        scene,
        ({ url, talker }) =>
          withBridge({ url, stateDir: scene.makeFolder(), name: NAME, engine: engine.socket }, async () => {
            await runTrue(scene, talker, scene.newSession());
            scene.tell("commands in new containers");
            const cold = await repeat(count(scene, 20), scene.limitMs, () => runTrue(scene, talker, scene.newSession()));
            scene.tell("commands in one container");
            const session = scene.newSession();
            await runTrue(scene, talker, session);
            const warm = await repeat(count(scene, 50), scene.limitMs, () => runTrue(scene, talker, session));
            return [
              { figure: "exec-cold", samples: cold.map((ms) => ms / 1000) },
              { figure: "exec-warm", samples: warm },
            ];
          }),
        ALONE,
      );
    } finally {
      await engine.stop();
    }
  },
};

async function withBridge<T>(start: BridgeStart, work: (started: StartedBridge) => Promise<T>): Promise<T> {
  const started = await startBridgeProgram(start);
  try {
    return await work(started);
  } finally {
    await started.stop();
  }
}

let lastAsked = 0;

/** ms from a screen's request through Skerry to the machine and back. */
async function askOnce(talker: Started["talker"]): Promise<number> {
  const askedAt = performance.now();
  const idempotencyKey = `bench-${++lastAsked}`;
  await talker.request("node.invoke", { nodeId: NAME, command: "sandbox.status", idempotencyKey });
  return performance.now() - askedAt;
}

/** ms of the command `true` in the session's container. */
async function runTrue(scene: Scene, talker: Started["talker"], session: string): Promise<number> {
  const { visits } = await talker.turn(scene.model, session, { calls: 1, tool: "sandbox" });
  const [called, told] = visits;
  if (called?.endedAt === undefined || told === undefined) throw new Error("The command came to no result.");
  if (told.isFailed) throw new Error("The command failed; its machine has no sandbox that can be used.");
  return told.receivedAt - called.endedAt;
}
