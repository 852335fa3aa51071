// Channels, pairing and people from the command line: real processes against a scripted Gateway.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { homeOf, PROGRAM, runCli } from "../../support/cli.ts";
import { GatewayServer } from "../../support/gateway-server.ts";

const SECRET = "12345:very-secret-bot-token";
const dir = mkdtempSync(join(tmpdir(), "skerry-cli-channels-"));
let server: GatewayServer;

beforeEach(async () => {
  server = await GatewayServer.start();
});
afterEach(() => server.stop());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Ends by itself; `input` is piped in and closed. */
async function run(args: string[], input = "", env: Record<string, string> = {}) {
  const home = homeOf(dir, server.port);
  const ran = runCli(args, { ...home, env: { ...home.env, ...env }, input });
  const code = await ran.code;
  return { code, out: ran.out(), err: ran.err() };
}

const answer = (method: string, payload: unknown) => server.answer(method, () => ({ ok: true, payload }));
const refuse = (method: string, message: string, code = "INVALID_REQUEST") =>
  server.answer(method, () => ({ ok: false, error: { code, message } }));
const asked = (method: string) => server.requests.filter((request) => request.method === method).map(({ params }) => params);

const account = (more: object = {}) => ({
  accountId: "default",
  configured: false,
  enabled: true,
  missing: ["TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET"],
  tokenSource: "none",
  dmPolicy: "pairing",
  groupPolicy: "allowlist",
  ...more,
});

function answerStatus(telegram: object[] = [account()], decisions: object[] = []): void {
  answer("channels.status", {
    channelOrder: ["telegram", "sms"],
    channelLabels: { telegram: "Telegram", sms: "SMS by Twilio" },
    channelAccounts: { telegram, sms: [account({ missing: ["TWILIO_ACCOUNT_SID"] })] },
    decisions,
  });
}

