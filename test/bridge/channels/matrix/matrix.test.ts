// The line of Matrix against a small homeserver that is not ours (crabline), without encryption: what runs everywhere and fast. The real
// one, with encryption, is in test/journeys/channels/matrix*.test.ts.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedMatrixServer, startMatrixServer } from "@openclaw/crabline";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LineNews, OpenLine } from "../../../../src/bridge/channels/driver.ts";
import { matrix } from "../../../../src/bridge/channels/matrix/matrix.ts";
import type { HomeInbound } from "../../../../src/contract/channels/at-home.ts";

const PATIENCE = { timeout: 15_000, interval: 20 };
const ROOM = "!club:crabline.test";
const OLGA = "@olga:crabline.test";

let dir: string;
let server: StartedMatrixServer;
let line: OpenLine | undefined;
const heard: Extract<HomeInbound, { message: unknown }>[] = [];
const news: LineNews[] = [];
const said: string[] = [];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "matrix-"));
  server = await startMatrixServer({
    host: "127.0.0.1",
    recorderPath: join(dir, "requests.jsonl"),
    roomId: ROOM,
    roomName: "Club",
    serverName: "crabline.test",
  });
  heard.length = 0;
  news.length = 0;
});
afterEach(async () => {
  await line?.close();
  line = undefined;
  await server.close();
});

async function open(more: Record<string, string> = {}) {
  const { baseUrl, botUserId, accessToken } = server.manifest;
  const keys = { MATRIX_HOMESERVER_URL: baseUrl, MATRIX_USER_ID: botUserId, MATRIX_ACCESS_TOKEN: accessToken, ...more };
  const opened = await matrix.open({
    account: { channel: "matrix", account: "default", keys, mediaMaxMb: 20, options: { encryption: false } },
    dir,
    load: async () => ({}),
    hear: async (inbound) => void heard.push(...(inbound as typeof heard)),
    tell: (one) => void news.push(one),
    log: (text) => void said.push(text),
    now: Date.now,
  });
  line = opened;
  return opened;
}

async function say(text: string): Promise<void> {
  const { endpoints, adminToken } = server.manifest;
  const answer = await fetch(endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
    body: JSON.stringify({ roomId: ROOM, sender: OLGA, senderName: "Olga", text }),
  });
  expect(answer.status).toBe(200);
}

/** Without who came. */
const words = () => heard.filter(({ kind }) => kind === "message").map(({ message }) => message.parts[0]?.text);
const isOpen = () => vi.waitFor(() => expect(news.at(-1), said.join()).toMatchObject({ phase: "open" }), PATIENCE);

test("hears what is said, answers there, and says who it is", async () => {
  const opened = await open();
  await isOpen();
  await say("good morning");
  await vi.waitFor(() => expect(words()).toEqual(["good morning"]), PATIENCE);
  const to = heard[0]?.message.from ?? { channel: "matrix", peer: ROOM };
  const outcome = await opened.send({ id: "1", to, act: { type: "text", text: "and to you" } }, []);
  expect(outcome).toMatchObject({ outcome: "sent", platformId: expect.stringMatching(/^\$/) });
  expect(await opened.send({ id: "1", to, act: { type: "text", text: "and to you" } }, [])).toEqual(outcome);
  expect(news.at(-1)).toEqual({ phase: "open", who: server.manifest.botUserId });
});

test("reads on over a restart: two hundred messages, none lost, none twice", async () => {
  await open();
  await isOpen();
  const all = Array.from({ length: 200 }, (_none, index) => `word ${index}`);
  for (const text of all.slice(0, 60)) await say(text);
  await vi.waitFor(() => expect(words()).toHaveLength(60), PATIENCE);
  await line?.close();
  // As many as one answer brings: this server does not give out what lies before. The real one does, in the journey.
  for (const text of all.slice(60, 100)) await say(text);
  await open();
  for (const text of all.slice(100)) await say(text);
  await vi.waitFor(() => expect(words()).toHaveLength(200), PATIENCE);
  expect(words()).toEqual(all);
});

test("a token that is not taken is refused with what to do", async () => {
  await expect(open({ MATRIX_ACCESS_TOKEN: "wrong" })).rejects.toMatchObject({
    name: "HomeRefused",
    message: expect.stringContaining("give the new access token"),
  });
});
