// Files in WebChat as a person brings them: picked, pasted and dropped; seen before and after sending, large on demand;
// refused with a sentence; kept over a reload and a lost connection. The model hears of each.
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findBarriers } from "../support/barriers.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { makePng } from "../support/pictures.ts";
import { modelEnv, openVisit, type Visit } from "../support/visit.ts";
import { openSession, readSaid, waitForAnswer, write } from "../support/webchat.ts";

let model: ModelServer;
let visit: Visit;
let context: BrowserContext;
let outside: string[];
let page: Page;
let complaints: string[];

beforeAll(async () => {
  model = await ModelServer.start({ handler: () => ({ say: "I see it." }) });
  visit = await openVisit({ model, env: { ...modelEnv(model), DEEPSEEK_API_KEY: "key", DEEPSEEK_BASE_URL: `${model.url}/v1` } });
  ({ context, outside, page, complaints } = visit);
});
afterAll(() => visit?.close());

const png = (name: string, buffer = makePng(40, [30, 110, 140])) => ({ name, mimeType: "image/png", buffer });
const text = (name: string, words: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(words) });
const pick = (...files: { name: string; mimeType: string; buffer: Buffer }[]) => page.locator("#files").setInputFiles(files);
const tray = () => page.locator(".tray-item");
const isStored = () => expect.poll(() => page.locator(".tray-item.is-ready").count(), { timeout: 10_000 });

/** Brings files as the clipboard or a drag would. */
function bring(kind: "paste" | "drop", file: { name: string; mimeType: string; buffer: Buffer }): Promise<void> {
  const { name, mimeType, buffer } = file;
  return page.evaluate(
    ({ kind, name, mimeType, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name, { type: mimeType }));
      const target = document.querySelector(kind === "paste" ? "#message" : ".transcript");
      const about = { bubbles: true, cancelable: true };
      if (kind === "paste") target?.dispatchEvent(new ClipboardEvent("paste", { ...about, clipboardData: transfer }));
      else {
        target?.dispatchEvent(new DragEvent("dragover", { ...about, dataTransfer: transfer }));
        target?.dispatchEvent(new DragEvent("drop", { ...about, dataTransfer: transfer }));
      }
    },
    { kind, name, mimeType, base64: buffer.toString("base64") },
  );
}

/** What the model was shown in its last request. */
function lastRequest(): string {
  return JSON.stringify(model.requests.at(-1)?.body ?? {});
}

/** Whether each picture of the talk was fetched and decoded. */
const shownPictures = () =>
  page.locator(".picture img").evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth > 0));

let turn = 0;
beforeEach(async () => {
  turn += 1;
  await openSession(page, `files-${turn}`);
});

