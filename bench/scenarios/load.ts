// Many sessions at once, each saying its next thing as soon as its last turn has ended; and many sessions on a slow model.
// Every session is new, so the first turn of each counts too.
import type { FigureId } from "../figures.ts";
import type { Reading } from "../table.ts";
import type { Talker } from "../talker.ts";
import { warmUp } from "./latency.ts";
import { type Scenario, type Scene, withStarted } from "./scenario.ts";

const SLOW_MODEL_MS = 2000;

interface Crowd {
  sessions: number;
  /** Turns of all of them together. */
  turns: number;
  rate: FigureId;
  turn?: FigureId;
}

const CROWDS: readonly Crowd[] = [
  { sessions: 1, turns: 400, rate: "rate-1" },
  { sessions: 10, turns: 1000, rate: "rate-10" },
  { sessions: 50, turns: 1500, rate: "rate-50", turn: "turn-50" },
  { sessions: 100, turns: 2000, rate: "rate-100", turn: "turn-100" },
];

export const load: Scenario = {
  name: "load",
  figures: ["rate-1", "rate-10", "rate-50", "rate-100", "turn-50", "turn-100", "slow-50"],
  isShared: true,
  run: (scene) =>
    withStarted(scene, async ({ talker }) => {
      await warmUp(scene, talker);
      const readings: Reading[] = [];
      for (const crowd of CROWDS) readings.push(...(await measureCrowd(scene, talker, crowd)));
      scene.tell("50 sessions on a model that takes 2 s");
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: 50 }, () => talker.turn(scene.model, scene.newSession(), { delay: SLOW_MODEL_MS })));
      return [...readings, { figure: "slow-50", samples: [(performance.now() - startedAt) / 1000] }];
    }),
};

/** Also used to fill a gateway with sessions before its memory is read. */
export async function measureCrowd(scene: Scene, talker: Talker, crowd: Crowd): Promise<Reading[]> {
  scene.tell(`${crowd.sessions} ${crowd.sessions === 1 ? "session" : "sessions"} at once`);
  const perSession = Math.max(2, Math.round(crowd.turns / crowd.sessions / (scene.isQuick ? 10 : 1)));
  const until = performance.now() + scene.limitMs;
  const durations: number[] = [];
  let failed = 0;
  const talk = async () => {
    const session = scene.newSession();
    for (let said = 0; said < perSession && performance.now() < until; said++) {
      try {
        const turn = await talker.turn(scene.model, session, {});
        durations.push((turn.endedAt - turn.sentAt) / 1000);
      } catch {
        failed++;
      }
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: crowd.sessions }, talk));
  const seconds = (performance.now() - startedAt) / 1000;
  const note =
    failed > 0 ? { note: `${failed} of ${failed + durations.length} turns with ${crowd.sessions} sessions failed` } : {};
  if (durations.length === 0) throw new Error(`All turns with ${crowd.sessions} sessions failed.`);
  const readings: Reading[] = [{ figure: crowd.rate, samples: [durations.length / seconds], ...note }];
  if (crowd.turn) readings.push({ figure: crowd.turn, samples: durations, ...note });
  return readings;
}
