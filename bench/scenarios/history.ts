// What a long past costs: the overhead of a turn after 10 and after 1,000 earlier ones, and the first one after a restart.
import { median } from "../statistics.ts";
import { overheadOf } from "../talker.ts";
import { count, repeat, type Scenario } from "./scenario.ts";

const LIMIT_MS = 180_000;
const RESTARTS = 5;

export const history: Scenario = {
  name: "history",
  figures: ["overhead-1000", "restart-1000"],
  isShared: false,
  async run(scene) {
    const { model } = scene;
    const stateDir = scene.makeFolder();
    const [long, short] = [scene.newSession(), scene.newSession()];
    const wanted = scene.isQuick ? 100 : 1000;
    let started = await scene.subject.start(stateDir);
    try {
      const measure = async (session: string) => overheadOf(await started.talker.turn(model, session, {}));
      scene.tell(`${wanted} earlier turns`);
      const reached = (await repeat(wanted, LIMIT_MS, () => measure(long))).length;
      await repeat(10, LIMIT_MS, () => measure(short));
      // By turns, so that both find the same machine and the same warm code.
      const pairs = await repeat(count(scene, 30), LIMIT_MS, async () => ({
        young: await measure(short),
        old: await measure(long),
      }));
      const ratio = median(pairs.map((pair) => pair.old)) / median(pairs.map((pair) => pair.young));
      const note = reached < 1000 ? { note: `measured after ${reached} earlier turns, not 1,000` } : {};

      scene.tell("first turns after a restart");
      const first = await repeat(scene.isQuick ? 2 : RESTARTS, LIMIT_MS, async () => {
        await started.stop();
        started = await scene.subject.start(stateDir);
        return measure(long);
      });
      return [
        { figure: "overhead-1000", samples: [ratio], ...note },
        { figure: "restart-1000", samples: first, ...note },
      ];
    } finally {
      await started.stop();
    }
  },
};
