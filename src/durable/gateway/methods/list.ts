// Every method, family by family. A new method is a row in contract/methods.ts and a handler in its family.
import type { MethodName } from "../../../contract/methods.ts";
import { catalogue } from "./catalogue.ts";
import { channels } from "./channels.ts";
import { chat } from "./chat.ts";
import { devices } from "./devices.ts";
import { files } from "./files.ts";
import { approvals } from "./home/approvals.ts";
import { lines } from "./home/lines.ts";
import { homes } from "./homes.ts";
import { keys } from "./keys.ts";
import type { Call, Handlers } from "./method.ts";
import { people } from "./people.ts";
import { sessions } from "./sessions.ts";
import { settings } from "./settings.ts";
import { status } from "./status.ts";
import { usage } from "./usage.ts";

const handlers: Handlers = {
  ...status,
  ...chat,
  ...sessions,
  ...usage,
  ...catalogue,
  ...keys,
  ...files,
  ...settings,
  ...devices,
  ...channels,
  ...people,
  ...homes,
  ...lines,
  ...approvals,
};

/** Runs a method. Contract: `params` were read with that method's own schema. */
export function runMethod(name: MethodName, params: unknown, call: Call): unknown {
  // The schema of this very name made `params`; the compiler cannot follow that through the table.
  return (handlers[name] as (params: unknown, call: Call) => unknown)(params, call);
}
