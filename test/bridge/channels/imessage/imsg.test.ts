// A line of iMessage by the program imsg, against a program that speaks its published interface: what comes in and goes out, and what becomes
// of it when the program dies, falls silent or is not let in by macOS.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { imessageDriver } from "../../../../src/bridge/channels/imessage/imessage.ts";
import { plainFileName } from "../../../../src/bridge/channels/imessage/imsg/outbound.ts";
import { ImsgMac } from "../../../support/channels/home/imsg-mac.ts";
import { type HostedLine, hostLine } from "../../../support/channels/home/line-host.ts";

const ANN = "+15550002222";
const GROUP = "iMessage;+;chat123";
const PATIENCE = { timeout: 20_000, interval: 20 };
const environment = { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "" };

let dir: string;
let mac: ImsgMac;
let hosted: HostedLine | undefined;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-imsg-"));
  mac = new ImsgMac(join(dir, "mac"));
  process.env["PATH"] = `${mac.bin}:${environment.PATH}`;
  process.env["HOME"] = mac.home;
});
afterEach(async () => {
  await hosted?.close();
  hosted = undefined;
  Object.assign(process.env, environment);
  rmSync(dir, { recursive: true, force: true });
});

async function open(
  tempo: Parameters<typeof imessageDriver>[0] = {},
  more: { options?: Record<string, unknown>; hear?: () => Promise<void> } = {},
): Promise<HostedLine> {
  const lineDir = join(dir, "line");
  mkdirSync(lineDir, { recursive: true });
  const quick = { firstPauseMs: 20, lookMs: 60_000, refusedMs: 100 };
  hosted = await hostLine(imessageDriver({ ...quick, ...tempo }), { keys: { BLUEBUBBLES_URL: "imsg" }, dir: lineDir, ...more });
  return hosted;
}
const text = (words: string) => ({ type: "text" as const, text: words });
const hears = (line: HostedLine, ...texts: string[]) => vi.waitFor(() => expect(line.texts()).toEqual(texts), PATIENCE);
const direct = { peer: ANN, kind: "direct" as const, route: { chat: `iMessage;-;${ANN}` } };

