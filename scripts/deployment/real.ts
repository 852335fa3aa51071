// The real things behind a deployment: this repository, its wrangler, the terminal, the network.
import { join } from "node:path";
import { createClient } from "../../src/bridge/connection.ts";
import { readFreshBuild } from "../../src/bridge/local/build-note.ts";
import { readVariables } from "../../src/bridge/local/variables.ts";
import { mintLoginLink } from "../../src/bridge/login-link.ts";
import { listProviders } from "../../src/durable/models/catalogue.ts";
import { build, ROOT, readVersion } from "../build.ts";
import { readConfiguration } from "./configuration.ts";
import { type Deployed, type DeployOptions, deploy } from "./deployment.ts";
import { type Dialog, openSilentDialog, openTerminalDialog } from "./dialog.ts";
import { openNotebook } from "./notebook.ts";
import { openRepository } from "./repository.ts";
import { createWrangle, type Wrangle } from "./wrangler.ts";

const ANSWER_TIMEOUT_MS = 10_000;

export async function deployFrom(wishes: { options: DeployOptions; mayAsk: boolean }): Promise<Deployed> {
  const keyed = listProviders({}).flatMap(({ name, apiKeyEnv }) => (apiKeyEnv ? [{ name, apiKeyEnv }] : []));
  return deploy({
    options: wishes.options,
    variables: readVariables(pickEnvironment(keyed.map(({ apiKeyEnv }) => apiKeyEnv)), join(ROOT, ".dev.vars")),
    isBuildService: isBuildService(),
    providers: keyed,
    build: async () => {
      const fresh = readFreshBuild(ROOT);
      return fresh?.version === readVersion() ? fresh : build();
    },
    commit: openRepository(ROOT)?.head(),
    configuration: await readConfiguration(ROOT),
    wrangle: openWrangle(),
    dialog: openDialog(wishes.mayAsk),
    notebook: openNotebook(ROOT),
    mintLink,
    askVersion,
  });
}

export function openWrangle(): Wrangle {
  return createWrangle([process.execPath, join(ROOT, "node_modules/wrangler/bin/wrangler.js")], ROOT);
}

export function openDialog(mayAsk: boolean): Dialog {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  return mayAsk && isTerminal && !isBuildService() ? openTerminalDialog() : openSilentDialog((line) => console.log(line));
}

function isBuildService(): boolean {
  return Boolean(process.env["CI"] || process.env["WORKERS_CI"]);
}

/** Of the environment only Skerry's own variables and the keys of providers it knows: other keys are nobody's business. */
function pickEnvironment(keys: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => /^(SKERRY|CF_ACCESS)_/.test(name) || keys.includes(name)),
  );
}

async function mintLink(url: string, token: string, version: string): Promise<string> {
  const client = createClient({ url, token }, { id: "skerry-deploy", mode: "cli", version, isLasting: false });
  try {
    await client.connect();
    return (await mintLoginLink(client, url)).link;
  } finally {
    client.close();
  }
}

export async function askVersion(url: string): Promise<string | undefined> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    const health: unknown = await answer.json();
    const version = typeof health === "object" && health !== null && "version" in health ? health.version : undefined;
    return typeof version === "string" ? version : undefined;
  } catch {
    return undefined;
  }
}
