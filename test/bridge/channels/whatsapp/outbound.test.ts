// Acts of the house as WhatsApp's library is told them, and files as they are fetched and made.
import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { fetchFile, makeVoice } from "../../../../src/bridge/channels/whatsapp/media.ts";
import { judgeEnd, pauseBefore } from "../../../../src/bridge/channels/whatsapp/why.ts";
import { mention, writeAct, writeMedia } from "../../../../src/bridge/channels/whatsapp/words/outbound.ts";

const NOW = 1_795_000_000_000;
const FFMPEG = "ffmpeg";
const key = { remoteJid: "49@s.whatsapp.net", id: "M", fromMe: true };
const members = [{ id: "98765432101234@lid", known: ["98765432101234@lid", "4915112345678@s.whatsapp.net"] }];
const write = (act: Parameters<typeof writeAct>[0], target?: { key: object; at?: number }) =>
  writeAct(act, { members: [], target: target as never, now: NOW });

describe("acts", () => {
  test("a text, quoting what it answers; nothing looks at its links", () => {
    expect(write({ type: "text", text: "hi https://x.example", replyTo: "M" })).toEqual({
      sayings: [{ content: { text: "hi https://x.example", linkPreview: null }, isQuoting: true }],
    });
    expect(write({ type: "text", text: " " })).toHaveProperty("refused");
    expect(write({ type: "text", text: "x".repeat(65_537) })).toHaveProperty("refused");
  });

  test("whoever is in the group is rung by their number, under the name the group knows; nobody else is", () => {
    expect(mention("@+4915112345678 and @4915112345678, a@4915112345678, @+4915199999999", members)).toEqual({
      text: "@98765432101234 and @98765432101234, a@4915112345678, @+4915199999999",
      mentions: ["98765432101234@lid"],
    });
    expect(mention("@+4915112345678", [])).toEqual({ text: "@+4915112345678" });
  });

  test("an edit within its time, of an own message", () => {
    const act = { type: "edit", message: "M", text: "new" } as const;
    expect(write(act, { key, at: NOW - 60_000 })).toMatchObject({ sayings: [{ content: { text: "new", edit: key } }] });
    expect(write(act, { key, at: NOW - 16 * 60_000 })).toMatchObject({ refused: expect.stringContaining("15 minutes") });
    expect(write(act, { key: { ...key, fromMe: false }, at: NOW })).toHaveProperty("refused");
    expect(write(act)).toHaveProperty("refused");
  });

  test("a reaction and its end, a deletion, a pin", () => {
    expect(write({ type: "react", message: "M", emoji: "👍" }, { key })).toMatchObject({
      sayings: [{ content: { react: { key, text: "👍" } } }],
    });
    expect(write({ type: "react", message: "M", emoji: null }, { key })).toMatchObject({
      sayings: [{ content: { react: { text: "" } } }],
    });
    expect(write({ type: "delete", message: "M" }, { key, at: NOW })).toMatchObject({ sayings: [{ content: { delete: key } }] });
    expect(write({ type: "pin", message: "M", isPinned: false }, { key })).toMatchObject({
      sayings: [{ content: { pin: key, type: 2 } }],
    });
  });

  test("a poll that WhatsApp takes", () => {
    const poll = (options: string[], isMultiple?: boolean) =>
      write({ type: "poll", question: "When?", options, ...(isMultiple ? { isMultiple } : {}) });
    expect(poll(["Mon", "Tue"])).toMatchObject({
      sayings: [{ content: { poll: { name: "When?", values: ["Mon", "Tue"], selectableCount: 1 } } }],
    });
    expect(poll(["Mon", "Tue"], true)).toMatchObject({ sayings: [{ content: { poll: { selectableCount: 0 } } }] });
    for (const options of [["one"], Array.from({ length: 13 }, (_n, i) => `${i}`), ["a", "a"], ["a", " "]])
      expect(poll(options)).toHaveProperty("refused");
  });

  test("files: the first that can carries the words; a voice note cannot, so they follow it", () => {
    const file = (type: string, more = {}) => ({ path: "/x", type, name: "n", size: 1, ...more });
    const caption = { text: "look" };
    const kinds = (files: ReturnType<typeof file>[]) => writeMedia(files, { caption }, []).map(({ content }) => content);
    expect(kinds([file("image/jpeg"), file("application/pdf")])).toEqual([
      { image: { url: "/x" }, mimetype: "image/jpeg", caption: "look" },
      { document: { url: "/x" }, mimetype: "application/pdf", fileName: "n" },
    ]);
    expect(kinds([file("audio/ogg", { isNote: true })])).toEqual([
      { audio: { url: "/x" }, mimetype: "audio/ogg; codecs=opus", ptt: true },
      { text: "look", linkPreview: null },
    ]);
    expect(kinds([file("audio/mpeg")])[0]).toEqual({ audio: { url: "/x" }, mimetype: "audio/mpeg", ptt: false });
    expect(kinds([file("image/svg+xml")])[0]).toMatchObject({ document: { url: "/x" } });
  });
});

