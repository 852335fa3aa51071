// What the first turn needs, loaded before there is one. For the local runtime, where one process serves everything for a
// long time; deployed, an isolate loads what it uses.
import { formatNow } from "./agent/prompt.ts";
import { type Env, textVariables } from "./env.ts";
import { chooseModels } from "./models/choice.ts";
import { loadProvider } from "./models/providers/list.ts";

let isDone = false;

export async function warmUp(env: Env): Promise<void> {
  if (isDone || env.SKERRY_RUNTIME !== "local") return;
  isDone = true;
  formatNow(Date.now(), "UTC");
  const [model] = chooseModels({ env: textVariables(env), models: [], overrides: {}, hasWorkersAi: false }).models;
  await Promise.all([import("./workspace/skills/skill-file.ts"), model && loadProvider(model.api)]);
}
