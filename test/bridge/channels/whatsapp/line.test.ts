// What a line does where no server of others can answer it: linking, its ends, groups, reactions, files, votes. The connection is
// scripted; what goes through it is built and read by the real library.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdtempSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as library from "@whiskeysockets/baileys";
import { afterEach, describe, expect, test, vi } from "vitest";
import { WhatsAppMemory } from "../../../../src/bridge/channels/whatsapp/memory.ts";
import { openTestLine, type TestLine, type TestLineWishes } from "../../../support/whatsapp/line.ts";
import { type ScriptedSocket, scriptSockets } from "../../../support/whatsapp/socket.ts";

const GROUP = "120363001234567890@g.us";
const ANN = "4915112345678@s.whatsapp.net";
const PATIENCE = { timeout: 10_000, interval: 10 };
const open: TestLine[] = [];
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(open.splice(0).map((line) => line.close()));
});

async function begin(wishes: TestLineWishes = {}, make?: (socket: ScriptedSocket) => void) {
  const script = scriptSockets(make);
  const line = await openTestLine({ ...wishes, load: script.load });
  open.push(line);
  return { ...script, line };
}

async function linked(wishes: TestLineWishes = {}) {
  const begun = await begin(wishes);
  const linking = begun.line.link?.({ isAnew: false });
  begun.last().update({ qr: "QR-1" });
  await linking;
  begun.last().update({ isNewLogin: true });
  begun.last().open();
  expect(begun.line.phase()).toBe("open");
  return begun;
}

const now = () => Math.floor(Date.now() / 1000);
const said = (message: object, key: object = {}, id = "M1") => ({
  key: { remoteJid: ANN, fromMe: false, id, ...key },
  messageTimestamp: now(),
  pushName: "Ann",
  message,
});

