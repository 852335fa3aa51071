// A deployment from the first question to the login link. wrangler is a program of its own that keeps an account in a
// file and speaks as the real one does; the person at the terminal is a list of answers.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Configuration } from "../../scripts/deployment/configuration.ts";
import { type DeployOptions, type DeployRequest, deploy } from "../../scripts/deployment/deployment.ts";
import { explainFailure } from "../../scripts/deployment/failures.ts";
import { openNotebook } from "../../scripts/deployment/notebook.ts";
import { type AccountState, type CloudflareAccount, createPerson, openAccount } from "../support/cloudflare/account.ts";

const ADA = { id: "a".repeat(32), name: "Ada" };
const BEN = { id: "b".repeat(32), name: "Ben" };
const FOREIGN = { secrets: { OTHER: "x" }, deployments: [], versions: {} };

let account: CloudflareAccount | undefined;
afterEach(() => account?.remove());

function open(state: Partial<AccountState> = {}): CloudflareAccount {
  account = openAccount(state);
  return account;
}

function configurationIn(home: string): Configuration {
  return {
    name: "skerry",
    bucket: "skerry-media",
    migration: "first",
    write(own) {
      const config = { name: own.name, account_id: own.accountId, r2_buckets: [{ bucket_name: own.bucket }] };
      const text = JSON.stringify({ ...config, ...(own.domain ? { routes: [{ pattern: own.domain }] } : {}) });
      const path = join(home, "wrangler.json");
      writeFileSync(path, text);
      return { path, text };
    },
  };
}

interface Round {
  options?: Partial<DeployOptions>;
  /** Undefined: nobody is at the terminal. */
  answers?: (string | boolean)[];
  request?: Partial<DeployRequest>;
  version?: string;
}

async function run(at: CloudflareAccount, { options = {}, answers, request = {}, version = "1.0.0" }: Round = {}) {
  const person = createPerson(answers, answers !== undefined);
  const notebook = openNotebook(at.home);
  const said = await deploy({
    options: { isDryRun: false, isForced: false, isDomainOnly: false, ...options },
    variables: {},
    isBuildService: false,
    providers: [
      { name: "Anthropic", apiKeyEnv: "ANTHROPIC_API_KEY" },
      { name: "Groq", apiKeyEnv: "GROQ_API_KEY" },
    ],
    build: () => Promise.resolve({ hash: `hash of ${version}`, version, builtAt: 0, schemas: { session: 1 } }),
    commit: undefined,
    configuration: configurationIn(at.home),
    wrangle: at.wrangle,
    dialog: person.dialog,
    notebook,
    mintLink: (url) => Promise.resolve(`${url}/#code=abc`),
    askVersion: at.askVersion,
    pause: () => Promise.resolve(),
    ...request,
  });
  return { said, heard: person.heard(), left: person.left(), note: notebook.read().deployment, state: at.read() };
}

const KEY = "Whose model shall answer?";

describe("the first deployment", () => {
  it("asks one thing after another, and ends with a token and a login link", async () => {
    const at = open({ loggedIn: false, accounts: [ADA, BEN] });
    const round = await run(at, { answers: [true, BEN.id, "harbour", "GROQ_API_KEY", "g-1"] });
    expect(round.said).toEqual({ outcome: "deployed", url: "https://harbour.ada.workers.dev" });
    expect(round.left).toBe(0);
    const questions = ["Open the browser to log in?", "Which account", "What shall it be called?", KEY, "The key (GROQ_API_KEY)"];
    const places = questions.map((question) => round.heard.indexOf(question));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
    const worker = round.state.workers["harbour"];
    expect(worker?.secrets).toMatchObject({ GROQ_API_KEY: "g-1", SKERRY_TOKEN: expect.stringMatching(/^[\w-]{43}$/) });
    expect(worker?.versions["version-1"]?.config).toMatchObject({
      account_id: BEN.id,
      r2_buckets: [{ bucket_name: "harbour-media" }],
    });
    expect(round.state.buckets).toEqual(["harbour-media"]);
    expect(round.heard).toContain(worker?.secrets["SKERRY_TOKEN"]);
    expect(round.heard).toContain("https://harbour.ada.workers.dev/#code=abc");
    expect(round.heard).not.toContain("g-1");
  });

  it("needs nobody when nothing is open", async () => {
    const round = await run(open());
    expect(round.said).toMatchObject({ outcome: "deployed", url: "https://skerry.ada.workers.dev" });
    expect(round.state.buckets).toEqual(["skerry-media"]);
  });

  it("takes given variables along, but no address of this machine, and names what it takes", async () => {
    const variables = {
      SKERRY_TOKEN: "given-token-0123456789",
      GROQ_API_KEY: "g",
      OLLAMA_BASE_URL: "http://127.0.0.1:11434",
      SKERRY_RUNTIME: "local",
    };
    const { state, heard } = await run(open(), { request: { variables } });
    expect(state.workers["skerry"]?.secrets).toEqual({ SKERRY_TOKEN: "given-token-0123456789", GROQ_API_KEY: "g" });
    expect(heard).toContain("Secrets that go with it: GROQ_API_KEY, SKERRY_TOKEN.");
    expect(heard).not.toContain("shown this once");
  });

  it("keeps the note for its owner alone, without a secret in it", async () => {
    const at = open();
    const { note, state } = await run(at, { request: { variables: { GROQ_API_KEY: "groq-key" } } });
    expect(note).toMatchObject({ name: "skerry", bucket: "skerry-media", url: "https://skerry.ada.workers.dev", before: [] });
    const text = readFileSync(join(at.home, ".skerry/deployment.json"), "utf8");
    expect(text).not.toContain("groq-key");
    expect(text).not.toContain(state.workers["skerry"]?.secrets["SKERRY_TOKEN"]);
  });

  it("takes its own domain for the address, and keeps it for the next time", async () => {
    const at = open();
    const first = await run(at, {
      options: { domain: "ada.example.org" },
      request: { askVersion: () => Promise.resolve("1.0.0") },
    });
    expect(first.said).toMatchObject({ url: "https://ada.example.org" });
    const second = await run(at, { version: "1.1.0", request: { askVersion: () => Promise.resolve("1.1.0") } });
    expect(second.said).toMatchObject({ url: "https://ada.example.org" });
  });

  it("waits for a new address to answer, and says so when it does not", async () => {
    let tries = 0;
    const slow = await run(open(), { request: { askVersion: async () => (++tries < 4 ? undefined : "1.0.0") } });
    expect(slow.heard).toContain("/#code=abc");
    account?.remove();
    const never = await run(open(), { request: { askVersion: async () => undefined } });
    expect(never.said).toMatchObject({ outcome: "deployed" });
    expect(never.heard).toContain("does not answer there yet");
    expect(never.heard).toContain("shown this once");
  });
});

