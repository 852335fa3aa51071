// Text messages from end to end, against a Twilio that others wrote (emulate), which signs its webhooks: a started Skerry, a
// scripted model. It brings no pictures in: such a webhook is signed here by Twilio's published rule.
import { createHmac } from "node:crypto";
import { createEmulator, type Emulator } from "emulate";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Correspondent, findPicture, testCorrespondence } from "../../support/channels/correspondence.ts";
import { Gate } from "../../support/channels/gate.ts";
import { type House, openHouse, PATIENCE, quiet, shows } from "../../support/channels/house.ts";
import { makePng } from "../../support/pictures.ts";
import { findPort } from "../../support/runtime.ts";

const OWN = "+15551234567";
const ANN = "+15550002222";
const SID = "AC00000000000000000000000000000000";
const TOKEN = "twilio_test_auth_token";
const AUTH = { authorization: `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString("base64")}` };
const MESSAGES = `/2010-04-01/Accounts/${SID}/Messages.json`;
const PICTURE = makePng(8, [160, 0, 160]);

let twilio: Emulator;
let house: House;
/** From Skerry to Twilio, and from Twilio to Skerry. */
let api: Gate;
let events: Gate;

beforeAll(async () => {
  const port = await findPort();
  twilio = await createEmulator({ service: "twilio", port: 0, seed: { twilio: { phone_numbers: [{ phone_number: OWN }] } } });
  [api, events] = await Promise.all([Gate.start(twilio.url), Gate.start(`http://127.0.0.1:${port}`)]);
  house = await openHouse(
    { TWILIO_API_URL: api.url, TWILIO_ACCOUNT_SID: SID, TWILIO_AUTH_TOKEN: TOKEN, TWILIO_PHONE_NUMBER: OWN },
    port,
  );
});
afterAll(async () => {
  await house?.close();
  await api?.stop();
  await events?.stop();
  await twilio?.close();
});
afterEach(() => {
  house.forget();
  api.passed.length = 0;
});

const hook = () => events.of(/^POST \/channels\/sms/);

function simulate(what: string, fields: Record<string, string>): Promise<Response> {
  return fetch(`${twilio.url}/_twilio/simulate/${what}`, { method: "POST", headers: AUTH, body: new URLSearchParams(fields) });
}

/** Twilio has heard Skerry's answer before it answers the one who simulates. */
async function writes(text: string): Promise<number> {
  await simulate("inbound-message", { From: ANN, To: OWN, Body: text });
  return hook().at(-1)?.status ?? 0;
}

async function again(): Promise<number> {
  const event = hook().at(-1);
  return event ? events.again(event) : 0;
}

interface Sent {
  sid: string;
  /** Null where there are files alone. */
  body: string | null;
  to: string;
  direction: string;
  num_media: string;
}

async function sent(): Promise<Sent[]> {
  const list = await fetch(`${twilio.url}${MESSAGES}?PageSize=200`, { headers: AUTH });
  const { messages } = (await list.json()) as { messages: Sent[] };
  return messages.filter(({ direction, to }) => direction === "outbound-api" && to === ANN).toReversed();
}
const told = async () => (await sent()).map(({ body }) => body ?? "");

/** A message as Twilio posts it, where the simulation has no such thing. */
async function deliver(fields: Record<string, string>, token = TOKEN): Promise<number> {
  const url = `${events.url}/channels/sms`;
  const form = new URLSearchParams({ AccountSid: SID, From: ANN, To: OWN, NumSegments: "1", ...fields });
  const signed = [...form.entries()]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}${value}`);
  const signature = createHmac("sha1", token)
    .update(url + signed.join(""))
    .digest("base64");
  return (await fetch(url, { method: "POST", body: form, headers: { "x-twilio-signature": signature } })).status;
}

test("the command line points the number at Skerry", async () => {
  const said = await house.run("channels", "add", "sms", "--public-url", events.url);
  expect(said).toContain(OWN);
  expect(said).not.toContain(TOKEN);
});

test("a webhook that is signed with another token is refused", async () => {
  expect(await deliver({ MessageSid: "SM1", Body: "Let me in" }, "another")).toBe(401);
  await quiet(300);
  expect(await told()).toEqual([]);
});

testCorrespondence(
  "sms",
  "SMS by Twilio",
  (): Correspondent => ({ house, api, sends: new RegExp(`^POST ${MESSAGES}`), writes, again, told }),
);

describe("files and words that carriers keep", () => {
  test("a picture reaches the model whole", async () => {
    api.instead(/^GET \/media\/kept/, ({ headers }) =>
      headers.authorization === AUTH.authorization ? { body: PICTURE } : { status: 401 },
    );
    house.teach("What is this", { say: "A purple square." });
    const before = await told();
    const media = { NumMedia: "1", MediaUrl0: `${api.url}/media/kept`, MediaContentType0: "image/png" };
    expect(await deliver({ MessageSid: "MM00000000000000000000000000000001", Body: "What is this?", ...media })).toBe(200);
    await shows(told, ...before, "A purple square.");
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
  });

  test("and goes back by a link that opens it, and nothing else", async () => {
    const path = await findPicture({ house, writes, told });
    const before = await told();
    house.teach("it back", { tool: "message", args: { action: "send", files: [path] }, say: "Sent." });
    await writes("Give it back");
    await shows(told, ...before, "", "Sent.");
    expect((await sent()).at(-2)).toMatchObject({ num_media: "1" });
    const [posted] = api.of(({ body }) => body.includes("MediaUrl"));
    const link = new URLSearchParams(posted?.body.toString()).get("MediaUrl") ?? "";
    expect(new URL(link).origin).toBe(events.url);
    expect(Buffer.from(await (await fetch(link)).arrayBuffer())).toEqual(PICTURE);
    const guessed = new URL(link);
    guessed.searchParams.set("signature", "0".repeat(64));
    expect((await fetch(guessed)).status).toBe(403);
  });

  test("STOP is heard and not answered", async () => {
    const before = await told();
    expect(await writes("STOP")).toBe(200);
    await quiet(500);
    expect(house.requests).toEqual([]);
    expect(await told()).toEqual(before);
    await writes("Are you there?");
    await shows(told, ...before, "Understood.");
    expect(house.lastRequest()).toContain("they want no more text messages");
  });

  test("that a message was not delivered is told to the owner", async () => {
    await simulate("message-status", { MessageSid: (await sent()).at(-1)?.sid ?? "", Status: "undelivered" });
    const said = { code: 1, out: expect.stringContaining("was not delivered") };
    await vi.waitFor(async () => expect(await house.cli("channels", "status", "sms")).toMatchObject(said), PATIENCE);
  });
});
