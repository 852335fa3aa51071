// Forward to a newer version and back to the one before, in real git repositories, with the stand-in for wrangler.
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DeployedRelease, openNotebook } from "../../scripts/deployment/notebook.ts";
import { openRepository } from "../../scripts/deployment/repository.ts";
import { type RollbackRequest, rollBack } from "../../scripts/deployment/rolling-back.ts";
import { type UpgradeRequest, upgrade } from "../../scripts/deployment/upgrading.ts";
import { type CloudflareAccount, createPerson, openAccount } from "../support/cloudflare/account.ts";

const ACCOUNT = "a".repeat(32);

let parent: string;
/** Where releases are made. */
let maker: string;
/** The clone of the person who uses them. */
let home: string;
let account: CloudflareAccount | undefined;
let npmRan: string[];

function git(cwd: string, ...args: string[]): string {
  const who = [
    "-c",
    "user.name=Ada",
    "-c",
    "user.email=ada@example.org",
    "-c",
    "commit.gpgsign=false",
    "-c",
    "tag.gpgsign=false",
  ];
  return execFileSync("git", [...who, ...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trim();
}

/** A new version at the remote; answers its commit. */
function release(text: string, tag?: string): string {
  writeFileSync(join(maker, "code.txt"), `${text}\n`);
  git(maker, "add", "-A");
  git(maker, "commit", "-qm", text);
  if (tag) git(maker, "tag", tag);
  git(maker, "push", "-q", "--tags", "origin", "main");
  return git(maker, "rev-parse", "HEAD");
}

const code = () => readFileSync(join(home, "code.txt"), "utf8").trim();
const head = () => git(home, "rev-parse", "HEAD");

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "skerry-versions-"));
  maker = join(parent, "maker");
  home = join(parent, "home");
  mkdirSync(maker);
  git(parent, "init", "-q", "--bare", "-b", "main", "remote.git");
  git(maker, "init", "-q", "-b", "main");
  git(maker, "remote", "add", "origin", join(parent, "remote.git"));
  writeFileSync(join(maker, ".gitignore"), ".skerry/\n");
  release("one", "v1.0.0");
  git(parent, "clone", "-q", join(parent, "remote.git"), home);
  npmRan = [];
});
afterEach(() => {
  account?.remove();
  account = undefined;
  rmSync(parent, { recursive: true, force: true });
});

/** npm, as far as going forward and back needs it; `fails` at these words. */
const npm = (fails?: string) => (args: string[]) => {
  npmRan.push(args.join(" "));
  return Promise.resolve(args.join(" ") !== fails);
};

async function goForward(change: Partial<UpgradeRequest> = {}) {
  const { dialog, heard } = createPerson([], false);
  const own = { toLatest: false, schemas: { session: 1 }, npm: npm() };
  const said = await upgrade({ ...own, repository: openRepository(home), dialog, notebook: openNotebook(home), ...change });
  return { said, heard: heard() };
}

async function goBack(change: Partial<RollbackRequest> = {}) {
  const { dialog, heard } = createPerson([], false);
  const said = await rollBack({
    repository: openRepository(home),
    schemas: { session: 1 },
    wrangle: account?.wrangle ?? (() => Promise.reject(new Error("wrangler is not needed"))),
    dialog,
    notebook: openNotebook(home),
    npm: npm(),
    askVersion: account?.askVersion ?? (() => Promise.resolve(undefined)),
    pause: () => Promise.resolve(),
    ...change,
  });
  return { said, heard: heard() };
}

