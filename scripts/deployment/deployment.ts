// The steps of a deployment: build, login, account, name, bucket, secrets, upload, login link. What is there already is
// neither asked for nor made again, and nothing is uploaded when nothing changed. Everything outside comes in by the
// request, so that the order can be tested.
import { createHash } from "node:crypto";
import type { BuildNote } from "../../src/bridge/local/build-note.ts";
import { newSecret } from "../../src/contract/id.ts";
import { checkName, chooseAccount, logIn, lookAtWorker, makeBucket, type Standing, untilMended } from "./account.ts";
import { type Asking, awaitVersion } from "./answering.ts";
import type { Configuration } from "./configuration.ts";
import { explainFailure } from "./failures.ts";
import { type DeploymentNote, keepBefore, type Notebook } from "./notebook.ts";
import type { Wrangle } from "./wrangler.ts";

const NOT_SECRET = new Set(["SKERRY_RUNTIME", "SKERRY_VERSION"]);

export interface DeployOptions {
  isDryRun: boolean;
  /** Uploads although nothing changed. */
  isForced: boolean;
  name?: string | undefined;
  account?: string | undefined;
  domain?: string | undefined;
  isDomainOnly: boolean;
}

export interface DeployRequest extends Asking {
  options: DeployOptions;
  /** What goes along as secrets when it is there. */
  variables: Record<string, string>;
  /** A build service keeps what is printed: no token is made there, and its login and account are given. */
  isBuildService: boolean;
  providers: { name: string; apiKeyEnv: string }[];
  build(): Promise<BuildNote>;
  commit: string | undefined;
  configuration: Configuration;
  wrangle: Wrangle;
  notebook: Notebook;
  mintLink(url: string, token: string, version: string): Promise<string>;
}

export type Deployed =
  | { outcome: "deployed"; url: string | undefined }
  | { outcome: "unchanged"; url: string | undefined }
  | { outcome: "checked" }
  | { outcome: "refused"; reason: string };

export async function deploy(request: DeployRequest): Promise<Deployed> {
  const { options, dialog, wrangle, configuration } = request;
  dialog.title(options.isDryRun ? "Skerry: a deployment tried out" : "Skerry, onto your own Cloudflare account");
  const known = request.notebook.read().deployment;
  const wanted = options.name ?? process.env["WRANGLER_CI_OVERRIDE_NAME"] ?? known?.name;
  const wrong = wanted === undefined ? undefined : checkName(wanted);
  if (wrong) return refuse(`--name ${wanted}: ${wrong}`);
  const build = await dialog.wait("Building Skerry", request.build);
  if (options.isDryRun) return tryOut(request, build, wanted ?? configuration.name);

  const account = await findAccount(request, known);
  if (!account.ok) return refuse(account.reason);
  const accountId = account.value;
  const chosen = await chooseName(request, wanted, accountId, known);
  if (!chosen.ok) return refuse(chosen.reason);
  const { name, standing } = chosen;

  const isSame = known?.name === name && (known.accountId ?? accountId) === accountId;
  const bucket = isSame ? known.bucket : name === configuration.name ? configuration.bucket : `${name}-media`;
  const made = await makeBucket(request, bucket, accountId);
  // Its token may not look at buckets; the upload says whether this one is really missing.
  if (!made.ok && !request.isBuildService) return refuse(made.reason);
  if (made.ok && made.value) dialog.tell(`Made the R2 bucket ${bucket}.`);

  const { secrets, token } = await gatherSecrets(request, standing);
  const domain = options.domain ?? (isSame ? known.domain : undefined);
  const isDomainOnly = domain !== undefined && (options.isDomainOnly || (isSame && known.isDomainOnly === true));
  const { path, text } = configuration.write({ name, bucket, accountId: accountId || undefined, domain, isDomainOnly });
  const salt = isSame ? known.salt : newSecret();
  const markOf = (...parts: string[]) =>
    createHash("sha256")
      .update([salt, ...parts].join("\0"))
      .digest("hex");
  const mark = markOf(build.hash, build.version, text);
  const secretMarks = Object.fromEntries(Object.entries(secrets).map(([key, value]) => [key, markOf(key, value)]));
  const ownerToken = token ?? secrets["SKERRY_TOKEN"];
  const hasSecrets = Object.entries(secretMarks).every(([key, one]) => known?.secretMarks[key] === one);
  const isCurrent = isSame && hasSecrets && known.current.mark === mark && known.current.versionId === standing.versionId;
  if (isCurrent && !options.isForced) {
    const link = await tryMintLink(request, known.url, ownerToken, build.version);
    dialog.end(sayUnchanged(known, link));
    return { outcome: "unchanged", url: known.url };
  }

  const names = Object.keys(secrets).sort();
  if (names.length > 0) dialog.say(`Secrets that go with it: ${names.join(", ")}.`);
  const args = ["deploy", "--config", path, "--var", `SKERRY_VERSION:${build.version}`, "--message", `Skerry ${build.version}`];
  const uploaded = await untilMended(request, ["subdomain", "r2"], { accountId, name }, () =>
    dialog.wait(`Uploading Skerry ${build.version}`, () => wrangle(args, { accountId, secrets })),
  );
  if (!uploaded.ok) return refuse(`${uploaded.failure.reason} Nothing is lost; what was there before goes on.`);

  const { upload } = uploaded.value;
  const url = upload ? addressOf(upload.targets) : undefined;
  const migration = configuration.migration;
  const release = {
    version: build.version,
    schemas: build.schemas ?? {},
    at: Date.now(),
    ...(request.commit ? { commit: request.commit } : {}),
  };
  if (upload) {
    const current = { ...release, versionId: upload.versionId, migration, mark };
    const before = isSame ? keepBefore(known.current, known.before) : [];
    const marks = { ...(isSame ? known.secretMarks : {}), ...secretMarks };
    const own = {
      name,
      bucket,
      salt,
      secretMarks: marks,
      current,
      before,
      ...(accountId ? { accountId } : {}),
      ...(url ? { url } : {}),
    };
    const address = domain === undefined ? {} : { domain, isDomainOnly };
    request.notebook.write({ ...request.notebook.read(), deployment: { ...own, ...address } });
  }
  const isAnswering = url !== undefined && (await awaitVersion(request, url, build.version));
  const link = isAnswering ? await tryMintLink(request, url, ownerToken, build.version) : undefined;
  dialog.end(sayDeployed(request, { build, url, isAnswering, link, token, isOwned: hasToken(standing, secrets) }));
  return { outcome: "deployed", url };
}

