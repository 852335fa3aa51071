// Answers by text message: the form that Twilio gets, files by link, what text messages cannot do, and what refusals mean.
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeliveryAct } from "../../../../src/contract/channels/delivery.ts";
import { sms } from "../../../../src/worker/channels/sms/sms.ts";
import { renderPlain } from "../../../../src/worker/channels/sms/text.ts";
import { PLAIN, renderMarkdown } from "../../../../src/worker/channels/text/render.ts";
import { outItem } from "../../../support/channel-line.ts";
import { type JsonServer, startJsonServer } from "../../../support/json-server.ts";
import { markdown } from "../../../support/markdown-texts.ts";
import { OWN, SID, smsLine } from "./sms-line.ts";

const TO = { channel: "sms", peer: "+15550002222", kind: "direct" as const, route: { origin: "https://skerry.example" } };
let twilio: JsonServer;

beforeAll(async () => {
  twilio = await startJsonServer();
});
afterAll(() => twilio.close());
beforeEach(() => {
  twilio.asked.length = 0;
  twilio.answers = [{ status: 201, body: { sid: "SM1", status: "queued" } }];
});

function lineTo(keys: Record<string, string> = {}) {
  return smsLine({
    keys,
    base: twilio.url,
    fetch: (input, init) => fetch(input, init),
    now: () => 1000,
    linkMedia: async (key, until, name) => `/${key}?expires=${until}&name=${name ?? ""}`,
  });
}

async function deliver(act: DeliveryAct, to: object = TO, line = lineTo()) {
  const outcome = await sms.deliver(outItem(to as typeof TO, act), line);
  return { outcome, form: new URLSearchParams(twilio.asked[0]?.text) };
}

describe("an answer by text message", () => {
  it("is plain text from our number, and Twilio tells what becomes of it", async () => {
    const { outcome, form } = await deliver({ type: "text", text: "It is **done**: see [here](https://x.example)." });
    expect(outcome).toEqual({ outcome: "sent", platformId: "SM1" });
    expect(twilio.asked[0]).toMatchObject({
      method: "POST",
      path: `/2010-04-01/Accounts/${SID}/Messages.json`,
      headers: { authorization: `Basic ${Buffer.from(`${SID}:twilio_test_auth_token`).toString("base64")}` },
    });
    expect(Object.fromEntries(form)).toEqual({
      To: "+15550002222",
      From: OWN,
      Body: "It is done: see here (https://x.example).",
      StatusCallback: "https://skerry.example/channels/sms",
    });
  });

  it("asks for no word back where it is not known how Twilio reaches us", async () => {
    const { form } = await deliver({ type: "text", text: "a" }, { ...TO, route: undefined });
    expect(form.has("StatusCallback")).toBe(false);
  });

  it("tells choices in words", async () => {
    const { form } = await deliver({ type: "text", text: "Go on?", buttons: [[{ label: "Yes", value: "/yes" }]] });
    expect(form.get("Body")).toBe('Go on?\n- Yes: answer "/yes"');
  });

  it("brings files by links that end", async () => {
    const media = [
      { key: "media/a", type: "image/png", size: 5, name: "a.png" },
      { key: "media/b", type: "image/png", size: 5 },
    ];
    const { outcome, form } = await deliver({ type: "media", media, caption: "See" });
    expect(outcome.outcome).toBe("sent");
    expect(form.get("Body")).toBe("See");
    expect(form.getAll("MediaUrl")).toEqual([
      "https://skerry.example/media/a?expires=3601000&name=a.png",
      "https://skerry.example/media/b?expires=3601000&name=",
    ]);
  });

  it("says why files cannot go", async () => {
    const media = [{ key: "media/a", type: "image/png", size: 5 }];
    const nowhere = await deliver({ type: "media", media }, { ...TO, route: undefined });
    expect(nowhere.outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/TWILIO_WEBHOOK_URL/) });
    const large = await deliver({ type: "media", media: [{ ...media[0], key: "k", type: "t", size: 6e6 }] });
    expect(large.outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/5 MB/) });
    const many = await deliver({ type: "media", media: Array.from({ length: 11 }, () => ({ key: "k", type: "t", size: 1 })) });
    expect(many.outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/at most 10/) });
    expect(twilio.asked).toEqual([]);
  });

  const cannot: DeliveryAct[] = [
    { type: "poll", question: "?", options: ["a"] },
    { type: "draft", text: "a" },
    { type: "edit", message: "m", text: "a" },
    { type: "delete", message: "m" },
    { type: "react", message: "m", emoji: "👍" },
    { type: "pin", message: "m", isPinned: true },
    { type: "thread", name: "a" },
    { type: "typing" },
  ];
  it.each(cannot)("cannot $type, and says so", async (act) => {
    expect((await deliver(act)).outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/^[A-Z].+\.$/) });
    expect(twilio.asked).toEqual([]);
  });

  it.each([
    [
      { status: 400, body: { code: 21610, message: "unsubscribed" } },
      { outcome: "refused", reason: expect.stringMatching(/wrote STOP/) },
    ],
    [
      { status: 400, body: { code: 21211, message: "x" } },
      { outcome: "refused", reason: expect.stringMatching(/country code/) },
    ],
    [
      { status: 400, body: { code: 99999, message: "said so" } },
      { outcome: "refused", reason: "said so (99999)" },
    ],
    [
      { status: 401, body: { code: 20003, message: "x" } },
      { outcome: "refused", reason: expect.stringMatching(/copy both again/) },
    ],
    [
      { status: 429, body: { code: 20429, message: "x" } },
      { outcome: "unanswered", retryAfterMs: 2000 },
    ],
    [
      { status: 429, body: {}, headers: { "retry-after": "3" } },
      { outcome: "unanswered", retryAfterMs: 3000 },
    ],
    [{ status: 503 }, { outcome: "unanswered" }],
    [{ status: 504 }, { outcome: "unknown" }],
  ])("that Twilio answers with %j is told as what it is", async (answer, expected) => {
    twilio.answers = [answer];
    expect((await deliver({ type: "text", text: "a" })).outcome).toMatchObject(expected);
  });

  it("that nobody answered may have been sent", async () => {
    const line = { ...lineTo(), base: "http://127.0.0.1:9" };
    expect((await deliver({ type: "text", text: "a" }, TO, line)).outcome).toMatchObject({ outcome: "unknown" });
    expect(await sms.probe(line)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });
});

