// Beginnings and sudden ends: from the command to ready and to the first answer, and from a restart after SIGKILL to the
// complete answer of the turn that was cut.
import type { Reading } from "../table.ts";
import { repeat, type Scenario, type Scene } from "./scenario.ts";

const WORDS = 40;

export const starting: Scenario = {
  name: "start",
  figures: ["ready", "first-answer"],
  isShared: true,
  async run(scene) {
    // Files are made by a first start that is not counted: the disk and the state folder are warm.
    const stateDir = scene.makeFolder();
    await (await scene.subject.start(stateDir)).stop();
    const starts = await repeat(scene.isQuick ? 2 : 7, scene.limitMs, async (index) => {
      scene.tell(`start ${index + 1}`);
      const started = await scene.subject.start(stateDir);
      try {
        const turn = await started.talker.turn(scene.model, scene.newSession(), {});
        return { ready: started.readyMs / 1000, answered: (turn.endedAt - started.startedAt) / 1000 };
      } finally {
        await started.stop();
      }
    });
    return [
      { figure: "ready", samples: starts.map((start) => start.ready) },
      { figure: "first-answer", samples: starts.map((start) => start.answered) },
    ];
  },
};

export const killing: Scenario = {
  name: "kill",
  figures: ["kill"],
  isShared: true,
  async run(scene): Promise<Reading[]> {
    const samples = await repeat(scene.isQuick ? 2 : 5, scene.limitMs, async (index) => {
      scene.tell(`SIGKILL ${index + 1}`);
      return killAndCount(scene);
    });
    return [{ figure: "kill", samples }];
  },
};

/** Seconds from the restart until the history holds the whole answer. */
async function killAndCount(scene: Scene): Promise<number> {
  const stateDir = scene.makeFolder();
  const session = scene.newSession();
  const first = await scene.subject.start(stateDir);
  await new Promise<void>((resolve, reject) => {
    const isUnderWay = (deltas: number) => deltas >= 3 && resolve();
    first.talker
      .turn(scene.model, session, { say: WORDS, rate: 10, isSlowOnce: true }, ({ deltas }) => isUnderWay(deltas.length))
      .then(() => reject(new Error("The turn ended before it was cut.")), reject);
  }).catch(async (error: unknown) => {
    await first.stop();
    throw error;
  });
  await first.kill();

  const second = await scene.subject.start(stateDir);
  try {
    const last = `w${WORDS - 1}`;
    const until = performance.now() + 90_000;
    while (performance.now() < until) {
      if ((await second.talker.answers(session)).some((answer) => answer.trimEnd().endsWith(last))) {
        return (performance.now() - second.startedAt) / 1000;
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error("The answer was not complete 90 s after the restart.");
  } finally {
    await second.stop();
  }
}
