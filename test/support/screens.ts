// Every screen of the page by name and how one gets there, and the looking: at both widths, light and dark.
// `SKERRY_SCREENS=<folder>` keeps a picture of each, to be judged by a person.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { findBarriers } from "./barriers.ts";
import { openProfile } from "./browser.ts";
import { findFlaws } from "./flaws.ts";

export interface Screen {
  name: string;
  /** What follows `#/` in the address. */
  place: string;
  /** There is something to look at. */
  sign: string;
  /** Goes on from there. */
  act?(page: Page): Promise<void>;
}

export interface Look {
  page: Page;
  isPhone: boolean;
}

const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };
const DESK = { viewport: { width: 1440, height: 900 } };
const SCHEMES = ["light", "dark"] as const;
const FOLDER = process.env["SKERRY_SCREENS"];

/** The list at the side, which is a drawer on a phone. */
async function openSide(page: Page): Promise<void> {
  const toggle = page.locator(".side-toggle");
  if (!(await toggle.isVisible())) return;
  await toggle.click();
  await page.locator(".drawer.is-open .side-first").waitFor();
}

async function changeName(page: Page): Promise<void> {
  const name = page.getByLabel("Name", { exact: true }).first();
  await name.fill(`Ada, who looks after the house ${"and the harbour ".repeat(4)}`);
  await name.press("Tab");
  await page.getByRole("button", { name: "Review changes" }).click();
  await page.getByRole("dialog").locator("ins").first().waitFor();
}

/** Brings a part of the talk into sight, with what is folded after it open. */
export async function bringToSight(page: Page, words: string): Promise<void> {
  const said = page.locator(".said").filter({ hasText: words }).last();
  await said.evaluate((element) => element.scrollIntoView({ block: "start" }));
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await said.evaluate((element) => element.scrollIntoView({ block: "start" }));
  for (const fold of await page.locator(".said:has(+ .work)").filter({ hasText: words }).locator("+ .work summary").all())
    await fold.click();
}

async function unfoldAll(page: Page, within: string): Promise<void> {
  for (const fold of await page.locator(`${within} summary`).all()) await fold.click();
}

/** Screens that need a login, whatever is stored. `askingKey`: of a talk with a command that waits for a word, where there is one. */
export function screensOf(sessionKey: string, sheetKey: string, askingKey = sessionKey): readonly Screen[] {
  const chat = { place: `chat/${sessionKey}`, sign: ".empty, .turn-foot" };
  return [
    { name: "chat", ...chat },
    { name: "side", ...chat, act: openSide },
    {
      name: "search",
      ...chat,
      act: async (page) => {
        await page.getByRole("button", { name: "Search this session" }).click();
        await page.locator("#search").fill("tide");
        await page
          .locator(".search-count")
          .filter({ hasText: /of|Nothing/ })
          .waitFor();
      },
    },
    {
      name: "palette",
      ...chat,
      act: async (page) => {
        await page.locator("#message").fill("/");
        await page.locator(".menu-item").nth(5).waitFor();
      },
    },
    {
      name: "models",
      ...chat,
      act: async (page) => {
        await page.getByRole("button", { name: /^Model:/ }).click();
        await page.locator(".menu-item").first().waitFor();
      },
    },
    { name: "sessions", place: "control/sessions", sign: ".session-row, .nothing" },
    { name: "session-sheet", place: `control/sessions/${sheetKey}`, sign: "sk-session-sheet .facts, sk-session-sheet .nothing" },
    { name: "channels", place: "control/channels", sign: ".channel-row" },
    { name: "channel", place: "control/channels/telegram", sign: "sk-channel-policies .section, .connect" },
    { name: "channel-keys", place: "control/channels/whatsapp-cloud", sign: ".connect" },
    { name: "channel-another", place: "control/channels/telegram/+", sign: ".connect" },
    ...["whatsapp", "signal", "imessage", "matrix", "discord"].map((id) => ({
      name: `channel-${id}`,
      place: `control/channels/${id}`,
      sign: ".connect",
    })),
    { name: "people", place: "control/people", sign: "sk-person-row .row" },
    {
      name: "person-renamed",
      place: "control/people",
      sign: "sk-person-row .row",
      act: async (page) => {
        await page
          .getByRole("button", { name: /^Rename / })
          .first()
          .click();
        await page.locator(".person-form").waitFor();
      },
    },
    { name: "approvals", place: "control/approvals", sign: "sk-approvals .section" },
    {
      name: "approval-in-talk",
      place: `chat/${askingKey}`,
      sign: "sk-approval, .empty",
      act: async (page) => {
        // What is asked now is at the end; a card is drawn when its part of the page is there.
        await page
          .locator("sk-approval")
          .last()
          .scrollIntoViewIfNeeded({ timeout: 1_000 })
          .catch(() => undefined);
      },
    },
    {
      name: "approvals-history",
      place: "control/approvals",
      sign: "sk-approvals .section",
      act: (page) => page.locator("#approvals-past").evaluate((heading) => heading.scrollIntoView({ block: "start" })),
    },
    { name: "models-and-keys", place: "control/models", sign: "sk-key-row" },
    { name: "files", place: "control/files", sign: ".file-link" },
    { name: "file", place: "control/files/SOUL.md", sign: "sk-file-editor .editor" },
    {
      name: "file-history",
      place: "control/files/SOUL.md",
      sign: "sk-file-editor .editor",
      act: async (page) => {
        await page.getByRole("button", { name: "History" }).click();
        await page.locator("sk-file-history :is(li, .nothing)").first().waitFor();
      },
    },
    { name: "skills", place: "control/skills", sign: "sk-skill-row" },
    {
      name: "skill",
      place: "control/skills",
      sign: "sk-skill-row",
      act: async (page) => {
        await page
          .getByRole("button", { name: /^Read / })
          .first()
          .click();
        await page.locator(".skill-page .md > div").first().waitFor();
      },
    },
    { name: "settings", place: "control/settings", sign: "#settings-text" },
    { name: "settings-review", place: "control/settings", sign: "#settings-text", act: changeName },
    { name: "usage", place: "control/usage", sign: ".figure" },
    { name: "devices", place: "control/devices", sign: "sk-devices-room .section" },
    {
      name: "machines",
      place: "control/devices",
      sign: "sk-machine-list .section",
      act: async (page) => {
        await unfoldAll(page, "sk-devices-room");
        await page.locator("#devices-machines").evaluate((heading) => heading.scrollIntoView({ block: "start" }));
      },
    },
    { name: "health", place: "control/health", sign: ".log-line" },
  ];
}

