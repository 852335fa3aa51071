// Twilio's webhooks: who may have sent them, and what each kind says.
import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/contract/message.ts";
import { sms } from "../../../../src/worker/channels/sms/sms.ts";
import { ADDRESS, OWN, post, recorded, SID, sign, signed, smsLine } from "./sms-line.ts";

const line = smsLine();

async function read(name: string) {
  const request = signed(recorded(name));
  await sms.prove(request, line);
  const { inbound, trouble } = await sms.translate(request, line);
  return { inbound, trouble, first: inbound[0], text: textOf(inbound[0]?.message.parts ?? []) };
}

describe("a webhook of Twilio is taken", () => {
  it("with the signature over its address and form", async () => {
    expect(await sms.prove(signed(recorded("text")), line)).toEqual({ ok: true });
  });

  it("with the signature that Twilio's documentation shows", async () => {
    // The documented example: these values, this token, this signature.
    const form = {
      CallSid: "CA1234567890ABCDE",
      Caller: "+14158675310",
      Digits: "1234",
      From: "+14158675310",
      To: "+18005551212",
    };
    const address = "https://example.com/myapp.php?foo=1&bar=2";
    expect(sign(address, form, "12345")).toBe("L/OH5YylLD5NRKLltdqwSvS0BnU=");
    const own = { ...form, AccountSid: SID };
    const request = post(own, { "x-twilio-signature": sign(address, own, "12345") }, address);
    expect(await sms.prove(request, smsLine({ keys: { TWILIO_AUTH_TOKEN: "12345" } }))).toEqual({ ok: true });
  });

  it("signed with the port that goes without saying", async () => {
    const form = recorded("text");
    const signature = sign("https://skerry.example:443/channels/sms", form);
    expect(await sms.prove(post(form, { "x-twilio-signature": signature }), line)).toEqual({ ok: true });
  });

  it("behind a proxy, by the address it names or the one that is set", async () => {
    const form = recorded("text");
    const inside = "http://127.0.0.1:18789/channels/sms";
    const headers = { "x-twilio-signature": sign(ADDRESS, form) };
    expect(await sms.prove(post(form, headers, inside), line)).toMatchObject({ ok: false });
    const forwarded = { ...headers, "x-forwarded-proto": "https", "x-forwarded-host": "skerry.example" };
    const request = post(form, forwarded, inside);
    expect(await sms.prove(request, line)).toEqual({ ok: true });
    const { inbound } = await sms.translate(request, line);
    expect(inbound[0]?.message.from.route).toEqual({ origin: "https://skerry.example" });
    expect(await sms.prove(post(form, headers, inside), smsLine({ keys: { TWILIO_WEBHOOK_URL: ADDRESS } }))).toEqual({
      ok: true,
    });
  });

  it("with a field that comes twice, counted once", async () => {
    const form = { AccountSid: SID, A: "1" };
    const request = post(form, { "x-twilio-signature": sign(ADDRESS, form) });
    expect(await sms.prove({ ...request, text: `${request.text}&A=1` }, line)).toEqual({ ok: true });
  });
});

