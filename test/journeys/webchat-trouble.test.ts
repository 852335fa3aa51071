// WebChat when things go wrong or take long, with a scripted model: streaming, stopping, several messages at once, reload
// and restart in mid-answer, a model that fails, and answers made to break out of the page.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Script } from "../support/model-server/script.ts";
import type { ModelServer } from "../support/model-server/server.ts";
import { openVisit, startTaughtModel, type TaughtModel, type Visit } from "../support/visit.ts";
import { openSession, readAnswers, readSaid, waitForAnswer, write } from "../support/webchat.ts";
import { HOSTILE } from "../web/hostile/corpus.ts";

const WORDS = Array.from({ length: 90 }, (_unused, at) => `w${at}`).join(" ");
const SLOW: Script = { say: 90, rate: 30 };

let model: ModelServer;
let teach: TaughtModel["teach"];
let visit: Visit;
let outside: string[];
let page: Page;
let complaints: string[];

beforeAll(async () => {
  ({ model, teach } = await startTaughtModel());
  visit = await openVisit({ model });
  ({ outside, page, complaints } = visit);
});
afterAll(() => visit?.close());

const streamed = () => page.locator(".answer sk-markdown").last();

describe("an answer that takes its time", () => {
  it("appears while it is written, and can be stopped with Escape", async () => {
    await openSession(page, "stop");
    await write(page, teach("stop me", SLOW));
    await streamed().filter({ hasText: "w5" }).waitFor();
    await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".turn-foot").filter({ hasText: "stopped" }).waitFor();
    const text = await streamed().textContent();
    expect(text).toMatch(/^w0 w1 w2/);
    expect(text).not.toContain("w89");
    await expect.poll(() => model.requests.at(-1)?.isAborted).toBe(true);
    expect(await page.getByRole("button", { name: "Stop", exact: true }).count()).toBe(0);
  });

  it("says what is going on before the first word", async () => {
    await openSession(page, "waiting");
    await write(page, teach("wait for it", { delayMs: 2_500, say: "Here." }));
    await page.locator(".now").filter({ hasText: "Waiting for claude-opus-4-6" }).waitFor();
    expect(await waitForAnswer(page, 1)).toBe("Here.");
    expect(await page.locator(".now").count()).toBe(0);
  });

  it("takes another message meanwhile, and shows what becomes of it", async () => {
    await openSession(page, "steer");
    await write(page, teach("first of two", SLOW));
    await streamed().filter({ hasText: "w3" }).waitFor();
    await write(page, teach("second of two", { say: "Both heard." }));
    await page
      .locator(".said-state")
      .filter({ hasText: /Waiting its turn|Passed on/ })
      .waitFor();
    await page.locator(".answer").filter({ hasText: "Both heard." }).waitFor({ timeout: 15_000 });
    expect(await readSaid(page)).toEqual(["first of two", "second of two"]);
    expect(await page.locator(".said-state").count()).toBe(0);
  });

  it("goes on after a reload, whole and once", async () => {
    await openSession(page, "reload");
    await write(page, teach("reload me", SLOW));
    await streamed().filter({ hasText: "w8" }).waitFor();
    await page.reload();
    expect(await waitForAnswer(page, 1)).toBe(WORDS);
    expect(await readSaid(page)).toEqual(["reload me"]);
    expect(await readAnswers(page)).toHaveLength(1);
  });

  it("is read to its end though the reader scrolled up, and there is a way back down", async () => {
    await openSession(page, "scroll");
    const long = Array.from({ length: 60 }, (_unused, at) => `Paragraph ${at}.`).join("\n\n");
    await write(page, teach("a long one", { say: long }));
    await waitForAnswer(page, 1);
    const scroller = page.locator(".transcript");
    const distance = () => scroller.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
    await expect.poll(distance).toBeLessThan(4);
    await scroller.evaluate((box) => box.scrollTo(0, 0));
    await page.getByRole("button", { name: "To the end" }).click();
    await expect.poll(distance).toBeLessThan(4);
  });
});

describe("what holds for a session", () => {
  it("is its name, changed in the head with Enter, kept with Escape, and still there after a reload", async () => {
    await openSession(page, "renamed");
    await write(page, teach("name me", { say: "Gladly." }));
    await waitForAnswer(page, 1);
    await page.locator(".room-name").click();
    await page.keyboard.type("Not this one");
    await page.keyboard.press("Escape");
    await page.locator(".room-name").filter({ hasText: "name me" }).click();
    await page.keyboard.type("Low water");
    await page.keyboard.press("Enter");
    await page.locator(".side-item.is-open").filter({ hasText: "Low water" }).waitFor();
    await page.reload();
    await page.locator(".room-name").filter({ hasText: "Low water" }).waitFor();
  });

  it("is how hard the model thinks, by the picker and by a command whose words are offered", async () => {
    await openSession(page, "thinking");
    await write(page, teach("think about it", { think: "First the chart.", say: "Done." }));
    await waitForAnswer(page, 1);
    await page.getByRole("button", { name: /^Thinking: default/ }).click();
    await page.getByRole("option", { name: /^low/ }).click();
    await page.getByRole("button", { name: /^Thinking: low/ }).waitFor();
    await page.locator("#message").pressSequentially("/think hi");
    await page.getByRole("option", { name: /^high/ }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Thinking: high/ }).waitFor();
  });

  it("is whether thoughts are shown: folded, or not at all; a turn that is stopped keeps them", async () => {
    await openSession(page, "thoughts");
    await write(page, teach("think, then be stopped", { think: "First the chart.", say: 90, rate: 30 }));
    await streamed().filter({ hasText: "w5" }).waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".turn-foot").filter({ hasText: "stopped" }).waitFor();
    await page.locator(".thought > summary").click();
    expect(await page.locator(".thought-text").innerText()).toBe("First the chart.");
    await write(page, "/reasoning off");
    await expect.poll(() => page.locator(".thought").count()).toBe(0);
    await write(page, "/reasoning on");
    await expect.poll(() => page.locator(".thought").count()).toBe(1);
  });

  it("is what it costs, beside what the day has cost", async () => {
    await page.locator(".room-day").filter({ hasText: "today $" }).waitFor();
    expect(await page.locator(".room-day").getAttribute("title")).toMatch(/^Today, in all sessions \(UTC\): [\d,]+ tokens, \$/);
  });
});

