// One session on three screens: two tabs of a computer and a phone that was let in by a link of its own. All three see the
// same at the same time, whoever of them does something.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openProfile } from "../../support/browser.ts";
import { mintLink, openVisit, PHONE, startTaughtModel, type TaughtModel, type Visit } from "../../support/visit.ts";
import { openChat, openSession, readAnswers, readSaid, waitForAnswer, write } from "../../support/webchat.ts";

const SLOW = { say: 120, rate: 25 };
const WORDS = Array.from({ length: 120 }, (_unused, at) => `w${at}`).join(" ");
let teach: TaughtModel["teach"];
let visit: Visit;
let first: Page;
let second: Page;
let phone: Page;
let all: Page[];
let complaints: string[][];

beforeAll(async () => {
  const taught = await startTaughtModel();
  ({ teach } = taught);
  visit = await openVisit({ model: taught.model });
  const { context } = await openProfile(visit.browser, PHONE);
  const tab = await openChat(visit.context, visit.page.url());
  const other = await openChat(context, await mintLink(visit.skerry));
  first = visit.page;
  second = tab.page;
  phone = other.page;
  all = [first, second, phone];
  complaints = [visit.complaints, tab.complaints, other.complaints];
});
afterAll(() => visit?.close());

async function openEverywhere(name: string): Promise<void> {
  await Promise.all(all.map((page) => openSession(page, name)));
}

/** What each screen shows, for comparing. */
const onEach = <T>(read: (page: Page) => Promise<T>): Promise<T[]> => Promise.all(all.map(read));
const everywhere = (selector: string, hasText: string | RegExp) =>
  onEach((page) => page.locator(selector).filter({ hasText }).first().waitFor());
const expectSame = async <T>(read: (page: Page) => Promise<T>, wanted: T): Promise<void> => {
  await expect.poll(() => onEach(read), { timeout: 10_000 }).toEqual(all.map(() => wanted));
};
const stopButtons = (page: Page) => page.getByRole("button", { name: "Stop", exact: true }).count();

/** Notes on each screen when a word of the answer is first seen; answers the spread of each word in ms. */
async function measureSpread(words: readonly string[], act: () => Promise<void>): Promise<number[]> {
  const watched = all.map((page) =>
    page.evaluate(
      (wanted) =>
        new Promise<number[]>((done) => {
          const seen: number[] = [];
          const look = () => {
            const text = [...document.querySelectorAll(".answer sk-markdown")].at(-1)?.textContent ?? "";
            while (seen.length < wanted.length && text.includes(`${wanted[seen.length]} `)) seen.push(Date.now());
            if (seen.length < wanted.length) return;
            observer.disconnect();
            done(seen);
          };
          const observer = new MutationObserver(look);
          observer.observe(document.body, { subtree: true, childList: true, characterData: true });
        }),
      words,
    ),
  );
  await act();
  const seen = await Promise.all(watched);
  return words.map((_word, at) => {
    const times = seen.map((list) => list[at] ?? Number.POSITIVE_INFINITY);
    return Math.max(...times) - Math.min(...times);
  });
}