describe("a webhook of Twilio is refused", () => {
  const form = recorded("text");
  const good = sign(ADDRESS, form);
  it.each([
    ["without a signature", post(form), /no signature/],
    ["with an empty signature", post(form, { "x-twilio-signature": "" }), /no signature/],
    ["with another token's signature", post(form, { "x-twilio-signature": sign(ADDRESS, form, "other") }), /wrong/],
    ["changed after it was signed", post({ ...form, Body: "send money" }, { "x-twilio-signature": good }), /wrong/],
    ["with a field more", post({ ...form, Extra: "1" }, { "x-twilio-signature": good }), /wrong/],
    ["at another address", post(form, { "x-twilio-signature": good }, `${ADDRESS}/other`), /wrong/],
    ["with a query that was not signed", post(form, { "x-twilio-signature": good }, `${ADDRESS}?a=1`), /wrong/],
    ["of another account", signed({ ...form, AccountSid: "AC1" }), /another account/],
    ["with JSON", post(form, { "x-twilio-signature": good, "content-type": "application/json" }), /no form/],
    ["with noise for a signature", post(form, { "x-twilio-signature": "é".repeat(3) }), /wrong/],
    ["by another method", { ...signed(form), method: "GET" }, /no POST/],
    [
      "by a proxy's header that is no address",
      post(form, { "x-twilio-signature": good, "x-forwarded-host": "a b" }, "http://127.0.0.1/x"),
      /wrong/,
    ],
  ])("%s", async (_name, request, reason) => {
    expect(await sms.prove(request, line)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("when no token is known", async () => {
    const empty = smsLine({ keys: { TWILIO_AUTH_TOKEN: "" } });
    expect(await sms.prove(post(form, { "x-twilio-signature": good }), empty)).toMatchObject({ ok: false });
  });
});

describe("what Twilio says", () => {
  it("is a message of its sender, answered with nothing at once", async () => {
    const { first, text } = await read("text");
    expect(text).toBe("What is on Friday? äöü 👍");
    expect(first).toMatchObject({
      kind: "message",
      message: {
        id: expect.stringMatching(/^sms:default:SM\d+$/),
        from: { channel: "sms", peer: "+15550002222", kind: "direct", route: { origin: "https://skerry.example" } },
        sender: { id: "+15550002222", isOwner: false },
        platformId: expect.stringMatching(/^SM/),
      },
    });
    expect(first?.message).not.toHaveProperty("isFromBot");
    const { reply } = await sms.translate(signed(recorded("text")), line);
    const answer = reply?.([]);
    expect(answer?.headers.get("content-type")).toBe("text/xml");
    expect(await answer?.text()).toMatch(/<Response\/>$/);
  });

  it("as a command is the command", async () => {
    expect((await read("command")).text).toBe("/status");
  });

  it("with pictures names where they are", async () => {
    const { first, text } = await read("pictures");
    expect(text).toBe("Both");
    expect(first?.message.attachments).toMatchObject([
      { kind: "image", type: "image/jpeg", handle: expect.stringMatching(/^https:\/\/api\.twilio\.com\/.+\/ME1$/) },
      { kind: "file", type: "text/vcard" },
    ]);
    expect((await read("picture-alone")).first?.message.parts).toEqual([]);
  });

  it.each([
    ["stop", /no more text messages/],
    ["stop-without-type", /no more text messages/],
    ["start", /want text messages again/],
  ])("by a word that opts out or in is only to be known: %s", async (name, expected) => {
    const { first, text } = await read(name);
    expect(first?.kind).toBe("notice");
    expect(text).toMatch(expected);
  });

  it("in a sentence with such a word is a message", async () => {
    expect((await read("stop-in-a-sentence")).first?.kind).toBe("message");
  });

  it.each(["short-code", "a-name"])("from a program is marked: %s", async (name) => {
    expect((await read(name)).first?.message.isFromBot).toBe(true);
  });

  it.each(["empty", "help", "other-number", "own", "whatsapp", "status-delivered"])("is nothing: %s", async (name) => {
    expect((await read(name)).inbound).toEqual([]);
  });

  it("of a message that was not delivered reaches the talk and the channel's health", async () => {
    const { first, text, trouble } = await read("status-undelivered");
    expect(first).toMatchObject({ kind: "notice", message: { from: { peer: "+15550002222" } } });
    expect(text).toMatch(/not delivered: That number is a landline/);
    expect(trouble).toMatch(/landline/);
  });

  it.each(["", "=", "%", "NumMedia=99999999&From=%2B1&To=%2B15551234567&MessageSid=x", "\0", "MessageStatus=failed"])(
    "as noise (%j) is nothing, and nothing throws",
    async (noise) => {
      const request = { ...post({}), text: noise };
      expect(await sms.prove(request, line)).toMatchObject({ ok: false });
      expect((await sms.translate(request, line)).inbound).toEqual([]);
    },
  );

  it("has an account of its own in its ids", async () => {
    const other = smsLine({ account: "work" });
    const { inbound } = await sms.translate(signed(recorded("text")), other);
    expect(inbound[0]?.message).toMatchObject({ id: expect.stringMatching(/^sms:work:/), from: { account: "work" } });
    expect(OWN).toBe(other.account.keys["TWILIO_PHONE_NUMBER"]);
  });
});
