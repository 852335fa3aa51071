// The real signal-cli, started by the line and given to it. By choice: SKERRY_SIGNAL_CLI names its program (0.13 needs Java 21, later ones 25).
// Of Signal's accounts it has none, and
// a proxy that leads nowhere keeps it from Signal: what it says then is what an owner sees first.
import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { daemonApi } from "../../../../src/bridge/channels/signal/daemon-api.ts";
import { signalDriver } from "../../../../src/bridge/channels/signal/signal.ts";
import { webAt } from "../../../../src/bridge/channels/web.ts";
import { type HostedLine, hostLine } from "../../../support/channels/home/line-host.ts";
import { findPort } from "../../../support/runtime.ts";

const REAL = process.env["SKERRY_SIGNAL_CLI"];
const missing = REAL === undefined ? "SKERRY_SIGNAL_CLI names no program" : existsSync(REAL) ? undefined : `there is no ${REAL}`;
const OWN = "+15550001111";
const ANN = "+15550002222";
/** A virtual machine for Java, that starts beside others. */
const STARTED = { timeout: 120_000, interval: 200 };
const environment = { PATH: process.env["PATH"] ?? "", JAVA_OPTS: process.env["JAVA_OPTS"] ?? "" };

let dir: string;
let line: HostedLine | undefined;
let child: ChildProcess | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-signal-"));
  mkdirSync(join(dir, "bin"));
  mkdirSync(join(dir, "line"));
  process.env["JAVA_OPTS"] = "-DsocksProxyHost=127.0.0.1 -DsocksProxyPort=1";
});
afterEach(async () => {
  Object.assign(process.env, environment);
  await line?.close();
  line = undefined;
  child?.kill();
  if (child && child.exitCode === null) await new Promise((resolve) => child?.once("exit", resolve));
  child = undefined;
  rmSync(dir, { recursive: true, force: true });
});

async function open(keys: Record<string, string>): Promise<HostedLine> {
  const tempo = { firstPauseMs: 50, lookAgainMs: 400 };
  line = await hostLine(signalDriver(tempo), { keys: { SIGNAL_NUMBER: OWN, ...keys }, dir: join(dir, "line") });
  return line;
}

