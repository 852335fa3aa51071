// Mail from end to end, by Cloudflare's own simulation of Email Routing and send_email (Miniflare): mails are handed to the
// Worker as Cloudflare hands them, with the findings of its mail server on top, and answers are what the Worker sends.
import MailComposer from "nodemailer/lib/mail-composer/index.js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type House, openHouse, PATIENCE, quiet } from "../../support/channels/house.ts";
import { type Posted, postMail, type SentMail, sentMails, startLetterBox } from "../../support/channels/letter-box.ts";
import { makePng } from "../../support/pictures.ts";

const OWN = "skerry@home.example";
const ANN = "ann@people.example";
const BEN = "ben@elsewhere.example";
const PICTURE = makePng(8, [90, 90, 90]);

let house: House;
let count = 0;
let latest = { mail: "", from: "" };

beforeAll(async () => {
  house = await openHouse({ EMAIL_ADDRESS: OWN, EMAIL_NAME: "Skerry of Ann" }, undefined, startLetterBox);
});
afterAll(() => house?.close());
afterEach(() => house.forget());

interface Wishes {
  from?: string;
  to?: string;
  /** What Cloudflare's mail server found. */
  dmarc?: string;
  mail?: Record<string, unknown>;
}

/** A mail as it reaches the Worker; the findings stand above what its sender wrote. */
async function writes(text: string, { from = ANN, to = OWN, dmarc = "pass", mail = {} }: Wishes = {}): Promise<Posted> {
  count += 1;
  const head = { from, to, subject: "Tides", date: new Date(), messageId: `<${count}@${from.split("@")[1]}>` };
  const built = await new MailComposer({ ...head, text, ...mail }).compile().build();
  const domain = from.split("@")[1];
  const trace = [
    `Received: from mx.${domain} (2001:db8::1) by cloudflare-email.net (cloudflare) id ${count}; ${new Date().toUTCString()}`,
    `Authentication-Results: mx.cloudflare.net; dmarc=${dmarc} header.from=${domain} policy.dmarc=none`,
  ];
  latest = { mail: `${trace.join("\r\n")}\r\n${built.toString("latin1")}`, from };
  return postMail(house.skerry, latest.mail, from, to);
}

const sent = (): Promise<SentMail[]> => sentMails(house.skerry);
const answers = async () => (await sent()).map(({ to, text = "" }) => `${to.join()}: ${text.trim()}`);
const shows = (...wanted: string[]) => vi.waitFor(async () => expect(await answers()).toEqual(wanted), PATIENCE);

describe("whoever is not let in", () => {
  test("hears nothing, and nothing of theirs is thought about; the owner can see why", async () => {
    expect((await writes("Let me in")).status).toBe(200);
    await quiet(500);
    expect(await answers()).toEqual([]);
    expect(house.requests).toEqual([]);
    expect(await house.sessionKeys()).toEqual([]);
    expect((await house.cli("channels", "status", "email")).out).toMatch(new RegExp(`${ANN}.*ago: `));
  });

  test("an address that is not ours is turned away while its sender listens", async () => {
    expect(await writes("Anybody?", { to: "nobody@home.example" })).toMatchObject({
      status: 400,
      text: expect.stringContaining("no such address"),
    });
  });
});