describe("three screens on one session", () => {
  it("see an answer grow at the same time, and end with the same", async () => {
    await openEverywhere("grow");
    const words = Array.from({ length: 10 }, (_unused, at) => `w${at * 10 + 5}`);
    const spread = await measureSpread(words, () => write(phone, teach("grow, please", SLOW)));
    const sorted = spread.toSorted((a, b) => a - b);
    // On a quiet machine all are below 150 ms; other work on this one may delay a frame.
    expect(sorted[Math.floor(sorted.length / 2)], JSON.stringify(spread)).toBeLessThanOrEqual(300);
    await onEach((page) => waitForAnswer(page, 1));
    await expectSame(readAnswers, [WORDS]);
    await expectSame(readSaid, ["grow, please"]);
    await expectSame(stopButtons, 0);
  });

  it("see a tool at work and what came of it", async () => {
    await openEverywhere("tool");
    await write(
      second,
      teach("work, please", { tool: "exec", args: { command: "sleep 3; echo low-water" }, say: "It is done." }),
    );
    await everywhere(".call.is-running, .call", /echo low-water|Run|exec/i);
    await onEach((page) => waitForAnswer(page, 1));
    for (const page of all) await page.locator(".call summary").first().click();
    await everywhere(".call-text", "low-water");
    await expectSame((page) => page.locator(".call").count(), 1);
    await expectSame(readAnswers, ["It is done."]);
  });

  it("see a message wait its turn, whoever wrote it, and each once when it is answered", async () => {
    await openEverywhere("queue");
    await write(first, teach("first of the queue", SLOW));
    await everywhere(".answer sk-markdown", "w5");
    await write(phone, teach("second of the queue", { say: "Both heard." }));
    await everywhere(".said-state", /Waiting its turn|Passed on/);
    await expectSame(readSaid, ["first of the queue", "second of the queue"]);
    await everywhere(".answer", "Both heard.");
    await expectSame((page) => page.locator(".said-state").count(), 0);
    await expectSame(readSaid, ["first of the queue", "second of the queue"]);
    const [one, ...others] = await onEach(readAnswers);
    for (const answers of others) expect(answers).toEqual(one);
  });

  it("all stop when one of them stops", async () => {
    await openEverywhere("stop");
    await write(first, teach("stop everywhere", SLOW));
    await everywhere(".answer sk-markdown", "w5");
    await expectSame(stopButtons, 1);
    await phone.getByRole("button", { name: "Stop", exact: true }).tap();
    await everywhere(".turn-foot", "stopped");
    await expectSame(stopButtons, 0);
    const [one, ...others] = await onEach(readAnswers);
    expect(one).toHaveLength(1);
    for (const answers of others) expect(answers).toEqual(one);
  });

  it("take over a new name and another way of thinking at once", async () => {
    await openEverywhere("shared");
    await write(first, teach("share this", { say: "Shared." }));
    await onEach((page) => waitForAnswer(page, 1));
    await second.locator(".room-name").click();
    await second.keyboard.type("Tide table");
    await second.keyboard.press("Enter");
    await everywhere(".room-title", "Tide table");
    await write(first, "/think high");
    const thinking = (page: Page) => page.getByRole("button", { name: /^Thinking/ }).getAttribute("aria-label");
    await expectSame(thinking, "Thinking: high. Choose another");
    await expectSame((page) => page.locator(".note").count(), 1);
  });

  it("take over another model", async () => {
    await openEverywhere("model");
    await write(first, teach("which model", { say: "This one." }));
    await onEach((page) => waitForAnswer(page, 1));
    const model = (page: Page) => page.getByRole("button", { name: /^Model/ });
    const before = await model(phone).innerText();
    await model(second).click();
    await second
      .getByRole("option")
      .filter({ hasText: /sonnet/i })
      .first()
      .click();
    await expect.poll(() => model(second).innerText()).not.toBe(before);
    const chosen = await model(second).innerText();
    await expectSame((page) => model(page).innerText(), chosen);
  });

  it("begin anew together when one of them resets the talk", async () => {
    await openEverywhere("anew");
    await write(first, teach("before the reset", { say: "Noted." }));
    await onEach((page) => waitForAnswer(page, 1));
    await write(phone, "/new");
    await everywhere(".note", /new talk|begins here|fresh/i);
    await expectSame((page) => page.locator(".note").count(), 1);
    await write(second, teach("after the reset", { say: "Hello again." }));
    await expectSame(readSaid, ["before the reset", "after the reset"]);
    await expectSame(readAnswers, ["Noted.", "Hello again."]);
  });

  it("see that somebody writes elsewhere, until it is sent or taken back", async () => {
    await openEverywhere("writing");
    const signs = () => onEach((page) => page.locator(".writing").allInnerTexts());
    await phone.locator("#message").pressSequentially("Half a");
    const sign = ["Being written on a phone…"];
    await expect.poll(signs).toEqual([sign, sign, []]);
    await phone.locator("#message").fill("");
    await expect.poll(signs).toEqual([[], [], []]);
    await first.locator("#message").pressSequentially("Whole");
    await expect.poll(signs).toEqual([[], ["Being written on another screen…"], ["Being written on another screen…"]]);
    await first.keyboard.press("Enter");
    await expect.poll(signs).toEqual([[], [], []]);
    await onEach((page) => waitForAnswer(page, 1));
  });

  it("know of each other, and that one has gone", async () => {
    const counts = (pages: Page[]) => Promise.all(pages.map((page) => page.locator(".link-others").first().textContent()));
    await expect.poll(() => counts([first, second])).toEqual([" · 2 more", " · 2 more"]);
    await phone.context().close();
    await expect.poll(() => counts([first, second])).toEqual([" · 1 more", " · 1 more"]);
    await second.close();
    await expect.poll(() => first.locator(".link-others").count()).toBe(0);
  });

  it("said nothing to the console", () => {
    expect(complaints).toEqual([[], [], []]);
  });
});
