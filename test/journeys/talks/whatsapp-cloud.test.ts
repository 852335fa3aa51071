// WhatsApp's Cloud API from end to end, against a server that others wrote (crabline): webhooks signed as Meta signs them, a
// started Skerry, a scripted model. The server has no files: the gate in front of it has, by what Meta's documentation says.
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedWhatsAppServer, startWhatsAppServer } from "@openclaw/crabline";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type Correspondent, findPicture, testCorrespondence } from "../../support/channels/correspondence.ts";
import { Gate, type Passed } from "../../support/channels/gate.ts";
import { type House, openHouse, PATIENCE, quiet, shows } from "../../support/channels/house.ts";
import { makePng } from "../../support/pictures.ts";

const SECRET = "app-secret";
const ANN = "15551234567";
const PICTURE = makePng(8, [0, 160, 0]);

let folder: string;
let graph: StartedWhatsAppServer;
let api: Gate;
let house: House;
let messagesPath = "";
/** Every message that was taken. */
const sent: Record<string, unknown>[] = [];
const counted = new Set<Passed>();
const uploads: { type: string; bytes: Buffer }[] = [];
let latest = "";

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "skerry-whatsapp-"));
  graph = await startWhatsAppServer({ recorderPath: join(folder, "recorded.jsonl") });
  const { accessToken, endpoints, phoneNumberId } = graph.manifest;
  const root = new URL(endpoints.apiRoot);
  api = await Gate.start(root.origin);
  messagesPath = `${root.pathname}/${phoneNumberId}/messages`;
  keepFiles(`${root.pathname}/${phoneNumberId}/media`, root.pathname);
  house = await openHouse({
    WHATSAPP_API_URL: `${api.url}${root.pathname}`,
    WHATSAPP_ACCESS_TOKEN: accessToken,
    WHATSAPP_PHONE_NUMBER_ID: phoneNumberId,
    WHATSAPP_APP_SECRET: SECRET,
    WHATSAPP_VERIFY_TOKEN: "word",
  });
});
afterAll(async () => {
  await house?.close();
  await api?.stop();
  await graph?.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  house.forget();
  collect();
  api.passed.length = 0;
});

/** A message; the same address takes the sign that one is being written. */
const sends = ({ method, path, body }: Passed) => method === "POST" && path === messagesPath && !body.includes('"status"');

/** Keeps what was taken before the gate forgets it. */
function collect(): Record<string, unknown>[] {
  for (const one of api.of(sends)) {
    if (one.status !== 200 || counted.has(one)) continue;
    counted.add(one);
    sent.push(JSON.parse(one.body.toString()));
  }
  return sent;
}

/** Uploads, and the two steps by which a file is fetched. */
function keepFiles(uploadPath: string, root: string): void {
  api.instead(/^(POST|GET) /, ({ method, path, headers, body }) => {
    if (method === "POST" && path === uploadPath) {
      const text = body.toString("latin1");
      const type = /name="type"\r\n\r\n([^\r]+)/.exec(text)?.[1] ?? "";
      const boundary = /boundary="?([^";]+)/.exec(headers["content-type"] ?? "")?.[1] ?? "?";
      const [, file = ""] = /name="file"[\s\S]*?\r\n\r\n([\s\S]*)/.exec(text) ?? [];
      if (!text.includes('name="messaging_product"\r\n\r\nwhatsapp') || type === "" || file === "")
        return { status: 400, body: "{}" };
      uploads.push({ type, bytes: Buffer.from(file.slice(0, file.indexOf(`\r\n--${boundary}`)), "latin1") });
      return { body: JSON.stringify({ id: `upload-${uploads.length}` }) };
    }
    // The message with the file: the server of others knows texts alone.
    const said = method === "POST" && path === messagesPath ? JSON.parse(body.toString()) : {};
    if (said.type === "image") {
      const isRight = said.to === ANN && said.image.id === `upload-${uploads.length}` && said.messaging_product === "whatsapp";
      return isRight ? { body: JSON.stringify({ messages: [{ id: `wamid.${randomUUID()}` }] }) } : { status: 400, body: "{}" };
    }
    if (method === "GET" && path.startsWith(`${root}/900100?`))
      return { body: JSON.stringify({ url: `${api.url}/kept/900100` }) };
    if (method === "GET" && path === "/kept/900100" && headers.authorization?.startsWith("Bearer ")) return { body: PICTURE };
    return undefined;
  });
}

