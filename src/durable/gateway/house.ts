// Puts together what methods work with: the other objects, the stores, and the parts of this one.
import { VERSION } from "../../contract/version.ts";
import { type Env, textVariables } from "../env.ts";
import { intake } from "../intake.ts";
import { storeMedia } from "../media.ts";
import { chooseModels, listModels } from "../models/choice.ts";
import { directoryOf, sessionOf, workspaceOf } from "../stubs.ts";
import type { House } from "./methods/method.ts";

type FromGateway =
  | "access"
  | "presence"
  | "log"
  | "startedAt"
  | "screenCount"
  | "tell"
  | "waitFor"
  | "dropDevice"
  | "sessionOfRun";

export function makeHouse(env: Env, own: Pick<House, FromGateway>): House {
  const directory = directoryOf(env);
  const session = (key: string) => sessionOf(env, key);
  const facts = { env: textVariables(env), hasWorkersAi: env.AI !== undefined && env.SKERRY_RUNTIME !== "local" };
  return {
    ...own,
    now: Date.now,
    version: typeof env["SKERRY_VERSION"] === "string" ? env["SKERRY_VERSION"] : VERSION,
    directory,
    session,
    workspace: (agentId) => workspaceOf(env, agentId),
    intake: (message, wishes, wanted) => intake({ directory, session }, message, wishes, wanted),
    storeMedia: (bytes, name) => storeMedia(env.MEDIA, bytes, name),
    chooseModels: (brief) => chooseModels({ ...facts, models: brief.models, overrides: brief.providers }),
    listModels: (brief) => listModels({ ...facts, overrides: brief.providers }),
  };
}