describe("a second deployment", () => {
  it("uploads nothing when nothing changed, and something when the code did", async () => {
    const at = open();
    await run(at);
    const token = at.read().workers["skerry"]?.secrets["SKERRY_TOKEN"];
    const again = await run(at, { answers: [] });
    expect(again.said).toMatchObject({ outcome: "unchanged" });
    expect(again.heard).toContain("nothing was uploaded");
    expect(again.state.workers["skerry"]?.deployments).toEqual(["version-1"]);
    const newer = await run(at, { version: "1.1.0", answers: [] });
    expect(newer.state.workers["skerry"]?.deployments).toEqual(["version-1", "version-2"]);
    expect(newer.state.workers["skerry"]?.secrets["SKERRY_TOKEN"]).toBe(token);
    expect(newer.heard).toContain("enter the owner's token");
    expect(newer.note).toMatchObject({
      current: { version: "1.1.0", versionId: "version-2" },
      before: [{ version: "1.0.0", versionId: "version-1" }],
    });
  });

  it("uploads again when a secret is new, when it is told to, and when something else was deployed meanwhile", async () => {
    const at = open();
    const count = () => at.read().workers["skerry"]?.deployments.length;
    await run(at);
    await run(at, { request: { variables: { GROQ_API_KEY: "new" } } });
    expect(count()).toBe(2);
    await run(at, { request: { variables: { GROQ_API_KEY: "new" } }, options: { isForced: true } });
    expect(count()).toBe(3);
    const state = at.read();
    state.workers["skerry"]?.deployments.push("version-1");
    at.change(state);
    await run(at, { request: { variables: { GROQ_API_KEY: "new" } } });
    expect(count()).toBe(5);
  });

  it("makes no second owner's token when the list of secrets cannot be had", async () => {
    const at = open();
    await run(at);
    const token = at.read().workers["skerry"]?.secrets["SKERRY_TOKEN"];
    at.change({ failures: [{ at: "secret list", text: "fetch failed" }] });
    const round = await run(at, { version: "1.1.0" });
    expect(round.said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("cannot be reached") });
    expect(round.state.workers["skerry"]?.secrets["SKERRY_TOKEN"]).toBe(token);
  });
});

