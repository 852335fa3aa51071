// WhatsApp from nothing: the owner links a device in the page by scanning its code, and on the command line by typing letters; then talks,
// groups, files, trouble, and the end of the link. A started Skerry with the bridge beside it, a real browser, and a WhatsApp of our own
// on the real wire (test/support/whatsapp/town), whose phones check every signature.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import jsqr from "jsqr";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { launchBrowser, openProfile } from "../../support/browser.ts";
import { toTheRegistry } from "../../support/channels/home/registry.ts";
import { codeIn, type House, openHouse, quiet } from "../../support/channels/house.ts";
import { runCli } from "../../support/cli.ts";
import { makePng } from "../../support/pictures.ts";
import { startSkerry } from "../../support/runtime.ts";
import { mintLink } from "../../support/visit.ts";
import { openChat } from "../../support/webchat.ts";
import type { Phone } from "../../support/whatsapp/town/phone.ts";
import { WhatsAppTown } from "../../support/whatsapp/town/town.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const OWN = "15550000000";
const GROUP = "120363005555555555@g.us";
const PATIENCE = { timeout: 60_000, interval: 50 };
const hasFfmpeg = runs("ffmpeg");

let dir: string;
let town: WhatsAppTown;
let own: Phone;
let ann: Phone;
let ben: Phone;
let house: House;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  for (const way of ["log", "info", "warn", "error"] as const) vi.spyOn(console, way).mockImplementation(() => undefined);
  dir = mkdtempSync(join(tmpdir(), "skerry-whatsapp-linked-"));
  town = await WhatsAppTown.start();
  own = town.phone(OWN, "Skerry's");
  ann = town.phone("15551234567", "Ann");
  ben = town.phone("15557654321", "Ben");
  town.groups.set(GROUP, { subject: "Sailing", members: [OWN, ann.number, ben.number], addressing: "lid" });
  const known = process.env["NODE_EXTRA_CA_CERTS"];
  const trusted = join(dir, "trusted.pem");
  writeFileSync(trusted, `${known ? readFileSync(known, "utf8") : ""}\n${town.media.certificate}`);
  const env = {
    ...toTheRegistry(),
    NODE_EXTRA_CA_CERTS: trusted,
    SKERRY_BRIDGE: "on",
    WHATSAPP_NUMBER: `+${OWN}`,
    WHATSAPP_WEB_URL: town.url,
  };
  house = await openHouse(env, undefined, (options) => {
    // Fetched once for all tests.
    const packages = join(ROOT, ".cache/channel-packages");
    const channels = join(options.stateDir, "bridge/channels");
    for (const folder of [packages, channels]) mkdirSync(folder, { recursive: true });
    symlinkSync(packages, join(channels, "packages"));
    return startSkerry(options);
  });
  browser = await launchBrowser();
  const { context } = await openProfile(browser);
  ({ page } = await openChat(context, await mintLink(house.skerry)));
}, 300_000);
afterAll(async () => {
  await browser?.close();
  await house?.close();
  await town?.stop();
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);
afterEach(() => {
  house.forget();
  expect(town.faults.splice(0)).toEqual([]);
});

const lineOf = async () => JSON.parse(await house.run("channels", "status", "--json")).channelAccounts.whatsapp[0].line;
const reaches = (phase: string) =>
  vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase }), { timeout: 240_000, interval: 500 });
const told = (phone: Phone, text: unknown, chat?: string) =>
  vi.waitFor(() => expect(phone.texts(chat).at(-1)).toEqual(text), PATIENCE);
const isAsked = (words: string) => vi.waitFor(() => expect(house.lastRequest()).toContain(words), PATIENCE);
const act = (words: string, args: Record<string, unknown>, say = "NO_REPLY") =>
  house.teach(words, { tool: "message", args, say });

async function openRoom(): Promise<void> {
  await page.evaluate(() => {
    location.hash = "#/control/channels/whatsapp";
  });
}

/** As a camera does: it looks until it sees a code. */
function readCode(): Promise<string> {
  return vi.waitFor(
    async () => {
      const text = await readPicture();
      if (text === "") throw new Error("No code could be read from the page's picture.");
      return text;
    },
    { timeout: 90_000, interval: 500 },
  );
}

