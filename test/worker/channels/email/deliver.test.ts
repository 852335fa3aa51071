// Answers by mail: threads, both texts, files, what mail cannot do, and what Cloudflare's refusals mean.
import { describe, expect, it } from "vitest";
import type { DeliveryAct } from "../../../../src/contract/channels/delivery.ts";
import type { OutgoingMail } from "../../../../src/worker/channels/channel.ts";
import { email } from "../../../../src/worker/channels/email/email.ts";
import { outItem } from "../../../support/channel-line.ts";
import { ANN, emailLine, recorded } from "./mails.ts";

const TO = { channel: "email", peer: ANN };

async function deliver(act: DeliveryAct, to = TO, files: Record<string, Uint8Array<ArrayBuffer>> = {}) {
  const mails: OutgoingMail[] = [];
  const outcome = await email.deliver(outItem(to, act), emailLine({ mails, files }));
  return { outcome, mails };
}

describe("an answer by mail", () => {
  it("stands in the thread of the mail it answers", async () => {
    const { inbound } = await email.translate(recorded("gmail-reply"), emailLine());
    const to = inbound[0]?.message.from ?? TO;
    const { outcome, mails } = await deliver({ type: "text", text: "Done: **Monday**." }, to);
    expect(outcome).toEqual({ outcome: "sent", platformId: "answer-1@cloudflare-email.net" });
    expect(mails[0]).toMatchObject({
      to: ANN,
      from: { email: "skerry@home.example", name: "Skerry" },
      subject: "Re: Friday",
      text: "Done: Monday.",
      html: expect.stringContaining("Done: <strong>Monday</strong>."),
      headers: {
        "In-Reply-To": "<CAD+second@mail.people.example>",
        References: "<CAD+first@mail.people.example> <answer-1@cloudflare-email.net> <CAD+second@mail.people.example>",
        "Auto-Submitted": "auto-replied",
        "X-Loop": "skerry@home.example",
      },
    });
  });

  it("hangs on the message that is named", async () => {
    const { mails } = await deliver({ type: "text", text: "Yes", replyTo: "named@people.example" });
    expect(mails[0]?.headers).toMatchObject({ "In-Reply-To": "<named@people.example>", References: "<named@people.example>" });
  });

  it("that begins a talk takes its first words as subject", async () => {
    const { mails } = await deliver({ type: "text", text: "# The *weekly* report\n\nAll is well." });
    expect(mails[0]?.subject).toBe("The weekly report");
    expect(mails[0]?.headers).not.toHaveProperty("In-Reply-To");
    expect(mails[0]?.headers["Auto-Submitted"]).toBe("auto-generated");
  });

  it("lets nobody write a header by a subject or an id", async () => {
    const route = { subject: "x\r\nBcc: eve@evil.example", messageId: "<a@b>\r\nBcc: eve@evil.example", references: "<a@b>" };
    const { mails } = await deliver({ type: "text", text: "hi" }, { ...TO, route } as typeof TO);
    expect(mails[0]?.subject).toBe("Re: x Bcc: eve@evil.example");
    for (const value of Object.values(mails[0]?.headers ?? {})) expect(value).not.toMatch(/[\r\n]|Bcc/);
  });

  it("tells choices in words", async () => {
    const { mails } = await deliver({ type: "text", text: "Go on?", buttons: [[{ label: "Yes", value: "/yes" }]] });
    expect(mails[0]?.text).toContain("• Yes: answer “/yes”");
  });

  it("brings files", async () => {
    const media = [
      { key: "media/1", type: "text/plain; charset=utf-8", size: 2, name: 'a"\r\n.txt' },
      { key: "media/2", type: "image/png", size: 1 },
    ];
    const files = { "media/1": new Uint8Array([104, 105]), "media/2": new Uint8Array([1]) };
    const { mails } = await deliver({ type: "media", media, caption: "Here." }, TO, files);
    expect(mails[0]).toMatchObject({
      text: "Here.",
      attachments: [
        { disposition: "attachment", filename: "a___.txt", type: "text/plain", content: new Uint8Array([104, 105]) },
        { disposition: "attachment", filename: "file-2.png", type: "image/png" },
      ],
    });
  });

  it("refuses files that are gone or too large", async () => {
    const gone = await deliver({ type: "media", media: [{ key: "media/1", type: "image/png", size: 1 }] });
    expect(gone.outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/no longer stored/) });
    const big = { "media/1": new Uint8Array(19 * 1024 * 1024) };
    const large = await deliver({ type: "media", media: [{ key: "media/1", type: "image/png", size: 1 }] }, TO, big);
    expect(large.outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/18 MB/) });
  });

  const cannot: DeliveryAct[] = [
    { type: "poll", question: "?", options: ["a"] },
    { type: "draft", text: "a" },
    { type: "edit", message: "<a@b>", text: "a" },
    { type: "delete", message: "<a@b>" },
    { type: "react", message: "<a@b>", emoji: "👍" },
    { type: "pin", message: "<a@b>", isPinned: true },
    { type: "thread", name: "a" },
    { type: "typing" },
  ];
  it.each(cannot)("cannot $type, and says so", async (act) => {
    const { outcome, mails } = await deliver(act);
    expect(outcome).toMatchObject({ outcome: "refused", reason: expect.stringMatching(/^[A-Z].+\.$/) });
    expect(mails).toEqual([]);
  });

  it("goes to mail addresses only", async () => {
    for (const peer of [
      "",
      "ann",
      "a@b",
      "ann@people.example, eve@evil.example",
      "ann@people.example\r\nBcc: eve@evil.example",
    ]) {
      expect((await deliver({ type: "text", text: "a" }, { ...TO, peer })).outcome.outcome).toBe("refused");
    }
  });

  it("says what is missing where nothing can be sent", async () => {
    const { sendMail: _sendMail, ...line } = emailLine();
    expect(await email.deliver(outItem(TO, { type: "text", text: "a" }), line)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("deployed on Cloudflare"),
    });
    expect(await email.probe(line)).toMatchObject({ ok: false, error: { code: "NOT_LINKED" } });
  });

  it.each([
    ["E_RATE_LIMIT_EXCEEDED", { outcome: "unanswered", retryAfterMs: 60_000 }],
    ["E_INTERNAL_SERVER_ERROR", { outcome: "unanswered" }],
    ["E_DAILY_LIMIT_EXCEEDED", { outcome: "refused" }],
    ["E_SENDER_NOT_VERIFIED", { outcome: "refused", reason: expect.stringContaining("skerry@home.example") }],
    ["E_RECIPIENT_NOT_ALLOWED", { outcome: "refused", reason: expect.stringContaining("Destination Addresses") }],
    ["E_HEADER_NOT_ALLOWED", { outcome: "refused" }],
    [undefined, { outcome: "unknown" }],
  ])("that Cloudflare refuses with %s is told as what it is", async (code, expected) => {
    const line = { ...emailLine(), sendMail: () => Promise.reject(Object.assign(new Error("said"), code ? { code } : {})) };
    expect(await email.deliver(outItem(TO, { type: "text", text: "a" }), line)).toMatchObject(expected);
  });
});

describe("the files of a mail", () => {
  it("are what was stored when its sender was let in, and nothing else", async () => {
    const handle = `media/${"a".repeat(64)}`;
    const line = emailLine({ files: { [handle]: new Uint8Array([1]), "keys/owner": new Uint8Array([2]) } });
    expect(await email.fetchMedia?.({ handle, kind: "file" }, line)).toEqual({ ok: true, value: { bytes: new Uint8Array([1]) } });
    expect(await email.fetchMedia?.({ handle: "keys/owner", kind: "file" }, line)).toMatchObject({ ok: false });
  });
});
