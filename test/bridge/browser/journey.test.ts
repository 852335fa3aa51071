// The journey that every back end has to pass, in a real Chromium of this machine behind the bridge's own proxy.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type HomeBrowser, openHomeBrowser } from "../../support/browser-home.ts";
import { CARGO, runJourney } from "../../support/browser-journey.ts";
import { type Pages, servePages } from "../../support/browser-pages.ts";

let pages: Pages;
let browser: HomeBrowser;

beforeAll(async () => {
  pages = await servePages();
  browser = openHomeBrowser({ allowedHosts: pages.hosts, files: { [CARGO.path]: CARGO.text } });
});
afterAll(async () => {
  await browser.close();
  await pages.close();
});

test("logs in, fills a form, sends and fetches a file, reads a table", async () => {
  await runJourney((input) => browser.act(input), pages);
  expect(pages.trap.calls).toEqual([]);
}, 90_000);
