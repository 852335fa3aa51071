// Which variables the local Worker may read: those of the environment that Skerry knows by name or by form, and
// everything in `.dev.vars`. The environment wins, so that one run can differ from the file.
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { CHANNEL_FACTS } from "../../contract/channels/facts.ts";

/** Forms under which providers and platforms publish their keys and addresses. */
const FORMS = [
  /^SKERRY_[A-Z0-9_]+$/,
  /^CF_ACCESS_(TEAM_DOMAIN|AUD|EMAILS|SERVICES|CERTS_URL)$/,
  /_(API_KEY|API_TOKEN|BASE_URL|API_URL|API_ROOT|HTTP_URL|HOMESERVER_URL)$/,
  /_(BOT_TOKEN|APP_TOKEN|SIGNING_SECRET|WEBHOOK_SECRET|AUTH_TOKEN)$/,
];
/** `GOOGLE_…` and `TEAMS_…`: where access tokens and published keys are had. */
const NAMES = new Set([
  ...["GOOGLE_TOKEN_URL", "GOOGLE_KEYS_URL", "TEAMS_LOGIN_URL", "TEAMS_OPENID_URL"],
  ...["BLUEBUBBLES_URL", "CLAWHUB_URL", "TZ"],
]);
/** Keys of channels, and those of their further accounts: `TELEGRAM_BOT_TOKEN__WORK`. */
const CHANNEL_KEYS = new Set<string>(
  CHANNEL_FACTS.flatMap((facts) => [...facts.keys.map(({ name }) => name), ...("base" in facts ? [facts.base.variable] : [])]),
);
/** What steers the local program itself and is nothing to the Worker. */
const LOCAL_ONLY = new Set(["SKERRY_STATE_DIR", "SKERRY_URL"]);

export type Variables = Record<string, string>;

/** The variables from both places. `path` need not exist. */
export function readVariables(environment: NodeJS.ProcessEnv, path: string): Variables {
  const variables: Variables = {};
  for (const [name, value] of Object.entries(readDevVars(path))) {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && value !== undefined) variables[name] = value;
  }
  for (const [name, value] of Object.entries(environment)) {
    if (value !== undefined && isKnown(name)) variables[name] = value;
  }
  for (const name of LOCAL_ONLY) delete variables[name];
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== ""));
}

function isKnown(name: string): boolean {
  return NAMES.has(name) || CHANNEL_KEYS.has(name.replace(/__[A-Z0-9_]+$/, "")) || FORMS.some((form) => form.test(name));
}

function readDevVars(path: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return {};
    throw error;
  }
}
