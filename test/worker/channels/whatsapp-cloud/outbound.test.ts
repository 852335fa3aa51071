// Answers on WhatsApp: every act, the limits of buttons, files in two steps, and what Meta's refusals mean.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Button, DeliveryAct } from "../../../../src/contract/channels/delivery.ts";
import { whatsappCloud } from "../../../../src/worker/channels/whatsapp-cloud/whatsapp-cloud.ts";
import { outItem } from "../../../support/channel-line.ts";
import { type JsonServer, startJsonServer } from "../../../support/json-server.ts";
import { PHONE_ID, whatsappLine } from "./whatsapp-line.ts";

const TO = { channel: "whatsapp-cloud", peer: "16505551234", kind: "direct" as const };
const SENT = { body: { messages: [{ id: "wamid.SENT" }] } };
let graph: JsonServer;

beforeAll(async () => {
  graph = await startJsonServer();
});
afterAll(() => graph.close());
beforeEach(() => {
  graph.asked.length = 0;
  graph.answers = [SENT];
});

const lineTo = (files: Record<string, Uint8Array<ArrayBuffer>> = {}) =>
  whatsappLine({ base: graph.url, fetch: (input, init) => fetch(input, init), files });

function deliver(act: DeliveryAct, to: object = TO, files: Record<string, Uint8Array<ArrayBuffer>> = {}) {
  return whatsappCloud.deliver(outItem(to as typeof TO, act), lineTo(files));
}

const bodies = () => graph.asked.map(({ text }) => JSON.parse(text) as Record<string, unknown>);
const buttons = (count: number): Button[][] => [
  Array.from({ length: count }, (_, index) => ({ label: `Choice number ${index + 1} of many`, value: `v${index}` })),
];