async function tryOut(request: DeployRequest, build: BuildNote, name: string): Promise<Deployed> {
  const { dialog, configuration, options, wrangle } = request;
  const bucket = name === configuration.name ? configuration.bucket : `${name}-media`;
  const { path } = configuration.write({ name, bucket, domain: options.domain, isDomainOnly: options.isDomainOnly });
  const args = [
    "deploy",
    "--config",
    path,
    "--var",
    `SKERRY_VERSION:${build.version}`,
    "--dry-run",
    "--outdir",
    ".cache/dry-run",
  ];
  const checked = await dialog.wait("Checking what would be uploaded", () => wrangle(args));
  if (!checked.isOk) return refuse(`The dry run failed. ${explainFailure(checked.text, { name }).reason}`);
  const size = checked.text.match(/Total Upload:.*/)?.[0] ?? "the upload is complete";
  dialog.end(`Dry run of ${build.version} as “${name}”: ${size}. Nothing was uploaded.`);
  return { outcome: "checked" };
}

async function findAccount(request: DeployRequest, known: DeploymentNote | undefined) {
  const given = request.options.account ?? process.env["CLOUDFLARE_ACCOUNT_ID"];
  if (request.isBuildService) return { ok: true, value: given ?? "" } as const;
  const accounts = await logIn(request);
  if (!accounts.ok) return accounts;
  const kept = accounts.value.some(({ id }) => id === known?.accountId) ? known?.accountId : undefined;
  return chooseAccount(request, accounts.value, given ?? kept);
}

type Chosen = { ok: true; name: string; standing: Standing } | { ok: false; reason: string };

/** A name under which nothing else lives: a Worker that is no Skerry is never written over. */
async function chooseName(
  request: DeployRequest,
  wanted: string | undefined,
  accountId: string,
  known: DeploymentNote | undefined,
): Promise<Chosen> {
  const { dialog, configuration } = request;
  const ask = () => dialog.ask("What shall it be called? The name becomes a part of its address.", configuration.name, checkName);
  let name = wanted ?? (dialog.canAsk ? await ask() : configuration.name);
  for (;;) {
    const looked = await lookAtWorker(request, name, accountId);
    if (!looked.ok) return looked;
    const { secrets } = looked.value;
    const isOurs = secrets === undefined || secrets.has("SKERRY_TOKEN") || known?.name === name || request.isBuildService;
    if (isOurs) return { ok: true, name, standing: looked.value };
    const reason = `A Worker named ${name} lives in this account already, and it is no Skerry (it has no secret SKERRY_TOKEN).`;
    if (!dialog.canAsk || request.options.name) return { ok: false, reason: `${reason} Choose another name with --name.` };
    dialog.say(`${reason} Choose another name.`);
    name = await ask();
  }
}

