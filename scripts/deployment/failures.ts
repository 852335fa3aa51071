// What Cloudflare and wrangler say when something is missing, and the sentence that says what to do. Codes are those of
// Cloudflare's API; a text that nobody here knows is shown as it is.
export type FailureKind =
  | "offline"
  | "login"
  | "permission"
  | "r2"
  | "subdomain"
  | "email"
  | "size"
  | "start"
  | "count"
  | "migration"
  | "secrets-changed"
  | "version-gone"
  | "account"
  | "busy"
  | "unknown";

export interface Failure {
  kind: FailureKind;
  reason: string;
}

interface Row {
  kind: FailureKind;
  test: RegExp;
  say(place: Place): string;
}

interface Place {
  accountId?: string | undefined;
  name?: string | undefined;
}

/** The dashboard finds the account by itself when it is not named. */
const dashboard = (path: string, { accountId }: Place) =>
  accountId ? `https://dash.cloudflare.com/${accountId}/${path}` : `https://dash.cloudflare.com/?to=/:account/${path}`;

const ROWS: Row[] = [
  {
    kind: "offline",
    test: /Unable to resolve Cloudflare's API hostname|fetch failed|getaddrinfo|ECONNREFUSED|ECONNRESET|ETIMEDOUT|code: 'UND_ERR/i,
    say: () => "Cloudflare cannot be reached. Look at the network, a proxy or a firewall, then run this again.",
  },
  {
    kind: "r2",
    test: /code: (10042|10136)\]|enable R2/i,
    say: (place) =>
      `R2, where attachments and large files are kept, is not switched on in this account. Switch it on at ${dashboard("r2/overview", place)} (10 GB are free; Cloudflare asks for a means of payment), then run this again.`,
  },
  {
    kind: "subdomain",
    test: /register a workers\.dev subdomain|code: 10063\]/i,
    say: (place) =>
      `This account has no workers.dev address yet. Choose one at ${dashboard("workers/onboarding", place)}, then run this again. With --domain it goes without one.`,
  },
  {
    kind: "email",
    test: /code: 10034\]|verify your email/i,
    say: (place) =>
      `Cloudflare wants the account's e-mail address confirmed first: ${dashboard("profile", place)} sends the letter again.`,
  },
  {
    kind: "size",
    test: /code: 10027\]|exceeded the size limit|exceeds the size limit/i,
    say: (place) =>
      `The Worker is larger than this account's plan allows (3 MB compressed on Free, 10 MB on Paid). Update to a released version, or change the plan at ${dashboard("workers/plans", place)}.`,
  },
  {
    kind: "start",
    test: /code: 10021\]|startup exceeded CPU|Script startup/i,
    say: () => "Cloudflare could not start the Worker, so the old version goes on. This is a fault of this version of Skerry.",
  },
  {
    kind: "count",
    test: /code: 10037\]/,
    say: (place) =>
      `The account has as many Workers as its plan allows. Remove one that is no longer needed at ${dashboard("workers-and-pages", place)}.`,
  },
  {
    kind: "migration",
    test: /code: (10061|10064|10070|10074|10079|10097|10211)\]|migration tag|Cannot apply .*migration|Durable Object migration/i,
    say: ({ name }) =>
      `The stored objects of the Worker ${name ?? "skerry"} do not fit this version: another program lives under that name, or versions lie between. Nothing was changed. Choose another name with --name, or put the version back that was there.`,
  },
  {
    kind: "secrets-changed",
    test: /code: 10220\]/,
    say: () => "Secrets have changed since that version was deployed, so Cloudflare wants to be asked in person.",
  },
  {
    kind: "version-gone",
    test: /code: (10222|10025)\]|Could not find stable Worker Version/i,
    say: () => "Cloudflare no longer keeps that version (it keeps the latest hundred).",
  },
  {
    kind: "account",
    test: /code: (7003|7403)\]|More than one account available/,
    say: () => "Cloudflare does not know which account is meant, or this login may not use it. Name it with --account <id>.",
  },
  {
    kind: "busy",
    test: /code: (971|10429)\]|Too Many Requests/i,
    say: () => "Cloudflare asks to wait a moment. Run this again in a minute.",
  },
  {
    kind: "permission",
    test: /code: (10000|10001|9109|9106|1000|6003|6111|10405)\]|Authentication error|Invalid (access|API) token|Unauthorized/i,
    say: () =>
      "Cloudflare did not accept the login for this. An API token needs what the template “Edit Cloudflare Workers” gives (https://dash.cloudflare.com/profile/api-tokens); a login in the browser is renewed by npx wrangler login.",
  },
  {
    kind: "login",
    test: /not logged in|not authenticated|set a CLOUDFLARE_API_TOKEN/i,
    say: () => "You are not logged in to Cloudflare. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN, then run this again.",
  },
];

export function explainFailure(text: string, place: Place = {}): Failure {
  const row = ROWS.find(({ test }) => test.test(text));
  if (row) return { kind: row.kind, reason: row.say(place) };
  const lines = text.split("\n").map((line) => line.replace(/^[✘▲\s]+/, "").trim());
  const said = lines.filter((line) => line !== "" && !/^(⛅|─|🪵|If you think this is a bug)/u.test(line)).slice(-6);
  return { kind: "unknown", reason: `wrangler failed and said: ${said.join(" ") || "nothing"}` };
}