const touched = new WeakSet<Page>();

/** Goes to a screen as by a link; anew where something was opened on the one before. */
export async function openScreen(page: Page, address: string, screen: Screen): Promise<void> {
  const isNew = touched.delete(page) || !page.url().startsWith(address);
  if (isNew) {
    await page.goto("about:blank");
    await page.goto(`${address}/#/${screen.place}`);
  } else {
    await page.evaluate((place) => {
      location.hash = `#/${place}`;
    }, screen.place);
  }
  if (screen.act) touched.add(page);
  // What is far from sight is there but not drawn.
  await page.locator(screen.sign).filter({ visible: true }).first().waitFor();
  await screen.act?.(page);
}

/** A browser at a desk and one on a phone, at the door. What they complain about is collected. */
export async function openLooks(
  browser: Browser,
  address: string,
): Promise<{ looks: Look[]; complaints: string[]; outside: string[][] }> {
  const complaints: string[] = [];
  const opened = await Promise.all(
    [DESK, PHONE].map(async (size) => {
      const { context, outside } = await openProfile(browser, size);
      context.setDefaultTimeout(20_000);
      const page = await context.newPage();
      page.on("pageerror", (error) => complaints.push(error.message));
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      await page.goto(address);
      return { look: { page, isPhone: size === PHONE }, outside };
    }),
  );
  return { looks: opened.map(({ look }) => look), complaints, outside: opened.map(({ outside }) => outside) };
}

/** What is wrong with what one sees now, in light and dark. `rules`: of axe these alone. */
export async function judge({ page, isPhone }: Look, name: string, rules?: readonly string[]): Promise<string[]> {
  const findings = new Set<string>();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const where = `${name}, ${isPhone ? 390 : 1440}`;
    if (FOLDER !== undefined) {
      mkdirSync(FOLDER, { recursive: true });
      await page.screenshot({ path: join(FOLDER, `${where}, ${colorScheme}.png`.replaceAll(", ", "-")) });
    }
    if (colorScheme === "light") for (const flaw of await findFlaws(page, { isPhone })) findings.add(`${where}: ${flaw}`);
    // What is light or dark changes colours alone.
    const barriers = await findBarriers(page, colorScheme === "light" ? rules : ["color-contrast"]);
    for (const barrier of barriers) findings.add(`${where}, ${colorScheme}: ${barrier}`);
  }
  return [...findings];
}
