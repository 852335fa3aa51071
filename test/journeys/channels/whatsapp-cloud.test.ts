// WhatsApp's Cloud API against a server that others wrote (crabline): its webhooks, its answers and refusals.

import { createHmac } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedWhatsAppServer, startWhatsAppServer } from "@openclaw/crabline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { textOf } from "../../../src/contract/message.ts";
import type { Line } from "../../../src/worker/channels/channel.ts";
import { whatsappCloud } from "../../../src/worker/channels/whatsapp-cloud/whatsapp-cloud.ts";
import { type ChannelDoor, openChannelDoor } from "../../support/channel-door.ts";
import { makeChannelLine, outItem } from "../../support/channel-line.ts";

const SECRET = "app-secret";
let folder: string;
let graph: StartedWhatsAppServer;
let door: ChannelDoor;

function line(keys: Record<string, string> = {}): Line {
  const { accessToken, endpoints, phoneNumberId } = graph.manifest;
  return makeChannelLine("whatsapp-cloud", {
    base: endpoints.apiRoot,
    fetch: (input, init) => fetch(input, init),
    keys: {
      WHATSAPP_ACCESS_TOKEN: accessToken,
      WHATSAPP_PHONE_NUMBER_ID: phoneNumberId,
      WHATSAPP_APP_SECRET: SECRET,
      WHATSAPP_VERIFY_TOKEN: "word",
      ...keys,
    },
  });
}

/** The server makes the webhook but posts it nowhere: it is signed and carried to the door as Meta would. */
async function say(text: string): Promise<Response> {
  const { endpoints, adminToken } = graph.manifest;
  const jid = "15551234567@s.whatsapp.net";
  const made = await fetch(endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
    body: JSON.stringify({ chatJid: jid, senderJid: jid, text }),
  });
  const { webhook } = (await made.json()) as { webhook: unknown };
  const body = JSON.stringify(webhook);
  const signature = `sha256=${createHmac("sha256", SECRET).update(body).digest("hex")}`;
  return fetch(`${door.url}/channels/whatsapp-cloud`, { method: "POST", body, headers: { "x-hub-signature-256": signature } });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "whatsapp-"));
  graph = await startWhatsAppServer({ recorderPath: join(folder, "recorded.jsonl") });
  door = await openChannelDoor(whatsappCloud, line);
});
afterAll(async () => {
  await door.close();
  await graph.close();
  await rm(folder, { recursive: true });
});

describe("with the Cloud API", () => {
  it("a message comes in, is read, and its answer goes out", async () => {
    expect((await say("ping äöü 👍")).status).toBe(200);
    const [heard] = door.heard;
    expect(heard).toMatchObject({ kind: "message", message: { from: { peer: "15551234567", kind: "direct" } } });
    expect(textOf(heard?.message.parts ?? [])).toBe("ping äöü 👍");
    const to = heard?.message.from ?? { channel: "whatsapp-cloud", peer: "" };
    expect(await whatsappCloud.deliver(outItem(to, { type: "typing" }), line())).toEqual({ outcome: "sent" });
    const sent = await whatsappCloud.deliver(outItem(to, { type: "text", text: "**pong**" }), line());
    expect(sent).toMatchObject({ outcome: "sent", platformId: expect.stringMatching(/.+/) });
  });

  it("a message that was never theirs cannot be read", async () => {
    const to = { channel: "whatsapp-cloud", peer: "15551234567", route: { messageId: "wamid.NONE" } };
    expect(await whatsappCloud.deliver(outItem(to, { type: "typing" }), line())).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/message_id/),
    });
  });

  it("a text at the limit is taken, a longer one is refused", async () => {
    const to = { channel: "whatsapp-cloud", peer: "15551234567" };
    const long = await whatsappCloud.deliver(outItem(to, { type: "text", text: "x".repeat(4096) }), line());
    expect(long.outcome).toBe("sent");
    const longer = await whatsappCloud.deliver(outItem(to, { type: "text", text: "x".repeat(4097) }), line());
    expect(longer).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/4096/) });
  });

  it("a wrong token is told as what it is", async () => {
    const to = { channel: "whatsapp-cloud", peer: "15551234567" };
    const wrong = line({ WHATSAPP_ACCESS_TOKEN: "wrong" });
    expect(await whatsappCloud.deliver(outItem(to, { type: "text", text: "a" }), wrong)).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/access token/),
    });
  });

  it("the probe names the number", async () => {
    expect(await whatsappCloud.probe(line())).toMatchObject({ ok: true });
  });
});