describe("an answer on WhatsApp", () => {
  it("goes to the number, with WhatsApp's marks, hanging on the message it answers", async () => {
    const outcome = await deliver({ type: "text", text: "It is **done**.", replyTo: "wamid.THEIRS" });
    expect(outcome).toEqual({ outcome: "sent", platformId: "wamid.SENT" });
    expect(graph.asked[0]).toMatchObject({
      method: "POST",
      path: `/${PHONE_ID}/messages`,
      headers: { authorization: "Bearer EAAG-token" },
    });
    expect(bodies()).toEqual([
      {
        messaging_product: "whatsapp",
        recipient_type: "individual",
        to: "16505551234",
        type: "text",
        text: { body: "It is *done*.", preview_url: false },
        context: { message_id: "wamid.THEIRS" },
      },
    ]);
  });

  it("goes to people whose number is hidden, and to groups", async () => {
    await deliver({ type: "text", text: "a" }, { ...TO, peer: "US.ENT.118157992128" });
    await deliver({ type: "text", text: "a" }, { ...TO, peer: "Y2FwaV9n", kind: "group" });
    expect(bodies()).toMatchObject([{ recipient: "US.ENT.118157992128" }, { recipient_type: "group", to: "Y2FwaV9n" }]);
    expect(bodies()[0]).not.toHaveProperty("to");
  });

  it("has up to three buttons, else a list, else words", async () => {
    await deliver({ type: "text", text: "Which?", buttons: buttons(3) });
    await deliver({ type: "text", text: "Which?", buttons: buttons(4) });
    await deliver({ type: "text", text: "long ".repeat(300), buttons: buttons(2) });
    await deliver({ type: "text", text: "Which?", buttons: buttons(11) });
    expect(bodies()).toMatchObject([
      {
        interactive: {
          type: "button",
          action: { buttons: [{ type: "reply", reply: { id: "v0", title: "Choice number 1 of…" } }, {}, {}] },
        },
      },
      {
        interactive: {
          type: "list",
          action: { sections: [{ rows: [{ id: "v0", title: "Choice number 1 of many" }, {}, {}, {}] }] },
        },
      },
      { interactive: { type: "list" } },
      { type: "text", text: { body: expect.stringContaining("answer “v10”") } },
    ]);
  });

  it("reacts, and takes the reaction away", async () => {
    await deliver({ type: "react", message: "wamid.X", emoji: "🎉" });
    await deliver({ type: "react", message: "wamid.X", emoji: null });
    expect(bodies()).toMatchObject([{ reaction: { message_id: "wamid.X", emoji: "🎉" } }, { reaction: { emoji: "" } }]);
  });

  it("shows that somebody writes, and that the message was read", async () => {
    graph.answers = [{ body: { success: true } }];
    expect(await deliver({ type: "typing" }, { ...TO, route: { messageId: "wamid.THEIRS" } })).toEqual({ outcome: "sent" });
    expect(bodies()).toEqual([
      { messaging_product: "whatsapp", status: "read", message_id: "wamid.THEIRS", typing_indicator: { type: "text" } },
    ]);
    expect(await deliver({ type: "typing" })).toMatchObject({ outcome: "refused" });
  });

  it("brings files: uploaded, then sent as what they are", async () => {
    const files = { "media/a": new Uint8Array([1, 2]), "media/b": new Uint8Array([3]), "media/c": new Uint8Array([4]) };
    const media = [
      { key: "media/a", type: "image/jpeg", size: 2, name: "a.jpg" },
      { key: "media/b", type: "application/pdf", size: 1, name: "b.pdf" },
      { key: "media/c", type: "image/webp", size: 1 },
    ];
    graph.answers = [{ body: { id: "M1" } }, SENT, { body: { id: "M2" } }, SENT, { body: { id: "M3" } }, SENT];
    expect(await deliver({ type: "media", media, caption: "See *this*" }, TO, files)).toEqual({
      outcome: "sent",
      platformId: "wamid.SENT",
    });
    expect(graph.asked[0]).toMatchObject({ path: `/${PHONE_ID}/media`, text: expect.stringContaining('filename="a.jpg"') });
    const sent = graph.asked.filter(({ path }) => path.endsWith("/messages")).map(({ text }) => JSON.parse(text));
    expect(sent).toMatchObject([
      { type: "image", image: { id: "M1", caption: "See _this_" } },
      { type: "document", document: { id: "M2", filename: "b.pdf" } },
      { type: "document", document: { id: "M3", filename: "file.webp" } },
    ]);
  });

  it("speaks: a voice message, its words beside it", async () => {
    graph.answers = [{ body: { id: "M1" } }, SENT];
    const files = { "media/v": new Uint8Array([1]) };
    await deliver(
      { type: "media", media: [{ key: "media/v", type: "audio/ogg; codecs=opus", size: 1 }], isVoice: true, caption: "Hi" },
      TO,
      files,
    );
    const sent = graph.asked.filter(({ path }) => path.endsWith("/messages")).map(({ text }) => JSON.parse(text));
    expect(sent).toMatchObject([
      { type: "audio", audio: { id: "M1", voice: true } },
      { type: "text", text: { body: "Hi" } },
    ]);
  });

  it("is not repeated when a part of its files was sent", async () => {
    graph.answers = [{ body: { id: "M1" } }, SENT, { status: 503 }];
    const files = { "media/a": new Uint8Array([1]), "media/b": new Uint8Array([1]) };
    const media = ["media/a", "media/b"].map((key) => ({ key, type: "image/png", size: 1 }));
    expect(await deliver({ type: "media", media }, TO, files)).toMatchObject({
      outcome: "unknown",
      reason: expect.stringMatching(/^1 of 2 files/),
    });
  });

  it("tells that a file is gone", async () => {
    const outcome = await deliver({ type: "media", media: [{ key: "media/x", type: "image/png", size: 1 }] });
    expect(outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/no longer stored/) });
  });

  const cannot: DeliveryAct[] = [
    { type: "poll", question: "?", options: ["a"] },
    { type: "draft", text: "a" },
    { type: "edit", message: "m", text: "a" },
    { type: "delete", message: "m" },
    { type: "pin", message: "m", isPinned: true },
    { type: "thread", name: "a" },
  ];
  it.each(cannot)("cannot $type, and says so", async (act) => {
    expect(await deliver(act)).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/^[A-Z].+\.$/) });
    expect(graph.asked).toEqual([]);
  });
});