describe("linking", () => {
  test("waits for its owner, shows each code while it holds, and is open when the phone took it", async () => {
    const { line, last, sockets } = await begin();
    expect(line.news).toEqual([{ phase: "unlinked", said: expect.stringContaining("Link it") }]);
    expect(sockets).toHaveLength(0);
    const linking = line.link?.({ isAnew: false });
    last().update({ qr: "QR-1" });
    await linking;
    expect(line.news.at(-1)).toMatchObject({ phase: "linking", link: { kind: "qr", text: "QR-1" } });
    last().update({ qr: "QR-2" });
    expect(line.news.at(-1)?.link?.text).toBe("QR-2");
    Object.assign(last().config.auth.creds, { me: { id: "15550000000:1@s.whatsapp.net" }, account: {} });
    last().update({ isNewLogin: true });
    last().close(515);
    expect(sockets).toHaveLength(2);
    last().open();
    expect(line.news.at(-1)).toEqual({ phase: "open", who: "+15550000000" });
    expect(statSync(join(line.dir, "whatsapp.db")).mode & 0o777).toBe(0o600);
  });

  test("by a code that is typed, for the number that was given alone", async () => {
    const { line, last } = await begin();
    await expect(line.link?.({ phone: "+4917", isAnew: false })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    const linking = line.link?.({ phone: "+15550000000", isAnew: false });
    last().update({ qr: "QR-1" });
    await linking;
    expect(last().pairedWith).toBe("15550000000");
    expect(line.news.at(-1)).toMatchObject({ phase: "linking", link: { kind: "code", text: "ABCD-1234" } });
  });

  test("that nobody took ends with words, and begins anew with other keys", async () => {
    const { line, last } = await begin();
    void line.link?.({ isAnew: false });
    const first = last().config.auth.creds.noiseKey;
    last().update({ qr: "QR-1" });
    last().close(408);
    expect(line.news.at(-1)).toMatchObject({ phase: "unlinked", said: expect.stringContaining("ran out") });
    void line.link?.({ isAnew: false });
    expect(last().config.auth.creds.noiseKey).not.toEqual(first);
  });

  test("with the phone of somebody else leaves no device there", async () => {
    const { line, last } = await begin();
    void line.link?.({ isAnew: false });
    last().update({ qr: "QR-1" });
    const socket = last();
    socket.open("4917000000000");
    await line.until("unlinked");
    expect(socket.isLoggedOut).toBe(true);
    expect(line.news.at(-1)?.said).toContain("+4917000000000");
  });

  test("holds over a restart, and not after it was ended", async () => {
    const first = await linked();
    await open.splice(0)[0]?.close();
    const second = await begin({ dir: first.line.dir });
    expect(second.sockets).toHaveLength(1);
    second.last().open();
    const socket = second.last();
    await second.line.unlink?.();
    expect(socket.isLoggedOut).toBe(true);
    expect(second.line.phase()).toBe("unlinked");
    await open.splice(0)[0]?.close();
    expect((await begin({ dir: first.line.dir })).sockets).toHaveLength(0);
  });
});

describe("an end", () => {
  test("of the link by the phone: its keys are forgotten, nothing is tried again", async () => {
    const { line, last, sockets } = await linked();
    last().close(401);
    expect(line.news.at(-1)).toMatchObject({ phase: "unlinked", said: expect.stringContaining("Linked devices") });
    const memory = new WhatsAppMemory(line.dir);
    expect(memory.secret("creds", "")).toBeUndefined();
    memory.close();
    expect(await line.act("+4915112345678", { type: "text", text: "hi" })).toMatchObject({
      outcome: "unanswered",
      reason: expect.stringContaining("Link it again"),
    });
    expect(sockets).toHaveLength(1);
  });

  test.each([403, 411, 440])("with %i is said and not tried again; its owner can", async (code) => {
    vi.useFakeTimers({ toFake: ["setTimeout"] });
    const { line, last, sockets } = await linked();
    last().close(code);
    expect(line.phase()).toBe("refused");
    await vi.advanceTimersByTimeAsync(600_000);
    expect(sockets).toHaveLength(1);
    void line.link?.({ isAnew: false });
    expect(sockets).toHaveLength(2);
    last().open();
    expect(line.phase()).toBe("open");
  });

  test("that mends itself is tried again, more slowly each time, and at once when WhatsApp asks for it", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { line, last, sockets } = await linked();
    last().close(428);
    expect(line.phase()).toBe("down");
    await vi.advanceTimersByTimeAsync(1_300);
    expect(sockets).toHaveLength(2);
    last().close(503);
    await vi.advanceTimersByTimeAsync(1_300);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_300);
    expect(sockets).toHaveLength(3);
    last().close(515);
    expect(sockets).toHaveLength(4);
  });

  test("that is asked for again and again is not followed without a pause for ever", async () => {
    const { line, last, sockets } = await linked();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
    for (let count = 0; count < 4; count++) last().close(515);
    expect(sockets).toHaveLength(4);
    expect(line.phase()).toBe("down");
    await vi.advanceTimersByTimeAsync(1_300);
    expect(sockets).toHaveLength(5);
    last().close(515);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sockets).toHaveLength(5);
  });

  test("for an old version: the present one is looked up, once", async () => {
    const script = scriptSockets();
    const fetchLatestWaWebVersion = async () => ({ version: [2, 3000, 99] as [number, number, number], isLatest: true });
    const line = await openTestLine({ load: { ...script.load, fetchLatestWaWebVersion } });
    open.push(line);
    void line.link?.({ isAnew: false });
    script.last().update({ qr: "Q" });
    script.last().open();
    script.last().close(405);
    await vi.waitFor(() => expect(script.sockets).toHaveLength(2), PATIENCE);
    expect(script.last().config.version).toEqual([2, 3000, 99]);
    script.last().close(405);
    expect(line.news.at(-1)).toMatchObject({ phase: "refused", said: expect.stringContaining("Update Skerry") });
  });
});

describe("a watch is kept", () => {
  async function watched() {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
    return linked();
  }
  const pings = async (last: () => ScriptedSocket, ms: number) => {
    for (let passed = 0; passed < ms; passed += 30_000) {
      last().ws.emit("frame", {});
      await vi.advanceTimersByTimeAsync(30_000);
    }
  };

  test("on frames: a line gone silent is made anew", async () => {
    const { line, sockets } = await watched();
    await vi.advanceTimersByTimeAsync(101_000);
    expect(line.news.map(({ phase }) => phase)).toContain("down");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets.length).toBeGreaterThan(1);
  });

  test("on messages: one that was deciphered and not handed on makes it anew, and is read all the same", async () => {
    const { line, last, sockets } = await watched();
    const plain = library.proto.Message.encode({ conversation: "stuck" }).finish();
    const attrs = { from: ANN, id: "S1", t: String(now()), notify: "Ann" };
    last().ws.emit("CB:message", { tag: "message", attrs, content: [{ tag: "plaintext", attrs: {}, content: plain }] });
    await pings(last, 90_000);
    expect(line.news.map(({ phase }) => phase)).toContain("deaf");
    expect(sockets).toHaveLength(2);
    last().open();
    vi.useRealTimers();
    await vi.waitFor(() => expect(line.heard.map(({ message }) => message.parts[0]?.text)).toEqual(["stuck"]), PATIENCE);
  });

  test("over the order: what a broken connection left behind goes before what the next one brings, even before that is open", async () => {
    const { line, last, sockets } = await linked();
    const arrive = (id: string) => {
      const plain = library.proto.Message.encode({ conversation: id }).finish();
      const attrs = { from: ANN, id, t: String(now()), notify: "Ann" };
      last().ws.emit("CB:message", { tag: "message", attrs, content: [{ tag: "plaintext", attrs: {}, content: plain }] });
    };
    const give = (id: string) => last().says(said({ conversation: id }, {}, id));
    for (const id of ["one", "two", "three"]) arrive(id);
    give("one");
    last().close(515);
    expect(sockets).toHaveLength(2);
    for (const id of ["four", "five"]) {
      arrive(id);
      give(id);
    }
    last().open();
    const texts = () => line.heard.map(({ message }) => message.parts[0]?.text);
    await vi.waitFor(() => expect(texts()).toHaveLength(5), PATIENCE);
    expect(texts()).toEqual(["one", "two", "three", "four", "five"]);
  });

  test("on hours in which nothing but answers to pings came", async () => {
    const { line, last, sockets } = await watched();
    await pings(last, 3.9 * 3_600_000);
    expect(sockets).toHaveLength(1);
    await pings(last, 0.2 * 3_600_000);
    expect(line.news.find(({ phase }) => phase === "deaf")?.said).toContain("four hours");
    expect(sockets).toHaveLength(2);
  });
});

