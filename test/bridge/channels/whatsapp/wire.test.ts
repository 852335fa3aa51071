// The driver over WhatsApp's real handshake and cipher, against a server that others wrote. It takes texts to people alone: groups,
// reactions, files to it and linking are in town.test.ts beside this file.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { WhatsAppMemory } from "../../../../src/bridge/channels/whatsapp/memory.ts";
import { newDir, openTestLine, type TestLine, type TestLineWishes } from "../../../support/whatsapp/line.ts";
import { OWN, WhatsAppPeer } from "../../../support/whatsapp/peer.ts";

const ANN = "15551234567";
const GROUP = "120363001234567890@g.us";
const PATIENCE = { timeout: 30_000, interval: 20 };

let peer: WhatsAppPeer;
const open: TestLine[] = [];

beforeAll(async () => {
  peer = await WhatsAppPeer.start();
});
afterAll(async () => {
  await peer?.stop();
});
afterEach(async () => {
  peer.comeUp();
  await Promise.all(open.splice(0).map((line) => line.close()));
});

async function linked(wishes: TestLineWishes = {}): Promise<TestLine> {
  const dir = wishes.dir ?? newDir();
  if (wishes.dir === undefined) peer.linkDevice(dir);
  const line = await openTestLine({ ...wishes, dir, url: peer.url });
  open.push(line);
  await line.until("open");
  return line;
}

const texts = (line: TestLine) => line.heard.map(({ message }) => message.parts[0]?.text);
const heard = (line: TestLine, count: number) => vi.waitFor(() => expect(line.heard).toHaveLength(count), PATIENCE);

describe("a linked device", () => {
  test("is open as itself, hears a person by their number, and answers so that it can be read there", async () => {
    const line = await linked();
    expect(line.news.at(-1)).toEqual({ phase: "open", who: `+${OWN}` });
    await peer.says(ANN, { text: "Hello äöü 👍", name: "Ann" });
    await heard(line, 1);
    const [one] = line.heard;
    expect(one).toMatchObject({
      kind: "message",
      message: {
        from: { peer: `+${ANN}`, kind: "direct" },
        sender: { id: `+${ANN}`, name: "Ann" },
        parts: [{ text: "Hello äöü 👍" }],
      },
    });
    const sent = await line.act(`+${ANN}`, { type: "text", text: "Good day ✓", replyTo: one?.message.platformId ?? "" });
    expect(sent).toMatchObject({ outcome: "sent", platformId: expect.stringMatching(/^3EB0[0-9A-F]{18}$/) });
    expect(peer.textsTo(ANN).at(-1)).toBe("Good day ✓");
  }, 60_000);

  test("says that it read when it does something in the talk, and is writing when it is", async () => {
    const line = await linked();
    const before = peer.nodes("receipt").filter(({ attrs }) => attrs?.["type"] === "read").length;
    await peer.says(ANN, { text: "Are you there?" });
    await heard(line, 1);
    const read = () => peer.nodes("receipt").filter(({ attrs }) => attrs?.["type"] === "read");
    expect(read()).toHaveLength(before);
    expect(await line.act(`+${ANN}`, { type: "typing" })).toEqual({ outcome: "sent" });
    await vi.waitFor(() => expect(read()).toHaveLength(before + 1), PATIENCE);
    await vi.waitFor(() => expect(JSON.stringify(peer.nodes("chatstate"))).toContain("composing"), PATIENCE);
  }, 60_000);

  // The server of others breaks off when it is asked for a group's name.
  test("hears a group, and knows that nobody meant it", async () => {
    const line = await linked();
    await peer.says(ANN, { text: "Lunch?", chat: GROUP, name: "Ann" });
    await heard(line, 1);
    expect(line.heard[0]?.message).toMatchObject({
      from: { peer: GROUP, kind: "group" },
      sender: { id: `+${ANN}` },
      isToUs: false,
    });
  }, 60_000);

  test("has a voice note whole, also after a restart, and takes no more than is allowed", async () => {
    const bytes = Buffer.from("OggS and what follows it, ".repeat(500));
    const first = await linked();
    await peer.says(ANN, { audio: { contentBase64: bytes.toString("base64"), mimeType: "audio/ogg; codecs=opus", ptt: true } });
    await heard(first, 1);
    const [remote] = first.heard[0]?.message.attachments ?? [];
    if (!remote) throw new Error("There is no file.");
    expect(remote).toMatchObject({ kind: "voice", type: "audio/ogg; codecs=opus", size: bytes.length });
    await open.splice(0)[0]?.close();
    const second = await linked({ dir: first.dir });
    const path = join(mkdtempSync(join(tmpdir(), "file-")), "voice");
    const from = { channel: "whatsapp", peer: `+${ANN}` };
    await second.fetchMedia?.(remote, from, path, 1_000_000);
    expect(readFileSync(path).equals(bytes)).toBe(true);
    await expect(second.fetchMedia?.(remote, from, path, 1_000)).rejects.toMatchObject({ code: "TOO_LARGE" });
    const other = { channel: "whatsapp", peer: GROUP };
    await expect(second.fetchMedia?.(remote, other, path, 1_000_000)).rejects.toMatchObject({ code: "NOT_FOUND" });
  }, 60_000);
});

