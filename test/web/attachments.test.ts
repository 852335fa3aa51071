// Files beside a message: what may go along, and what becomes of each while it is uploaded.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetAll } from "../../src/web/state/shelf.ts";
import { Attachments } from "../../src/web/talk/attachments.ts";
import { addressOf, describeKind, describeReading, describeSize, refuseFile } from "../../src/web/talk/file-limits.ts";
import type { Upload, UploadOutcome } from "../../src/web/talk/upload.ts";

const MB = 1024 * 1024;
const kept = new Map<string, string>();
let uploads: { file: File; settle: (outcome: UploadOutcome) => void; tell: (share: number) => void; isCancelled: boolean }[];

const upload: Upload = (file, onProgress) => {
  let settle: (outcome: UploadOutcome) => void = () => undefined;
  const done = new Promise<UploadOutcome>((resolve) => {
    settle = resolve;
  });
  const under = { file, settle, tell: onProgress, isCancelled: false };
  uploads.push(under);
  return {
    done,
    cancel: () => {
      under.isCancelled = true;
      settle({ outcome: "cancelled" });
    },
  };
};
const stored = (name: string): UploadOutcome => ({
  outcome: "stored",
  media: { key: `media/${"a".repeat(64)}`, type: "text/plain", size: 3, name },
});
const textFile = (name: string) => new File(["abc"], name, { type: "text/plain" });
const settle = () => new Promise((resolve) => setTimeout(resolve, 2));

beforeEach(() => {
  uploads = [];
  kept.clear();
  vi.stubGlobal("localStorage", {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  });
});
afterEach(() => {
  forgetAll();
  vi.unstubAllGlobals();
});

describe("a file", () => {
  it.each([
    [{ name: "a.png", type: "image/png", size: 6 * MB }, undefined],
    [{ name: "a.png", type: "image/png", size: 6 * MB + 1 }, "a picture may have 6 MB"],
    [{ name: "a.pdf", type: "application/pdf", size: 20 * MB }, undefined],
    [{ name: "a.pdf", type: "application/pdf", size: 20 * MB + 1 }, "a file may have 20 MB"],
    [{ name: "a.heic", type: "image/heic", size: 10 }, "Save it as PNG or JPEG"],
    [{ name: "a.svg", type: "image/svg+xml", size: 10 }, "Save it as PNG or JPEG"],
    [{ name: "a.txt", type: "text/plain", size: 0 }, "is empty"],
  ])("is judged before it is sent: %o", (facts, words) => {
    const refusal = refuseFile(facts);
    if (words === undefined) expect(refusal).toBeUndefined();
    else expect(refusal).toContain(words);
  });

  it("is described by its kind and its size", () => {
    expect(describeKind("application/pdf", "a.pdf")).toBe("PDF");
    expect(describeKind("text/plain; charset=utf-8", "tides.csv")).toBe("CSV");
    expect(describeKind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "a.docx")).toBe("DOCX");
    expect(describeKind("application/octet-stream", "noname")).toBe("file");
    expect([12, 2_048, 3.25 * MB].map(describeSize)).toEqual(["12 bytes", "2 KB", "3.3 MB"]);
  });

  it("has an address of this page, whatever its name", () => {
    expect(addressOf({ key: "media/abc", type: "text/plain", size: 1, name: "a&b #1.txt" })).toBe(
      "/media/abc?name=a%26b+%231.txt",
    );
  });
});

describe("uploading", () => {
  it("tells how far it is, and hands over what is stored once", async () => {
    const files = new Attachments("s", upload);
    expect(files.add([textFile("a.txt")])).toEqual([]);
    uploads[0]?.tell(0.5);
    expect(files.items).toMatchObject([{ name: "a.txt", state: "uploading", progress: 0.5 }]);
    expect(files.isBusy).toBe(true);
    uploads[0]?.settle(stored("a.txt"));
    await settle();
    expect(files.isBusy).toBe(false);
    expect(files.takeStored()).toMatchObject([{ name: "a.txt" }]);
    expect(files.takeStored()).toEqual([]);
    expect(kept.size).toBe(0);
  });

  it("waits without a connection, and goes up when it is told that there is one", async () => {
    const files = new Attachments("s", upload);
    files.add([textFile("a.txt")]);
    uploads[0]?.settle({ outcome: "lost" });
    await settle();
    expect(files.isWaiting).toBe(true);
    files.retry();
    expect(uploads).toHaveLength(2);
    uploads[1]?.settle(stored("a.txt"));
    await settle();
    expect(files.items).toMatchObject([{ state: "ready" }]);
  });

  it("ends when the file is taken away, and leaves nothing", async () => {
    const files = new Attachments("s", upload);
    files.add([textFile("a.txt")]);
    files.remove(files.items[0]?.id ?? "");
    await settle();
    expect(uploads[0]?.isCancelled).toBe(true);
    expect(files.items).toEqual([]);
  });

  it("says why a file was refused, and does not send it", async () => {
    const files = new Attachments("s", upload);
    files.add([textFile("a.txt")]);
    uploads[0]?.settle({ outcome: "refused", reason: "The file is larger than 20 MB; send a smaller one." });
    await settle();
    expect(files.items).toMatchObject([{ state: "refused", problem: "The file is larger than 20 MB; send a smaller one." }]);
    expect(files.takeStored()).toEqual([]);
  });

  it("takes ten files, and says which were left out", () => {
    const files = new Attachments("s", upload);
    const refusals = files.add(Array.from({ length: 12 }, (_unused, at) => textFile(`${at}.txt`)));
    expect(files.items).toHaveLength(10);
    expect(refusals).toHaveLength(2);
    expect(refusals[0]).toContain("10.txt was left out");
  });

  it("is not needed again after a reload: what is stored stays with the draft", async () => {
    const files = new Attachments("s", upload);
    files.add([textFile("a.txt")]);
    uploads[0]?.settle(stored("a.txt"));
    await settle();
    expect(new Attachments("s", upload).items).toMatchObject([{ name: "a.txt", state: "ready" }]);
    expect(new Attachments("other", upload).items).toEqual([]);
    kept.set("skerry.files.s", "{not json");
    expect(new Attachments("s", upload).items).toEqual([]);
  });
});

describe("what the model will make of files", () => {
  it.each([
    [["image/png"], ["text", "image"], undefined],
    [["image/png"], ["text"], "plain cannot see pictures"],
    [["application/pdf"], ["text", "image"], "plain cannot read PDF files"],
    [["application/pdf"], ["text", "document"], undefined],
    [["text/csv", "application/json", ""], ["text"], undefined],
    [["application/zip"], ["text", "image"], "told the name, the kind and the size"],
    [["image/png"], undefined, undefined],
  ])("%j for a model that reads %j", (types, reads, words) => {
    const sentence = describeReading(types, reads, "some/plain");
    if (words === undefined) expect(sentence).toBeUndefined();
    else expect(sentence).toContain(words);
  });
});
