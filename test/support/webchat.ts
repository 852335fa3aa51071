// What a person does on the page, in the words of tests.
import type { BrowserContext, Page } from "playwright-core";

/** Opens the page and waits until one can write. Everything the page complains about is in `complaints`. */
export async function openChat(context: BrowserContext, address: string): Promise<{ page: Page; complaints: string[] }> {
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await page.goto(address);
  await page.locator("#message").waitFor();
  return { page, complaints };
}

export async function openSession(page: Page, name: string): Promise<void> {
  const loaded = page.locator(".empty, .said").first();
  await page.evaluate((key) => {
    location.hash = `#/chat/agent:main:${key}`;
  }, name);
  await loaded.waitFor();
}

export async function write(page: Page, text: string): Promise<void> {
  await page.locator("#message").fill(text);
  await page.locator("#message").press("Enter");
}

/** Waits until the last message was answered and nothing runs. */
export async function waitForAnswer(page: Page, count: number): Promise<string> {
  await page
    .locator(".turn-foot")
    .nth(count - 1)
    .waitFor({ timeout: 30_000 });
  return ((await page.locator(".answer sk-markdown").last().textContent()) ?? "").trim();
}

/** Everything that was said, oldest first. */
export function readSaid(page: Page): Promise<string[]> {
  return page.locator(".said-text").allInnerTexts();
}

export function readAnswers(page: Page): Promise<string[]> {
  return page.locator(".answer sk-markdown").allInnerTexts();
}
