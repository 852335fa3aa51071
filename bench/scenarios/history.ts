// What a long past costs: the overhead of a turn after 10 and after 1,000 earlier ones, and the first one after a restart.
import { median } from "../statistics.ts";
import { overheadOf } from "../talker.ts";
import { warmUp } from "./latency.ts";
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
    const session = scene.newSession();
    const wanted = scene.isQuick ? 100 : 1000;
    const sampled = count(scene, 30);
    let started = await scene.subject.start(stateDir);
    try {
      const measure = async () => overheadOf(await started.talker.turn(model, session, {}));
      await warmUp(scene, started.talker);
      await repeat(10, LIMIT_MS, measure);
      const young = await repeat(sampled, LIMIT_MS, measure);
      scene.tell(`${wanted} earlier turns`);
      const past = await repeat(wanted - 10 - sampled, LIMIT_MS, measure);
      const reached = past.length + 10 + sampled;
      const old = await repeat(sampled, LIMIT_MS, measure);
      const note = reached < 1000 ? { note: `measured after ${reached} earlier turns, not 1,000` } : {};

      scene.tell("first turns after a restart");
      const first = await repeat(scene.isQuick ? 2 : RESTARTS, LIMIT_MS, async () => {
        await started.stop();
        started = await scene.subject.start(stateDir);
        return measure();
      });
      return [
        { figure: "overhead-1000", samples: [median(old) / median(young)], ...note },
        { figure: "restart-1000", samples: first, ...note },
      ];
    } finally {
      await started.stop();
    }
  },
};
