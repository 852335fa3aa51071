// What a mail says: its own words, its thread, its files; and the mails that say nothing because no person wrote them.
import { describe, expect, it } from "vitest";
import type { Message } from "../../../../src/contract/message.ts";
import { textOf } from "../../../../src/contract/message.ts";
import type { Post } from "../../../../src/worker/channels/channel.ts";
import { email, filesIn } from "../../../../src/worker/channels/email/email.ts";
import { ANN, composed, emailLine, recorded } from "./mails.ts";

async function read(post: Post): Promise<Message> {
  const { inbound } = await email.translate(post, emailLine());
  const [first] = inbound;
  if (!first || inbound.length > 1) throw new Error("not one message");
  return first.message;
}

describe("a mail", () => {
  it("is a message of its sender with its subject, without the signature", async () => {
    const message = await read(recorded("gmail"));
    expect(message).toMatchObject({
      from: {
        channel: "email",
        peer: ANN,
        kind: "direct",
        route: { subject: "Friday", messageId: "<CAD+first@mail.people.example>" },
      },
      sender: { id: ANN, name: "Ann Example", isOwner: false },
      platformId: "CAD+first@mail.people.example",
      sentAt: Date.parse("2026-11-22T10:02:17Z"),
    });
    expect(textOf(message.parts)).toBe(
      "Subject: Friday\n\nHi,\n\nI’m away on Friday. What is in my calendar?\n\n[also to bob@people.example]",
    );
  });

  it("that answers keeps what it answers apart, in the thread of the first", async () => {
    const [first, answer] = [await read(recorded("gmail")), await read(recorded("gmail-reply"))];
    expect(textOf(answer.parts)).toBe("Move the dentist to Monday, please.");
    expect(answer.quoted).toMatchObject({
      platformId: "answer-1@cloudflare-email.net",
      text: expect.stringContaining("> - 9:00 dentist"),
    });
    expect(answer.from.thread).toBe(first.from.thread);
    expect(answer.from.route?.["references"]).toBe(
      "<CAD+first@mail.people.example> <answer-1@cloudflare-email.net> <CAD+second@mail.people.example>",
    );
  });

  it("of HTML alone is read as a person sees it: in its character set, without what is hidden or answered", async () => {
    const message = await read(recorded("outlook-html", "eva@office.example"));
    const text = textOf(message.parts);
    expect(text).toContain("Grüße aus **Köln**. Die Liste:");
    expect(text).toMatch(/-\s+Käse/);
    expect(text).not.toMatch(/evil|einkaufen/);
    expect(message.quoted?.text).toContain("Was soll ich einkaufen?");
    expect(message.sender.name).toBe("Müller, Eva");
  });

  it("with files names each by what it will be stored as, without ornaments and empty ones", async () => {
    const post = recorded("attachments");
    const message = await read(post);
    expect(message.attachments).toEqual([
      { handle: expect.stringMatching(/^media\/[0-9a-f]{64}$/), kind: "file", type: "text/csv", size: 8, name: "Zähler.csv" },
      { handle: expect.stringMatching(/^media\/[0-9a-f]{64}$/), kind: "audio", type: "audio/ogg", size: 14, name: "memo.ogg" },
    ]);
    expect(textOf(message.parts)).toContain("[1 file was left out");
    const files = await filesIn(post, emailLine());
    expect(new TextDecoder().decode(files[0]?.bytes)).toBe("a,b\n1,2\n");
  });

  it("leaves files out that are larger than the account takes, and says so", async () => {
    const post = await composed({ mail: { attachments: [{ filename: "big.bin", content: Buffer.alloc(2_000_000, 1) }] } });
    const { inbound } = await email.translate(post, emailLine({ mediaMaxMb: 1 }));
    expect(inbound[0]?.message.attachments).toBeUndefined();
    expect(textOf(inbound[0]?.message.parts ?? [])).toContain("left out");
  });

  it("that begins with a command is the command", async () => {
    expect(textOf((await read(await composed({ mail: { text: "/status", subject: "Please" } }))).parts)).toBe("/status");
  });

  it("with a subject alone says its subject", async () => {
    expect(textOf((await read(await composed({ mail: { text: "", subject: "Call me" } }))).parts)).toBe("Call me");
  });

  it("is the same message when it comes twice, and another one from somebody else with the same id", async () => {
    const [one, two] = [await read(await composed()), await read(await composed())];
    expect(one.id).toBe(two.id);
    expect(one.id).toMatch(/^email:default:[0-9a-f]{40}$/);
    const other = await read(await composed({ from: "bob@people.example", envelopeFrom: "bob@people.example" }));
    expect(other.id).not.toBe(one.id);
  });

  it("keeps answers that are written between quoted lines", async () => {
    const text = "On Sun, Skerry <s@h.example> wrote:\n> Tea?\nYes.\n> Milk?\nNo.";
    expect(textOf((await read(await composed({ mail: { text, inReplyTo: "<x@y.example>" } }))).parts)).toBe(text);
  });

  it("that forwards something keeps what it forwards", async () => {
    const text =
      "Please read this.\n\n---------- Forwarded message ---------\nFrom: Bob <bob@people.example>\nDate: Sat\nSubject: Rent\nTo: Ann\n\nThe rent goes up.";
    expect(textOf((await read(await composed({ mail: { text } }))).parts)).toContain("The rent goes up.");
  });

  it.each([
    ["de", "Danke!\n\nAm So., 22. Nov. 2026 um 11:03 Uhr schrieb Skerry <s@h.example>:\n> Gern"],
    ["fr", "Merci !\n\nLe dim. 22 nov. 2026 à 11:03, Skerry <s@h.example> a écrit :\n> De rien"],
    [
      "outlook",
      "Thanks\n\n________________________________\nFrom: Skerry <s@h.example>\nSent: Sunday\nTo: Ann\nSubject: x\n\nYou are welcome",
    ],
    ["original", "Thanks\n\n-----Original Message-----\nFrom: Skerry\n\nYou are welcome"],
  ])("parts itself from the mail below it (%s)", async (_name, text) => {
    const message = await read(await composed({ mail: { text, inReplyTo: "<x@y.example>" } }));
    expect(textOf(message.parts)).toMatch(/^(Danke!|Merci !|Thanks)(\n+_+)?$/);
    expect(message.quoted?.text).toMatch(/Gern|De rien|You are welcome/);
  });

  it("of a hundred thousand hostile lines is read in a moment", async () => {
    const startedAt = performance.now();
    for (const line of ["On a b c ", "> ", "From: <", "-- ", "wrote wrote "]) {
      await read(await composed({ mail: { text: `x\n${`${line.repeat(12)}\n`.repeat(4000)}` } }));
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe("nothing is said by", () => {
  it.each(["auto-reply", "out-of-office", "mailing-list", "newsletter", "bulk", "robot", "own", "loop", "bounce"])(
    "%s",
    async (name) => {
      expect(await email.translate(recorded(name), emailLine())).toEqual({ inbound: [] });
    },
  );

  it("a thread longer than any talk", async () => {
    const references = Array.from({ length: 101 }, (_, index) => `<${index}@x.example>`);
    expect(await email.translate(await composed({ mail: { references } }), emailLine())).toEqual({ inbound: [] });
  });
});
