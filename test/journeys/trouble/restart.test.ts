// Skerry itself goes away and comes back, killed or stopped, and as another version: the page returns by itself, answers are
// whole and once, a call that was cut off says so, and an old page offers to load the new one instead of breaking.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ModelServer } from "../../support/model-server/server.ts";
import { openVisit, startTaughtModel, type TaughtModel, type Visit } from "../../support/visit.ts";
import { openSession, readAnswers, readSaid, waitForAnswer, write } from "../../support/webchat.ts";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");
const next = mkdtempSync(join(tmpdir(), "skerry-next-"));
let model: ModelServer;
let teach: TaughtModel["teach"];
let visit: Visit;
let page: Page;

beforeAll(async () => {
  ({ model, teach } = await startTaughtModel());
  visit = await openVisit({ model });
  ({ page } = visit);
});
afterAll(async () => {
  await visit?.close();
  rmSync(next, { recursive: true, force: true });
});

const wordsTo = (count: number) => Array.from({ length: count }, (_unused, at) => `w${at}`).join(" ");
const streamed = () => page.locator(".answer sk-markdown").last();
const lost = () => page.getByRole("status").filter({ hasText: "Not connected" });

/** How each end of Skerry looks from outside: a power cut, and Ctrl-C. */
const ENDS = [
  ["killed", () => visit.skerry.kill()],
  ["stopped", () => visit.skerry.stop()],
] as const;

describe.each(ENDS)("Skerry, %s in mid-answer and started again", (way, end) => {
  it("goes on with the answer, and the page shows it whole and once", async () => {
    await openSession(page, `answer-${way}`);
    await write(page, teach(`answer while ${way}`, { say: 120, rate: 30 }));
    await streamed().filter({ hasText: "w10" }).waitFor();
    await end();
    await lost().waitFor();
    await write(page, teach(`meanwhile, ${way}`, { say: "Then this." }));
    await visit.restart();
    await lost().waitFor({ state: "detached", timeout: 25_000 });
    await expect.poll(() => readAnswers(page), { timeout: 30_000 }).toContain("Then this.");
    expect(await readSaid(page)).toEqual([`answer while ${way}`, `meanwhile, ${way}`]);
    const shown = await readAnswers(page);
    expect(shown.at(-1)).toBe("Then this.");
    expect(shown.filter((text) => text.includes("w119"))).toEqual([wordsTo(120)]);
    await page.reload();
    await expect.poll(() => readAnswers(page)).toEqual(shown);
  });

  it("shows a call that must not be repeated as cut off, tells the model so, and goes on", async () => {
    await openSession(page, `call-${way}`);
    const before = model.requests.length;
    await write(page, teach(`run it while ${way}`, { tool: "exec", args: { command: "sleep 40" }, say: "I will look first." }));
    await page.locator(".call").first().waitFor();
    await expect.poll(() => page.locator(".now").innerText()).toContain("Working");
    await end();
    await lost().waitFor();
    await visit.restart();
    expect(await waitForAnswer(page, 1)).toBe("I will look first.");
    await expect.poll(() => page.locator(".call").innerText()).toContain("interrupted, outcome unknown");
    expect(await page.locator(".call").count()).toBe(1);
    const asked = model.requests.slice(before);
    expect(asked).toHaveLength(2);
    expect(JSON.stringify(asked[1]?.body)).toContain("outcome unknown");
    await page.reload();
    await page.locator(".call").filter({ hasText: "interrupted, outcome unknown" }).waitFor();
  });
});

describe("a newer version", () => {
  /** This Skerry with another word on the page, built in a folder of its own. */
  function buildNext(): void {
    const configs = readdirSync(ROOT).filter((name) => /^(package(-lock)?|tsconfig.*)\.json$/.test(name));
    for (const part of ["src", "skills", "scripts", ...configs]) cpSync(join(ROOT, part), join(next, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(next, "node_modules"));
    change("src/web/control/rooms.ts", '"Health"', '"How it is"');
    change("src/web/components/chat/search-bar.ts", "Nothing found", "There is nothing like it");
    change("src/web/components/chat/composer.ts", "Message Skerry", "Say something");
    execFileSync(process.execPath, [join(next, "scripts/build.ts"), "--quiet"], { stdio: "inherit" });
  }

  function change(path: string, from: string, to: string): void {
    const text = readFileSync(join(next, path), "utf8");
    expect(text).toContain(from);
    writeFileSync(join(next, path), text.replaceAll(from, to));
  }

  const offer = () => page.getByRole("status").filter({ hasText: "Skerry was updated" });

  it("is not spoken of after a mere restart", async () => {
    await openSession(page, "same");
    await visit.skerry.stop();
    await lost().waitFor();
    const compared = page.waitForResponse((response) => new URL(response.url()).pathname === "/");
    await visit.restart();
    await (await compared).finished();
    await page.waitForTimeout(300);
    expect(await offer().count()).toBe(0);
  });

  it("is offered by the page of the old one, which goes on working, and says so where a part of it is gone", async () => {
    buildNext();
    await openSession(page, "updated");
    await write(page, teach("before the update", { say: "The old page shows this." }));
    await waitForAnswer(page, 1);
    await visit.skerry.stop();
    await lost().waitFor();
    await visit.restart(next);
    await offer().waitFor({ timeout: 25_000 });
    await write(page, teach("after the update", { say: "The old page still talks." }));
    await waitForAnswer(page, 2);
    await page.keyboard.press("Control+Shift+F");
    await page.locator(".toast").filter({ hasText: "load the page again" }).waitFor();
    expect(await page.locator("#search").count()).toBe(0);
  });

  it("is there after one click, with the draft", async () => {
    await page.locator("#message").fill("half a thought");
    await page.getByRole("button", { name: "Load again" }).click();
    await page.locator('#message[placeholder="Say something"]').waitFor();
    expect(await page.locator("#message").inputValue()).toBe("half a thought");
    await expect.poll(() => readAnswers(page)).toEqual(["The old page shows this.", "The old page still talks."]);
    expect(await offer().count()).toBe(0);
    await page.keyboard.press("Control+Shift+F");
    await page.locator("#search").waitFor();
  });
});
