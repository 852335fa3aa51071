// Every screen when something is broken: no connection, a login that ended, a model that refuses. Each says what happened
// and what to do, stays in shape at both widths, and recovers by itself when the cause is gone.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser } from "../support/browser.ts";
import type { Script } from "../support/model-server/script.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { judge, type Look, openLooks, screensOf } from "../support/screens.ts";
import { write } from "../support/webchat.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const TOKEN = "token-of-the-broken-screens-journey";
const KEY = "agent:main:talk";
const WRITTEN = "Written without a connection";
/** What the model does, and what the page must say of it. */
const REFUSALS: readonly { name: string; script: Script; says: RegExp }[] = [
  {
    name: "bad-key",
    script: { fault: 401, message: "invalid x-api-key" },
    says: /did not accept the key; check the provider's key under “Models and keys”/,
  },
  {
    name: "unknown-model",
    script: { fault: 404, message: "model: nothing" },
    says: /is not known to its provider; check the name with \/model/,
  },
  {
    name: "rate-limit",
    script: { fault: 429, times: 99, retryAfter: 3_600, message: "Number of requests has exceeded your limit" },
    says: /has reached its rate limit; wait a little or choose another model with \/model/,
  },
];
/** A failure that may pass is tried again. */
const PASSING = { name: "server-error", script: { fault: 500, times: 99 } satisfies Script };
const home = mkdtempSync(join(tmpdir(), "skerry-broken-"));
const stateDir = join(home, "state");
let looks: Look[];
let complaints: string[];
let isModelWell = false;
let model: ModelServer;
let skerry: Skerry;
let browser: Browser;

function start(port?: number, token = TOKEN): Promise<Skerry> {
  const env = { ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: model.url, SKERRY_TOKEN: token };
  return startSkerry({ stateDir, env, workingDir: home, ...(port === undefined ? {} : { port }) });
}

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  model = await ModelServer.start({
    handler: ({ said }) => {
      const refusal = [...REFUSALS, PASSING].find(({ name }) => said.includes(name));
      return refusal && !isModelWell ? { ...refusal.script, id: refusal.name } : { say: "All is well." };
    },
  });
  [skerry, browser] = await Promise.all([start(), launchBrowser()]);
  const operator = await openOperator(skerry);
  await operator.ended(KEY, await operator.send(KEY, "Is all well?"));
  for (const { name } of [...REFUSALS, PASSING]) await operator.send(`agent:main:${name}`, `Ask with ${name}`);
  operator.close();
  ({ looks, complaints } = await openLooks(browser, skerry.url));
  for (const { page } of looks) await logIn(page, TOKEN);
});
afterAll(async () => {
  await browser?.close();
  await skerry?.stop();
  await model?.stop();
  rmSync(home, { recursive: true, force: true });
});

async function logIn(page: Page, token: string): Promise<void> {
  await page.locator("#token").fill(token);
  await page.locator("#token").press("Enter");
  await page.locator("#message").waitFor();
}

/** As by a link in the page: nothing is loaded anew. */
async function go(page: Page, place: string): Promise<void> {
  await page.evaluate((rest) => {
    location.hash = `#/${rest}`;
  }, place);
}

const notConnected = (page: Page) => page.getByRole("status").filter({ hasText: "Not connected" });

async function both(work: (look: Look) => Promise<string[] | undefined>): Promise<string[]> {
  const found = await Promise.all(looks.map(work));
  return found.flatMap((findings) => findings ?? []);
}

describe("a model that refuses", () => {
  it.each(REFUSALS)("is told of in one sentence that says what to do: $name", async ({ name, says }) => {
    const found = await both(async ({ page, isPhone }) => {
      await go(page, `chat/agent:main:${name}`);
      const note = page.locator(".note-bad").filter({ hasText: says });
      await note.waitFor({ timeout: 45_000 });
      expect(await page.locator(".note-bad").count()).toBe(1);
      await expect.poll(() => page.getByRole("button", { name: "Stop", exact: true }).count()).toBe(0);
      return judge({ page, isPhone }, `broken-model-${name}`);
    });
    expect(found).toEqual([]);
  });

  it("and may be well in a moment is asked again, and the page says so meanwhile", async () => {
    const found = await both(async (look) => {
      await go(look.page, `chat/agent:main:${PASSING.name}`);
      await look.page
        .locator(".now")
        .filter({ hasText: /claude-opus-4-6 failed\. Trying again in \d+ s\./ })
        .waitFor({ timeout: 30_000 });
      return judge(look, `broken-model-${PASSING.name}`);
    });
    expect(found).toEqual([]);
  });

  it("answers as soon as it is well again", async () => {
    isModelWell = true;
    const [desk] = looks;
    for (const { name } of REFUSALS) {
      if (!desk) continue;
      await go(desk.page, `chat/agent:main:${name}`);
      await desk.page.locator(".note-bad").waitFor();
      await write(desk.page, `Once more with ${name}`);
      await desk.page.locator(".answer").filter({ hasText: "All is well." }).waitFor();
    }
    // Nobody had to ask for this one again.
    await both(async ({ page }) => {
      await go(page, `chat/agent:main:${PASSING.name}`);
      await page.locator(".answer").filter({ hasText: "All is well." }).waitFor({ timeout: 40_000 });
      expect(await page.locator(".said").count()).toBe(1);
      return [];
    });
  });
});