/** What to upload; `token` only when a new one was made. */
async function gatherSecrets(
  request: DeployRequest,
  standing: Standing,
): Promise<{ secrets: Record<string, string>; token?: string }> {
  const { dialog } = request;
  const given = Object.entries(request.variables).filter(([name, value]) => !NOT_SECRET.has(name) && !isLocalAddress(value));
  const secrets = Object.fromEntries(given);
  const isFirst = !standing.secrets?.has("SKERRY_TOKEN");
  if (
    isFirst &&
    dialog.canAsk &&
    ![...(standing.secrets ?? []), ...Object.keys(secrets)].some((name) => name.endsWith("_API_KEY"))
  ) {
    const key = await askForKey(request);
    if (key) secrets[key.name] = key.value;
  }
  if (hasToken(standing, secrets) || request.isBuildService) return { secrets };
  const token = newSecret();
  return { secrets: { ...secrets, SKERRY_TOKEN: token }, token };
}

async function askForKey({ dialog, providers }: DeployRequest): Promise<{ name: string; value: string } | undefined> {
  const later = {
    value: "",
    label: "None for now",
    hint: "Workers AI answers: 10,000 neurons a day are free, about 30 messages",
  };
  const choices = providers.map(({ name, apiKeyEnv }) => ({ value: apiKeyEnv, label: name, hint: apiKeyEnv }));
  const name = await dialog.choose("Whose model shall answer? A key can also be given later, in the page.", [later, ...choices]);
  if (name === "") return undefined;
  const value = await dialog.askSecret(`The key (${name}); it is kept as a secret of the Worker, and not shown:`);
  return value === "" ? undefined : { name, value };
}

function hasToken(standing: Standing, secrets: Record<string, string>): boolean {
  return standing.secrets?.has("SKERRY_TOKEN") === true || secrets["SKERRY_TOKEN"] !== undefined;
}

/** A server on this machine cannot be reached from Cloudflare. */
function isLocalAddress(value: string): boolean {
  return /^(https?|wss?):\/\/(localhost|127\.|\[::1\])/.test(value);
}

/** The own domain before workers.dev; wrangler adds a remark in brackets to some. */
function addressOf(targets: readonly string[]): string | undefined {
  const hosts = targets
    .map((target) => target.replace(/^https:\/\//, "").replace(/[/\s].*$/, ""))
    .filter((host) => /^[\w.-]+\.\w+$/.test(host));
  const host = hosts.find((name) => !name.endsWith(".workers.dev")) ?? hosts[0];
  return host && `https://${host}`;
}

async function tryMintLink(request: DeployRequest, url: string | undefined, token: string | undefined, version: string) {
  if (url === undefined || token === undefined) return undefined;
  return request.mintLink(url, token, version).catch(() => undefined);
}

interface DeployedWords {
  build: BuildNote;
  url: string | undefined;
  isAnswering: boolean;
  link: string | undefined;
  token: string | undefined;
  isOwned: boolean;
}

function sayDeployed({ providers }: DeployRequest, about: DeployedWords): string {
  const { build, url, isAnswering, link, token, isOwned } = about;
  const address = url ?? "<its address>";
  const login = link ? `${link} (works once, for some minutes)` : `open ${address} and enter the owner's token`;
  return [
    "",
    `Skerry ${build.version} is deployed${url ? ` at ${url}` : ""}.`,
    ...(url && !isAnswering ? ["It does not answer there yet: a new address can take some minutes."] : []),
    "",
    ...(isOwned || token
      ? [`  Log in      ${login}`]
      : ["  Closed      nobody can log in until the secret SKERRY_TOKEN is set; its page says how"]),
    ...(token ? [`  Token       ${token}`, "              the owner's; keep it in a safe place, it is shown this once"] : []),
    `  Terminal    npx skerry chat --url ${address} --token <token>`,
    `  More keys   in the page under “Models and keys”, or npx wrangler secret put ${providers[0]?.apiKeyEnv ?? "<NAME>"}`,
    "  Later       npm run upgrade, npm run rollback",
    "  Cost        the Free plan will do for one person; docs/cost.md has the arithmetic",
  ].join("\n");
}

function sayUnchanged({ current, url }: DeploymentNote, link: string | undefined): string {
  return [
    "",
    `Skerry ${current.version} is deployed already${url ? ` at ${url}` : ""}; nothing has changed, so nothing was uploaded.`,
    ...(link ? ["", `  Log in      ${link} (works once, for some minutes)`] : []),
  ].join("\n");
}

function refuse(reason: string): Deployed {
  return { outcome: "refused", reason };
}
