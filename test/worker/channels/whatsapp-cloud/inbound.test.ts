// WhatsApp's webhooks: who may have sent them, and what each kind says.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/contract/message.ts";
import { whatsappCloud } from "../../../../src/worker/channels/whatsapp-cloud/whatsapp-cloud.ts";
import { post, recorded, SECRET, signed, VERIFY, whatsappLine } from "./whatsapp-line.ts";

const line = whatsappLine();

async function read(name: string) {
  return whatsappCloud.translate(signed(recorded(name)), line);
}

async function readOne(name: string) {
  const { inbound } = await read(name);
  const [first] = inbound;
  if (!first || inbound.length > 1) throw new Error(`${name} is not one message`);
  return { ...first, text: textOf(first.message.parts) };
}

function handshake(query: Record<string, string>) {
  const url = new URL(`https://skerry.example/channels/whatsapp-cloud?${new URLSearchParams(query)}`);
  return { ...post(""), method: "GET", url };
}

describe("a webhook of WhatsApp is taken", () => {
  it("with the signature of the app over its bytes", async () => {
    expect(await whatsappCloud.prove(signed(recorded("text")), line)).toEqual({ ok: true });
  });

  it("as a handshake with our verify token, and hears its challenge back", async () => {
    const hello = handshake({ "hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "1158201444" });
    expect(await whatsappCloud.prove(hello, line)).toEqual({ ok: true });
    const { inbound, reply } = await whatsappCloud.translate(hello, line);
    expect(inbound).toEqual([]);
    const answer = reply?.([]);
    expect(answer?.headers.get("content-type")).toBe("text/plain");
    expect(await answer?.text()).toBe("1158201444");
  });

  it("but a challenge that is none is not repeated", async () => {
    const hello = handshake({ "hub.mode": "subscribe", "hub.verify_token": VERIFY, "hub.challenge": "<script>" });
    expect(await (await whatsappCloud.translate(hello, line)).reply?.([]).text()).toBe("");
  });
});

describe("a webhook of WhatsApp is refused", () => {
  const text = recorded("text");
  const good = signed(text).headers.get("x-hub-signature-256") ?? "";
  it.each([
    ["without a signature", post(text), /no signature/],
    ["signed by another app", signed(text, "another"), /wrong/],
    ["changed after it was signed", post(text.replace("color", "colour"), { "x-hub-signature-256": good }), /wrong/],
    ["with the older signature alone", post(text, { "x-hub-signature": good.replace("256", "1") }), /no signature/],
    ["with another algorithm", post(text, { "x-hub-signature-256": good.replace("sha256", "sha1") }), /no signature/],
    ["with half a signature", post(text, { "x-hub-signature-256": good.slice(0, 40) }), /no signature/],
    ["with two signatures", post(text, { "x-hub-signature-256": `${good}, ${good}` }), /no signature/],
    ["with noise for a signature", post(text, { "x-hub-signature-256": "sha256=zz" }), /no signature/],
    ["by another method", { ...signed(text), method: "PUT" }, /no POST/],
    ["as a handshake with another word", handshake({ "hub.mode": "subscribe", "hub.verify_token": "x" }), /verify token/],
    ["as a handshake without a word", handshake({ "hub.mode": "subscribe" }), /no handshake/],
    ["as a handshake of another mode", handshake({ "hub.mode": "x", "hub.verify_token": VERIFY }), /no handshake/],
  ])("%s", async (_name, request, reason) => {
    expect(await whatsappCloud.prove(request, line)).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  it("when no secret is known", async () => {
    const empty = whatsappLine({ keys: { WHATSAPP_APP_SECRET: "", WHATSAPP_VERIFY_TOKEN: "" } });
    expect(await whatsappCloud.prove(signed(text, ""), empty)).toMatchObject({ ok: false });
    expect(await whatsappCloud.prove(handshake({ "hub.mode": "subscribe", "hub.verify_token": "" }), empty)).toMatchObject({
      ok: false,
    });
  });

  it.each(["", "{", "[]", '"x"', "null", '{"object":"page","entry":[]}', '{"object":"whatsapp_business_account","entry":"x"}'])(
    "as not its format: %s",
    async (noise) => {
      await expect(whatsappCloud.translate(signed(noise, SECRET), line)).rejects.toBeInstanceOf(SyntaxError);
    },
  );
});

describe("what WhatsApp says", () => {
  it("is a message of its sender", async () => {
    expect(await readOne("text")).toMatchObject({
      kind: "message",
      text: "Does it come in another color?",
      message: {
        id: expect.stringMatching(/^whatsapp-cloud:default:wamid\./),
        from: {
          channel: "whatsapp-cloud",
          peer: "16505551234",
          kind: "direct",
          route: { messageId: expect.stringMatching(/^wamid\./) },
        },
        sender: { id: "16505551234", name: "Ann Example", isOwner: false },
        sentAt: 1_763_806_174_000,
      },
    });
  });

  it.each([
    ["command", "/status now"],
    ["forwarded", "[forwarded]\nRead this"],
    ["image", "The receipt"],
    ["document", "Lease"],
    ["location", "[location: The museum, 1071 5th Ave, New York (40.782910059774, -73.959075808525)]"],
    ["location-bare", "[location: (40.7, -73.9)]"],
    ["contacts", "[contact: Bob Builder, +1 650-555-9999, bob@people.example]"],
    ["button-reply", "/approve 7"],
    ["list-reply", "tuesday"],
    ["form", '[form flow: {"day":"Monday"}]'],
    ["template-button", "Unsubscribe"],
    ["order", "[order: For Friday]\n- 2 × di9ozbzfi4 at 30 USD\n- 1 × nqryix03ez at 25 USD"],
    ["unsupported", "[WhatsApp does not hand this message over to programs: poll creation]"],
  ])("in a %s", async (name, text) => {
    expect(await readOne(name)).toMatchObject({ kind: "message", text });
  });

  it.each([
    ["image", { kind: "image", handle: "2754859441498128", type: "image/jpeg" }],
    ["voice", { kind: "voice", handle: "1908647269898587" }],
    ["audio", { kind: "audio", type: "audio/mpeg" }],
    ["video", { kind: "video", type: "video/mp4" }],
    ["document", { kind: "file", name: "lease 2026.pdf" }],
    ["sticker", { kind: "sticker", type: "image/webp" }],
  ])("with a file: %s", async (name, file) => {
    expect((await readOne(name)).message.attachments).toMatchObject([file]);
  });

  it.each([
    ["reaction", "[Ann Example reacted 👍 to message wamid.OURS]"],
    ["reaction-removed", "[Ann Example took their reaction away from message wamid.OURS]"],
    ["edit", "[Ann Example changed their message wamid.FIRST; it now says:]\nAt five, I meant"],
    ["revoke", "[Ann Example took their message wamid.FIRST back]"],
    ["system", "[User Ann changed from 16505551234 to 12195555358]"],
  ])("only to be known: %s", async (name, text) => {
    expect(await readOne(name)).toMatchObject({ kind: "notice", text });
  });

  it("in answer to us names what it answers", async () => {
    expect((await readOne("reply")).message.quoted).toEqual({ platformId: "wamid.OURS", isOurs: true });
  });

  it("is somebody's whose number is hidden", async () => {
    expect((await readOne("hidden-number")).message).toMatchObject({
      from: { peer: "BR.1502576394655843" },
      sender: { id: "BR.1502576394655843", name: "Zoe" },
    });
  });

  it("in a group is to us only when it answers us", async () => {
    expect((await readOne("group")).message).toMatchObject({
      from: { kind: "group", peer: expect.stringMatching(/^Y2Fw/) },
      sender: { id: "16505551234" },
      isToUs: false,
    });
    expect((await readOne("group-reply")).message.isToUs).toBe(true);
  });

  it("in several messages of one webhook keeps their order", async () => {
    expect((await read("several")).inbound.map(({ message }) => textOf(message.parts))).toEqual(["one", "two"]);
  });

  it.each(["own", "other-number", "other-field", "unknown-kind", "status-delivered"])("is nothing: %s", async (name) => {
    expect(await read(name)).toEqual({ inbound: [] });
  });

  it("of a message that was not delivered reaches the talk and the channel's health", async () => {
    const { inbound, trouble } = await read("status-failed");
    expect(trouble).toMatch(/24 hours/);
    expect(inbound).toMatchObject([
      { kind: "notice", message: { from: { peer: "16505551234" }, id: "whatsapp-cloud:default:wamid.OURS:failed" } },
    ]);
  });

  it("never throws, whatever of a recorded webhook is missing", async () => {
    const folder = join(import.meta.dirname, "../../../fixtures/channels/whatsapp-cloud");
    for (const file of readdirSync(folder)) {
      for (const broken of withoutEach(JSON.parse(recorded(file.replace(".json", ""))))) {
        await whatsappCloud.translate(signed(JSON.stringify(broken)), line).catch((error: unknown) => {
          expect(error).toBeInstanceOf(SyntaxError);
        });
      }
    }
  });
});

/** The same value again and again, each time without one of its parts. */
function* withoutEach(value: unknown): Generator<unknown> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const rest = Array.isArray(value) ? value.filter((_one, index) => String(index) !== key) : { ...value, [key]: undefined };
    yield rest;
    for (const changed of withoutEach(inner))
      yield Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
  }
}