describe("in trouble", () => {
  test("WhatsApp is away for a while: the line says so and comes back; what was said meanwhile arrives, once", async () => {
    const line = await linked();
    peer.goDown();
    await line.until("down");
    expect(line.news.at(-1)?.said).toContain("tried again by itself");
    expect(await line.act(`+${ANN}`, { type: "typing" })).toMatchObject({ outcome: "unanswered" });
    await peer.says(ANN, { text: "While you were away" });
    peer.comeUp();
    await line.until("open");
    await heard(line, 1);
    expect(texts(line)).toEqual(["While you were away"]);
    expect(await line.act(`+${ANN}`, { type: "text", text: "Back again." })).toMatchObject({ outcome: "sent" });
  }, 90_000);

  test("200 messages at once arrive all, once, in their order", async () => {
    const line = await linked();
    const wanted = Array.from({ length: 200 }, (_none, index) => `burst ${index}`);
    for (const text of wanted) await peer.says(ANN, { text });
    await heard(line, 200);
    expect(texts(line)).toEqual(wanted);
  }, 120_000);

  test("200 answers go out all, once", async () => {
    const line = await linked();
    const before = peer.textsTo(ANN).length;
    const wanted = Array.from({ length: 200 }, (_none, index) => `answer ${index}`);
    for (const text of wanted) expect(await line.act(`+${ANN}`, { type: "text", text })).toMatchObject({ outcome: "sent" });
    expect(peer.textsTo(ANN).slice(before)).toEqual(wanted);
  }, 120_000);

  test("the same row has the same id at WhatsApp, whoever sends it again", async () => {
    const line = await linked();
    const act = { type: "text", text: "Only once." } as const;
    const first = await line.act(`+${ANN}`, act, "a-row");
    const second = await line.act(`+${ANN}`, act, "a-row");
    expect(second).toEqual(first);
    const { platformId = "" } = first as { platformId?: string };
    expect(peer.idsTo(ANN).filter((id) => id === platformId)).toHaveLength(1);
  }, 60_000);

  test("the program ends between WhatsApp's hand and the bridge's: the message is there after its start", async () => {
    const lost = await linked({ hear: () => new Promise(() => undefined) });
    await peer.says(ANN, { text: "In between", name: "Ann" });
    const memory = new WhatsAppMemory(lost.dir);
    await vi.waitFor(() => expect(memory.unheard()).toHaveLength(1), PATIENCE);
    const next = await linked({ dir: lost.dir });
    await heard(next, 1);
    expect(next.heard[0]?.message).toMatchObject({ sender: { id: `+${ANN}`, name: "Ann" }, parts: [{ text: "In between" }] });
    await vi.waitFor(() => expect(memory.unheard()).toEqual([]), PATIENCE);
    memory.close();
    open.splice(open.indexOf(lost), 1);
  }, 60_000);
});

test("only this machine is asked in place of WhatsApp", async () => {
  for (const url of ["ws://10.0.0.1/", "wss://web.whatsapp.example/", "http://127.0.0.1/", "ws://127.0.0.1.example/"]) {
    await expect(openTestLine({ url })).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  }
});