describe("upgrade", () => {
  it("goes to the newest released version, not to what came after it, and notes where it was", async () => {
    const before = head();
    release("two", "v1.1.0");
    release("ten", "v1.10.0");
    release("try", "v2.0.0-rc.1");
    release("work in progress");
    const { said, heard } = await goForward();
    expect(said).toEqual({ outcome: "upgraded" });
    expect(code()).toBe("ten");
    expect(heard).toContain("from 1.0.0 to 1.10.0");
    expect(npmRan).toEqual(["ci", "run build"]);
    expect(openNotebook(home).read().codeBefore).toMatchObject([{ version: "1.0.0", commit: before, schemas: { session: 1 } }]);
    expect((await goForward()).said).toEqual({ outcome: "current" });
  });

  it("goes to the latest commit when it is told to, and when nothing was released", async () => {
    release("fresh");
    expect((await goForward()).said).toEqual({ outcome: "current" });
    expect((await goForward({ toLatest: true })).said).toEqual({ outcome: "upgraded" });
    expect(code()).toBe("fresh");
  });

  it("deploys when it was deployed from here, and says so when that fails", async () => {
    noteDeployment({}, {});
    release("two", "v1.1.0");
    expect((await goForward({ npm: npm("run deploy") })).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("what is deployed is still the old"),
    });
    release("three", "v1.2.0");
    npmRan = [];
    expect((await goForward()).said).toEqual({ outcome: "upgraded" });
    expect(npmRan).toEqual(["ci", "run deploy"]);
  });

  it("comes back when the packages cannot be installed", async () => {
    const before = head();
    release("two", "v1.1.0");
    expect((await goForward({ npm: npm("ci") })).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("back at 1.0.0"),
    });
    expect([head(), code()]).toEqual([before, "one"]);
  });

  it("touches nothing that was changed by hand", async () => {
    release("two", "v1.1.0");
    appendFileSync(join(home, "code.txt"), "mine\n");
    expect((await goForward()).said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("code.txt") });
    expect(code()).toBe("one\nmine");
    git(home, "checkout", "-q", "code.txt");
    writeFileSync(join(home, "my-notes.txt"), "of no concern to git");
    expect((await goForward()).said).toEqual({ outcome: "upgraded" });
    expect(existsSync(join(home, "my-notes.txt"))).toBe(true);
  });

  it("leaves commits of one's own alone", async () => {
    release("two", "v1.1.0");
    writeFileSync(join(home, "own.txt"), "own");
    git(home, "add", "-A");
    git(home, "commit", "-qm", "own");
    const before = head();
    expect((await goForward()).said).toMatchObject({ outcome: "refused", reason: expect.stringContaining("git merge v1.1.0") });
    expect(head()).toBe(before);
  });

  it("refuses without a repository, a branch, a remote branch or a remote that answers", async () => {
    expect((await goForward({ repository: undefined })).said).toMatchObject({
      reason: expect.stringContaining("no git repository"),
    });
    expect(openRepository(parent)).toBeUndefined();
    git(home, "switch", "-q", "-c", "mine");
    expect((await goForward()).said).toMatchObject({ reason: expect.stringContaining("--set-upstream-to=origin/main") });
    git(home, "switch", "-q", "--detach");
    expect((await goForward()).said).toMatchObject({ reason: expect.stringContaining("git switch main") });
    git(home, "switch", "-q", "main");
    rmSync(join(parent, "remote.git"), { recursive: true });
    expect((await goForward()).said).toMatchObject({
      reason: expect.stringMatching(/could not reach origin.*Nothing was changed/s),
    });
    expect(npmRan).toEqual([]);
  });
});

/** Two versions deployed one after the other: 1.0.0, then 1.1.0. */
function noteDeployment(current: Partial<DeployedRelease>, before: Partial<DeployedRelease>): void {
  const shared = { schemas: { session: 1 }, migration: "first", mark: "", at: 0 };
  const notebook = openNotebook(home);
  notebook.write({
    ...notebook.read(),
    deployment: {
      name: "skerry",
      bucket: "skerry-media",
      accountId: ACCOUNT,
      url: "https://skerry.ada.workers.dev",
      salt: "",
      secretMarks: {},
      current: { ...shared, version: "1.1.0", versionId: "version-2", ...current },
      before: [{ ...shared, version: "1.0.0", versionId: "version-1", ...before }],
    },
  });
}