/** Of the machine's owner, not of the line. */
async function startGiven(): Promise<string> {
  const port = await findPort();
  const args = ["--config", join(dir, "given"), "daemon", "--http", `127.0.0.1:${port}`, "--receive-mode", "on-connection"];
  child = spawn(REAL ?? "", [...args, "--no-receive-stdout"], { stdio: "ignore" });
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/api/v1/check`)).status).toBe(200), STARTED);
  return url;
}

const programs = () => {
  // Whatever of it runs for this test names its folder.
  const found = spawn("pgrep", ["-f", join(dir, "line/signal-cli")], { stdio: ["ignore", "pipe", "ignore"] });
  return new Promise<string>((resolve) => {
    let said = "";
    found.stdout.on("data", (text) => {
      said += text;
    });
    found.once("close", () => resolve(said.trim()));
  });
};

describe.skipIf(missing !== undefined)(`the real signal-cli${missing === undefined ? "" : `, not run: ${missing}`}`, () => {
  test("started by the line: it says that the account is not linked, gives no code without Signal, and ends with the line", {
    timeout: 300_000,
  }, async () => {
    symlinkSync(REAL ?? "", join(dir, "bin/signal-cli"));
    process.env["PATH"] = `${join(dir, "bin")}:${environment.PATH}`;
    const hosted = await open({});
    expect((await hosted.reach("unlinked", STARTED.timeout)).said).toContain(`${OWN} is not linked on this machine yet`);
    expect(await hosted.does({ type: "text", text: "hi" }, { peer: ANN })).toMatchObject({ outcome: "unanswered" });
    await expect(hosted.line.link?.({ isAnew: false })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringContaining("signal-cli does not reach Signal just now"),
    });
    expect(hosted.news.at(-1)?.phase).toBe("unlinked");
    expect(hosted.news.filter(({ phase }) => phase === "down" || phase === "linking")).toEqual([]);
    expect(await programs()).not.toBe("");
    await hosted.close();
    line = undefined;
    await vi.waitFor(async () => expect(await programs()).toBe(""), STARTED);
  });

  test("started by the line with an account, and Signal out of reach: it does not start, which is said and tried again", {
    timeout: 300_000,
  }, async () => {
    symlinkSync(REAL ?? "", join(dir, "bin/signal-cli"));
    process.env["PATH"] = `${join(dir, "bin")}:${environment.PATH}`;
    writeAccount(join(dir, "line/signal-cli"), OWN);
    const hosted = await open({});
    const downs = () => hosted.news.filter(({ phase }) => phase === "down");
    await vi.waitFor(() => expect(downs().length).toBeGreaterThan(1), STARTED);
    for (const { said } of downs()) expect(said).toContain("signal-cli does not reach Signal just now");
    expect(await hosted.does({ type: "text", text: "hi" }, { peer: ANN })).toMatchObject({ outcome: "unanswered" });
  });

  test("given by its address: the line asks it as it wants to be asked, and what it refuses is told apart", {
    timeout: 300_000,
  }, async () => {
    const url = await startGiven();
    const hosted = await open({ SIGNAL_HTTP_URL: url });
    expect((await hosted.reach("unlinked", STARTED.timeout)).said).toContain("not linked");
    const api = daemonApi(webAt(url, "SIGNAL_HTTP_URL"), OWN);
    const person = { kind: "person" as const, id: ANN };
    expect(await api.accounts()).toEqual({ ok: true, value: [] });
    const unlinked = { ok: false, failure: { kind: "unlinked" } };
    expect(await api.checkAccount()).toMatchObject(unlinked);
    const words = { text: "hi", styles: [], mentions: [], files: [] };
    expect(await api.send(person, words)).toMatchObject(unlinked);
    expect(await api.react(person, { sentAt: 1, author: ANN }, "🔥", false)).toMatchObject(unlinked);
    expect(await api.delete(person, 1)).toMatchObject(unlinked);
    expect(await api.type(person)).toMatchObject(unlinked);
    expect(await api.markRead(ANN, 1)).toMatchObject(unlinked);
    expect(await api.groupNames()).toMatchObject(unlinked);
    expect(await api.fetchFile("a", person, join(dir, "file"), 10)).toMatchObject(unlinked);
    const poll = await api.poll(person, "When?", ["Mon", "Tue"], false);
    expect(poll).toMatchObject({ ok: false, failure: { kind: expect.stringMatching(/^(refused|unlinked)$/) } });
    expect(await api.beginLink(new AbortController().signal)).toMatchObject({
      ok: false,
      failure: { kind: "unanswered", reason: expect.stringContaining("does not reach Signal just now") },
    });
    const stood = vi.fn();
    const listening = { stood, onFrame: () => undefined, hear: async () => undefined };
    expect(await api.listen(listening, new AbortController().signal)).toContain("does not give out its events (400)");
    expect(stood).not.toHaveBeenCalled();
  });

  test("its stream of events stands at once, and is read as it gives signs of life", { timeout: 300_000 }, async () => {
    const url = await startGiven();
    // Without an account named it streams those of all that it has.
    const web = webAt(url, "SIGNAL_HTTP_URL");
    const all = daemonApi({ ...web, url: (path) => web.url(path.replace(/\?.*/, "")) }, OWN);
    const ending = new AbortController();
    const stood = vi.fn();
    const onFrame = vi.fn();
    const hear = vi.fn(async () => undefined);
    const begunAt = Date.now();
    const ended = all.listen({ stood: () => stood(Date.now() - begunAt), onFrame, hear }, ending.signal);
    ended.catch(() => undefined);
    await vi.waitFor(() => expect(onFrame).toHaveBeenCalled(), { timeout: 60_000, interval: 100 });
    expect(stood).toHaveBeenCalledTimes(1);
    expect(stood.mock.calls[0]?.[0]).toBeLessThan(10_000);
    expect(hear).not.toHaveBeenCalled();
    ending.abort();
    await expect(ended).rejects.toThrow();
  });
});

/** The files of an account that nobody has: its keys were never anybody's. */
function writeAccount(folder: string, number: string): void {
  mkdirSync(join(folder, "data"), { recursive: true });
  const [aci, pni] = [randomUUID(), `PNI:${randomUUID()}`];
  const accounts = { accounts: [{ path: "100001", environment: "LIVE", number, uuid: aci }], version: 2 };
  writeFileSync(join(folder, "data/accounts.json"), JSON.stringify(accounts));
  const account = {
    ...{
      version: 9,
      timestamp: Date.now(),
      serviceEnvironment: "LIVE",
      registered: true,
      number,
      deviceId: 2,
      isMultiDevice: true,
    },
    password: randomBytes(18).toString("base64"),
    profileKey: randomBytes(32).toString("base64"),
    aciAccountData: identityOf(aci),
    pniAccountData: identityOf(pni),
  };
  writeFileSync(join(folder, "data/100001"), JSON.stringify(account));
}

function identityOf(serviceId: string): Record<string, unknown> {
  const { d = "", x = "" } = generateKeyPairSync("x25519").privateKey.export({ format: "jwk" });
  const key = (text: string) => Buffer.from(text, "base64url");
  return {
    ...{ serviceId, registrationId: 1234, nextPreKeyId: 100, nextSignedPreKeyId: 100, nextKyberPreKeyId: 100 },
    ...{ activeSignedPreKeyId: -1, activeLastResortKyberPreKeyId: -1 },
    identityPrivateKey: key(d).toString("base64"),
    identityPublicKey: Buffer.concat([Buffer.from([5]), key(x)]).toString("base64"),
  };
}
