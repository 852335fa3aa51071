// The whole page by keyboard alone, start to finish, and what those hear who do not see it. The focus is always in sight,
// never lost and never trapped; what was opened gives it back.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, openProfile } from "../support/browser.ts";
import { findUnnamed, focused, tabTo, walkTabs } from "../support/keyboard.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { readSaid, waitForAnswer } from "../support/webchat.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const home = mkdtempSync(join(tmpdir(), "skerry-keyboard-"));
let model: ModelServer;
let skerry: Skerry;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  model = await ModelServer.start({
    handler: ({ said }) => {
      if (said.includes("slowly")) return { say: 300, rate: 30 };
      if (said.includes("tool")) return { think: "First the chart.", tool: "read", args: { path: "SOUL.md" }, say: "I read it." };
      return { say: `You said: ${said}` };
    },
  });
  const env = { ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: model.url, OPENAI_BASE_URL: `${model.url}/v1` };
  [skerry, browser] = await Promise.all([startSkerry({ env, workingDir: home }), launchBrowser()]);
  const { context } = await openProfile(browser, { viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
  context.setDefaultTimeout(15_000);
  page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(skerry.url);
});
afterAll(async () => {
  await browser?.close();
  await skerry?.stop();
  await model?.stop();
  rmSync(home, { recursive: true, force: true });
});