describe("rollback of what is deployed", () => {
  let first: string;
  beforeEach(() => {
    const version = (says: string) => ({ says, config: { r2_buckets: [] } });
    const versions = { "version-1": version("1.0.0"), "version-2": version("1.1.0") };
    const deployments = ["version-1", "version-2"];
    account = openAccount({ workers: { skerry: { secrets: { SKERRY_TOKEN: "t" }, deployments, versions } } });
    first = head();
    const second = release("two", "v1.1.0");
    git(home, "pull", "-q", "--ff-only");
    noteDeployment({ commit: second }, { commit: first });
  });
  const deployments = () => account?.read().workers["skerry"]?.deployments;

  it("puts the version before in use, and takes the code along", async () => {
    const { said, heard } = await goBack();
    expect(said).toEqual({ outcome: "back" });
    expect(deployments()).toEqual(["version-1", "version-2", "version-1"]);
    expect(heard).toContain("Skerry 1.0.0 answers again at https://skerry.ada.workers.dev");
    expect([head(), code(), npmRan]).toEqual([first, "one", ["ci"]]);
    expect(openNotebook(home).read().deployment).toMatchObject({ current: { version: "1.0.0" }, before: [] });
    expect((await goBack()).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("wrangler versions list"),
    });
    expect((await goForward()).said).toEqual({ outcome: "upgraded" });
    expect(code()).toBe("two");
  });

  it("leaves the code when that would lose something, and says so", async () => {
    appendFileSync(join(home, "code.txt"), "mine\n");
    const { said, heard } = await goBack();
    expect(said).toEqual({ outcome: "back" });
    expect(heard).toContain("The code in this folder stays as it is (files were changed by hand");
    expect([deployments()?.at(-1), code()]).toEqual(["version-1", "two\nmine"]);
  });

  it("drops no commit that the remote does not have", async () => {
    git(home, "commit", "-qm", "own", "--allow-empty");
    const own = head();
    expect((await goBack()).heard).toContain("commits that its remote has not");
    expect(head()).toBe(own);
  });

  it("refuses over a change of the stored objects' classes, before anything is touched", async () => {
    noteDeployment({ migration: "second" }, {});
    expect((await goBack()).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/goes back over no such change.*npm run upgrade/),
    });
    expect([deployments(), account?.read().ran, code()]).toEqual([["version-1", "version-2"], [], "two"]);
  });

  it("refuses when the older version could not read what the newer one stored; a new store is no hindrance", async () => {
    noteDeployment({ schemas: { session: 2, people: 1 } }, {});
    expect((await goBack()).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/how it stores session, and 1\.0\.0 could not read that/),
    });
    expect(deployments()).toHaveLength(2);
    noteDeployment({ schemas: { session: 1, people: 1 } }, {});
    expect((await goBack()).said).toEqual({ outcome: "back" });
  });

  it.each([
    ["The following secrets have changed: GROQ_API_KEY [code: 10220]", /npx wrangler rollback version-1 --name skerry/],
    ["Version not found. [code: 10222]", /no longer keeps that version/],
    ["Durable Object migration has occurred between [code: 10211]", /do not fit/],
  ])("says what to do when Cloudflare refuses: %s", async (text, reason) => {
    account?.change({ failures: [{ at: "rollback", text }] });
    expect((await goBack()).said).toMatchObject({ outcome: "refused", reason: expect.stringMatching(reason) });
    expect(openNotebook(home).read().deployment).toMatchObject({ current: { version: "1.1.0" } });
    expect(code()).toBe("two");
  });
});

describe("rollback on one's own machine", () => {
  it("goes back to where the upgrade came from", async () => {
    release("two", "v1.1.0");
    await goForward();
    npmRan = [];
    const { said, heard } = await goBack();
    expect(said).toEqual({ outcome: "back" });
    expect(heard).toContain("Back at 1.0.0");
    expect([code(), npmRan]).toEqual(["one", ["ci", "run build"]]);
    expect((await goBack()).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("no version to go back to"),
    });
  });

  it("refuses when the version before could not read what is stored now", async () => {
    release("two", "v1.1.0");
    await goForward();
    expect((await goBack({ schemas: { session: 2 } })).said).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/1\.1\.0 has changed how it stores session/),
    });
    expect(code()).toBe("two");
  });
});