describe("what comes in", () => {
  test("is heard from now on; a person by their address, a group by its chat; answers to us are to us", async () => {
    mac.receive("old news", ANN);
    const line = await open();
    await line.reach("open");
    mac.receive("of last month", ANN, { created_at: new Date(Date.now() - 30 * 24 * 3_600_000).toISOString() });
    const guid = mac.receive("hello\uFFFC", ANN);
    mac.receive("hi all", ANN, { chat_guid: GROUP, chat_name: "Picnic" });
    await hears(line, "hello", "hi all");
    expect(line.heard[0]?.message).toMatchObject({
      id: guid,
      from: { peer: ANN, kind: "direct", route: { chat: `iMessage;-;${ANN}` } },
      sender: { id: ANN },
    });
    expect(line.heard[1]?.message).toMatchObject({ from: { peer: GROUP, kind: "group" }, placeName: "Picnic", isToUs: false });
    const sent = await line.does(text("It rains."), { peer: GROUP, kind: "group" });
    const ours = sent.outcome === "sent" ? (sent.platformId ?? "") : "";
    mac.receive("sure?", ANN, { chat_guid: GROUP, thread_originator_guid: ours });
    mac.receive("what?", ANN, { chat_guid: GROUP, reply_to_guid: "OLD", reply_to_text: "long ago", reply_to_sender: "+1" });
    await hears(line, "hello", "hi all", "sure?", "what?");
    expect(line.heard[2]?.message).toMatchObject({ isToUs: true, quoted: { platformId: ours, text: "It rains.", isOurs: true } });
    expect(line.heard[3]?.message).toMatchObject({
      isToUs: false,
      quoted: { platformId: "OLD", text: "long ago", author: "+1" },
    });
  });

  test("reactions are notices, with whatever emoji", async () => {
    const line = await open();
    await line.reach("open");
    const reaction = { is_reaction: true, reacted_to_guid: "G", is_reaction_add: true };
    mac.receive("Loved “x”", ANN, { ...reaction, reaction_type: "love", reaction_emoji: "❤️" });
    mac.receive("Emphasized “x”", ANN, { ...reaction, reaction_type: "emphasis", reaction_emoji: "‼️" });
    mac.receive("Reacted 🦄 to “x”", ANN, { ...reaction, reaction_type: "custom", reaction_emoji: "🦄" });
    mac.receive("Removed a heart", ANN, { ...reaction, reaction_type: "love", is_reaction_add: false });
    await vi.waitFor(
      () =>
        expect(line.texts("notice")).toEqual([
          `[${ANN} reacted ❤️ to message G]`,
          `[${ANN} reacted ‼️ to message G]`,
          `[${ANN} reacted 🦄 to message G]`,
          `[${ANN} took their reaction away from message G]`,
        ]),
      PATIENCE,
    );
    expect(line.texts()).toEqual([]);
  });

  test("200 at once, and what comes while it is away: each once, in order", async () => {
    const line = await open();
    await line.reach("open");
    const all = Array.from({ length: 200 }, (_none, index) => `m${index}`);
    for (const one of all) mac.receive(one, ANN);
    await hears(line, ...all);
    mac.set({ isGone: true });
    mac.kill();
    await line.reach("down");
    expect(await line.does(text("hello?"), direct)).toMatchObject({ outcome: "unanswered" });
    for (const one of ["away 1", "away 2"]) mac.receive(one, ANN);
    mac.set({ isGone: false });
    await hears(line, ...all, "away 1", "away 2");
    await line.close();
    mac.receive("while the bridge slept", ANN);
    const again = await open();
    await hears(again, "while the bridge slept");
  });

  test("what comes while the last is still being kept is not lost", async () => {
    const line = await open({}, { hear: () => new Promise((resolve) => setTimeout(resolve, 100)) });
    await line.reach("open");
    const all = Array.from({ length: 60 }, (_none, index) => `m${index}`);
    for (const one of all) {
      mac.receive(one, ANN);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await hears(line, ...all);
  });

  test("what could not be kept is tried until it is, and once it is it does not come again", async () => {
    let failures = 2;
    const hear = async () => {
      if (failures-- > 0) throw new Error("disk full");
    };
    const line = await open({}, { hear });
    await line.reach("open");
    mac.receive("kept", ANN);
    await hears(line, "kept");
    mac.kill();
    mac.receive("next", ANN);
    await hears(line, "kept", "next");
  });

  test("files are had by a name that leads nowhere else", async () => {
    const line = await open();
    await line.reach("open");
    writeFileSync(join(dir, "secret"), "key");
    symlinkSync(join(dir, "secret"), join(mac.home, "Library/Messages/Attachments/link"));
    const file = mac.keepFile("dot.png", Buffer.from("PNG!"));
    const outside = { ...file, original_path: join(dir, "secret") };
    const linked = { ...file, original_path: join(mac.home, "Library/Messages/Attachments/link") };
    mac.receive("look", ANN, { attachments: [file, outside, linked, { ...file, original_path: "/gone" }] });
    await hears(line, "look");
    const handles = line.heard[0]?.message.attachments?.map(({ handle }) => handle) ?? [];
    expect(line.heard[0]?.message.attachments?.[0]).toMatchObject({ kind: "image", name: "dot.png", size: 4 });
    expect(JSON.stringify(line.heard)).not.toContain(dir);
    const path = join(dir, "fetched");
    const fetch = (handle = "", most = 100) =>
      line.line.fetchMedia?.({ handle, kind: "image" }, { channel: "imessage", peer: ANN }, path, most);
    await fetch(handles[0]);
    expect(readFileSync(path, "utf8")).toBe("PNG!");
    for (const wrong of [...handles.slice(1), join(dir, "secret"), "../../secret"])
      await expect(fetch(wrong)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(fetch(handles[0], 2)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(readFileSync(path, "utf8")).toBe("PNG!");
  });

  test("what cannot be read is left behind, and stops up nothing", async () => {
    const line = await open();
    await line.reach("open");
    for (const bad of [{ created_at: "never" }, { guid: 7 as never }, { sender: 5 as never }]) mac.receive("bad", ANN, bad);
    mac.receive("good", ANN, { attachments: "none" as never, participants: 3 as never });
    await hears(line, "good");
    mac.kill();
    mac.receive("after", ANN);
    await hears(line, "good", "after");
  });

  test("a note to self is heard where the settings want it, and our own answer to it is not", async () => {
    const own = "skerry@example.org";
    const line = await open({}, { options: { selfChat: true } });
    await line.reach("open");
    await line.does(text("Hello."), direct);
    mac.receive("buy milk", own);
    await hears(line, "buy milk");
    await line.does(text("Noted."), { peer: own, route: { chat: `iMessage;-;${own}` } });
    mac.receive("Noted.", own);
    mac.receive("thanks", own);
    await hears(line, "buy milk", "thanks");
  });
});

describe("what goes out", () => {
  test("with its bridge: replies, six reactions, edits, unsending, typing, read marks where we have written", async () => {
    const line = await open();
    expect((await line.reach("open")).said).toBeUndefined();
    const guid = mac.receive("hi", ANN);
    await hears(line, "hi");
    expect(mac.of("read")).toEqual([]);
    const sent = await line.does({ ...text("hello"), replyTo: guid }, direct);
    const ours = sent.outcome === "sent" ? (sent.platformId ?? "") : "";
    expect(mac.of("send.rich")).toEqual([{ chat_guid: `iMessage;-;${ANN}`, text: "hello", reply_to: guid }]);
    for (const emoji of ["❤️", null])
      expect((await line.does({ type: "react", message: guid, emoji }, direct)).outcome).toBe("sent");
    expect(mac.of("tapback").map(({ reaction, remove }) => [reaction, remove])).toEqual([
      ["love", undefined],
      ["love", true],
    ]);
    expect(await line.does({ type: "react", message: guid, emoji: "👀" }, direct)).toMatchObject({ outcome: "refused" });
    expect(await line.does({ type: "edit", message: ours, text: "hullo" }, direct)).toEqual({
      outcome: "sent",
      platformId: ours,
    });
    expect((await line.does({ type: "delete", message: ours }, direct)).outcome).toBe("sent");
    expect((await line.does({ type: "typing" }, direct)).outcome).toBe("sent");
    mac.receive("and", ANN);
    await vi.waitFor(() => expect(mac.of("read")).toHaveLength(1), PATIENCE);
    for (let index = 0; index < 60; index++) mac.receive(`m${index}`, ANN);
    await vi.waitFor(() => expect(line.texts().at(-1)).toBe("m59"), PATIENCE);
    expect(mac.of("read").length).toBeLessThan(20);
    expect(await line.does({ type: "edit", message: "NONE", text: "x" }, direct)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("message not found"),
    });
  });

  test("without it: words and files go, the rest is refused in words; a name that was not told is learned from the book", async () => {
    mac.set({ hasBridge: false });
    const line = await open();
    expect((await line.reach("open")).said).toContain("bridge into Messages does not run");
    expect((await line.does(text("hello"), { peer: ANN })).outcome).toBe("sent");
    expect(mac.of("send")).toEqual([{ to: ANN, text: "hello" }]);
    const file = join(dir, "0");
    writeFileSync(file, "rope, lamp");
    const act = { type: "media" as const, media: [{ key: "k", type: "text/plain", size: 10 }], caption: { text: "Here." } };
    const name = "../../lists/my: list.txt";
    const sent = await line.does(act, { peer: GROUP, kind: "group" }, [{ path: file, type: "text/plain", name, size: 10 }]);
    expect(sent.outcome).toBe("sent");
    expect(mac.uploads.map((one) => [one.name, `${one.bytes}`])).toEqual([["_.._lists_my_ list.txt", "rope, lamp"]]);
    const ours = mac.book.at(-1)?.guid;
    mac.receive("thanks for that", ANN, { chat_guid: GROUP, thread_originator_guid: ours });
    await hears(line, "thanks for that");
    for (const refused of [{ type: "typing" as const }, { type: "react" as const, message: "x", emoji: "👍" }])
      expect(await line.does(refused, direct)).toMatchObject({ outcome: "refused", reason: expect.stringContaining("bridge") });
  });

  test("names of files keep no way to another folder", () => {
    expect(["a/b.txt", "..", "\u0000x\n", "", "C:\\x", "ok.txt"].map(plainFileName)).toEqual([
      "a_b.txt",
      "file",
      "_x_",
      "file",
      "C_x",
      "ok.txt",
    ]);
  });
});

describe("health", () => {
  test("what macOS does not allow is said with what to do, and tried again", async () => {
    mac.set({ noAccess: true });
    const line = await open();
    expect((await line.reach("refused")).said).toContain("Full Disk Access in System Settings");
    mac.set({ noAccess: false, noAutomation: true });
    await line.reach("open");
    expect(await line.does(text("hi"), direct)).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("Automation"),
    });
  });

  test("access that is taken away while it runs is found when it is looked at", async () => {
    const line = await open({ lookMs: 100 });
    await line.reach("open");
    mac.set({ noAccess: true });
    expect((await line.reach("refused")).said).toContain("Full Disk Access");
    mac.set({ noAccess: false });
    await line.reach("open");
  });

  test("one that tells nothing while the book grows is deaf, and begun anew; nothing is lost", async () => {
    const line = await open({ lookMs: 100, lateMs: -1 });
    await line.reach("open");
    mac.set({ isDeaf: true });
    mac.kill();
    await vi.waitFor(() => expect(mac.of("watch.subscribe")).toHaveLength(2), PATIENCE);
    mac.receive("unheard", ANN);
    await vi.waitFor(() => expect(line.news.some(({ phase }) => phase === "deaf")).toBe(true), PATIENCE);
    mac.set({ isDeaf: false });
    await hears(line, "unheard");
  });

  test("one that answers nothing is ended and begun anew, more slowly each time", async () => {
    mac.set({ isMute: true });
    const line = await open({ answerMs: 2_500 });
    expect((await line.reach("down")).said).toContain("did not answer in time");
    await vi.waitFor(() => expect(mac.pids.length).toBeGreaterThan(1), PATIENCE);
    mac.set({ isMute: false });
    await line.reach("open");
  });

  test("one that answers nothing holds up no end of the line", async () => {
    mac.set({ isMute: true });
    const line = await open();
    await vi.waitFor(() => expect(mac.of("chats.list")).toHaveLength(1), PATIENCE);
    const begunAt = Date.now();
    await line.close();
    hosted = undefined;
    expect(Date.now() - begunAt).toBeLessThan(8_000);
  });

  test("one that floods, or writes what is no JSON, ends nothing but itself", async () => {
    const line = await open();
    const program = join(mac.bin, "imsg");
    const real = readFileSync(program, "utf8");
    await line.reach("open");
    writeFileSync(program, `#!/bin/sh\n[ "$1" = status ] && exec echo '{"sip":"enabled"}'\necho hello\nyes | tr -d '\\n'\n`);
    mac.kill();
    await vi.waitFor(() => expect(line.news.at(-1)?.said).toMatch(/more in one line/), PATIENCE);
    writeFileSync(program, real);
    mac.receive("still here", ANN);
    await hears(line, "still here");
  });

  test("where it is not, or where no Mac is, that is said", async () => {
    mac.set({ sip: "unknown" });
    if (process.platform !== "darwin") {
      const line = await open();
      expect((await line.reach("refused")).said).toContain("on a Mac alone");
      await line.close();
    }
    process.env["PATH"] = join(dir, "empty");
    const line = await open();
    expect((await line.reach("refused")).said).toContain("not on this machine's PATH");
  });

  test("it does not outlive a bridge that was killed", async () => {
    const path = join(import.meta.dirname, "../../../../src/bridge/channels/imessage/imsg/program.ts");
    const wish = `{ onMessage() {}, onFailure() {} }`;
    const code = `import("${path}").then(({ ImsgProgram }) => new ImsgProgram("${join(mac.bin, "imsg")}", ${wish}))`;
    const bridge = spawn(process.execPath, ["-e", code], { stdio: "ignore" });
    await vi.waitFor(() => expect(mac.pids).toHaveLength(1), PATIENCE);
    const [pid = 0] = mac.pids;
    expect(() => process.kill(pid, 0)).not.toThrow();
    bridge.kill("SIGKILL");
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), PATIENCE);
  });

  test("it ends with the line", async () => {
    const line = await open();
    await line.reach("open");
    const [pid = 0] = mac.pids;
    await line.close();
    hosted = undefined;
    await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), PATIENCE);
  });
});