describe("a picture", () => {
  it("that is picked is shown before it is sent and after, reaches the model, and stays over a reload", async () => {
    await pick(png("harbour.png"));
    await isStored().toBe(1);
    expect(await page.locator(".tray-picture").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(40);
    await write(page, "What is this?");
    expect(await waitForAnswer(page, 1)).toBe("I see it.");
    expect(await tray().count()).toBe(0);
    expect(lastRequest()).toContain('"type":"image"');
    expect(await readSaid(page)).toEqual(["What is this?"]);
    await expect.poll(shownPictures).toEqual([true]);
    await page.reload();
    await waitForAnswer(page, 1);
    await expect.poll(shownPictures).toEqual([true]);
  });

  it("may be pasted, and go alone", async () => {
    await bring("paste", png("clip.png"));
    await isStored().toBe(1);
    await page.getByRole("button", { name: "Send" }).click();
    await waitForAnswer(page, 1);
    expect(await readSaid(page)).toEqual([]);
    await expect.poll(shownPictures).toEqual([true]);
  });

  it("may be dropped anywhere in the talk, several in one message", async () => {
    await bring("drop", png("one.png", makePng(40, [200, 60, 40])));
    await bring("drop", png("two.png", makePng(40, [40, 160, 60])));
    await isStored().toBe(2);
    expect(await page.locator(".drop-here").count()).toBe(0);
    await write(page, "Both of them");
    await waitForAnswer(page, 1);
    await expect.poll(shownPictures).toEqual([true, true]);
  });

  it("can be taken away before it is sent", async () => {
    await pick(png("mistake.png"), png("meant.png", makePng(30, [9, 9, 9])));
    await isStored().toBe(2);
    await page.getByRole("button", { name: "Remove mistake.png" }).click();
    expect(await tray().count()).toBe(1);
    await write(page, "Only the meant one");
    await waitForAnswer(page, 1);
    expect(
      await page.locator(".picture img").evaluateAll((images) => images.map((image) => (image as HTMLImageElement).alt)),
    ).toEqual(["meant.png"]);
  });

  it("opens large by keyboard, leads to its neighbours, and gives the focus back", async () => {
    await pick(png("left.png", makePng(40, [200, 60, 40])), png("right.png", makePng(40, [40, 160, 60])));
    await isStored().toBe(2);
    await write(page, "Two");
    await waitForAnswer(page, 1);
    const opener = page.getByRole("button", { name: "left.png: show large" });
    await opener.focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "left.png" });
    await dialog.waitFor();
    expect(await findBarriers(page)).toEqual([]);
    await page.keyboard.press("ArrowRight");
    await page.getByRole("dialog", { name: "right.png" }).getByText("2 of 2").waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    expect(await opener.evaluate((button) => button === document.activeElement)).toBe(true);
  });
});

describe("a model that sees no pictures", () => {
  it("is named before the message goes and after, offers no thinking it has not, and the message is answered", async () => {
    await write(page, "/model deepseek/deepseek-chat");
    await page.locator(".note").filter({ hasText: "now uses deepseek/deepseek-chat" }).waitFor();
    await pick(png("harbour.png"));
    await isStored().toBe(1);
    await page.locator(".tray-note").filter({ hasText: "deepseek-chat cannot see pictures" }).waitFor();
    expect(await page.getByRole("button", { name: /Thinking/ }).count()).toBe(0);
    await write(page, "What is this?");
    expect(await waitForAnswer(page, 1)).toBe("I see it.");
    expect(lastRequest()).toContain("cannot see images");
    expect(lastRequest()).not.toContain("image_url");
    const note = page.locator(".note").filter({ hasText: "only told that there is harbour.png" });
    expect(await note.count()).toBe(1);
    expect(await page.locator(".tray-note").count()).toBe(0);
  });
});

describe("another file", () => {
  it("is shown with its name, kind and size, opens, and the model is told of it", async () => {
    await pick(text("tides.csv", "time,height\n06:12,3.1\n"));
    await isStored().toBe(1);
    expect(await tray().innerText()).toMatch(/tides\.csv\s+CSV, 22 bytes/);
    await write(page, "A table");
    await waitForAnswer(page, 1);
    const link = page.locator(".file");
    expect(await link.innerText()).toMatch(/tides\.csv\s+CSV, 22 bytes/);
    const address = await link.getAttribute("href");
    const answer = await page.evaluate(async (path) => (await fetch(path)).text(), address ?? "");
    expect(answer).toBe("time,height\n06:12,3.1\n");
    expect(lastRequest()).toContain("06:12,3.1");
    expect(lastRequest()).toContain("kept as attachments/tides-");
  });

  it("that is a page is stored as text and never runs", async () => {
    await pick({ name: "evil.html", mimeType: "text/html", buffer: Buffer.from("<script>document.body.dataset.ran=1</script>") });
    await isStored().toBe(1);
    await write(page, "A page");
    await waitForAnswer(page, 1);
    const address = (await page.locator(".file").getAttribute("href")) ?? "";
    const headers = await page.evaluate(async (path) => [...(await fetch(path)).headers], address);
    expect(Object.fromEntries(headers)).toMatchObject({
      "content-security-policy": "default-src 'none'; sandbox",
      "x-content-type-options": "nosniff",
    });
  });
});

