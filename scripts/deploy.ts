// `npm run deploy`: builds, and puts Skerry into its owner's Cloudflare account. The steps and their order are in
// deployment.ts; here are the real wrangler, terminal and files behind them.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { createClient } from "../src/bridge/connection.ts";
import { readVariables } from "../src/bridge/local/variables.ts";
import { mintLoginLink } from "../src/bridge/login-link.ts";
import { listProviders } from "../src/durable/models/catalogue.ts";
import { build, ROOT } from "./build.ts";
import { deploy, type Wrangled } from "./deployment.ts";

const USAGE = `npm run deploy [-- options]

  --dry-run   build and check everything, upload nothing; needs no account and no network
  --yes       ask nothing: take secrets from the environment and .dev.vars alone
  --help      this text

Without a terminal, log in by CLOUDFLARE_API_TOKEN (and CLOUDFLARE_ACCOUNT_ID when there are several accounts).`;

const { values } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    yes: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

if (values.help) console.log(USAGE);
else {
  const isInteractive = process.stdin.isTTY === true && process.stdout.isTTY === true && !values.yes;
  const said = await deploy({
    isDryRun: values["dry-run"],
    variables: readVariables(pickEnvironment(), join(ROOT, ".dev.vars")),
    build: async () => (await build()).version,
    wrangle,
    ...(isInteractive ? { ask } : {}),
    withSecretsFile,
    mintLink,
    print: (text) => console.log(text),
  });
  if (said.outcome === "refused") {
    console.error(said.reason);
    process.exitCode = 1;
  }
}

/** Of the environment only Skerry's own variables and the keys of providers it knows: other keys are nobody's business. */
function pickEnvironment(): NodeJS.ProcessEnv {
  const known = new Set(listProviders({}).map((provider) => provider.apiKeyEnv));
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("SKERRY_") || known.has(name)));
}

/** Runs the installed wrangler; `isLoud` shows what it prints while it runs. */
function wrangle(args: string[], isLoud: boolean): Promise<Wrangled> {
  const child = spawn(process.execPath, [join(ROOT, "node_modules/wrangler/bin/wrangler.js"), ...args], {
    cwd: ROOT,
    // A login in the browser needs the terminal.
    stdio: args[0] === "login" ? "inherit" : ["ignore", "pipe", "pipe"],
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
  });
  let text = "";
  const hear = (isError: boolean) => (chunk: Buffer) => {
    text += chunk;
    if (isLoud) (isError ? process.stderr : process.stdout).write(chunk);
  };
  child.stdout?.on("data", hear(false));
  child.stderr?.on("data", hear(true));
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ isOk: code === 0, text }));
  });
}

/** Asks on the terminal. What is typed for a secret is not shown. */
async function ask(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = lines.question(question);
    // The question is written by now; from here on the terminal stays silent.
    Object.assign(lines, { _writeToOutput: () => undefined });
    const text = await answer;
    process.stdout.write("\n");
    return text.trim();
  } finally {
    lines.close();
  }
}

async function withSecretsFile<T>(secrets: Record<string, string>, use: (path: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), "skerry-deploy-"));
  const path = join(dir, "secrets.json");
  try {
    writeFileSync(path, JSON.stringify(secrets), { mode: 0o600 });
    return await use(path);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
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
