// The steps before an upload: who is logged in, which account, which name, and the bucket. Each answers what it found,
// or a refusal with what to do; on a terminal it waits until that is done and looks again.
import type { Dialog } from "./dialog.ts";
import { explainFailure, type Failure, type FailureKind } from "./failures.ts";
import { isRecord, readJson, type Wrangle, type Wrangled } from "./wrangler.ts";

export type Step<T> = { ok: true; value: T } | { ok: false; reason: string };

export interface Tools {
  dialog: Dialog;
  wrangle: Wrangle;
}

export interface Account {
  id: string;
  name: string;
}

const LOGIN_WORDS =
  "Skerry will live in your own Cloudflare account. The login happens in your browser, at Cloudflare; wrangler, Cloudflare's own program, keeps it on this machine.";

export const refused = (reason: string): Step<never> => ({ ok: false, reason });
export const found = <T>(value: T): Step<T> => ({ ok: true, value });

/** The accounts that the login may use. */
export async function logIn({ dialog, wrangle }: Tools): Promise<Step<Account[]>> {
  const look = () => dialog.wait("Looking who is logged in to Cloudflare", () => wrangle(["whoami", "--json"]));
  let who = await look();
  if (isLoggedOut(who) && dialog.canAsk) {
    dialog.say(LOGIN_WORDS);
    if (!(await dialog.confirm("Open the browser to log in?"))) return refused(explainFailure("not logged in").reason);
    await wrangle(["login"]);
    who = await look();
  }
  if (isLoggedOut(who)) {
    return refused(
      "You are not logged in to Cloudflare. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID when there are several accounts), then run this again.",
    );
  }
  if (!who.isOk) return refused(explainFailure(who.text).reason);
  const said = readJson(who.out);
  const accounts = isRecord(said) && Array.isArray(said["accounts"]) ? said["accounts"].filter(isAccount) : [];
  return found(accounts);
}

function isLoggedOut(who: Wrangled): boolean {
  const said = readJson(who.out);
  return isRecord(said) && said["loggedIn"] === false;
}

function isAccount(value: unknown): value is Account {
  return isRecord(value) && typeof value["id"] === "string" && typeof value["name"] === "string";
}

/** `wanted` by id or by name. */
export async function chooseAccount({ dialog }: Tools, accounts: Account[], wanted?: string): Promise<Step<string>> {
  const listed = accounts.map(({ id, name }) => `${name} (${id})`).join(", ");
  if (wanted) {
    const account = accounts.find(({ id, name }) => id === wanted || name === wanted);
    if (account) return found(account.id);
    if (accounts.length === 0 && /^[0-9a-f]{32}$/.test(wanted)) return found(wanted);
    return refused(`This login has no account “${wanted}”. It has: ${listed || "none"}.`);
  }
  const [first, ...others] = accounts;
  if (!first) {
    return refused("This login may use no account. Name it with --account <id>; an API token must belong to an account.");
  }
  if (others.length === 0) return found(first.id);
  if (!dialog.canAsk) return refused(`There are several accounts: ${listed}. Name one with --account <id>.`);
  const choices = accounts.map(({ id, name }) => ({ value: id, label: name, hint: id }));
  return found(await dialog.choose("Which account shall Skerry live in?", choices));
}

export function checkName(name: string): string | undefined {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)
    ? undefined
    : "A name has 1 to 63 small letters, digits and hyphens, with none of those at its ends.";
}

export interface Standing {
  /** Secrets that the Worker has; undefined: there is no such Worker yet. */
  secrets: Set<string> | undefined;
  /** The version that is in use alone, if one is. */
  versionId: string | undefined;
}

/** What stands under that name already. Any doubt is a refusal: a second owner's token would lock the owner out. */
export async function lookAtWorker({ dialog, wrangle }: Tools, name: string, accountId: string): Promise<Step<Standing>> {
  const [secrets, deployments] = await dialog.wait(`Looking for a Worker named ${name}`, () =>
    Promise.all([
      wrangle(["secret", "list", "--name", name, "--format", "json"], { accountId }),
      wrangle(["deployments", "list", "--name", name, "--json"], { accountId }),
    ]),
  );
  if (!secrets.isOk) {
    const isNew = /code: (10007|10090)\]|Worker ".*" not found/.test(secrets.text);
    return isNew
      ? found({ secrets: undefined, versionId: undefined })
      : refused(explainFailure(secrets.text, { accountId, name }).reason);
  }
  const rows = readJson(secrets.out);
  if (!Array.isArray(rows)) return refused(`wrangler answered no list of secrets: ${secrets.text.trim().slice(0, 200)}`);
  const names = rows.flatMap((row) => (isRecord(row) && typeof row["name"] === "string" ? [row["name"]] : []));
  return found({ secrets: new Set(names), versionId: deployments.isOk ? latestVersion(deployments.out) : undefined });
}

export function latestVersion(json: string): string | undefined {
  const rows = readJson(json);
  const latest = (Array.isArray(rows) ? rows.filter(isRecord) : [])
    .sort((a, b) => String(a["created_on"]).localeCompare(String(b["created_on"])))
    .at(-1);
  const versions = Array.isArray(latest?.["versions"]) ? latest["versions"].filter(isRecord) : [];
  const id = versions.length === 1 ? versions[0]?.["version_id"] : undefined;
  return typeof id === "string" ? id : undefined;
}

/** Answers whether it was made just now. */
export async function makeBucket(tools: Tools, bucket: string, accountId: string): Promise<Step<boolean>> {
  const { dialog, wrangle } = tools;
  const look = () => wrangle(["r2", "bucket", "info", bucket, "--json"], { accountId });
  const made = await untilMended(tools, ["r2"], { accountId }, () =>
    dialog.wait(`Looking for the bucket ${bucket}, where attachments and large files are kept`, async () => {
      const there = await look();
      if (there.isOk) return { ...there, isNew: false };
      return { ...(await wrangle(["r2", "bucket", "create", bucket], { accountId })), isNew: true };
    }),
  );
  if (made.ok) return found(made.value.isNew);
  return /code: 10004\]|already exists/.test(made.text) ? found(false) : refused(made.failure.reason);
}

type Mended<T> = { ok: true; value: T } | { ok: false; failure: Failure; text: string };

/** Runs `work` again as long as something is missing that a person can mend in the dashboard meanwhile. */
export async function untilMended<T extends Wrangled>(
  { dialog }: Tools,
  kinds: readonly FailureKind[],
  place: { accountId?: string; name?: string },
  work: () => Promise<T>,
): Promise<Mended<T>> {
  for (;;) {
    const done = await work();
    if (done.isOk) return { ok: true, value: done };
    const failure = explainFailure(done.text, place);
    if (!(dialog.canAsk && kinds.includes(failure.kind))) return { ok: false, failure, text: done.text };
    dialog.say(failure.reason);
    if (!(await dialog.confirm("Is that done? Then it goes on here."))) return { ok: false, failure, text: done.text };
  }
}