describe("a file that cannot go along", () => {
  it("is refused with a sentence that says what to do, before anything is sent", async () => {
    const uploads: string[] = [];
    page.on("request", (request) => request.method() === "POST" && uploads.push(request.url()));
    const toast = (words: string | RegExp) => page.locator(".toast").filter({ hasText: words });
    await pick(png("poster.png", makePng(1_500, [0, 0, 0], true)));
    await toast(/poster\.png has 6\.\d MB; a picture may have 6 MB/).waitFor();
    await pick({ name: "film.mp4", mimeType: "video/mp4", buffer: Buffer.alloc(20 * 1024 * 1024 + 1) });
    await toast(/film\.mp4 has 20\.0 MB; a file may have 20 MB/).waitFor();
    await pick({ name: "phone.heic", mimeType: "image/heic", buffer: Buffer.from("x") });
    await toast("Save it as PNG or JPEG").waitFor();
    await pick(text("empty.txt", ""));
    await toast("empty.txt is empty").waitFor();
    expect(await tray().count()).toBe(0);
    expect(uploads).toEqual([]);
  });
});

describe("the connection", () => {
  it("that is slow shows how far the upload is, and the message waits for it", async () => {
    const client = await context.newCDPSession(page);
    await client.send("Network.enable");
    await client.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 5,
      downloadThroughput: -1,
      uploadThroughput: 700_000,
    });
    await pick(png("slow.png", makePng(900, [0, 0, 0], true)));
    const bar = page.getByRole("progressbar", { name: "Uploading slow.png" });
    await bar.waitFor();
    await expect
      .poll(() => bar.evaluate((element: HTMLProgressElement) => element.value), { timeout: 10_000 })
      .toBeGreaterThan(0.2);
    await write(page, "Not without it");
    await page.locator(".toast").filter({ hasText: "still on its way" }).waitFor();
    expect(await readSaid(page)).toEqual([]);
    await client.send("Network.emulateNetworkConditions", {
      offline: false,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    await isStored().toBe(1);
    await page.locator("#message").press("Enter");
    await waitForAnswer(page, 1);
    await client.detach();
  });

  it("that is gone is said, and the file goes up by itself when it is back", async () => {
    await context.setOffline(true);
    await pick(png("patient.png"));
    await page.locator(".tray-note").filter({ hasText: "Files need the connection" }).waitFor();
    expect(await page.getByRole("button", { name: "Send" }).isDisabled()).toBe(true);
    await context.setOffline(false);
    await isStored().toBe(1);
    await write(page, "At last");
    await waitForAnswer(page, 1);
    await expect.poll(shownPictures).toEqual([true]);
  });

  it("does not matter to what is stored: a draft with its files outlives a reload", async () => {
    await pick(png("kept.png"));
    await isStored().toBe(1);
    await page.locator("#message").fill("half a thought");
    await page.reload();
    await isStored().toBe(1);
    await expect.poll(() => page.locator(".tray-picture").evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(40);
    await page.locator("#message").press("Enter");
    await waitForAnswer(page, 1);
    expect(await readSaid(page)).toEqual(["half a thought"]);
  });
});

describe("for everybody", () => {
  it.each(["light", "dark"] as const)("has no serious barriers, %s", async (colorScheme) => {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await pick(png("harbour.png"), text("notes.txt", "notes"));
    await isStored().toBe(2);
    expect(await findBarriers(page)).toEqual([]);
    await write(page, "Both");
    await waitForAnswer(page, 1);
    expect(await findBarriers(page)).toEqual([]);
  });

  it("said nothing to the console but that the connection was cut, and asked nothing of the outside", () => {
    expect(complaints.filter((line) => !/WebSocket|ERR_INTERNET_DISCONNECTED/.test(line))).toEqual([]);
    expect(outside).toEqual([]);
  });
});
