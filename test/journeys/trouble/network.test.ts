// The network fails in mid-answer, for a whole minute: cut, or dead without a word. The page says so, keeps what is written,
// and shows afterwards the answer whole and once. All of it waits side by side, each on a wire and a profile of its own.

import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, it } from "vitest";
import { openProfile } from "../../support/browser.ts";
import { type Operator, openOperator, textsOf } from "../../support/operator.ts";
import { mintLink, openVisit, startTaughtModel, type TaughtModel, type Visit } from "../../support/visit.ts";
import { openChat, openSession, readAnswers, readSaid, write } from "../../support/webchat.ts";
import { Wire } from "../../support/wire.ts";

const MINUTE_MS = 60_000;
const LIMIT_MS = 240_000;
const RATE = 10;
let teach: TaughtModel["teach"];
let visit: Visit;
let operator: Operator;

beforeAll(async () => {
  const taught = await startTaughtModel();
  ({ teach } = taught);
  visit = await openVisit({ model: taught.model });
  operator = await openOperator(visit.skerry);
});
afterAll(async () => {
  operator?.close();
  await visit?.close();
});

const wordsTo = (count: number) => Array.from({ length: count }, (_unused, at) => `w${at}`).join(" ");
const streamed = (page: Page) => page.locator(".answer sk-markdown").last();
const isLost = (page: Page) => page.getByRole("status").filter({ hasText: "Not connected" });
const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

/** A tab in a profile of its own, on a wire of its own, with a session of its own. */
async function openAlone(
  name: string,
): Promise<{ page: Page; wire: Wire; complaints: string[]; key: string; leave(): Promise<void> }> {
  const wire = await Wire.start(visit.skerry.port);
  const { context } = await openProfile(visit.browser);
  const { page, complaints } = await openChat(context, await mintLink(visit.skerry, wire.url));
  await openSession(page, name);
  const leave = async () => {
    await context.close();
    await wire.stop();
  };
  return { page, wire, complaints, key: `agent:main:${name}`, leave };
}

/** What the session itself holds: the truth that the page must show. */
async function readTruth(key: string) {
  const { messages } = await operator.history(key);
  return { said: textsOf(messages, "user"), answered: textsOf(messages, "assistant") };
}

describe.concurrent("a minute without the network", () => {
  it(
    "while the answer is finished: it is there whole and once, and what was written meanwhile is sent once, in order",
    async ({ expect }) => {
      const { page, wire, key, leave, complaints } = await openAlone("cut");
      await write(page, teach("cut me off", { say: 150, rate: RATE }));
      await streamed(page).filter({ hasText: "w9" }).waitFor();
      wire.cut();
      const cutAt = Date.now();
      await isLost(page).waitFor();
      const offline = ["first thing, written offline", "second thing, written offline", "third thing, written offline"];
      for (const text of offline) await write(page, teach(text, { say: `Heard the ${text}.` }));
      await expect.poll(() => page.locator(".said-state").filter({ hasText: "Kept here" }).count()).toBe(3);
      await wait(MINUTE_MS - (Date.now() - cutAt));
      await expect(readTruth(key)).resolves.toMatchObject({ answered: [wordsTo(150)] });
      expect(await isLost(page).count()).toBe(1);
      wire.mend();
      await isLost(page).waitFor({ state: "detached", timeout: 25_000 });
      await expect.poll(async () => (await readTruth(key)).said, { timeout: 20_000 }).toEqual(["cut me off", ...offline]);
      await expect.poll(async () => (await operator.history(key)).active, { timeout: 20_000 }).toBeUndefined();
      await expect.poll(() => readSaid(page)).toEqual(["cut me off", ...offline]);
      const { answered } = await readTruth(key);
      await expect.poll(() => readAnswers(page)).toEqual(answered);
      expect(answered.filter((text) => text.includes("w149"))).toEqual([wordsTo(150)]);
      await expect.poll(() => page.locator(".said-state").count()).toBe(0);
      expect(complaints.filter((line) => !/WebSocket|ERR_/.test(line))).toEqual([]);
      await leave();
    },
    LIMIT_MS,
  );

  it(
    "while the answer is still being written: it goes on where it is by then, whole and once",
    async ({ expect }) => {
      const { page, wire, key, leave } = await openAlone("long");
      await write(page, teach("a very long one", { say: 850, rate: RATE }));
      await streamed(page).filter({ hasText: "w9" }).waitFor();
      wire.cut();
      await isLost(page).waitFor();
      await wait(MINUTE_MS);
      wire.mend();
      await isLost(page).waitFor({ state: "detached", timeout: 25_000 });
      // What came while it was away is there at once, not written anew.
      await streamed(page).filter({ hasText: "w500 " }).waitFor({ timeout: 5_000 });
      expect(await page.getByRole("button", { name: "Stop", exact: true }).count()).toBe(1);
      await page.locator(".turn-foot").waitFor({ timeout: 60_000 });
      expect(await readAnswers(page)).toEqual([wordsTo(850)]);
      expect((await readTruth(key)).answered).toEqual([wordsTo(850)]);
      await leave();
    },
    LIMIT_MS,
  );
});

describe.concurrent("a minute on a line that is dead without a word", () => {
  it(
    "in mid-answer: the page notices by itself, and shows the answer whole and once when the line is back",
    async ({ expect }) => {
      const { page, wire, key, leave } = await openAlone("dead");
      await write(page, teach("fall silent", { say: 150, rate: RATE }));
      await streamed(page).filter({ hasText: "w9" }).waitFor();
      wire.die();
      const diedAt = Date.now();
      await isLost(page).waitFor({ timeout: 30_000 });
      const noticedMs = Date.now() - diedAt;
      expect(noticedMs).toBeLessThanOrEqual(20_000);
      await write(page, teach("written into the dead line", { say: "It came through." }));
      await page.locator(".said-state").filter({ hasText: "Kept here" }).waitFor();
      await wait(MINUTE_MS - (Date.now() - diedAt));
      wire.mend();
      await isLost(page).waitFor({ state: "detached", timeout: 25_000 });
      await expect.poll(() => readAnswers(page), { timeout: 20_000 }).toEqual([wordsTo(150), "It came through."]);
      expect(await readSaid(page)).toEqual(["fall silent", "written into the dead line"]);
      expect((await readTruth(key)).said).toEqual(["fall silent", "written into the dead line"]);
      await leave();
    },
    LIMIT_MS,
  );

  it(
    "while nothing goes on: what is written just then waits, and is sent once",
    async ({ expect }) => {
      const { page, wire, key, leave } = await openAlone("idle");
      await write(page, teach("before the silence", { say: "Good morning." }));
      await page.locator(".turn-foot").waitFor();
      // Idle for longer than the page waits before it asks: a line that answers is left alone.
      await wait(25_000);
      expect(await isLost(page).count()).toBe(0);
      wire.die();
      await write(page, teach("into the silence", { say: "Heard you." }));
      const writtenAt = Date.now();
      await isLost(page).waitFor({ timeout: 30_000 });
      expect(Date.now() - writtenAt).toBeLessThanOrEqual(20_000);
      await page.locator(".said-state").filter({ hasText: "Kept here" }).waitFor();
      wire.mend();
      await expect.poll(() => readAnswers(page), { timeout: 30_000 }).toEqual(["Good morning.", "Heard you."]);
      expect((await readTruth(key)).said).toEqual(["before the silence", "into the silence"]);
      await leave();
    },
    LIMIT_MS,
  );
});