describe("a picture at Twilio", () => {
  it("is fetched with the key, and from where it moved without it", async () => {
    twilio.answers = [{ status: 307, headers: { location: "/moved" } }, { body: new Uint8Array([1, 2]) }];
    const found = await sms.fetchMedia?.({ handle: `${twilio.url}/Media/ME1`, kind: "image" }, lineTo());
    expect(found).toEqual({ ok: true, value: { bytes: new Uint8Array([1, 2]) } });
    expect(twilio.asked.map(({ headers }) => headers["authorization"] !== undefined)).toEqual([true, false]);
  });

  it.each(["https://evil.example/x", "http://api.twilio.com/x", "https://twilio.com.evil.example/x", "file:///etc/passwd", "x"])(
    "is not fetched from %s",
    async (handle) => {
      expect(await sms.fetchMedia?.({ handle, kind: "image" }, lineTo())).toMatchObject({ ok: false });
      expect(twilio.asked).toEqual([]);
    },
  );

  it("that is gone is told as gone", async () => {
    twilio.answers = [{ status: 404 }];
    const found = await sms.fetchMedia?.({ handle: `${twilio.url}/Media/ME1`, kind: "image" }, lineTo());
    expect(found).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });
});

describe("renderPlain", () => {
  it.each([
    ["**a** — “b” … ’c’", "a - \"b\" ... 'c'"],
    ["**a** — 日本", "a — 日本"],
    ["- [x] done\n- open", "- [x] done\n- open"],
    ["| a | b |\n| - | - |\n| 1 | 2 |", "a | b\n1 | 2"],
    ["```\ncode\n```", "code"],
  ])("%j", (source, expected) => {
    expect(renderPlain(source)).toBe(expected);
  });

  it("keeps every part within the limit and every letter in its order, whatever the text", () => {
    const style = { chunkMode: "length", streaming: "off", replyTo: "off", showsTyping: false, editEveryMs: 0 } as const;
    fc.assert(
      fc.property(markdown(), fc.integer({ min: 60, max: 400 }), (source, textLimit) => {
        const parts = sms.split(source, { ...style, textLimit }).map(renderPlain);
        for (const part of parts) expect(part.length).toBeLessThanOrEqual(textLimit);
        const wanted = lettersOf(renderMarkdown(source, { ...PLAIN, link: (inner) => inner }));
        expect(isSubsequence(wanted, lettersOf(parts.join("\n")))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  }, 90_000);
});

function lettersOf(text: string): string {
  return text.replace(/[^\p{L}\p{N}]/gu, "");
}

function isSubsequence(wanted: string, found: string): boolean {
  let at = 0;
  for (const letter of found) if (wanted.startsWith(letter, at)) at += letter.length;
  return at === wanted.length;
}