describe("going out", () => {
  test("in a group: the answer hangs on the message, and whoever is named is rung", async () => {
    const { line, last } = await linked();
    last().group = { subject: "Club", participants: [{ id: "98765432101234@lid", phoneNumber: ANN }] };
    const key = { remoteJid: GROUP, participant: "98765432101234@lid", participantAlt: ANN };
    const contextInfo = { mentionedJid: ["11122233344455@lid"] };
    last().says(said({ extendedTextMessage: { text: "@11122233344455 when?", contextInfo } }, key));
    await vi.waitFor(() => expect(line.heard).toHaveLength(1), PATIENCE);
    expect(line.heard[0]?.message).toMatchObject({ isToUs: true, placeName: "Club", sender: { id: "+4915112345678" } });
    expect(await line.act(GROUP, { type: "text", text: "At ten, @+4915112345678", replyTo: "M1" })).toMatchObject({
      outcome: "sent",
    });
    expect(last().sent[0]).toMatchObject({
      jid: GROUP,
      content: { text: "At ten, @98765432101234", mentions: ["98765432101234@lid"] },
      options: { quoted: { key: { id: "M1", participant: "98765432101234@lid" } } },
    });
    expect(await line.act(GROUP, { type: "react", message: "M1", emoji: "👍" })).toMatchObject({ outcome: "sent" });
    expect(last().sent[1]?.content).toMatchObject({
      react: { text: "👍", key: { id: "M1", participant: "98765432101234@lid", fromMe: false } },
    });
    expect(await line.act("+4915112345678", { type: "react", message: "M1", emoji: "👍" })).toMatchObject({ outcome: "refused" });
  });

  test("an own message is changed and taken back", async () => {
    const { line, last } = await linked();
    const sent = await line.act("+4915112345678", { type: "text", text: "one" });
    const { platformId: message = "" } = sent as { platformId?: string };
    expect(await line.act("+4915112345678", { type: "edit", message, text: "two" })).toMatchObject({ outcome: "sent" });
    expect(await line.act("+4915112345678", { type: "delete", message })).toMatchObject({ outcome: "sent" });
    expect(last().sent.map(({ content }) => Object.keys(content))).toEqual([
      ["text", "linkPreview"],
      ["text", "edit", "linkPreview"],
      ["delete"],
    ]);
  });

  test("is refused with the reason that WhatsApp gave, and waits when it wants patience", async () => {
    const { line, last } = await linked();
    last().ack = { error: "463" };
    expect(await line.act("+4915112345678", { type: "text", text: "hi" })).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("write first"),
    });
    last().ack = { error: "429" };
    expect(await line.act("+4915112345678", { type: "text", text: "hi" })).toMatchObject({
      outcome: "unanswered",
      retryAfterMs: 60_000,
    });
    expect(await line.act("somewhere", { type: "text", text: "hi" })).toMatchObject({ outcome: "refused" });
  });

  test("what was not confirmed goes once more, under the same id, by a new connection", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { line, last, sockets } = await linked();
    last().ack = undefined;
    const sending = line.act("+4915112345678", { type: "text", text: "hi" });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(line.phase()).toBe("deaf");
    await vi.advanceTimersByTimeAsync(1_300);
    last().open();
    expect(await sending).toMatchObject({ outcome: "sent" });
    expect(sockets.map(({ sent }) => sent.length)).toEqual([1, 1]);
    expect(sockets[1]?.sent[0]?.options.messageId).toBe(sockets[0]?.sent[0]?.options.messageId);
  });

  test("a picture is ciphered for WhatsApp, and its message kept to be repeated", async () => {
    const { line, last } = await linked();
    const path = join(mkdtempSync(join(tmpdir(), "file-")), "0");
    writeFileSync(path, randomBytes(500));
    const media = [{ key: "media/x", type: "image/png", size: 500 }];
    const act = { type: "media" as const, media, caption: { text: "look" } };
    const request = { id: "a-picture", to: { channel: "whatsapp", peer: "+4915112345678" }, act };
    const sent = await line.send(request, [{ path, type: "image/png", name: "a.png", size: 500 }]);
    const { platformId: id = "" } = sent as { platformId?: string };
    const repeated = await last().config.getMessage?.({ id });
    expect(repeated?.imageMessage).toMatchObject({ caption: "look", directPath: "/x" });
  });
});

