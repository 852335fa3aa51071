// Text messages against a Twilio that others wrote (emulate): its webhooks with its own signature, its REST API.
import { createEmulator, type Emulator } from "emulate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textOf } from "../../../src/contract/message.ts";
import type { Line } from "../../../src/worker/channels/channel.ts";
import { sms } from "../../../src/worker/channels/sms/sms.ts";
import { type ChannelDoor, openChannelDoor } from "../../support/channel-door.ts";
import { makeChannelLine, outItem } from "../../support/channel-line.ts";

const OWN = "+15551234567";
const ANN = "+15550002222";
const SID = "AC00000000000000000000000000000000";
const TOKEN = "twilio_test_auth_token";
const AUTH = { authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString("base64")}` };

let twilio: Emulator;
let door: ChannelDoor;

function line(keys: Record<string, string> = {}): Line {
  return makeChannelLine("sms", {
    base: twilio.url,
    fetch: (input, init) => fetch(input, init),
    keys: { TWILIO_ACCOUNT_SID: SID, TWILIO_AUTH_TOKEN: TOKEN, TWILIO_PHONE_NUMBER: OWN, ...keys },
    linkMedia: async (key) => `/${key}`,
  });
}

function simulate(what: string, fields: Record<string, string>): Promise<Response> {
  return fetch(`${twilio.url}/_twilio/simulate/${what}`, { method: "POST", headers: AUTH, body: new URLSearchParams(fields) });
}

beforeAll(async () => {
  twilio = await createEmulator({ service: "twilio", port: 0, seed: { twilio: { phone_numbers: [{ phone_number: OWN }] } } });
  door = await openChannelDoor(sms, line);
});
afterAll(async () => {
  await door.close();
  await twilio.close();
});

describe("with Twilio", () => {
  it("the number is found, and pointed at us", async () => {
    expect(await sms.probe(line())).toMatchObject({ ok: true, value: expect.stringContaining(OWN) });
    expect(await sms.connect?.(`${door.url}/channels/sms`, line())).toMatchObject([{ state: "done" }]);
    expect(await sms.probe(line())).toMatchObject({ ok: true, value: expect.stringContaining(`${door.url}/channels/sms`) });
  });

  it("a message comes in and its answer goes out", async () => {
    await simulate("inbound-message", { From: ANN, To: OWN, Body: "ping äöü & 1+1=2" });
    await expect.poll(() => door.heard.length === 1, { timeout: 5000 }).toBe(true);
    const [heard] = door.heard;
    expect(textOf(heard?.message.parts ?? [])).toBe("ping äöü & 1+1=2");
    expect(door.answered).toEqual([200]);
    const to = heard?.message.from ?? { channel: "sms", peer: "" };
    expect(await sms.deliver(outItem(to, { type: "text", text: "**pong**" }), line())).toMatchObject({
      outcome: "sent",
      platformId: expect.stringMatching(/^SM/),
    });
    const list = await fetch(`${twilio.url}/2010-04-01/Accounts/${SID}/Messages.json`, { headers: AUTH });
    const { messages } = (await list.json()) as { messages: { body: string; to: string; direction: string }[] };
    expect(messages).toContainEqual(expect.objectContaining({ body: "pong", to: ANN, direction: "outbound-api" }));
  });

  it("a picture goes out by its link", async () => {
    const to = door.heard[0]?.message.from ?? { channel: "sms", peer: "" };
    const media = [{ key: "media/x", type: "image/png", size: 10 }];
    const sent = await sms.deliver(outItem(to, { type: "media", media, caption: "See" }), line());
    expect(sent).toMatchObject({ outcome: "sent", platformId: expect.stringMatching(/^MM/) });
  });

  it("a message that was not delivered is told", async () => {
    const to = door.heard[0]?.message.from ?? { channel: "sms", peer: "" };
    const sent = await sms.deliver(outItem(to, { type: "text", text: "lost" }), line());
    const id = sent.outcome === "sent" ? (sent.platformId ?? "") : "";
    await simulate("message-status", { MessageSid: id, Status: "undelivered" });
    await expect.poll(() => door.heard.some(({ kind }) => kind === "notice"), { timeout: 5000 }).toBe(true);
    expect(door.troubles.at(-1)).toContain("was not delivered");
  });

  it("a wrong token is told as what it is", async () => {
    expect(await sms.probe(line({ TWILIO_AUTH_TOKEN: "wrong" }))).toMatchObject({ ok: false, error: { code: "FORBIDDEN" } });
    const to = { channel: "sms", peer: ANN };
    expect(await sms.deliver(outItem(to, { type: "text", text: "a" }), line({ TWILIO_AUTH_TOKEN: "wrong" }))).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/copy both again/),
    });
  });

  it("a number that is not of the account is told", async () => {
    expect(await sms.probe(line({ TWILIO_PHONE_NUMBER: "+15557654321" }))).toMatchObject({
      ok: false,
      error: { code: "NOT_FOUND" },
    });
  });

  it("a webhook signed with another token is refused", async () => {
    const refused = await openChannelDoor(sms, () => line({ TWILIO_AUTH_TOKEN: "other" }));
    await sms.connect?.(`${refused.url}/channels/sms`, line());
    await simulate("inbound-message", { From: ANN, To: OWN, Body: "ping" });
    await expect.poll(() => refused.answered.length > 0, { timeout: 5000 }).toBe(true);
    expect(refused.answered).toEqual([401]);
    expect(refused.heard).toEqual([]);
    await refused.close();
  });
});
