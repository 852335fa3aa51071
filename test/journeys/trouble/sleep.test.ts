// The computer sleeps, the page is left and come back to, or loaded again, all in mid-answer: afterwards the answer is there
// whole and once, and what was being written too.
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openProfile } from "../../support/browser.ts";
import { mintLink, openVisit, startTaughtModel, type TaughtModel, type Visit } from "../../support/visit.ts";
import { openChat, openSession, readAnswers, readSaid, waitForAnswer, write } from "../../support/webchat.ts";
import { Wire } from "../../support/wire.ts";

const COUNT = 90;
const SLOW = { say: COUNT, rate: 30 };
const WORDS = Array.from({ length: COUNT }, (_unused, at) => `w${at}`).join(" ");
let teach: TaughtModel["teach"];
let visit: Visit;

beforeAll(async () => {
  const taught = await startTaughtModel();
  ({ teach } = taught);
  visit = await openVisit({ model: taught.model });
});
afterAll(() => visit?.close());

const streamed = (page: Page) => page.locator(".answer sk-markdown").last();
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe("a computer that sleeps", () => {
  let context: BrowserContext;
  let page: Page;
  let wire: Wire;
  let client: CDPSession;
  const freeze = (state: "frozen" | "active") => client.send("Page.setWebLifecycleState", { state });

  beforeAll(async () => {
    wire = await Wire.start(visit.skerry.port);
    ({ context } = await openProfile(visit.browser));
    // A clock that can be moved on; until then it goes as clocks do.
    await context.clock.install();
    ({ page } = await openChat(context, await mintLink(visit.skerry, wire.url)));
    client = await context.newCDPSession(page);
  });
  afterAll(async () => {
    await context?.close();
    await wire?.stop();
  });

  it("in mid-answer and wakes an hour later, its connection long gone: the page notices at once and shows the answer whole", async () => {
    await openSession(page, "hour");
    await write(page, teach("sleep for an hour", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    await page.locator("#message").fill("half a thought");
    wire.die();
    await freeze("frozen");
    await wait(4_000);
    await freeze("active");
    await page.clock.fastForward("01:00:00");
    const wokeAt = Date.now();
    wire.mend();
    await expect.poll(() => readAnswers(page), { timeout: 30_000 }).toEqual([WORDS]);
    expect(Date.now() - wokeAt).toBeLessThanOrEqual(12_000);
    expect(await readSaid(page)).toEqual(["sleep for an hour"]);
    expect(await page.locator("#message").inputValue()).toBe("half a thought");
    await page.locator("#message").fill("");
    await page.locator(".turn-foot").waitFor();
  });

  it("for a moment, its connection still standing: nothing is missed and nobody is troubled", async () => {
    await openSession(page, "moment");
    await write(page, teach("nap for a moment", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    await freeze("frozen");
    await wait(2_000);
    await freeze("active");
    await waitForAnswer(page, 1);
    expect(await readAnswers(page)).toEqual([WORDS]);
    expect(await page.getByRole("status").filter({ hasText: "Not connected" }).count()).toBe(0);
  });

  it("and is woken on a network that is not there yet: it says so, and goes on when there is one", async () => {
    await openSession(page, "train");
    await write(page, teach("wake in a train", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    wire.die();
    await freeze("frozen");
    await wait(1_000);
    await freeze("active");
    await page.clock.fastForward("08:00:00");
    await page.getByRole("status").filter({ hasText: "Not connected" }).waitFor({ timeout: 20_000 });
    await write(page, teach("written in the train", { say: "Arrived." }));
    await wait(2_000);
    wire.mend();
    await expect.poll(() => readAnswers(page), { timeout: 40_000 }).toEqual([WORDS, "Arrived."]);
    expect(await readSaid(page)).toEqual(["wake in a train", "written in the train"]);
  });
});

describe("a page that is left in mid-answer", () => {
  it("and kept by the browser connects again when it is come back to, and shows the answer whole and once", async () => {
    const browser = await launchBrowser({ keepsPages: true });
    const { context } = await openProfile(browser);
    const { page } = await openChat(context, await mintLink(visit.skerry));
    await openSession(page, "kept");
    await page.evaluate(() => document.body.setAttribute("data-kept", "yes"));
    await write(page, teach("keep me", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    await page.locator("#message").fill("half a thought");
    await page.goto(`${visit.skerry.url}/health`);
    await wait(1_000);
    await page.evaluate(() => history.back());
    await page.locator("body[data-kept=yes]").waitFor();
    await expect.poll(() => readAnswers(page), { timeout: 15_000 }).toEqual([WORDS]);
    expect(await readSaid(page)).toEqual(["keep me"]);
    expect(await page.locator("#message").inputValue()).toBe("half a thought");
    await browser.close();
  });

  it("and come back to with Back shows the answer whole and once", async () => {
    const { page } = await openChat(visit.context, `${visit.skerry.url}/#/chat/agent:main:back`);
    await write(page, teach("leave me and come back", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    await page.locator("#message").fill("half a thought");
    await page.goto(`${visit.skerry.url}/health`);
    await wait(1_000);
    await page.goBack();
    await waitForAnswer(page, 1);
    expect(await readAnswers(page)).toEqual([WORDS]);
    expect(await readSaid(page)).toEqual(["leave me and come back"]);
    expect(await page.locator("#message").inputValue()).toBe("half a thought");
    await page.locator("#message").fill("");
    await write(page, teach("still there", { say: "Of course." }));
    await waitForAnswer(page, 2);
    await page.close();
  });

  it("for another session, and come back to, goes on where it is by then", async () => {
    const { page } = await openChat(visit.context, `${visit.skerry.url}/#/chat/agent:main:there`);
    await write(page, teach("look elsewhere meanwhile", SLOW));
    await streamed(page).filter({ hasText: "w9" }).waitFor();
    await openSession(page, "elsewhere");
    expect(await readAnswers(page)).toEqual([]);
    await page.goBack();
    await streamed(page).filter({ hasText: "w20" }).waitFor();
    await waitForAnswer(page, 1);
    expect(await readAnswers(page)).toEqual([WORDS]);
    await page.close();
  });

  it("by loading it again and again shows the answer whole and once", async () => {
    const { page } = await openChat(visit.context, `${visit.skerry.url}/#/chat/agent:main:again`);
    await write(page, teach("load me again", SLOW));
    for (const word of ["w5", "w25", "w45"]) {
      await streamed(page).filter({ hasText: word }).waitFor();
      await page.reload();
    }
    await waitForAnswer(page, 1);
    expect(await readAnswers(page)).toEqual([WORDS]);
    expect(await readSaid(page)).toEqual(["load me again"]);
    await page.close();
  });
});