describe("a restart", () => {
  it("in mid-answer: the page comes back by itself, with the answer whole and once", async () => {
    await openSession(page, "restart");
    await write(page, teach("restart me", { say: 120, rate: 30 }));
    await streamed().filter({ hasText: "w10" }).waitFor();
    await visit.skerry.kill();
    await page.getByRole("status").filter({ hasText: "Not connected" }).waitFor();
    await visit.restart();
    const answer = await waitForAnswer(page, 1);
    expect(answer).toMatch(/^w0 w1 .* w119$/);
    expect(await readSaid(page)).toEqual(["restart me"]);
    expect((await readAnswers(page)).filter((text) => text.includes("w119"))).toHaveLength(1);
    expect(await page.getByRole("status").filter({ hasText: "Not connected" }).count()).toBe(0);
  });

  it("keeps what was written meanwhile, over a reload, and sends it once", async () => {
    await openSession(page, "offline");
    teach("written offline", { say: "It arrived." });
    await visit.skerry.stop();
    await page.getByRole("status").filter({ hasText: "Not connected" }).waitFor();
    await write(page, "written offline");
    await page.locator(".said-state").filter({ hasText: "Kept here" }).waitFor();
    await visit.restart();
    expect(await waitForAnswer(page, 1)).toBe("It arrived.");
    expect(await readSaid(page)).toEqual(["written offline"]);
    await page.reload();
    await waitForAnswer(page, 1);
    expect(await readSaid(page)).toEqual(["written offline"]);
    const asked = model.requests.filter(({ body }) => JSON.stringify(body).includes("written offline"));
    expect(asked).toHaveLength(1);
  });
});

describe("trouble", () => {
  it("with the model is told in one sentence that says what to do", async () => {
    await openSession(page, "refused");
    await write(page, teach("be refused", { fault: 401, message: "invalid x-api-key" }));
    const note = page.locator(".note-bad");
    await note.filter({ hasText: "check the provider's key" }).waitFor();
    expect(await note.count()).toBe(1);
    await page.reload();
    await note.filter({ hasText: "check the provider's key" }).waitFor();
    expect(await note.count()).toBe(1);
  });

  it("made by hostile answers stays text", async () => {
    await openSession(page, "hostile");
    await page.evaluate(() => Object.assign(globalThis, { ran: () => document.body.setAttribute("data-ran", "yes") }));
    const text = HOSTILE.filter((one) => one.length < 300).join("\n\n");
    await write(page, teach("be hostile", { say: `${text}\n\nThe end of it.`, rate: 2_000 }));
    await page.locator(".turn-foot").waitFor({ timeout: 20_000 });
    await page.waitForTimeout(300);
    expect(await page.evaluate(() => document.body.getAttribute("data-ran"))).toBeNull();
    expect(
      await page.locator("sk-markdown :is(script, iframe, object, embed, form, style, link, meta, base, svg, math)").count(),
    ).toBe(0);
    expect(await page.locator("sk-app").count()).toBe(1);
    expect(outside).toEqual([]);
    const links = await page.locator(".answer a").evaluateAll((found) => found.map((link) => link.getAttribute("href") ?? ""));
    for (const href of links.filter((href) => href !== "")) expect(href).toMatch(/^(https?:\/\/|mailto:)/);
  });

  it("in a tool's arguments and result stays text", async () => {
    await openSession(page, "hostile-tool");
    const evil = "<img src=x onerror=ran()><script>ran()</script>";
    await write(page, teach("hostile tool", { tool: "read", args: { path: evil }, say: "Done." }));
    await waitForAnswer(page, 1);
    await page.locator(".call summary").first().click();
    expect(await page.locator(".call-args dd").first().textContent()).toBe(evil);
    expect(await page.locator(".call img, .call script").count()).toBe(0);
    expect(await page.evaluate(() => document.body.getAttribute("data-ran"))).toBeNull();
  });

  it("left no complaint but lost connections in the console", () => {
    expect(complaints.filter((line) => !/WebSocket|ERR_CONNECTION/.test(line))).toEqual([]);
  });
});