async function readPicture(): Promise<string> {
  const picture = await page.locator(".channel-link .qr").screenshot();
  const darkroom = await browser.newPage();
  const [width, height, pixels] = await darkroom.evaluate(
    async (address) => {
      const bitmap = await createImageBitmap(await (await fetch(address)).blob());
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
      canvas?.drawImage(bitmap, 0, 0);
      const { data } = canvas?.getImageData(0, 0, bitmap.width, bitmap.height) ?? { data: [] };
      let text = "";
      for (const byte of data) text += String.fromCharCode(byte);
      return [bitmap.width, bitmap.height, text] as const;
    },
    `data:image/png;base64,${picture.toString("base64")}`,
  );
  await darkroom.close();
  return jsqr(Uint8ClampedArray.from(Buffer.from(pixels, "latin1")), width, height)?.data ?? "";
}

describe("linking in the page", () => {
  test("shows a code that a camera reads; the phone takes the device in, and the page says as whom", async () => {
    await reaches("unlinked");
    expect(await house.cli("channels", "status", "whatsapp")).toMatchObject({ out: expect.stringContaining("Not linked yet") });
    await openRoom();
    await page.getByRole("button", { name: "Show the code to scan" }).click();
    await page.locator(".channel-link .qr").waitFor({ timeout: 30_000 });
    await own.scan(await readCode());
    await reaches("open");
    expect(await lineOf()).toMatchObject({ who: `+${OWN}` });
    await page.locator(".channel-link").waitFor({ state: "detached", timeout: 30_000 });
    await page.getByText(`+${OWN}`).first().waitFor();
  }, 300_000);
});

describe("a person", () => {
  test("who is a stranger gets a code and nothing else, is let in, and is answered while it is seen to write", async () => {
    await ann.says(OWN, "Hello there");
    await told(ann, expect.stringMatching(/skerry pairing approve whatsapp [A-HJ-NP-Z2-9]{8}/));
    expect(house.requests).toEqual([]);
    const read = () => town.nodes.filter(({ tag, attrs }) => tag === "receipt" && attrs["type"] === "read");
    expect(await house.approve(ann.texts().at(-1) ?? "")).toContain("is the owner from now on");
    await told(ann, "You are let in: write whenever you like.");
    house.teach("the tide", { say: "**High** at noon.", delayMs: 1_500 });
    const id = await ann.says(OWN, "When is the tide, äöü 👍?", { byLid: true });
    await told(ann, "*High* at noon.");
    expect(JSON.stringify(town.nodes.filter(({ tag }) => tag === "chatstate"))).toContain("composing");
    expect(JSON.stringify(read())).toContain(id);
    expect(ann.texts().filter((text) => codeIn(text) !== "")).toHaveLength(1);
    expect(house.lastRequest()).toContain("äöü 👍?");
  }, 120_000);

  test("answers a message and is answered so; reactions and votes go both ways", async () => {
    act("quote me", { action: "reply", text: "Quoted." });
    const id = await ann.says(OWN, "Please quote me");
    await told(ann, "Quoted.");
    const said = ann.got.at(-1);
    expect(said?.message.extendedTextMessage?.contextInfo).toMatchObject({
      stanzaId: id,
      quotedMessage: { conversation: "Please quote me" },
    });
    const contextInfo = { stanzaId: said?.id ?? "", participant: own.jid, quotedMessage: { conversation: "Quoted." } };
    await ann.says(OWN, { extendedTextMessage: { text: "What was that?", contextInfo } });
    await isAsked("What was that?");
    expect(house.lastRequest()).toMatch(/Quoted\..*What was that\?/s);
    await told(ann, "Understood.");

    act("you like it", { action: "react", emoji: "👍" }, "I do.");
    const liked = await ann.says(OWN, "Show me that you like it");
    await told(ann, "I do.");
    expect(ann.got.map(({ message }) => message.reactionMessage)).toContainEqual(
      expect.objectContaining({ text: "👍", key: expect.objectContaining({ id: liked }) }),
    );
    act("ask them", { action: "poll", text: "Where to?", options: ["North", "South"] }, "Asked.");
    await ann.says(OWN, "Please ask them");
    await told(ann, "Asked.");
    const poll = ann.got.findLast(({ message }) => message.pollCreationMessageV3 ?? message.pollCreationMessage);
    if (!poll) throw new Error("No poll came.");
    await ann.votes(OWN, poll, ["South"]);
    await ann.says(OWN, { reactionMessage: { key: { remoteJid: own.jid, id: poll.id }, text: "🔥" } });
    await quiet(1_500);
    await ann.says(OWN, "Who won?");
    await isAsked("Who won?");
    expect(house.lastRequest()).toContain("Ann chose South in the poll “Where to?”");
    expect(house.lastRequest()).toContain(`Ann reacted 🔥 to message ${poll.id}`);
    await told(ann, "Understood.");
  }, 180_000);

  test("sends and gets files whole: a picture, a document, a voice note", async () => {
    const picture = makePng(60, [10, 120, 90]);
    await ann.says(OWN, {
      imageMessage: { ...town.media.put("Image", picture), mimetype: "image/png", caption: "What is this?" },
    });
    await isAsked("What is this?");
    expect(house.lastRequest()).toContain(picture.toString("base64"));
    await told(ann, "Understood.");

    house.teach("write it down", { tool: "write", args: { path: "lists/packing.txt", content: "rope, lamp" }, say: "Written." });
    await ann.says(OWN, "Please write it down");
    await told(ann, "Written.");
    act("send me the list", { action: "send", text: "Here it is.", files: ["lists/packing.txt"] });
    await ann.says(OWN, "Now send me the list");
    await vi.waitFor(() => expect(ann.got.at(-1)?.message.documentMessage?.fileName).toBe("packing.txt"), PATIENCE);
    expect(town.media.take("Document", ann.got.at(-1)?.message.documentMessage ?? {}).toString()).toBe("rope, lamp");

    const sound = { ...town.media.put("Audio", makeSound()), mimetype: "audio/wav", ptt: true, seconds: 1 };
    await ann.says(OWN, { audioMessage: sound });
    await isAsked("audio/wav");
    const [, path] = /kept as (attachments\/voice-[\w.-]+)/.exec(house.lastRequest()) ?? [];
    expect(path).toBeDefined();
    await told(ann, "Understood.");
    act("say it again", { action: "send", files: [path], voice: true }, "Said.");
    await ann.says(OWN, "Please say it again");
    await told(ann, "Said.");
    const { audioMessage, documentMessage } = ann.got.at(-2)?.message ?? {};
    if (hasFfmpeg) {
      expect(audioMessage).toMatchObject({ ptt: true, mimetype: "audio/ogg; codecs=opus" });
      expect(town.media.take("Audio", audioMessage ?? {}).toString("latin1")).toMatch(/^OggS.*OpusHead/s);
    } else expect(documentMessage?.mimetype).toBe("audio/wav");
  }, 240_000);
});