describe("no connection", () => {
  const rooms = screensOf(KEY, KEY).filter(({ act }) => act === undefined);

  it("is said on every screen, which stays in shape and says what it waits for", async () => {
    await both(async ({ page }) => {
      for (const { place, sign } of rooms.filter(({ name }) => name !== "health" && name !== "chat")) {
        await go(page, place);
        await page.locator(sign).filter({ visible: true }).first().waitFor();
      }
      await go(page, `chat/${KEY}`);
      await page.locator(".answer").first().waitFor();
      return [];
    });
    await skerry.stop();
    const found = await both(async (look) => {
      const { page } = look;
      await notConnected(page).filter({ hasText: "What you write is kept, and sent later." }).waitFor();
      await write(page, WRITTEN);
      await page.locator(".said-state").filter({ hasText: "Kept here until the connection is back" }).waitFor();
      const findings = await judge(look, "broken-offline-chat");
      await go(page, "chat/agent:main:never-opened");
      await page.getByText("The messages come as soon as the connection is back.").waitFor();
      findings.push(...(await judge(look, "broken-offline-unknown-chat")));
      for (const { name, place } of rooms.filter((room) => room.place.startsWith("control") && room.name !== "health")) {
        await go(page, place);
        await notConnected(page).filter({ hasText: "Check that Skerry runs and that you are online." }).waitFor();
        await page.locator(".page").filter({ hasText: "as soon as the connection is back" }).waitFor();
        findings.push(...(await judge(look, `broken-offline-${name}`)));
      }
      return findings;
    });
    expect(found).toEqual([]);
  });

  it("with a room that was never fetched offers to try again", async () => {
    const found = await both(async (look) => {
      await go(look.page, "control/health");
      await look.page.getByText("Health could not be loaded. Check the connection, then try again.").waitFor();
      return judge(look, "broken-offline-not-loaded");
    });
    expect(found).toEqual([]);
  });

  it("that is back brings every screen back by itself, and sends what was written, once", async () => {
    await both(async ({ page }) => {
      await go(page, "control/models");
      await page.locator(".page").filter({ hasText: "as soon as the connection is back" }).waitFor();
      return [];
    });
    skerry = await start(skerry.port);
    await both(async ({ page }) => {
      await page.locator("sk-key-row").filter({ visible: true }).first().waitFor({ timeout: 40_000 });
      await expect.poll(() => notConnected(page).count()).toBe(0);
      await go(page, "control/health");
      const again = page.getByRole("button", { name: "Try again" });
      await again.or(page.locator(".log-line").first()).first().waitFor();
      if (await again.isVisible()) await again.click();
      await page.locator(".log-line").first().waitFor();
      await go(page, `chat/${KEY}`);
      await expect
        .poll(() => page.locator(".said-text").allInnerTexts(), { timeout: 15_000 })
        .toEqual(["Is all well?", WRITTEN, WRITTEN]);
      await expect.poll(() => page.locator(".said-state").count(), { timeout: 15_000 }).toBe(0);
      return [];
    });
  });
});

describe("a login that ended", () => {
  it("elsewhere shows the door and why, keeps the draft, and leads back to the same talk", async () => {
    const found = await both(async (look) => {
      const { page } = look;
      await go(page, `chat/${KEY}`);
      await page.locator("#message").fill("half a thought");
      const other = await page.context().newPage();
      await other.goto(`${skerry.url}/health`);
      await other.evaluate(() => fetch("/auth/logout", { method: "POST" }).then(() => undefined));
      await other.close();
      await page.getByRole("alert").filter({ hasText: "Your login here has ended. Log in again" }).waitFor();
      const findings = await judge(look, "broken-login-ended");
      await logIn(page, TOKEN);
      expect(await page.locator("#message").inputValue()).toBe("half a thought");
      expect(page.url()).toContain(KEY);
      await page.locator(".answer").first().waitFor();
      return findings;
    });
    expect(found).toEqual([]);
  });

  it("with the owner's token shows the door and why", async () => {
    await skerry.stop();
    skerry = await start(skerry.port, "another-token-of-the-broken-screens");
    await both(async ({ page }) => {
      await page.getByRole("alert").filter({ hasText: "Your login here has ended. Log in again" }).waitFor({ timeout: 40_000 });
      await logIn(page, "another-token-of-the-broken-screens");
      await page.locator(".answer").first().waitFor();
      return [];
    });
  });
});

describe("everywhere", () => {
  it("the console heard of lost connections alone", () => {
    expect(complaints.filter((line) => !/WebSocket|ERR_CONNECTION|Failed to load resource/.test(line))).toEqual([]);
  });
});
