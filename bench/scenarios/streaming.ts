// How old words are when they reach the screen: the first one, and each one of a steady stream.
import type { Turn } from "../talker.ts";
import { warmUp } from "./latency.ts";
import { count, repeat, type Scenario, withStarted } from "./scenario.ts";

const TOKENS_A_SECOND = 50;

export const streaming: Scenario = {
  name: "streaming",
  figures: ["first-token", "token-lag"],
  isShared: true,
  run: (scene) =>
    withStarted(scene, async ({ talker }) => {
      await warmUp(scene, talker);
      scene.tell("first tokens");
      const first = await repeat(count(scene, 60), scene.limitMs, async () => {
        const turn = await talker.turn(scene.model, scene.newSession(), { say: 2, rate: 20 });
        const shownAt = turn.deltas[0]?.at ?? Number.NaN;
        return shownAt - (turn.visits.at(-1)?.firstTokenAt ?? Number.NaN);
      });
      scene.tell("tokens at a steady rate");
      const answers = await repeat(count(scene, 10), scene.limitMs, () =>
        talker.turn(scene.model, scene.newSession(), { say: scene.isQuick ? 50 : 150, rate: TOKENS_A_SECOND }),
      );
      return [
        { figure: "first-token", samples: first },
        { figure: "token-lag", samples: answers.flatMap(lags) },
      ];
    }),
};

/** Age of each word at the moment when the delta with its end came. */
function lags(turn: Turn): number[] {
  let rest = "";
  return turn.deltas.flatMap(({ at, text }) => {
    const words = (rest + text).split(";");
    rest = words.pop() ?? "";
    return words.map((word) => at - Number(word.trim().slice(1))).filter(Number.isFinite);
  });
}
