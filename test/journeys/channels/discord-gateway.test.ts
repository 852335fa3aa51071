// Discord's gateway, held by the bridge: a Discord that is not ours (crabline), a started Skerry with its bridge beside it, a scripted
// model. What crabline's gateway does not do (resuming, edits, reactions) is tested with recorded events elsewhere.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedDiscordServer, startDiscordServer } from "@openclaw/crabline";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { runCli } from "../../support/cli.ts";
import { type Skerry, startSkerry } from "../../support/runtime.ts";
import { modelEnv, startTaughtModel, type TaughtModel } from "../../support/visit.ts";

const ALICE = "135000000000000012";
const PATIENCE = { timeout: 30_000, interval: 50 };

let home: string;
let server: StartedDiscordServer;
let taught: TaughtModel;
let skerry: Skerry;

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "skerry-discord-gateway-"));
  [server, taught] = await Promise.all([
    startDiscordServer({ host: "127.0.0.1", recorderPath: join(home, "requests.jsonl") }),
    startTaughtModel(),
  ]);
  const { applicationId, botToken, endpoints } = server.manifest;
  skerry = await startSkerry({
    stateDir: join(home, "state"),
    env: {
      ...modelEnv(taught.model),
      SKERRY_BRIDGE: "on",
      SKERRY_MODEL: "anthropic/claude-opus-4-6",
      DISCORD_API_URL: `${endpoints.apiRoot}/v10`,
      DISCORD_BOT_TOKEN: botToken,
      DISCORD_APPLICATION_ID: applicationId,
      DISCORD_PUBLIC_KEY: "0".repeat(64),
    },
  });
}, 120_000);
afterAll(async () => {
  await skerry?.stop();
  await server?.close();
  await taught?.model.stop();
  rmSync(home, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<string> {
  const ran = runCli(args, { env: { SKERRY_URL: skerry.url, SKERRY_TOKEN: skerry.token, SKERRY_STATE_DIR: skerry.stateDir } });
  const code = await ran.code;
  if (code !== 0) throw new Error(`skerry ${args.join(" ")} ended with ${code}: ${ran.err()}`);
  return ran.out();
}

async function say(content: string, more: Record<string, unknown> = {}): Promise<void> {
  const { manifest } = server;
  const answer = await fetch(manifest.endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": manifest.adminToken },
    body: JSON.stringify({ senderId: ALICE, senderName: "Alice", content, ...more }),
  });
  expect(answer.status).toBe(200);
}

const inRoom = () => ({ channelId: server.manifest.fixture.channelId, guildId: server.manifest.fixture.guildId });

async function texts(channel: string): Promise<string[]> {
  const { endpoints, botToken } = server.manifest;
  const answer = await fetch(`${endpoints.apiRoot}/v10/channels/${channel}/messages?limit=100`, {
    headers: { authorization: `Bot ${botToken}` },
  });
  return ((await answer.json()) as { content: string }[]).map(({ content }) => content).toReversed();
}

const status = async () => JSON.parse(await run("channels", "status", "--json"));
const lineOf = async () => (await status()).channelAccounts.discord[0].line;

test("the bridge beside Skerry takes up the line by itself", async () => {
  await vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase: "open", waiting: 0 }), {
    timeout: 90_000,
    interval: 500,
  });
}, 120_000);

test("a stranger in a server who mentions it is answered as the settings say; without a mention nothing happens", async () => {
  await run("config", "set", "channels.discord.groupPolicy", '"open"');
  taught.model.requests.length = 0;
  await say("just talking", inRoom());
  await say(`<@${server.manifest.botUserId}> when is high tide?`, inRoom());
  await vi.waitFor(() => expect(taught.model.requests).toHaveLength(1), PATIENCE);
  expect(JSON.stringify(taught.model.requests[0]?.body["messages"])).toContain("just talking");
  await vi.waitFor(async () => expect((await texts(inRoom().channelId)).length).toBeGreaterThan(0), PATIENCE);
});

test("two hundred messages in a burst reach the talk, none lost, none twice", async () => {
  taught.model.requests.length = 0;
  // What is only overheard comes along with the next message that is meant for it.
  await run("config", "set", "messages.groupChat.historyLimit", "200");
  const words = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
  for (const word of words) await say(word, inRoom());
  await say(`<@${server.manifest.botUserId}> how many was that?`, inRoom());
  await vi.waitFor(() => expect(taught.model.requests.length).toBeGreaterThan(0), PATIENCE);
  const heard = [...JSON.stringify(taught.model.requests.map(({ body }) => body["messages"])).matchAll(/burst-(\d+)\./g)].map(
    ([word]) => word,
  );
  expect(heard).toEqual(words);
  await vi.waitFor(async () => expect(await lineOf()).toMatchObject({ waiting: 0 }), PATIENCE);
}, 120_000);
