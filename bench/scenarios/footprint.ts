// What it takes to keep it running: memory idle and after 100 sessions, CPU for a turn, and how much is sent for "hi".
import { listTree, measureCpu, measureMemory } from "../process-tree.ts";
import type { Reading } from "../table.ts";
import { measureCrowd } from "./load.ts";
import { count, repeat, type Scenario, type Scene, withStarted } from "./scenario.ts";

const SETTLE_MS = 3000;

export const footprint: Scenario = {
  name: "footprint",
  figures: ["memory-idle", "memory-100", "cpu-turn", "request-size"],
  isShared: true,
  run: (scene) =>
    withStarted(scene, async ({ talker, pid }) => {
      const settle = () => new Promise((resolve) => setTimeout(resolve, scene.isQuick ? SETTLE_MS / 3 : SETTLE_MS));
      const readMemory = () =>
        repeat(5, scene.limitMs, async () => {
          await new Promise((resolve) => setTimeout(resolve, 100));
          return measureMemory(listTree(pid));
        });
      scene.tell("idle");
      await settle();
      const idle = await readMemory();

      scene.tell('the request for "hi"');
      const size = await measureHi(scene, (session) => talker.say(session, "hi"));

      scene.tell("CPU of turns one after the other");
      const session = scene.newSession();
      await repeat(10, scene.limitMs, () => talker.turn(scene.model, session, {}));
      const cpu = await repeat(count(scene, 10), scene.limitMs, async () => {
        const pids = listTree(pid);
        const before = measureCpu(pids);
        const turns = await repeat(20, scene.limitMs / 10, () => talker.turn(scene.model, session, {}));
        return (measureCpu(pids) - before) / turns.length;
      });

      await measureCrowd(scene, talker, { sessions: 100, turns: 500, rate: "rate-100" });
      await settle();
      const full = await readMemory();
      const readings: Reading[] = [
        { figure: "memory-idle", samples: idle },
        { figure: "memory-100", samples: full },
        { figure: "cpu-turn", samples: cpu },
        { figure: "request-size", samples: [size] },
      ];
      return readings;
    }),
};

/** KB of the first request that a new session sends for "hi"; the only message without a mark. */
async function measureHi(
  scene: Scene,
  say: (session: string) => Promise<{ outcome: string; errorMessage?: string }>,
): Promise<number> {
  scene.model.visits.delete("");
  const turn = await say(scene.newSession());
  const bytes = scene.model.visitsOf("")[0]?.bytes;
  if (bytes === undefined) throw new Error(`No request for "hi" came to the model: ${turn.outcome} ${turn.errorMessage ?? ""}`);
  return bytes / 1024;
}