test("a group is left alone until it is named there; then all in it read the answer, which hangs on the message", async () => {
  await house.run("config", "set", "channels.whatsapp.groups", JSON.stringify({ [GROUP]: {} }));
  await ben.saysInGroup(GROUP, "The regatta begins at ten.");
  await quiet(3_000);
  expect(house.requests).toEqual([]);
  house.teach("when does it", { say: "At ten, Ben says." });
  const text = `@${own.lid.split("@")[0]} when does it begin?`;
  const id = await ann.saysInGroup(GROUP, { extendedTextMessage: { text, contextInfo: { mentionedJid: [own.lid] } } });
  for (const phone of [ann, ben]) await told(phone, "At ten, Ben says.", GROUP);
  expect(house.lastRequest()).toContain("The regatta begins at ten.");
  expect(house.lastRequest()).toContain("Sailing");
  act("in the group", { action: "react", emoji: "⛵" }, "Done.");
  const answer = ann.got.at(-1);
  const contextInfo = { stanzaId: answer?.id ?? "", participant: own.lid, quotedMessage: { conversation: "At ten, Ben says." } };
  const thanks = await ann.saysInGroup(GROUP, { extendedTextMessage: { text: "React in the group", contextInfo } });
  await told(ben, "Done.", GROUP);
  expect(ben.got.map(({ message }) => message.reactionMessage?.key?.id)).toContain(thanks);
  expect(id).not.toBe(thanks);
}, 180_000);