describe("a voice note", () => {
  const make = (bytes: Buffer | string, type: string) => {
    const path = join(mkdtempSync(join(tmpdir(), "voice-")), "0");
    writeFileSync(path, bytes);
    return { path, type, name: "a", size: bytes.length };
  };
  const hasFfmpeg = (() => {
    try {
      execFileSync(FFMPEG, ["-version"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  })();

  test("that is Opus already goes as it is", async () => {
    const file = make("OggS\0\0.............OpusHead", "audio/ogg; codecs=opus");
    expect(await makeVoice(file, "/no/such/program")).toMatchObject({ path: file.path, isNote: true });
  });

  test("goes as a sound where there is no ffmpeg, or it cannot read it", async () => {
    const file = make("ID3 no sound", "audio/mpeg");
    expect(await makeVoice(file, "/no/such/program")).toEqual(file);
    expect(await makeVoice(file, "false")).toEqual(file);
  });

  test.runIf(hasFfmpeg)("is made Opus by ffmpeg", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "voice-")), "0.wav");
    execFileSync(FFMPEG, ["-v", "error", "-f", "lavfi", "-i", "sine=duration=1", path]);
    expect(await makeVoice({ path, type: "audio/wav", name: "a", size: 1 })).toMatchObject({ type: "audio/ogg", isNote: true });
  });
});

describe("a file's address", () => {
  const mediaKey = new Uint8Array(32);
  async function fetched(file: object, near?: string): Promise<unknown> {
    const asked: unknown[] = [];
    const library = {
      downloadContentFromMessage: async (from: object) => {
        asked.push({ ...from, mediaKey: undefined });
        return Readable.from([Buffer.alloc(10)]) as never;
      },
    };
    const path = join(mkdtempSync(join(tmpdir(), "file-")), "0");
    await fetchFile(library, { imageMessage: { mediaKey, ...file } }, path, { maxBytes: 100, near });
    return asked[0];
  }

  test("is WhatsApp's own, whatever the message names beside it", async () => {
    expect(await fetched({ directPath: "/v/t62?x", url: "https://10.0.0.1/admin" })).toEqual({ directPath: "/v/t62?x" });
    expect(await fetched({ url: "https://mmg.whatsapp.net/v/t62" })).toEqual({ url: "https://mmg.whatsapp.net/v/t62" });
  });

  test.each([
    { url: "http://mmg.whatsapp.net/v" },
    { url: "https://mmg.whatsapp.net.example/v" },
    { url: "https://whatsapp.net@10.0.0.1/v" },
    { url: "https://mmg.whatsapp.net:8443/v" },
    { url: "http://127.0.0.1:8080/v" },
    { directPath: "//10.0.0.1/v" },
    { directPath: ".example/v" },
    {},
  ])("%j is nobody's to be asked", async (file) => {
    await expect(fetched(file)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("why a line ended", () => {
  test.each([
    [401, "unlinked"],
    [403, "refused"],
    [411, "refused"],
    [440, "refused"],
    [405, "renew"],
    [408, "again"],
    [428, "again"],
    [503, "again"],
    [undefined, "again"],
  ])("%s is %s", (code, is) => {
    const verdict = judgeEnd(code, "why");
    expect(verdict.is).toBe(is);
    expect(verdict.said).toMatch(/\.$/);
  });

  test("the pause grows to a minute, never the same for all", () => {
    expect([0, 1, 2, 5, 6, 60].map((attempt) => pauseBefore(attempt, 0.5))).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
    expect(pauseBefore(0, 0)).toBe(750);
    expect(pauseBefore(0, 1)).toBe(1250);
  });
});
