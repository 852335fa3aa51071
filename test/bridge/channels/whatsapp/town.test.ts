// The driver over the wire against a WhatsApp of our own that takes devices in: linking by a code that is scanned and by letters that are
// typed, what is sealed end to end both ways, groups by sender keys, files, and the end of a link.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { Curve } from "@whiskeysockets/baileys";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { makePng } from "../../../support/pictures.ts";
import { newDir, openTestLine, type TestLine, type TestLineWishes } from "../../../support/whatsapp/line.ts";
import { OWN } from "../../../support/whatsapp/peer.ts";
import { isSignedBy } from "../../../support/whatsapp/town/curve.ts";
import type { Phone } from "../../../support/whatsapp/town/phone.ts";
import { WhatsAppTown } from "../../../support/whatsapp/town/town.ts";

const PATIENCE = { timeout: 30_000, interval: 20 };
const GROUP = "120363009999999999@g.us";

let town: WhatsAppTown;
let own: Phone;
let ann: Phone;
let ben: Phone;
const open: TestLine[] = [];
const trusted = getCACertificates("default");

beforeAll(async () => {
  // The library's cryptography writes what it does to the console, keys and all.
  for (const way of ["log", "info", "warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => undefined);
  town = await WhatsAppTown.start();
  setDefaultCACertificates([...trusted, town.media.certificate]);
  own = town.phone(OWN, "Skerry's");
  ann = town.phone("15551234567", "Ann");
  ben = town.phone("15557654321", "Ben");
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await town?.stop();
  vi.restoreAllMocks();
});
afterEach(async () => {
  town.comeUp();
  await Promise.all(open.splice(0).map((line) => line.close()));
  own.takeOff();
  for (const phone of [own, ann, ben]) phone.got.length = 0;
  town.nodes.length = 0;
  town.refused.length = 0;
  expect(town.faults.splice(0)).toEqual([]);
}, 60_000);

async function begin(wishes: TestLineWishes = {}): Promise<TestLine> {
  const line = await openTestLine({ ...wishes, url: town.url });
  open.push(line);
  return line;
}

const shown = (line: TestLine) => line.news.at(-1)?.link?.text ?? "";
const texts = (line: TestLine) => line.heard.map(({ message }) => message.parts[0]?.text);
const heard = (line: TestLine, ...wanted: unknown[]) => vi.waitFor(() => expect(texts(line)).toEqual(wanted), PATIENCE);

async function linked(wishes: TestLineWishes = {}): Promise<TestLine> {
  const line = await begin(wishes);
  await line.link?.({ isAnew: false });
  await own.scan(shown(line));
  await line.until("open");
  return line;
}

test("this WhatsApp believes no signature but the right one", () => {
  const [pair, other] = [Curve.generateKeyPair(), Curve.generateKeyPair()];
  const message = Buffer.from("I am who I say");
  const signature = Curve.sign(pair.private, message);
  expect(isSignedBy(pair.public, message, signature)).toBe(true);
  expect(isSignedBy(other.public, message, signature)).toBe(false);
  expect(isSignedBy(pair.public, Buffer.from("I am somebody"), signature)).toBe(false);
  expect(isSignedBy(pair.public, message, Buffer.from(signature).fill(0, 0, 1))).toBe(false);
});

describe("linking", () => {
  test("by the code on the screen: the phone checks whose it is, and the device is in with keys that hold over a restart", async () => {
    const dir = newDir();
    const line = await begin({ dir });
    expect(line.phase()).toBe("unlinked");
    await line.link?.({ isAnew: false });
    expect(line.news.at(-1)).toMatchObject({
      phase: "linking",
      link: { kind: "qr", text: expect.stringMatching(/^https:\/\/wa\.me/) },
    });
    const device = await own.scan(shown(line));
    await line.until("open");
    expect(line.news.at(-1)).toEqual({ phase: "open", who: `+${OWN}` });
    await vi.waitFor(() => expect(device.keysLeft).toBeGreaterThan(100), PATIENCE);
    await line.close();
    const again = await begin({ dir });
    await again.until("open");
    expect(town.devicesOf(OWN)).toEqual([device]);
  }, 60_000);

  test("by letters that are typed on the phone", async () => {
    const line = await begin();
    await line.link?.({ phone: `+${OWN}`, isAnew: false });
    expect(line.news.at(-1)).toMatchObject({
      phase: "linking",
      link: { kind: "code", text: expect.stringMatching(/^\w{4}-\w{4}$/) },
    });
    await own.type(shown(line));
    await line.until("open");
    expect(line.news.at(-1)).toEqual({ phase: "open", who: `+${OWN}` });
    expect(own.got).toEqual([]);
  }, 60_000);

  test("not by other letters: the phone takes nobody in, and the next try goes well", async () => {
    const line = await begin();
    await line.link?.({ phone: `+${OWN}`, isAnew: false });
    const code = shown(line);
    const other = code.startsWith("2") ? `3${code.slice(1)}` : `2${code.slice(1)}`;
    await expect(own.type(other)).rejects.toThrow("not the one that the device shows");
    expect(town.devicesOf(OWN)).toEqual([]);
    expect(line.phase()).toBe("linking");
    await line.link?.({ phone: `+${OWN}`, isAnew: true });
    expect(shown(line)).not.toBe(code);
    await own.type(shown(line));
    await line.until("open");
  }, 60_000);

  test("with somebody else's phone: it is said, and no device stays there", async () => {
    const line = await begin();
    await line.link?.({ isAnew: false });
    await ann.scan(shown(line));
    await line.until("unlinked");
    expect(line.news.at(-1)?.said).toContain(`The phone that was linked is +${ann.number}`);
    await vi.waitFor(() => expect(town.devicesOf(ann.number)).toEqual([]), PATIENCE);
  }, 60_000);

  test.each([true, false])(
    "ended on the phone (with a code: %s): said with what to do, not tried again, and anew it works",
    async (hasCode) => {
      const line = await linked();
      const logins = town.logins.length;
      own.takeOff(hasCode);
      await line.until("unlinked");
      expect(line.news.at(-1)?.said).toMatch(/ended the link of this device.*Link it again/);
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      expect(town.logins).toHaveLength(logins);
      await line.link?.({ isAnew: false });
      await own.scan(shown(line));
      await line.until("open");
      await ann.says(OWN, "Still there?");
      await heard(line, "Still there?");
    },
    60_000,
  );

  test("ended on the phone while the device was away: the same, after one try", async () => {
    const dir = newDir();
    await (await linked({ dir })).close();
    own.takeOff();
    const before = town.logins.length;
    const line = await begin({ dir });
    await line.until("unlinked");
    expect(line.news.at(-1)?.said).toMatch(/ended the link/);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(town.logins.slice(before).map(({ outcome }) => outcome)).toEqual(["refused"]);
  }, 60_000);
});

describe("with a person", () => {
  test("words go both ways sealed, by number and by lid, and an answer names its message", async () => {
    const line = await linked();
    const id = await ann.says(OWN, "Hello äöü 👍");
    await heard(line, "Hello äöü 👍");
    expect(line.heard[0]?.message).toMatchObject({ from: { peer: "+15551234567" }, sender: { id: "+15551234567", name: "Ann" } });
    expect(await line.act("+15551234567", { type: "text", text: "Good day ✓", replyTo: id })).toMatchObject({ outcome: "sent" });
    expect(ann.texts()).toEqual(["Good day ✓"]);
    expect(ann.got[0]?.message.extendedTextMessage?.contextInfo).toMatchObject({
      stanzaId: id,
      quotedMessage: { conversation: "Hello äöü 👍" },
    });
    // One's own phone sees it too.
    expect(own.got.map(({ message, isCopy }) => [isCopy, message.extendedTextMessage?.text])).toEqual([[true, "Good day ✓"]]);
    await ann.says(OWN, "By another name", { byLid: true });
    await heard(line, "Hello äöü 👍", "By another name");
    expect(line.heard[1]?.message.sender.id).toBe("+15551234567");
  }, 60_000);

  test("reactions, edits, deletions and polls go out as WhatsApp has them; a reaction and a vote come in", async () => {
    const line = await linked();
    const id = await ann.says(OWN, "Shall we?");
    await heard(line, "Shall we?");
    const peer = "+15551234567";
    await line.act(peer, { type: "react", message: id, emoji: "👍" });
    const said = await line.act(peer, { type: "text", text: "Yess" });
    const ours = said.outcome === "sent" ? (said.platformId ?? "") : "";
    await line.act(peer, { type: "edit", message: ours, text: "Yes" });
    await line.act(peer, { type: "delete", message: ours });
    await line.act(peer, { type: "poll", question: "When?", options: ["Now", "Later"], isMultiple: false });
    const got = ann.got.map(({ message }) => message);
    expect(got[0]?.reactionMessage).toMatchObject({ text: "👍", key: { id } });
    expect(got[1]?.extendedTextMessage?.text).toBe("Yess");
    const edited = got[2]?.editedMessage?.message?.protocolMessage ?? got[2]?.protocolMessage;
    expect(edited).toMatchObject({ key: { id: ours }, editedMessage: { extendedTextMessage: { text: "Yes" } } });
    expect(got[3]?.protocolMessage).toMatchObject({ type: 0, key: { id: ours } });
    const poll = got[4]?.pollCreationMessageV3 ?? got[4]?.pollCreationMessage;
    expect(poll?.options?.map(({ optionName }) => optionName)).toEqual(["Now", "Later"]);
    await ann.says(OWN, { reactionMessage: { key: { remoteJid: own.jid, fromMe: false, id: ours }, text: "🎉" } });
    await vi.waitFor(() => expect(texts(line).at(-1)).toBe(`[Ann reacted 🎉 to message ${ours}]`), PATIENCE);
    expect(line.heard.at(-1)?.kind).toBe("notice");
    const question = ann.got[4];
    if (!question) throw new Error("There is no poll.");
    await ann.votes(OWN, question, ["Later"]);
    await vi.waitFor(() => expect(texts(line).at(-1)).toBe("[Ann chose Later in the poll “When?”]"), PATIENCE);
  }, 60_000);

  test("typing is shown, and what was read is said to be read once something is done there", async () => {
    const line = await linked();
    const id = await ann.says(OWN, "Are you there?");
    await heard(line, "Are you there?");
    const read = () => town.nodes.filter(({ tag, attrs }) => tag === "receipt" && attrs["type"] === "read");
    expect(read()).toEqual([]);
    await line.act("+15551234567", { type: "typing" });
    await vi.waitFor(() => expect(read().map(({ attrs }) => attrs["id"])).toEqual([id]), PATIENCE);
    await vi.waitFor(
      () => expect(JSON.stringify(town.nodes.filter(({ tag }) => tag === "chatstate"))).toContain("composing"),
      PATIENCE,
    );
  }, 60_000);

  test("files both ways, whole: a picture and a document out, a picture and a voice note in", async () => {
    const line = await linked();
    const folder = newDir();
    const picture = makePng(40, [20, 90, 160]);
    const files = [
      { path: join(folder, "a"), type: "image/png", name: "dot.png", size: picture.length },
      { path: join(folder, "b"), type: "application/pdf", name: "note.pdf", size: 9 },
    ];
    writeFileSync(join(folder, "a"), picture);
    writeFileSync(join(folder, "b"), "%PDF-1.4\n");
    const to = { channel: "whatsapp", peer: "+15551234567" };
    const sent = await line.send({ id: "files", to, act: { type: "media", media: [], caption: { text: "Two files" } } }, files);
    expect(sent).toMatchObject({ outcome: "sent" });
    const [image, document] = ann.got.map(({ message }) => message);
    expect(image?.imageMessage).toMatchObject({ caption: "Two files", mimetype: "image/png" });
    expect(town.media.take("Image", image?.imageMessage ?? {}).equals(picture)).toBe(true);
    expect(document?.documentMessage?.fileName).toBe("note.pdf");
    expect(town.media.take("Document", document?.documentMessage ?? {}).toString()).toBe("%PDF-1.4\n");
    expect(town.media.uploads.map((path) => path.split("/").slice(0, 3).join("/"))).toEqual(["/mms/image", "/mms/document"]);

    const sound = Buffer.from("OggS and more, ".repeat(400));
    await ann.says(OWN, { imageMessage: { ...town.media.put("Image", picture), mimetype: "image/png", caption: "Look" } });
    await ann.says(OWN, {
      audioMessage: { ...town.media.put("Audio", sound), mimetype: "audio/ogg; codecs=opus", ptt: true, seconds: 3 },
    });
    await vi.waitFor(() => expect(line.heard).toHaveLength(2), PATIENCE);
    for (const [index, bytes] of [picture, sound].entries()) {
      const message = line.heard[index]?.message;
      const [remote] = message?.attachments ?? [];
      if (!message || !remote) throw new Error("There is no file in it.");
      const path = join(folder, `in-${index}`);
      await line.fetchMedia?.(remote, message.from, path, 1_000_000);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    }
    expect(line.heard[1]?.message.attachments?.[0]).toMatchObject({ kind: "voice", durationS: 3 });
  }, 60_000);
});

describe.each(["lid", "pn"] as const)("in a group whose people are named by %s", (addressing) => {
  test("it hears who is meant, and answers to all of them by a key of its own", async () => {
    const group = GROUP.replace("9@", addressing === "lid" ? "1@" : "2@");
    town.groups.set(group, { subject: "Sailing", members: [OWN, ann.number, ben.number], addressing });
    const line = await linked();
    await ann.saysInGroup(group, "Lunch?");
    const name = addressing === "lid" ? own.lid : own.jid;
    const id = await ben.saysInGroup(group, {
      extendedTextMessage: { text: `@${name.split("@")[0]} when?`, contextInfo: { mentionedJid: [name] } },
    });
    await vi.waitFor(() => expect(line.heard).toHaveLength(2), PATIENCE);
    expect(line.heard.map(({ message }) => [message.sender.id, message.isToUs, message.placeName])).toEqual([
      ["+15551234567", false, "Sailing"],
      ["+15557654321", true, "Sailing"],
    ]);
    expect(await line.act(group, { type: "text", text: "At noon, @+15551234567", replyTo: id })).toMatchObject({
      outcome: "sent",
    });
    for (const phone of [ann, ben]) expect(phone.texts(group).map((text) => text.replace(/@\d+/, "@"))).toEqual(["At noon, @"]);
    expect(ann.got[0]?.message.extendedTextMessage?.contextInfo).toMatchObject({
      stanzaId: id,
      mentionedJid: [addressing === "lid" ? ann.lid : ann.jid],
    });
    await line.act(group, { type: "react", message: id, emoji: "⛵" });
    expect(ben.got[1]?.message.reactionMessage).toMatchObject({ text: "⛵", key: { id } });
    await line.act(group, { type: "text", text: "Once more" });
    expect(ben.texts(group).at(-1)).toBe("Once more");
  }, 60_000);
});

describe("with one's own number", () => {
  test("notes to oneself are heard and answered there; what is written to others, and by others, is not", async () => {
    const line = await linked({ options: { selfChat: true } });
    await own.writes("A note to myself");
    await own.writes("For Ann alone", ann.jid);
    await ann.says(OWN, "For the owner alone");
    await own.writes("Another note");
    await heard(line, "A note to myself", "Another note");
    expect(line.heard[0]?.message.sender.id).toBe(`+${OWN}`);
    expect(await line.act(`+${OWN}`, { type: "text", text: "Noted" })).toMatchObject({ outcome: "sent" });
    await vi.waitFor(() => expect(own.got.map(({ message }) => message.extendedTextMessage?.text)).toEqual(["Noted"]), PATIENCE);
    await own.writes("And a third");
    await heard(line, "A note to myself", "Another note", "And a third");
  }, 60_000);
});

describe("in trouble", () => {
  test("200 messages at once, and the line breaks three times: all come, once, in their order", async () => {
    const line = await linked();
    const wanted = Array.from({ length: 200 }, (_none, index) => `burst ${index}`);
    for (const [index, text] of wanted.entries()) {
      await ann.says(OWN, text);
      if (index % 60 === 40) town.breakLines();
    }
    await vi.waitFor(() => expect(new Set(texts(line)).size).toBe(200), { timeout: 100_000, interval: 100 });
    const ids = line.heard.map(({ message }) => message.id);
    // The same once more is known by its id, where it is kept.
    expect([...new Set(ids)]).toHaveLength(200);
    expect([...new Set(texts(line))]).toEqual(wanted);
  }, 150_000);

  test("somebody who lost their keys cannot read what is written to them: they ask for it once more, and read it", async () => {
    const line = await linked();
    await ann.says(OWN, "First");
    await heard(line, "First");
    await line.act("+15551234567", { type: "text", text: "One" });
    for (const { jid } of town.devicesOf(OWN)) await ann.signal.lose(jid);
    await line.act("+15551234567", { type: "text", text: "Two" });
    await vi.waitFor(() => expect(ann.texts()).toEqual(["One", "Two"]), PATIENCE);
    expect(own.got.filter(({ isCopy }) => isCopy)).toHaveLength(2);
    await line.act("+15551234567", { type: "text", text: "Three" });
    expect(ann.texts()).toEqual(["One", "Two", "Three"]);
  }, 60_000);

  test("somebody who lost their keys writes: it is asked for once more, and read", async () => {
    const line = await linked();
    await ann.says(OWN, "First");
    await heard(line, "First");
    await ann.saysBroken(OWN, "Second");
    await heard(line, "First", "Second");
    await vi.waitFor(() => expect(town.refused).toHaveLength(1), PATIENCE);
  }, 60_000);
});