describe("skerry channels add", () => {
  beforeEach(() => {
    answerStatus();
    answer("channels.add", account({ configured: true, missing: [], tokenSource: "stored" }));
    answer("channels.connect", {
      steps: [
        { state: "done", text: "The webhook is set." },
        { state: "by-hand", text: "Switch privacy off at @BotFather." },
      ],
    });
    answer("channels.test", { bot: "@skerry_bot" });
  });
  const TUNNEL = ["--public-url", "https://skerry.example.com"];

  it.each([
    ["a flag", ["--key", `TELEGRAM_BOT_TOKEN=${SECRET}`], "", {}],
    ["the environment", [], "", { TELEGRAM_BOT_TOKEN: SECRET }],
    ["what is piped in", [], `# keys\nTELEGRAM_BOT_TOKEN = ${SECRET}\n`, {}],
    ["a file", ["--key", "TELEGRAM_BOT_TOKEN=@token.txt"], "", {}],
  ])("takes a key from %s, keeps it, connects, tries it, and never shows it", async (_from, flags, input, env) => {
    writeFileSync(join(dir, "token.txt"), `${SECRET}\n`);
    const ran = await run(["channels", "add", "telegram", ...TUNNEL, ...flags], input, env as Record<string, string>);
    expect(ran).toMatchObject({ code: 0 });
    expect(asked("channels.add")).toEqual([{ channel: "telegram", keys: { TELEGRAM_BOT_TOKEN: SECRET } }]);
    expect(asked("channels.connect")).toEqual([{ channel: "telegram", url: "https://skerry.example.com" }]);
    expect(ran.out).toContain("Kept, sealed: TELEGRAM_BOT_TOKEN.");
    expect(ran.out).toContain("✓ The webhook is set.");
    expect(ran.out).toContain("By hand: Switch privacy off");
    expect(ran.out).toContain("Telegram answers: @skerry_bot");
    expect(ran.out).toContain("skerry pairing approve telegram CODE");
    expect(ran.out + ran.err).not.toContain(SECRET);
  });

  // A terminal of its own, where the machine can make one.
  const hasTerminal = spawnSync("script", ["--version"]).status === 0;
  it.skipIf(!hasTerminal)(
    "asks a person for each key, shows none while it is typed, and takes JSON over several lines",
    async () => {
      const chat = account({ missing: ["GOOGLE_CHAT_SERVICE_ACCOUNT", "GOOGLE_CHAT_AUDIENCE"] });
      answer("channels.status", {
        channelOrder: [],
        channelLabels: {},
        channelAccounts: { "google-chat": [chat] },
        decisions: [],
      });
      const line = [process.execPath, PROGRAM, "channels", "add", "google-chat", ...TUNNEL].join(" ");
      const ran = runCli(["-qec", line, "/dev/null"], { ...homeOf(dir, server.port), input: null, command: "script" });
      const until = (words: string) => vi.waitFor(() => expect(ran.out()).toContain(words), { timeout: 15_000 });
      await until("(not shown) >");
      ran.child.stdin.write(`{"a":1,\r"key":"${SECRET}"}\r`);
      await until("Audience");
      await vi.waitFor(() => expect(ran.out().split("Audience").at(-1)).toContain("> "), { timeout: 15_000 });
      ran.child.stdin.write("12345\r");
      // What may be left out is asked too; Enter leaves it out.
      await until("Project number");
      await vi.waitFor(() => expect(ran.out().split("Project number").at(-1)).toContain("> "), { timeout: 15_000 });
      ran.child.stdin.write("\r");
      expect(await ran.code).toBe(0);
      expect(ran.out()).not.toContain(SECRET);
      expect(asked("channels.add")).toEqual([
        {
          channel: "google-chat",
          keys: { GOOGLE_CHAT_SERVICE_ACCOUNT: `{"a":1,\n"key":"${SECRET}"}`, GOOGLE_CHAT_AUDIENCE: "12345" },
        },
      ]);
    },
  );

  it("names to a script what is missing, and changes nothing", async () => {
    const ran = await run(["channels", "add", "telegram", ...TUNNEL]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("Telegram still needs TELEGRAM_BOT_TOKEN.");
    expect(ran.err).not.toContain("TELEGRAM_WEBHOOK_SECRET");
    expect(asked("channels.add")).toEqual([]);
  });

  it("never repeats a line that may be a key without its name", async () => {
    const ran = await run(["channels", "add", "telegram", ...TUNNEL], SECRET);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain("NAME=value");
    expect(ran.err).not.toContain(SECRET);
  });

  it("says plainly that a platform cannot reach this machine, and what to do", async () => {
    const ran = await run(["channels", "add", "telegram", "--key", `TELEGRAM_BOT_TOKEN=${SECRET}`]);
    expect(asked("channels.connect")).toEqual([]);
    expect(asked("channels.test")).toHaveLength(1);
    expect(ran.err).toContain(`Telegram cannot reach http://127.0.0.1:${server.port}`);
    expect(ran.err).toContain("--public-url");
    expect(ran.err).toContain("npm run deploy");
  });

  it("fails with the platform's words when the keys are not good", async () => {
    refuse("channels.test", "Telegram does not know this token.", "NOT_LINKED");
    const ran = await run(["channels", "add", "telegram", ...TUNNEL, "--key", "TELEGRAM_BOT_TOKEN=wrong"]);
    expect(ran.code).toBe(1);
    expect(ran.err).toContain("✗ Telegram: Telegram does not know this token.");
    expect(ran.out).not.toContain("Write to it");
  });

  it("uses a further account and its variables", async () => {
    answerStatus([account({ accountId: "work" })]);
    const ran = await run(["channels", "add", "telegram", "--account", "work", "--no-connect"], "", {
      TELEGRAM_BOT_TOKEN: "of the default one",
      TELEGRAM_BOT_TOKEN__WORK: SECRET,
    });
    expect(ran.code).toBe(0);
    expect(asked("channels.add")).toEqual([{ channel: "telegram", accountId: "work", keys: { TELEGRAM_BOT_TOKEN: SECRET } }]);
    expect(asked("channels.connect")).toEqual([]);
  });

  it.each([
    [["channels", "add", "pigeon"], "There is no channel"],
    [["channels", "add", "telegram", "--account", "A b"], "lower case letters"],
    [["channels", "add", "telegram", "--key", "SLACK_BOT_TOKEN=x"], "Telegram takes TELEGRAM_BOT_TOKEN"],
    [["channels", "add", "telegram", "--key", "TELEGRAM_BOT_TOKEN=@nowhere"], "cannot be read"],
  ])("refuses %o with a sentence", async (args, words) => {
    const ran = await run(args);
    expect(ran).toMatchObject({ code: 2, err: expect.stringContaining(words) });
    expect(asked("channels.add")).toEqual([]);
  });

  it("answers a script with one line", async () => {
    const ran = await run(["--json", "channels", "add", "telegram", ...TUNNEL, "--key", `TELEGRAM_BOT_TOKEN=${SECRET}`]);
    expect(JSON.parse(ran.out)).toMatchObject({
      configured: true,
      steps: [{ state: "done" }, {}],
      probe: { ok: true, bot: "@skerry_bot" },
    });
    expect(ran.out).not.toContain(SECRET);
  });
});

describe("skerry channels", () => {
  it("status shows what is set up, its trouble, and who was not let in", async () => {
    const broken = account({
      configured: true,
      missing: [],
      tokenSource: "stored",
      lastInboundAt: Date.now() - 120_000,
      lastError: "The token was refused.",
    });
    const decision = {
      channel: "telegram",
      senderId: "9",
      senderName: "\u001b[31mEve",
      outcome: "ignore",
      reason: "Not in groups.",
      times: 3,
      atMs: Date.now(),
    };
    answerStatus([broken], [decision]);
    const ran = await run(["channels", "status"]);
    expect(ran.code).toBe(1);
    expect(ran.out).toContain(
      "Telegram · ready, keys from here · direct pairing, groups allowlist · in 2 min ago\n  ✗ The token was refused.",
    );
    expect(ran.out).toContain("Not set up: sms.");
    expect(ran.out).toContain("telegram:9 (3 times)");
  });

  it("test sends a message to whom one says", async () => {
    answer("channels.test", { bot: "@skerry_bot", sent: { outcome: "failed", reason: "They never wrote to the bot." } });
    const ran = await run(["channels", "test", "telegram", "--to", "owner"]);
    expect(asked("channels.test")).toEqual([{ channel: "telegram", to: "owner" }]);
    expect(ran).toMatchObject({ code: 1, err: expect.stringContaining("They never wrote to the bot.") });
  });

  it("remove says when keys are left in variables", async () => {
    answer("channels.remove", { removed: true, steps: [{ state: "done", text: "The webhook is taken away." }], keysLeft: true });
    const ran = await run(["channels", "remove", "telegram"]);
    expect(ran).toMatchObject({
      code: 0,
      out: expect.stringContaining("The webhook is taken away."),
      err: expect.stringContaining("variables"),
    });
  });
});

describe("skerry pairing", () => {
  const request = {
    code: "ABCD2345",
    channel: "telegram",
    accountId: "default",
    senderId: "42",
    senderName: "Ann",
    createdAtMs: Date.now(),
    expiresAtMs: Date.now() + 1_800_000,
  };
  const person = { id: "owner", name: "Ann", role: "owner", accounts: [] };

  it("list shows the codes", async () => {
    answer("channels.pairing.list", { requests: [request] });
    const ran = await run(["pairing", "list", "telegram"]);
    expect(ran.out).toMatch(/^ABCD2345 {2}Ann, telegram:42 · good for another (29|30) min\n$/);
    expect(asked("channels.pairing.list")).toEqual([{ channel: "telegram" }]);
    answer("channels.pairing.list", { requests: [] });
    expect((await run(["pairing", "list"])).out).toBe("Nobody waits.\n");
  });

  it("approve takes the words that the stranger was told, and says who became owner", async () => {
    answer("channels.pairing.approve", { ...request, person, becameOwner: true, notification: "sent" });
    const ran = await run(["pairing", "approve", "telegram", "ABCD2345"]);
    expect(ran.out).toBe("Ann, telegram:42 is let in, and is the owner from now on.\n");
    expect(asked("channels.pairing.approve")).toEqual([{ channel: "telegram", code: "ABCD2345", notify: true }]);
  });

  it("approve says as whom, and stays quiet when asked to", async () => {
    const guest = { ...person, id: "p2", name: "Gus", role: "guest" };
    answer("channels.pairing.approve", { ...request, person: guest, becameOwner: false, notification: "not-requested" });
    const ran = await run(["pairing", "approve", "ABCD2345", "--as", "Gus", "--no-notify"]);
    expect(ran.out).toBe("Ann, telegram:42 is let in as Gus.\n");
    expect(asked("channels.pairing.approve")).toEqual([{ code: "ABCD2345", as: "Gus", notify: false }]);
  });

  it("a code that is not there is a failure with Skerry's own sentence", async () => {
    refuse("channels.pairing.dismiss", "Nobody waits with that code.", "NOT_FOUND");
    expect(await run(["pairing", "reject", "X"])).toMatchObject({ code: 1, err: "Nobody waits with that code.\n" });
  });
});

describe("skerry people", () => {
  const people = [
    { id: "owner", name: "Olga", role: "owner", accounts: [{ channel: "telegram", accountId: "work", senderId: "1" }] },
    { id: "person_1", name: "Gus", role: "guest", accounts: [{ channel: "slack", accountId: "default", senderId: "U2" }] },
  ];

  it("list shows everybody with their accounts, as other commands take them", async () => {
    answer("people.list", { people });
    const ran = await run(["people", "list"]);
    expect(ran.out).toBe("Olga (owner) · owner · telegram/work:1\nGus · person_1 · slack:U2\n");
  });

  it("link and forget name people and accounts", async () => {
    answer("people.link", { person: people[0] });
    answer("people.forget", { forgotten: true });
    expect((await run(["people", "link", "owner", "Gus"])).out).toContain("They are one now: Olga (owner)");
    expect(asked("people.link")).toEqual([{ id: "owner", other: "Gus" }]);
    expect((await run(["people", "forget", "telegram/work:1"])).code).toBe(0);
    expect(asked("people.forget")).toEqual([{ channel: "telegram", accountId: "work", senderId: "1" }]);
    expect(await run(["people", "forget", "Gus"])).toMatchObject({ code: 2, err: expect.stringContaining("telegram:42") });
  });

  it.each([
    ["channels", "add"],
    ["channels", "remove"],
    ["channels", "status"],
    ["channels", "test"],
    ["pairing", "list"],
    ["pairing", "approve"],
    ["pairing", "reject"],
    ["people", "list"],
    ["people", "link"],
    ["people", "forget"],
  ])("%s %s says in a line what it does, with an example", async (group, name) => {
    const ran = await run([group, name, "--help"]);
    expect(ran.out).toContain(`Example: skerry ${group} ${name}`);
  });
});