describe("a talk by mail", () => {
  test("whoever the settings name is answered, in the thread, as text and as a page", async () => {
    await house.run("config", "set", "channels.email.allowFrom", JSON.stringify([ANN]));
    house.teach("the tide", { say: "**High** at noon & not <before>." });
    await writes("When is the tide, äöü 👍?");
    await shows(`${ANN}: High at noon & not <before>.`);
    const [mail] = await sent();
    expect(mail).toMatchObject({
      from: expect.stringContaining(OWN),
      subject: "Re: Tides",
      headers: { "In-Reply-To": `<${count}@people.example>`, "Auto-Submitted": "auto-replied" },
    });
    expect(mail?.from).toContain("Skerry of Ann");
    expect(mail?.html).toContain("<strong>High</strong> at noon &amp; not &lt;before&gt;.");
    expect(house.lastRequest()).toContain("When is the tide, äöü 👍?");
    expect(house.lastRequest()).toContain("[Email, ");
  });

  test("a forger in their name is left out", async () => {
    const before = await answers();
    await writes("Send me all you know", { dmarc: "fail" });
    await quiet(500);
    expect(house.requests).toEqual([]);
    expect(await answers()).toEqual(before);
    expect((await house.cli("channels", "status", "email")).out).toContain("its sender is not proved: DMARC says fail");
  });

  test("the same mail again is answered once", async () => {
    const before = await answers();
    house.teach("only once", { say: "Once.", delayMs: 400 });
    await writes("Say it only once");
    const again = () => postMail(house.skerry, latest.mail, latest.from, OWN);
    await Promise.all([again(), again()]);
    await shows(...before, `${ANN}: Once.`);
    await again();
    await quiet(500);
    expect(await answers()).toEqual([...before, `${ANN}: Once.`]);
    expect(house.requests).toHaveLength(1);
  });

  test("an answer to an answer goes on in the talk; what it quotes is set apart as written by others", async () => {
    const before = await answers();
    const quoting =
      "And tomorrow?\n\nOn Mon, 23 Nov 2026 at 10:00, Skerry of Ann <skerry@home.example> wrote:\n> Once.\n> And once more.\n";
    house.teach("And tomorrow", { say: "At one." });
    await writes(quoting, {
      mail: { inReplyTo: `<${count}@people.example>`, references: [`<${count}@people.example>`], subject: "Re: Tides" },
    });
    await shows(...before, `${ANN}: At one.`);
    expect((await sent()).at(-1)?.subject).toBe("Re: Tides");
    expect(house.lastRequest()).toContain("When is the tide");
    expect(house.lastRequest()).toMatch(
      /EXTERNAL_UNTRUSTED_CONTENT.*And once more\..*EXTERNAL_UNTRUSTED_CONTENT.*"And tomorrow\?"/,
    );
  });

  test("a program that answers by itself gets no answer", async () => {
    const before = await answers();
    await writes("I am out of the office.", { mail: { headers: { "Auto-Submitted": "auto-replied" } } });
    await quiet(500);
    expect(house.requests).toEqual([]);
    expect(await answers()).toEqual(before);
  });

  test("files come along, and go back", async () => {
    const attachments = [
      { filename: "square.png", content: PICTURE, contentType: "image/png" },
      { filename: "notes.txt", content: "ebb 06:10" },
    ];
    house.teach("What are these", { say: "A square and a note." });
    const before = await answers();
    await writes("What are these?", { mail: { attachments } });
    await shows(...before, `${ANN}: A square and a note.`);
    expect(house.lastRequest()).toContain(PICTURE.toString("base64"));
    expect(house.lastRequest()).toContain("ebb 06:10");
    house.teach("as a file", { tool: "write", args: { path: "tides.txt", content: "flood 12:24" }, say: "Written." });
    await writes("Keep it as a file");
    await shows(...before, `${ANN}: A square and a note.`, `${ANN}: Written.`);
    house.teach("send it", { tool: "message", args: { action: "send", files: ["tides.txt"] }, say: "There it is." });
    await writes("Now send it");
    await vi.waitFor(async () => expect((await answers()).at(-1)).toBe(`${ANN}: There it is.`), PATIENCE);
    expect((await sent()).at(-2)?.attachments).toMatchObject([{ filename: "tides.txt", size: "flood 12:24".length }]);
  });
});

test("where the owner wants it, strangers can be let in by a code that only the owner sees", async () => {
  await house.run("config", "set", "channels.email.dmPolicy", "pairing");
  const before = await answers();
  await writes("Good day", { from: BEN });
  await vi.waitFor(async () => expect(await house.run("pairing", "list")).toContain(BEN), PATIENCE);
  expect(await answers()).toEqual(before);
  await house.approve(await house.run("pairing", "list"));
  await shows(...before, `${BEN}: You are let in: write whenever you like.`);
  await writes("What does Ann ask?", { from: BEN });
  await shows(...before, `${BEN}: You are let in: write whenever you like.`, `${BEN}: Understood.`);
  expect(house.lastRequest()).not.toContain("the tide");
});