describe("what is in the way", () => {
  it("is said when nobody is logged in and nobody can be asked", async () => {
    const { said, state } = await run(open({ loggedIn: false }));
    expect(said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("CLOUDFLARE_API_TOKEN") });
    expect(state.ran).toEqual(["whoami --json"]);
  });

  it("is said when there are several accounts, and a named one is taken by id or name", async () => {
    const at = open({ accounts: [ADA, BEN] });
    expect((await run(at)).said).toMatchObject({ outcome: "refused", reason: expect.stringContaining(`Ben (${BEN.id})`) });
    expect((await run(at, { options: { account: "Carl" } })).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("no account “Carl”"),
    });
    const taken = await run(at, { options: { account: "Ben" } });
    expect(taken.state.workers["skerry"]?.versions["version-1"]?.config.account_id).toBe(BEN.id);
    expect((await run(at)).said).toMatchObject({ outcome: "unchanged" });
  });

  it("is R2 switched off: with the address to click, and on a terminal it waits until that is done", async () => {
    const at = open({ isR2Off: true });
    const silent = await run(at);
    expect(silent.said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining(`https://dash.cloudflare.com/${ADA.id}/r2/overview`),
    });
    expect(silent.state.ran.some((command) => command.startsWith("deploy "))).toBe(false);
    at.change({ isR2Off: false, failures: [{ at: "r2 bucket create", text: "Please enable R2 [code: 10042]", times: 2 }] });
    const spoken = await run(at, { answers: ["skerry", true, true, ""] });
    expect(spoken.said).toMatchObject({ outcome: "deployed" });
    expect((await run(open({ isR2Off: true }), { answers: ["skerry", false] })).said).toMatchObject({ outcome: "refused" });
  });

  it("is a bucket that somebody makes in the same moment: no matter", async () => {
    const at = open({
      failures: [{ at: "r2 bucket create", text: "The bucket you tried to create already exists [code: 10004]" }],
    });
    expect((await run(at)).said).toMatchObject({ outcome: "deployed" });
  });

  it("is another program under that name: never written over", async () => {
    const at = open({ workers: { skerry: FOREIGN } });
    expect((await run(at)).said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("no Skerry") });
    const round = await run(at, { answers: ["skerry", "harbour", ""] });
    expect(round.said).toMatchObject({ url: "https://harbour.ada.workers.dev" });
    expect(round.state.workers["skerry"]).toEqual(FOREIGN);
    expect((await run(at, { options: { name: "skerry" }, answers: [] })).said).toMatchObject({ outcome: "refused" });
  });

  it("is a name that cannot be one", async () => {
    const { said, state } = await run(open(), { options: { name: "My Skerry" } });
    expect(said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("small letters") });
    expect(state.ran).toEqual([]);
    const round = await run(open(), { answers: ["-x", "fine", ""] });
    expect(round.said).toMatchObject({ url: "https://fine.ada.workers.dev" });
  });

  it.each([
    ["register a workers.dev subdomain here:\nhttps://dash.cloudflare.com/x/workers/onboarding", /workers\/onboarding/],
    ["Authentication error [code: 10000]", /Edit Cloudflare Workers/],
    ["Your Worker exceeded the size limit of 3 MiB. [code: 10027]", /plan allows/],
    ["Script startup exceeded CPU time limit. [code: 10021]", /old version goes on/],
    ["Migration tag precondition failed; current tag is v1 [code: 10079]", /do not fit this version/],
    ["You need to verify your email address to use Workers. [code: 10034]", /e-mail address confirmed/],
    ["getaddrinfo ENOTFOUND api.cloudflare.com", /cannot be reached/],
    ["A thing that nobody foresaw. [code: 99999]", /A thing that nobody foresaw/],
    ["Cannot apply deleted_classes migration to non-existent class X", /do not fit this version/],
    ["Workers version upload failed. [code: 10220]", /asked in person/],
  ])("has a sentence: %s", (text, reason) => {
    expect(explainFailure(`\n✘ [ERROR] ${text}\n`, { accountId: ADA.id, name: "skerry" }).reason).toMatch(reason);
  });

  it("is an upload that Cloudflare refuses", async () => {
    const { said, note } = await run(open({ failures: [{ at: "deploy", text: "Authentication error [code: 10000]" }] }));
    expect(said).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/Edit Cloudflare Workers.*Nothing is lost/) });
    expect(note).toBeUndefined();
  });
});

describe("a build service (the button)", () => {
  const service = { isBuildService: true };

  it("makes no token where others could read it, stays closed, and says so", async () => {
    const { said, heard, state } = await run(open(), { request: service });
    expect(said).toMatchObject({ outcome: "deployed" });
    expect(state.workers["skerry"]?.secrets).toEqual({});
    expect(heard).toContain("nobody can log in until the secret SKERRY_TOKEN is set");
    expect(state.ran.some((command) => command.startsWith("whoami"))).toBe(false);
  });

  it("goes on when its login may not look at buckets, and stops when the upload finds none", async () => {
    const denied = { at: "r2 bucket", text: "Authentication error [code: 10000]" };
    expect((await run(open({ failures: [denied] }), { request: service })).said).toMatchObject({ outcome: "deployed" });
    account?.remove();
    const missing = { at: "deploy", text: "R2 binding error: Please enable R2 [code: 10136]" };
    expect((await run(open({ failures: [denied, missing] }), { request: service })).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("r2/overview"),
    });
  });

  it("keeps the token that its owner typed into the form", async () => {
    const typed = { secrets: { SKERRY_TOKEN: "typed-by-the-owner" }, deployments: [], versions: {} };
    const { state, heard } = await run(open({ workers: { skerry: typed } }), { request: service });
    expect(state.workers["skerry"]?.secrets).toEqual({ SKERRY_TOKEN: "typed-by-the-owner" });
    expect(heard).toContain("enter the owner's token");
    expect(heard).not.toContain("typed-by-the-owner");
  });
});

it("a dry run touches no account", async () => {
  const { said, heard, state } = await run(open({ loggedIn: false }), { options: { isDryRun: true } });
  expect(said).toEqual({ outcome: "checked" });
  expect(heard).toContain("Total Upload: 10 KiB / gzip: 3 KiB. Nothing was uploaded.");
  expect(state.ran).toHaveLength(1);
  expect(state.ran[0]).toMatch(/^deploy .*--dry-run/);
});