const press = (...keys: string[]) =>
  keys.reduce<Promise<void>>((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
const type = (words: string) => page.keyboard.type(words);
const hasFocus = (name: string) => expect.poll(() => focused(page), { timeout: 10_000 }).toBe(name);
/** What is announced to those who do not see the talk. */
const hears = (words: string) =>
  expect.poll(() => page.locator(".unseen[aria-live=polite]").textContent(), { timeout: 10_000 }).toContain(words);
/** Types a message where the focus is and sends it. */
async function say(words: string): Promise<void> {
  await hasFocus("Message");
  await type(words);
  await press("Enter");
}

describe("in the chat", () => {
  it("one logs in: the field has the focus", async () => {
    await hasFocus("Token");
    await type(skerry.token);
    await press("Enter");
    await hasFocus("Message");
  });

  it("one writes, and the answer is announced", async () => {
    await say("good morning");
    await waitForAnswer(page, 1);
    await hears("You said: good morning");
  });

  it("one runs a command from the palette, which closes on Escape", async () => {
    await type("/");
    await page.getByRole("listbox", { name: "Commands" }).waitFor();
    expect(await page.locator("#message").getAttribute("aria-controls")).toBe("commands");
    await press("Escape");
    await expect.poll(() => page.getByRole("listbox").count()).toBe(0);
    await hasFocus("Message");
    await press("Backspace");
    await type("/sta");
    await page.getByRole("option", { name: /^\/status/ }).waitFor();
    const chosen = () => page.locator("#message").getAttribute("aria-activedescendant");
    if ((await chosen()) === null) await press("ArrowDown");
    await expect.poll(chosen).toMatch(/^command-\d/);
    await press("Enter");
    await page.locator(".note").filter({ hasText: "claude-opus-4-6" }).waitFor();
    await hears("claude-opus-4-6");
  });

  it("one stops an answer with Escape, and hears that it stopped", async () => {
    await say("speak slowly");
    await page.locator(".answer sk-markdown").last().filter({ hasText: "w5" }).waitFor();
    await press("Escape");
    await page.locator(".turn-foot").filter({ hasText: "stopped" }).waitFor();
    await hears("Stopped.");
    await hasFocus("Message");
  });

  it("one unfolds what the model thought and what a tool did", async () => {
    await say("use a tool");
    await page.locator(".answer").filter({ hasText: "I read it." }).waitFor();
    await tabTo(page, /^Thought it over/, "Shift+Tab");
    await press("Enter");
    await page.locator(".thought-text").filter({ hasText: "First the chart." }).waitFor();
    await tabTo(page, /^Read SOUL\.md/);
    await press("Space");
    await page.locator(".call-text").waitFor();
    await press("Space");
    await expect.poll(() => page.locator(".call-text").count()).toBe(0);
  });

  it("one searches, goes to a hit, and Escape leads back to where one was", async () => {
    await tabTo(page, /^Message$/);
    await press("Control+Shift+F");
    await hasFocus("Search this session");
    await type("good morning");
    await page.locator(".search-count").filter({ hasText: "of 2" }).waitFor();
    await press("Enter");
    await page.locator(".search-count").filter({ hasText: "1 of 2" }).waitFor();
    await press("Escape");
    await hasFocus("Message");
  });

  it("one renames the session, and thinks better of it", async () => {
    await tabTo(page, /^good morning$/, "Shift+Tab", "room-name");
    await press("Enter");
    await hasFocus("Name of this session");
    await type("Not this");
    await press("Escape");
    await hasFocus("good morning");
    await press("Enter");
    await type("Morning talk");
    await press("Enter");
    await hasFocus("Morning talk");
  });

  it("one adds a file and takes it away, and the focus is not lost", async () => {
    // Listened for from before the way there: the browser takes a moment to hand its chooser over.
    page.on("filechooser", (chooser) =>
      chooser.setFiles({ name: "tides.csv", mimeType: "text/csv", buffer: Buffer.from("06:12,3.1\n") }),
    );
    await tabTo(page, /^Add files$/);
    await press("Enter");
    await page.locator(".tray-item.is-ready").waitFor();
    await hasFocus("Message");
    await tabTo(page, /^Remove tides\.csv$/, "Shift+Tab");
    await press("Enter");
    await expect.poll(() => page.locator(".tray-item").count()).toBe(0);
    await hasFocus("Message");
  });

  it("one chooses how hard the model thinks, and Escape closes the list", async () => {
    await tabTo(page, /^Thinking: default/);
    await press("Enter");
    await hasFocus("Thinking");
    await press("Escape");
    await hasFocus("Thinking: default. Choose another");
    await press("Enter", "ArrowDown", "ArrowDown", "Enter");
    await page.getByRole("button", { name: /^Thinking: (?!default)/ }).waitFor();
  });

  it("one begins a session, and goes back to the other by the list", async () => {
    await press("Control+Shift+O");
    await say("second talk");
    await page.locator(".answer").filter({ hasText: "You said: second talk" }).waitFor();
    await tabTo(page, /^Morning talk/, "Shift+Tab");
    await press("Enter");
    await page.locator(".room-name").filter({ hasText: "Morning talk" }).waitFor();
    await hasFocus("Message");
    expect(await readSaid(page)).toContain("good morning");
  });

  it("one deletes a session after a question; a no leads back to it, a yes to the head of the list", async () => {
    await tabTo(page, /^second talk/, "Shift+Tab");
    await press("Tab");
    await hasFocus("Delete “second talk”");
    await press("Enter");
    await hasFocus("Delete");
    await press("Escape");
    await expect.poll(() => focused(page)).toMatch(/^second talk/);
    await press("Tab", "Enter");
    await hasFocus("Delete");
    await press("Enter");
    await expect.poll(() => page.locator(".side-item").filter({ hasText: "second talk" }).count()).toBe(0);
    await hasFocus("New session");
  });

  it("one skips the list, goes round the page once and comes out again, the focus in sight all the way", async () => {
    await page.reload();
    await page.locator(".answer").first().waitFor();
    await tabTo(page, /^Skip the list$/);
    await press("Enter");
    await hasFocus("Message");
    const walk = await walkTabs(page);
    expect(walk.unseen).toEqual([]);
    expect(walk.isRound).toBe(true);
    expect(walk.names.length).toBeGreaterThan(12);
  });
});

describe("in the control rooms", () => {
  it("one opens a room, whose head has the focus", async () => {
    await tabTo(page, /^Control$/);
    await press("Enter");
    await hasFocus("Sessions");
    await tabTo(page, /^Settings$/, "Shift+Tab");
    await press("Enter");
    await hasFocus("Settings");
  });

  it("one changes a setting, looks at the change, goes back by Escape, and applies it", async () => {
    await tabTo(page, /^Name$/);
    await type("Ada");
    await press("Tab");
    await tabTo(page, /^Review changes$/);
    await press("Enter");
    await hasFocus("Apply");
    await press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    await hasFocus("Review changes");
    await press("Enter");
    await hasFocus("Apply");
    await press("Enter");
    await page.getByRole("status").filter({ hasText: "The settings are applied." }).waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Review changes" }).count()).toBe(0);
  });

  it("one gives a key, after Escape closed the field once", async () => {
    await tabTo(page, /^Models and keys$/, "Shift+Tab");
    await press("Enter");
    await hasFocus("Models and keys");
    await tabTo(page, /^Give a key of OpenAI$/);
    await press("Enter");
    await hasFocus("Key of OpenAI");
    await press("Escape");
    await hasFocus("Give a key of OpenAI");
    await press("Enter");
    await hasFocus("Key of OpenAI");
    await type("sk-good-0123456789-abcdef-qrst");
    await press("Enter");
    await page.getByRole("status").filter({ hasText: "Saved." }).waitFor();
    await hasFocus("Replace the key of OpenAI");
  });

  it("one writes a file and saves it", async () => {
    await tabTo(page, /^Files$/, "Shift+Tab");
    await press("Enter");
    await hasFocus("Files");
    await tabTo(page, /^Text of SOUL\.md$/);
    await press("Control+Home");
    await type("Be calm. ");
    await press("Control+s");
    await page.locator(".file-state").filter({ hasText: "Saved" }).waitFor();
    // Tab leaves the text: it is no trap.
    await press("Tab");
    expect(await focused(page)).not.toBe("Text of SOUL.md");
  });

  it("one deletes a session after a question, which Escape answers with no", async () => {
    await tabTo(page, /^Sessions$/, "Shift+Tab");
    await press("Enter");
    await hasFocus("Sessions");
    await tabTo(page, /^Morning talk/);
    await press("Enter");
    await tabTo(page, /^Delete…$/);
    await press("Enter");
    await hasFocus("Cancel");
    await press("Escape");
    await hasFocus("Delete…");
    await press("Enter", "Tab");
    await hasFocus("Delete");
    await press("Enter");
    await expect.poll(() => page.locator(".session-row").filter({ hasText: "Morning talk" }).count()).toBe(0);
  });

  it("every room has one head, landmarks with names, a name for every control, and the focus in sight", async () => {
    const links = await page
      .locator("sk-control-side a")
      .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).hash));
    for (const hash of links.filter((one) => one.startsWith("#/control"))) {
      await page.evaluate((to) => {
        location.hash = to;
      }, hash);
      await page
        .locator(".page :is(.section, .row, .file-link, .session-row, .nothing, .field)")
        .filter({ visible: true })
        .first()
        .waitFor();
      expect(await page.getByRole("heading", { level: 1 }).count(), hash).toBe(1);
      expect(await page.getByRole("main").count(), hash).toBe(1);
      expect(await page.getByRole("navigation", { name: "Control" }).count(), hash).toBe(1);
      expect(await findUnnamed(page), hash).toEqual([]);
      const walk = await walkTabs(page);
      expect(walk.unseen, hash).toEqual([]);
      expect(walk.isRound, hash).toBe(true);
    }
  });
});

describe("the connection", () => {
  it("that breaks is announced, and so is the way back", async () => {
    await page.evaluate(() => {
      location.hash = "#/chat";
    });
    await page.locator("#message").waitFor();
    expect(await findUnnamed(page)).toEqual([]);
    await skerry.stop();
    await page.getByRole("status").filter({ hasText: "Not connected" }).waitFor();
    await tabTo(page, /^Try now to connect$/, "Shift+Tab");
  });

  it("left nothing else in the console", () => {
    expect(complaints.filter((line) => !/WebSocket|ERR_CONNECTION/.test(line))).toEqual([]);
  });
});
