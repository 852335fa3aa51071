// How far the tables of each store have come in this version. A version that knows less of a store than what is stored
// refuses to open it: whoever goes back to an older version asks here first. Every store of `migrate` stands here.
import { DIRECTORY_SCHEMA } from "../directory/schema.ts";
import { DEVICES_SCHEMA } from "../gateway/access/devices.ts";
import { GUESS_LIMIT_SCHEMA } from "../gateway/access/guess-limit.ts";
import { LOGINS_SCHEMA } from "../gateway/access/logins.ts";
import { ENDINGS_SCHEMA } from "../gateway/homes/endings.ts";
import { LINES_SCHEMA } from "../gateway/homes/lines.ts";
import { HOMES_SCHEMA } from "../gateway/homes/registry.ts";
import { WAITS_SCHEMA } from "../gateway/waits.ts";
import { SESSION_SCHEMA } from "../session/rows/schema.ts";
import { WORKSPACE_MIGRATIONS, WORKSPACE_STORE } from "../workspace/schema.ts";

export const SCHEMAS: Readonly<Record<string, number>> = {
  directory: DIRECTORY_SCHEMA.length,
  session: SESSION_SCHEMA.length,
  [WORKSPACE_STORE]: WORKSPACE_MIGRATIONS.length,
  devices: DEVICES_SCHEMA.length,
  logins: LOGINS_SCHEMA.length,
  "guess-limit": GUESS_LIMIT_SCHEMA.length,
  waits: WAITS_SCHEMA.length,
  homes: HOMES_SCHEMA.length,
  "home-endings": ENDINGS_SCHEMA.length,
  "home-lines": LINES_SCHEMA.length,
};