/** A webhook as Meta posts it. */
async function deliver(webhook: object, secret = SECRET): Promise<number> {
  latest = JSON.stringify(webhook);
  return carry(latest, secret);
}

async function carry(body: string, secret = SECRET): Promise<number> {
  const signature = `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
  const headers = { "x-hub-signature-256": signature };
  return (await fetch(`${house.skerry.url}/channels/whatsapp-cloud`, { method: "POST", body, headers })).status;
}

interface Webhook {
  entry: { changes: { value: { messages: Record<string, unknown>[] } }[] }[];
}

/** The server makes the webhook, but posts it nowhere. */
async function compose(text: string): Promise<Webhook> {
  const { endpoints, adminToken } = graph.manifest;
  const jid = `${ANN}@s.whatsapp.net`;
  const made = await fetch(endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
    body: JSON.stringify({ chatJid: jid, senderJid: jid, text }),
  });
  return ((await made.json()) as { webhook: Webhook }).webhook;
}

const writes = async (text: string) => deliver(await compose(text));
const texts = () => collect().map(({ text }) => (text as { body: string } | undefined)?.body ?? "[file]");

const ann = (): Correspondent => ({ house, api, sends, writes, again: () => carry(latest), told: texts });

describe("whoever knocks", () => {
  test("is heard when it is Meta, and refused when it is not", async () => {
    const url = `${house.skerry.url}/channels/whatsapp-cloud?hub.mode=subscribe&hub.challenge=42&hub.verify_token=`;
    expect(await (await fetch(`${url}word`)).text()).toBe("42");
    expect((await fetch(`${url}other`)).status).toBe(401);
    expect(await deliver(await compose("Let me in"), "another secret")).toBe(401);
    await quiet(300);
    expect(texts()).toEqual([]);
  });
});

testCorrespondence("whatsapp-cloud", "WhatsApp Cloud API", ann);

describe("files", () => {
  test("a picture reaches the model whole", async () => {
    const webhook = await compose("a picture");
    const message = webhook.entry[0]?.changes[0]?.value.messages[0] ?? {};
    delete message["text"];
    Object.assign(message, {
      type: "image",
      image: { id: "900100", mime_type: "image/png", sha256: "x", caption: "What is this?" },
    });
    house.teach("What is this", { say: "A green square." });
    const before = texts();
    expect(await deliver(webhook)).toBe(200);
    await shows(texts, ...before, "A green square.");
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
  });

  test("and goes back whole", async () => {
    const path = await findPicture({ house, writes, told: texts });
    const before = texts();
    house.teach("it back", { tool: "message", args: { action: "send", files: [path] }, say: "Sent." });
    await writes("Give it back");
    await shows(texts, ...before, "[file]", "Sent.");
    expect(uploads).toEqual([{ type: "image/png", bytes: PICTURE }]);
  });
});

test("after 24 hours WhatsApp takes nothing: the owner is told so in words, and nothing is tried again", async () => {
  const before = texts();
  house.teach("are you late", { say: "Too late." });
  const error = {
    message: "(#131047) Re-engagement message",
    type: "OAuthException",
    code: 131047,
    error_data: { details: "…" },
  };
  api.trouble({ on: sends, status: 400, body: JSON.stringify({ error }), headers: { "content-type": "application/json" } });
  await writes("Say, are you late?");
  const said = { code: 1, out: expect.stringContaining("More than 24 hours have passed since this person last wrote") };
  await vi.waitFor(async () => expect(await house.cli("channels", "status", "whatsapp-cloud")).toMatchObject(said), PATIENCE);
  expect(texts()).toEqual(before);
  expect(api.of(sends)).toHaveLength(1);
});