describe("coming in", () => {
  test("a vote in a poll of ours is deciphered", async () => {
    const { line, last } = await linked();
    const sent = await line.act("+4915112345678", { type: "poll", question: "When?", options: ["Mon", "Tue"] });
    const { platformId: id = "" } = sent as { platformId?: string };
    const kept = await last().config.getMessage?.({ id });
    const vote = cipherVote(kept?.messageContextInfo?.messageSecret ?? new Uint8Array(), id, "Tue");
    last().says(
      said(
        { pollUpdateMessage: { pollCreationMessageKey: { id, remoteJid: ANN, fromMe: true }, vote } },
        { participant: "" },
        "V1",
      ),
    );
    await vi.waitFor(() => expect(line.heard).toHaveLength(1), PATIENCE);
    expect(line.heard[0]).toMatchObject({
      kind: "notice",
      message: { parts: [{ text: "[Ann chose Tue in the poll “When?”]" }] },
    });
  });

  test("receipts go out when the assistant does something there, and not where that is switched off", async () => {
    const { line, last } = await linked();
    last().says(said({ conversation: "hi" }));
    await vi.waitFor(() => expect(line.heard).toHaveLength(1), PATIENCE);
    expect(last().read).toEqual([]);
    await line.act("+4915112345678", { type: "typing" });
    expect(last().read).toEqual([expect.objectContaining({ id: "M1" })]);
    expect(last().presences).toEqual([`composing ${ANN}`]);
    const quiet = await linked({ options: { readReceipts: false } });
    quiet.last().says(said({ conversation: "hi" }));
    await vi.waitFor(() => expect(quiet.line.heard).toHaveLength(1), PATIENCE);
    await quiet.line.act("+4915112345678", { type: "typing" });
    expect(quiet.last().read).toEqual([]);
  });

  test("what the library could not decipher is not given out; it comes again", async () => {
    const { line, last } = await linked();
    last().says({ ...said({}), message: undefined, messageStubType: 2 }, said({ conversation: "after it" }, {}, "M2"));
    await vi.waitFor(() => expect(line.heard).toHaveLength(1), PATIENCE);
    expect(line.heard[0]?.message.platformId).toBe("M2");
  });

  test("a disk that is full loses nothing", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let isFull = true;
    const hear = async () => {
      if (isFull) throw new Error("disk full");
    };
    const { line, last } = await linked({ hear });
    last().says(said({ conversation: "hi" }));
    await vi.advanceTimersByTimeAsync(5_100);
    expect(line.logged[0]).toContain("tried again");
    isFull = false;
    await vi.advanceTimersByTimeAsync(5_100);
    expect(line.heard).toHaveLength(1);
  });
});

/** As a phone ciphers it. */
function cipherVote(secret: Uint8Array, pollId: string, option: string) {
  const creator = "15550000000@s.whatsapp.net";
  const sign = Buffer.concat([...[pollId, creator, ANN, "Poll Vote"].map((text) => Buffer.from(text)), Buffer.from([1])]);
  const first = createHmac("sha256", Buffer.alloc(32)).update(secret).digest();
  const key = createHmac("sha256", first).update(sign).digest();
  const encIv = randomBytes(12);
  const selectedOptions = [createHash("sha256").update(option).digest()];
  const plain = library.proto.Message.PollVoteMessage.encode({ selectedOptions }).finish();
  return { encIv, encPayload: library.aesEncryptGCM(plain, key, encIv, Buffer.from(`${pollId}\0${ANN}`)) };
}
