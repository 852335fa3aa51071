// Every screen as one first meets it, empty, and after it was lived in: at the width of a desk and of a phone, light and
// dark. Nothing is wider than the screen, cut, covered or too small for a thumb; axe has nothing serious to say.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import { ASKING_KEY, answerHands, fillHands } from "../support/full-hands.ts";
import { AWKWARD, answerOf, FULL_KEY, fillHouse, LAST_WORDS, LONG_KEY } from "../support/full-house.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { bringToSight, judge, type Look, openLooks, openScreen, screensOf } from "../support/screens.ts";
import { TelegramServer } from "../support/telegram/server.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const EMPTY_KEY = "agent:main:empty";
const EMPTY = screensOf(EMPTY_KEY, EMPTY_KEY);
const FULL = screensOf(LONG_KEY, FULL_KEY, ASKING_KEY);
/** What scrolling brings up is looked at for these; the whole talk was looked at before. */
const SHOWN_RULES = ["color-contrast", "scrollable-region-focusable", "link-name", "button-name", "image-alt"];
const home = mkdtempSync(join(tmpdir(), "skerry-screens-"));
let model: ModelServer;
let telegram: TelegramServer;
let skerry: Skerry;
let browser: Browser;
let looks: Look[];
let complaints: string[];
let outside: string[][];

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  model = await ModelServer.start({ keep: 5, handler: ({ said }) => answerHands(said) ?? answerOf(said) });
  telegram = await TelegramServer.start();
  const env = { ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: model.url, TELEGRAM_API_ROOT: telegram.url };
  [skerry, browser] = await Promise.all([startSkerry({ env, workingDir: home }), launchBrowser()]);
  ({ looks, complaints, outside } = await openLooks(browser, skerry.url));
});
afterAll(async () => {
  await browser?.close();
  await skerry?.stop();
  await Promise.all([model?.stop(), telegram?.stop()]);
  rmSync(home, { recursive: true, force: true });
});

async function giveToken({ page }: Look, token: string): Promise<void> {
  await page.locator("#token").fill(token);
  await page.locator("#token").press("Enter");
}

/** Both looks at once. */
async function judgeBoth(name: string, open: (look: Look) => Promise<unknown>, rules?: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    looks.map(async (look) => {
      await open(look);
      return judge(look, name, rules);
    }),
  );
  return found.flat();
}

describe("the door", () => {
  it("stands at both widths", async () => {
    expect(await judgeBoth("login", ({ page }) => page.locator("#token").waitFor())).toEqual([]);
  });

  it("says what is wrong with a wrong token", async () => {
    const found = await judgeBoth("login-refused", async (look) => {
      await giveToken(look, "not the token");
      await look.page.locator(".login-error").filter({ hasText: "That is not the owner's token" }).waitFor();
    });
    expect(found).toEqual([]);
    // The browser itself notes a refusal.
    expect(complaints.filter((line) => !/status of 401/.test(line))).toEqual([]);
    complaints.length = 0;
  });
});

describe("empty", () => {
  beforeAll(async () => {
    for (const look of looks) {
      await giveToken(look, skerry.token);
      await look.page.locator("#message").waitFor();
    }
  });

  it.each(EMPTY)("$name", async (screen) => {
    expect(await judgeBoth(`empty-${screen.name}`, ({ page }) => openScreen(page, skerry.url, screen))).toEqual([]);
  });

  it("are all the rooms there are", async () => {
    const [desk] = looks;
    const rooms = await desk?.page
      .locator("sk-control-side a[href^='#/control/']")
      .evaluateAll((links) => links.map((link) => link.getAttribute("href")));
    expect(rooms?.length).toBeGreaterThan(5);
    for (const room of rooms ?? []) expect(EMPTY.map(({ place }) => `#/${place}`)).toContain(room);
  });
});

describe("full", () => {
  let endHands: (() => Promise<void>) | undefined;
  afterAll(() => endHands?.());
  beforeAll(async () => {
    await fillHouse(skerry, telegram.token);
    endHands = await fillHands(skerry);
    const operator = await openOperator(skerry);
    const { totalMessages = 0 } = await operator.history(LONG_KEY);
    operator.close();
    expect(totalMessages).toBeGreaterThanOrEqual(1_000);
  }, 120_000);

  it.each(FULL)("$name", async (screen) => {
    const found = await judgeBoth(`full-${screen.name}`, async ({ page }) => {
      await openScreen(page, skerry.url, screen);
      if (screen.place === `chat/${LONG_KEY}`) await page.locator(".answer").filter({ hasText: LAST_WORDS }).waitFor();
    });
    expect(found).toEqual([]);
  });
});

describe("a talk", () => {
  it.each(AWKWARD)("with $name", async ({ name, said }) => {
    const found = await judgeBoth(
      `full-talk-${name}`,
      async ({ page }) => {
        await page.evaluate((key) => {
          location.hash = `#/chat/${key}`;
        }, LONG_KEY);
        await page.locator(".answer").filter({ hasText: LAST_WORDS }).waitFor();
        await bringToSight(page, said);
      },
      SHOWN_RULES,
    );
    expect(found).toEqual([]);
  });
});

describe("everywhere", () => {
  it("said nothing to the console and asked nothing of the outside", () => {
    expect(complaints).toEqual([]);
    expect(outside.flat()).toEqual([]);
  });
});