describe("Meta's refusal", () => {
  const refusal = (status: number, code: number, headers = {}) => ({
    status,
    headers,
    body: { error: { message: "(#x) said", code, error_data: { details: "more" } } },
  });
  it.each([
    [refusal(400, 131047), { outcome: "refused", reason: expect.stringMatching(/24 hours.+They have to write first/) }],
    [refusal(401, 190), { outcome: "refused", reason: expect.stringMatching(/access token/) }],
    [refusal(400, 100), { outcome: "refused", reason: "(#x) said: more (100)" }],
    [refusal(429, 130429), { outcome: "unanswered", retryAfterMs: 5000 }],
    [refusal(400, 131056), { outcome: "unanswered", retryAfterMs: 10_000 }],
    [refusal(429, 130429, { "retry-after": "7" }), { outcome: "unanswered", retryAfterMs: 7000 }],
    [refusal(500, 131000), { outcome: "unanswered" }],
    [refusal(503, 131016), { outcome: "unanswered" }],
    [{ status: 502 }, { outcome: "unanswered" }],
    [{ status: 504 }, { outcome: "unknown" }],
    [{ status: 418 }, { outcome: "refused" }],
  ])("%j", async (answer, expected) => {
    graph.answers = [answer];
    expect(await deliver({ type: "text", text: "a" })).toMatchObject(expected);
  });

  it("that never came leaves open whether it was sent", async () => {
    const line = { ...lineTo(), base: "http://127.0.0.1:9" };
    expect(await whatsappCloud.deliver(outItem(TO, { type: "text", text: "a" }), line)).toMatchObject({ outcome: "unknown" });
    expect(await whatsappCloud.deliver(outItem(TO, { type: "react", message: "m", emoji: "a" }), line)).toMatchObject({
      outcome: "unanswered",
    });
    expect(await whatsappCloud.probe(line)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });
});

describe("a file of WhatsApp", () => {
  it("is fetched in two steps, with the key", async () => {
    graph.answers = [{ body: { url: `${graph.url}/file/1`, mime_type: "image/jpeg" } }, { body: new Uint8Array([7, 8]) }];
    const found = await whatsappCloud.fetchMedia?.({ handle: "2754859441498128", kind: "image" }, lineTo());
    expect(found).toEqual({ ok: true, value: { bytes: new Uint8Array([7, 8]) } });
    expect(graph.asked.map(({ path }) => path)).toEqual([`/2754859441498128?phone_number_id=${PHONE_ID}`, "/file/1"]);
    expect(graph.asked[1]?.headers["authorization"]).toBe("Bearer EAAG-token");
  });

  it.each([
    "https://evil.example/x",
    "http://lookaside.fbsbx.com/x",
    "https://fbsbx.com.evil.example/x",
    "file:///etc/passwd",
    "x",
  ])("is not fetched from %s: the key goes to Meta alone", async (url) => {
    graph.answers = [{ body: { url } }];
    expect(await whatsappCloud.fetchMedia?.({ handle: "1", kind: "image" }, lineTo())).toMatchObject({ ok: false });
    expect(graph.asked.length).toBe(1);
  });

  it("that moved is followed without the key, and only on https", async () => {
    const other = await startJsonServer([{ body: new Uint8Array([9]) }]);
    graph.answers = [{ body: { url: `${graph.url}/file/1` } }, { status: 302, headers: { location: `${other.url}/stolen` } }];
    expect(await whatsappCloud.fetchMedia?.({ handle: "1", kind: "image" }, lineTo())).toMatchObject({ ok: false });
    expect(other.asked).toEqual([]);
    await other.close();
  });

  it("larger than the account takes is not read to its end", async () => {
    graph.answers = [{ body: { url: `${graph.url}/file/1` } }, { body: new Uint8Array(2 * 1024 * 1024) }];
    const small = whatsappLine({ base: graph.url, fetch: (input, init) => fetch(input, init), mediaMaxMb: 1 });
    expect(await whatsappCloud.fetchMedia?.({ handle: "1", kind: "image" }, small)).toMatchObject({
      ok: false,
      error: { message: expect.stringMatching(/1 MB/) },
    });
  });

  it("by a handle that is none asks nothing", async () => {
    expect(await whatsappCloud.fetchMedia?.({ handle: "../me/accounts?x=", kind: "image" }, lineTo())).toMatchObject({
      ok: false,
    });
    expect(graph.asked).toEqual([]);
  });
});

describe("the probe", () => {
  it("names the number", async () => {
    graph.answers = [{ body: { display_phone_number: "+1 555-078-3881", verified_name: "Skerry" } }];
    expect(await whatsappCloud.probe(lineTo())).toEqual({ ok: true, value: "Skerry, +1 555-078-3881" });
  });

  it("says what to do about a token that ended", async () => {
    graph.answers = [{ status: 401, body: { error: { message: "expired", code: 190 } } }];
    expect(await whatsappCloud.probe(lineTo())).toMatchObject({
      ok: false,
      error: { code: "FORBIDDEN", message: expect.stringMatching(/system user/) },
    });
  });
});