describe("in trouble", () => {
  test("WhatsApp is away for a minute: what was said meanwhile is answered once it is back, in order and once", async () => {
    house.teach("before the storm", { say: "First answer.", delayMs: 2_000 });
    house.teach("in the storm", { say: "Second answer." });
    await ann.says(OWN, "Asked before the storm");
    await isAsked("before the storm");
    town.goDown();
    const from = Date.now();
    await vi.waitFor(async () => expect(await lineOf()).toMatchObject({ phase: "down" }), PATIENCE);
    expect((await lineOf()).said).toContain("It is tried again by itself");
    await ann.says(OWN, "Asked in the storm");
    await quiet(Math.max(0, 61_000 - (Date.now() - from)));
    town.comeUp();
    await vi.waitFor(() => expect(ann.texts().at(-1)).toBe("Second answer."), { timeout: 180_000, interval: 100 });
    await quiet(2_000);
    expect(ann.texts().filter((text) => /^(First|Second) answer\.$/.test(text))).toEqual(["First answer.", "Second answer."]);
  }, 360_000);

  test("200 messages at once, and the line breaks twice: the model reads all, once, in their order", async () => {
    const wanted = Array.from({ length: 200 }, (_none, index) => `burst-${index}.`);
    for (const [index, text] of wanted.entries()) {
      await ann.says(OWN, text);
      if (index === 70 || index === 140) town.breakLines();
    }
    const found = () => [...house.lastRequest().matchAll(/burst-\d+\./g)].map(([text]) => text);
    await vi.waitFor(() => expect(found()).toHaveLength(200), { timeout: 240_000, interval: 500 });
    expect(found()).toEqual(wanted);
    await quiet(2_000);
    expect(found()).toEqual(wanted);
  }, 400_000);
});

describe("the end of the link", () => {
  test("on the phone is said with what to do, on the command line and in the page, and not tried again and again", async () => {
    const logins = town.logins.length;
    own.takeOff();
    await reaches("unlinked");
    expect((await lineOf()).said).toMatch(/ended the link of this device/);
    const { out } = await house.cli("channels", "status", "whatsapp");
    expect(out).toContain("Link it again");
    await openRoom();
    await page.getByText("WhatsApp has ended the link of this device").first().waitFor();
    await quiet(5_000);
    expect(town.logins).toHaveLength(logins);
  }, 120_000);

  test("is mended on the command line by letters that are typed on the phone; talks go on", async () => {
    const { url, token, stateDir } = house.skerry;
    const env = { SKERRY_URL: url, SKERRY_TOKEN: token, SKERRY_STATE_DIR: stateDir };
    const ran = runCli(["channels", "login", "whatsapp", "--phone", `+${OWN}`], { env });
    await vi.waitFor(() => expect(ran.out()).toMatch(/^ {2}\w{4}-\w{4}$/m), PATIENCE);
    await own.type(/^ {2}(\w{4}-\w{4})$/m.exec(ran.out())?.[1] ?? "");
    expect(await ran.code).toBe(0);
    expect(ran.out()).toContain(`WhatsApp is linked as +${OWN}`);
    house.teach("back again", { say: "And here." });
    await ann.says(OWN, "I am back again");
    await told(ann, "And here.");
  }, 180_000);
});

test("with one's own number: notes to oneself are answered there, others are left alone", async () => {
  await house.run("config", "set", "channels.whatsapp.allowFrom", JSON.stringify([`+${OWN}`]));
  await house.run("config", "set", "channels.whatsapp.line.selfChat", "true");
  await quiet(2_000);
  await reaches("open");
  own.got.length = 0;
  house.teach("note to myself", { say: "Noted." });
  await ann.says(OWN, "This is for the owner alone");
  await own.writes("A note to myself");
  await vi.waitFor(
    () => expect(own.got.map(({ message }) => message.conversation ?? message.extendedTextMessage?.text)).toContain("Noted."),
    PATIENCE,
  );
  expect(house.lastRequest()).not.toContain("for the owner alone");
}, 180_000);

/** A second of a tone, 8 kHz, 16 bit. */
function makeSound(): Buffer {
  const samples = Buffer.alloc(16_000);
  for (let at = 0; at < 8_000; at++) samples.writeInt16LE(Math.round(8_000 * Math.sin(at / 3)), at * 2);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.length, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(8_000, 24);
  head.writeUInt32LE(16_000, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.length, 40);
  return Buffer.concat([head, samples]);
}

function runs(program: string): boolean {
  try {
    execFileSync(program, ["-version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
