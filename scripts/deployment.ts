// The steps of a deployment: build, login, bucket, secrets, upload, login link. Secrets that the Worker already has are
// never asked for again. Everything outside comes in by the request, so that the order can be tested.
import { newSecret } from "../src/contract/id.ts";

const BUCKET = "skerry-media";
const LINK_TRIES = 12;
const LINK_PAUSE_MS = 2500;
/** Asked for by hand; any other key is taken from the environment or .dev.vars when it is there. */
const ASKED_KEYS = ["ANTHROPIC_API_KEY", "OPENAI_API_KEY"];
const NOT_SECRET = new Set(["SKERRY_RUNTIME", "SKERRY_VERSION"]);

export interface Wrangled {
  isOk: boolean;
  text: string;
}

export interface DeploymentRequest {
  isDryRun: boolean;
  /** What goes along as secrets when it is there. */
  variables: Record<string, string>;
  build(): Promise<string>;
  wrangle(args: string[], isLoud: boolean): Promise<Wrangled>;
  /** Absent: nobody can be asked. */
  ask?(question: string): Promise<string>;
  withSecretsFile<T>(secrets: Record<string, string>, use: (path: string) => Promise<T>): Promise<T>;
  mintLink(url: string, token: string, version: string): Promise<string>;
  print(text: string): void;
  pause?(ms: number): Promise<void>;
}

export type Deployed =
  | { outcome: "deployed"; url: string | undefined }
  | { outcome: "checked" }
  | { outcome: "refused"; reason: string };

export async function deploy(request: DeploymentRequest): Promise<Deployed> {
  const { wrangle, print } = request;
  const version = await request.build();
  const upload = ["deploy", "--var", `SKERRY_VERSION:${version}`];
  if (request.isDryRun) {
    const checked = await wrangle([...upload, "--dry-run", "--outdir", ".cache/dry-run"], false);
    if (!checked.isOk) return refuse(`The dry run failed:\n${checked.text}`);
    print(
      `Dry run of ${version}: ${checked.text.match(/Total Upload:.*/)?.[0] ?? "the upload is complete"}. Nothing was uploaded.`,
    );
    return { outcome: "checked" };
  }

  if (!(await logIn(request))) {
    return refuse("You are not logged in to Cloudflare. Run npx wrangler login, or set CLOUDFLARE_API_TOKEN, and deploy again.");
  }
  const bucket = await makeBucket(request);
  if (bucket) return refuse(bucket);

  const { secrets, token } = await gatherSecrets(request);
  const names = Object.keys(secrets).sort();
  if (names.length > 0) print(`Secrets that go with it: ${names.join(", ")}.`);
  const done = await request.withSecretsFile(secrets, (path) =>
    wrangle(names.length > 0 ? [...upload, "--secrets-file", path] : upload, true),
  );
  if (!done.isOk) return refuse("The upload failed; the lines above say why. Nothing is lost: deploy again when it is mended.");

  const url = done.text.match(/https:\/\/[a-z0-9.-]+\.workers\.dev/)?.[0] ?? done.text.match(/^\s*(https:\/\/\S+)/m)?.[1];
  await tellNext(request, { url, token: token ?? request.variables["SKERRY_TOKEN"], isNewToken: token !== undefined, version });
  return { outcome: "deployed", url };
}

async function logIn(request: DeploymentRequest): Promise<boolean> {
  const isLoggedIn = async () => {
    const who = await request.wrangle(["whoami"], false);
    return who.isOk && !/not authenticated/i.test(who.text);
  };
  if (await isLoggedIn()) return true;
  if (!request.ask) return false;
  await request.wrangle(["login"], true);
  return isLoggedIn();
}

/** Answers what is wrong, or nothing. */
async function makeBucket({ wrangle, print }: DeploymentRequest): Promise<string | undefined> {
  if ((await wrangle(["r2", "bucket", "info", BUCKET], false)).isOk) return undefined;
  const made = await wrangle(["r2", "bucket", "create", BUCKET], false);
  if (made.isOk) print(`Made the R2 bucket ${BUCKET} for attachments and large files.`);
  if (made.isOk || /already exists|10004/.test(made.text)) return undefined;
  return `The R2 bucket ${BUCKET} could not be made. Switch R2 on in the Cloudflare dashboard (it has a free part), then deploy again.\n${made.text.trim()}`;
}

/** What to upload; `token` only when a new one was made. */
async function gatherSecrets(request: DeploymentRequest): Promise<{ secrets: Record<string, string>; token?: string }> {
  const known = await listSecrets(request);
  const given = Object.entries(request.variables).filter(([name, value]) => !NOT_SECRET.has(name) && !isLocalAddress(value));
  const secrets = Object.fromEntries(given);
  let token: string | undefined;
  if (!known.has("SKERRY_TOKEN") && secrets["SKERRY_TOKEN"] === undefined) {
    token = newSecret();
    secrets["SKERRY_TOKEN"] = token;
  }
  const isFirst = !known.has("SKERRY_TOKEN");
  const hasModel = [...known, ...Object.keys(secrets)].some((name) => name.endsWith("_API_KEY"));
  if (request.ask && isFirst && !hasModel) {
    request.print("A model's key makes Skerry cleverer than Workers AI, which answers without one. Enter leaves it out.");
    for (const name of ASKED_KEYS) {
      const key = await request.ask(`${name}: `);
      if (key !== "") secrets[name] = key;
    }
  }
  return token === undefined ? { secrets } : { secrets, token };
}

/** A server on this machine cannot be reached from Cloudflare. */
function isLocalAddress(value: string): boolean {
  return /^(https?|wss?):\/\/(localhost|127\.|\[::1\])/.test(value);
}

/** Names only; none before the first deployment. */
async function listSecrets({ wrangle }: DeploymentRequest): Promise<Set<string>> {
  const listed = await wrangle(["secret", "list", "--format", "json"], false);
  if (!listed.isOk) return new Set();
  const names = listed.text.matchAll(/"name"\s*:\s*"([^"]+)"/g);
  return new Set(Array.from(names, (match) => match[1] ?? ""));
}

async function tellNext(
  request: DeploymentRequest,
  about: { url: string | undefined; token: string | undefined; isNewToken: boolean; version: string },
): Promise<void> {
  const { url, token, isNewToken, version } = about;
  const link = url !== undefined && token !== undefined ? await tryMintLink(request, url, token, version) : undefined;
  request.print(
    [
      "",
      `Skerry ${version} is deployed${url ? ` at ${url}` : ""}.`,
      "",
      ...(link
        ? [`  Log in      ${link} (works once, for some minutes)`]
        : [`  Log in      open ${url ?? "its address"} and enter the owner's token`]),
      ...(isNewToken
        ? [`  Token       ${token}`, "              the owner's; keep it in a safe place, it is shown this once"]
        : []),
      `  Terminal    npx skerry chat --url ${url ?? "<address>"} --token <token>`,
      "  More keys   npx wrangler secret put OPENAI_API_KEY (or any provider's key)",
      "  Log         npx wrangler tail",
    ].join("\n"),
  );
}

/** A new address takes a moment until it answers. */
async function tryMintLink(request: DeploymentRequest, url: string, token: string, version: string): Promise<string | undefined> {
  const pause = request.pause ?? ((ms: number) => new Promise<void>((done) => setTimeout(done, ms)));
  for (let tries = 0; tries < LINK_TRIES; tries++) {
    try {
      return await request.mintLink(url, token, version);
    } catch {
      await pause(LINK_PAUSE_MS);
    }
  }
  return undefined;
}

function refuse(reason: string): Deployed {
  return { outcome: "refused", reason };
}
