// Google Chat from end to end: events with a token that a real issuer signed, its keys published on this machine, a started
// Skerry, and a strict server in the place of Google's Chat API, since nobody offers one.
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import events from "../../fixtures/channels/google-chat/events.json" with { type: "json" };
import { type Correspondent, testCorrespondence } from "../../support/channels/correspondence.ts";
import { type GoogleChatServer, startGoogleChat } from "../../support/channels/google-chat-server.ts";
import { type House, openHouse, PATIENCE, quiet, shows } from "../../support/channels/house.ts";
import { startIssuer, type TokenIssuer } from "../../support/channels/token-issuer.ts";
import { makePng } from "../../support/pictures.ts";

const CHAT = "chat@system.gserviceaccount.com";
const NUMBER = "1234567890";
const DIRECT = "spaces/DMSPACE01";
const ROOM = "spaces/AAAAroom01";
const PICTURE = makePng(8, [200, 200, 0]);

let issuer: TokenIssuer;
let google: GoogleChatServer;
let house: House;
let latest: object = {};
let count = 0;

beforeAll(async () => {
  [issuer, google] = await Promise.all([startIssuer([`/service_accounts/v1/jwk/${CHAT}`]), startGoogleChat()]);
  house = await openHouse({ ...google.env, GOOGLE_CHAT_AUDIENCE: NUMBER, GOOGLE_KEYS_URL: issuer.url });
});
afterAll(async () => {
  await house?.close();
  await google?.gate.stop();
  await issuer?.close();
});
afterEach(() => {
  house.forget();
  google.gate.passed.length = 0;
});

/** As Google posts it; signed as it signs. */
async function deliver(event: object, claims: Record<string, unknown> = { iss: CHAT, aud: NUMBER }): Promise<number> {
  latest = event;
  const headers = { authorization: `Bearer ${await issuer.sign(claims)}`, "content-type": "application/json" };
  const answer = await fetch(`${house.skerry.url}/channels/google-chat`, {
    method: "POST",
    headers,
    body: JSON.stringify(event),
  });
  return answer.status;
}

/** A recorded event with other words, as a message of its own. */
function anew<T extends { message: { name: string } }>(event: T, change: object): T {
  count += 1;
  const name = event.message.name.replace(/messages\/.*/, `messages/N${count}.N${count}`);
  const now = new Date().toISOString();
  return { ...event, eventTime: now, message: { ...event.message, name, createTime: now, ...change } };
}

const writes = (text: string) => deliver(anew(events["direct-message"], { text, argumentText: text, formattedText: text }));
const told = (space = DIRECT) => google.shown(space).map(({ text }) => text);
const sends = /^POST \/v1\/spaces\/[\w-]+\/messages/;

test("whoever is not Google Chat is refused", async () => {
  const event = anew(events["direct-message"], { text: "Let me in", argumentText: "Let me in" });
  expect(await deliver(event, { iss: CHAT, aud: "another project" })).toBe(401);
  expect(await deliver(event, { iss: "https://somebody.example", aud: NUMBER })).toBe(401);
  await quiet(300);
  expect(told()).toEqual([]);
});

testCorrespondence(
  "google-chat",
  "Google Chat",
  (): Correspondent => ({
    house,
    api: google.gate,
    sends,
    isOnceByItself: true,
    writes,
    again: () => deliver(latest),
    told: () => told(),
  }),
);

test("the answer grows in one message that is changed", async () => {
  house.teach("long story", { say: `**Once** upon a tide, ${"the water rose and fell, ".repeat(16)}and that was it.`, rate: 16 });
  const before = told();
  await writes("Tell me a long story");
  await vi.waitFor(() => expect(told().at(-1)).toMatch(/^\*Once\* upon .*and that was it\.$/), PATIENCE);
  expect(told()).toHaveLength(before.length + 1);
  expect(google.shown(DIRECT).at(-1)?.changes).toBeGreaterThan(1);
});

test("a picture reaches the model whole; a file that shall go back is refused in words that the agent reads", async () => {
  const resource = "spaces/DMSPACE01/attachments/AATT1=x";
  google.addFile(resource, PICTURE);
  house.teach("What is this", { say: "A yellow square." });
  const attachment = events.attachments.message.attachment.slice(0, 1);
  await deliver(anew(events["direct-message"], { text: "What is this?", argumentText: "What is this?", attachment }));
  await shows(() => told().slice(-1), "A yellow square.");
  expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
  house.teach("a file of it", { tool: "write", args: { path: "tides.txt", content: "ebb" }, say: "Written." });
  await writes("Make a file of it");
  await shows(() => told().slice(-1), "Written.");
  house.teach("send me", { tool: "message", args: { action: "send", files: ["tides.txt"] }, say: "I cannot." });
  await writes("Now send me that");
  await shows(() => told().slice(-1), "I cannot.");
  expect(house.lastRequest()).toContain("Google Chat does not let an app send files");
});

describe("in a space", () => {
  const mention = (text: string) => {
    const { annotations } = events["mention-in-space"].message;
    return deliver(
      anew(events["mention-in-space"], { text: `@Skerry ${text}`, argumentText: text, annotations: annotations.slice(0, 1) }),
    );
  };

  test("that the settings do not name, nobody is heard", async () => {
    await mention("are you there?");
    await quiet(500);
    expect(house.requests).toEqual([]);
    expect(told(ROOM)).toEqual([]);
  });

  test("that they name, a mention is answered in its thread, in a talk of that thread", async () => {
    await house.run("config", "set", "channels.google-chat.groups", JSON.stringify({ [ROOM]: {} }));
    house.teach("the regatta", { say: "At ten." });
    await mention("when is the regatta?");
    await shows(() => told(ROOM), "At ten.");
    expect(google.shown(ROOM)[0]?.thread).toBe(`${ROOM}/threads/Thr3ad_one`);
    expect(house.lastRequest()).toContain("Garden party");
    expect(house.lastRequest()).not.toContain("yellow square");
  });
});
