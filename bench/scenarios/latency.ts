// How much one turn costs beyond the model: until the request, in one step, and with five calls.
import { overheadOf, type Talker } from "../talker.ts";
import { count, repeat, type Scenario, type Scene, withStarted } from "./scenario.ts";

export const latency: Scenario = {
  name: "latency",
  figures: ["to-model", "one-step", "calls-in-row", "calls-parallel"],
  isShared: true,
  run: (scene) =>
    withStarted(scene, async ({ talker }) => {
      const { model } = scene;
      await warmUp(scene, talker);
      scene.tell("first turns of new sessions");
      const toModel = await repeat(count(scene, 100), scene.limitMs, async () => {
        const turn = await talker.turn(model, scene.newSession(), {});
        return (turn.visits[0]?.receivedAt ?? Number.NaN) - turn.sentAt;
      });

      scene.tell("turns of one step");
      const session = scene.newSession();
      await talker.turn(model, session, {});
      const oneStep = await repeat(count(scene, 200), scene.limitMs, async () =>
        overheadOf(await talker.turn(model, session, {})),
      );

      const measureCalls = (isParallel: boolean) => {
        const rounds = isParallel ? 2 : 6;
        return repeat(count(scene, 40), scene.limitMs, async () => {
          const turn = await talker.turn(model, scene.newSession(), { calls: 5, isParallel });
          if (turn.visits.length < rounds)
            throw new Error(`A turn with calls asked the model ${turn.visits.length} times, not ${rounds}.`);
          return overheadOf(turn);
        });
      };
      scene.tell("turns with five calls in a row");
      const inRow = await measureCalls(false);
      scene.tell("turns with five calls in parallel");
      const parallel = await measureCalls(true);
      return [
        { figure: "to-model", samples: toModel },
        { figure: "one-step", samples: oneStep },
        { figure: "calls-in-row", samples: inRow },
        { figure: "calls-parallel", samples: parallel },
      ];
    }),
};

/** Turns that are not counted: code is compiled and files are made on first use. */
export async function warmUp(scene: Scene, talker: Talker): Promise<void> {
  await repeat(5, scene.limitMs, () => talker.turn(scene.model, scene.newSession(), {}));
}
