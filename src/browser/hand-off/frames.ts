// What a person sees of the tab that was handed to them: pictures, one after the other, of that tab or of a window that it opened
// since. No other tab is ever shown.
import { ToolFailure } from "../../contract/errors.ts";
import type { HandedTab } from "../../contract/home/browser.ts";
import type { BrowserFrame } from "../../contract/home/hand-off.ts";
import { type Page, pause } from "../page/page.ts";
import type { TabState } from "../state.ts";
import type { Talk } from "../talk.ts";

/** Of a picture's width: what a phone or a desk shows of it. */
const MOST_WIDTH = 1280;
/** As base64. */
const MOST_CHARS = 270_000;
const LOOK_EVERY_MS = 300;
/** So long it is told that the page asked something. */
const TOLD_MS = 20_000;
const ANSWER_MS = 8_000;
const QUALITIES = [
  { quality: 50, part: 1 },
  { quality: 25, part: 1 },
  { quality: 25, part: 0.5 },
] as const;

/** The handed tab, or the last window that it or its windows opened since. @throws ToolFailure when it is closed. */
export function pageOf(talk: Talk, { tab: wanted, nextTab }: HandedTab): Promise<Page> {
  const { tabs } = talk.state;
  const { targets } = talk.connection;
  let shown = tabs.find(({ id }) => id === wanted);
  if (!shown) throw new ToolFailure("The page that was handed over is closed.");
  const isNew = ({ id }: TabState) => Number(id.slice(1)) >= nextTab;
  for (let next: TabState | undefined = shown; next; ) {
    shown = next;
    const target: string = shown.target;
    next = tabs.findLast((tab) => isNew(tab) && targets.get(tab.target)?.openerId === target);
  }
  return talk.page(shown.id);
}

export async function takeFrame(page: Page, since?: string): Promise<BrowserFrame> {
  const { data, url } = await picture(page);
  const { asked } = page;
  const isFresh = asked !== undefined && Date.now() - asked.at < TOLD_MS;
  // What the page says in a window of its own is in no picture: it counts as one that is new.
  const hash = await hashOf(isFresh ? `${data} ${asked.at}` : data);
  const more = isFresh ? { asked: asked.words } : {};
  return { hash, url: url.slice(0, 4096), ...(hash === since ? {} : { picture: data }), ...more };
}

/** As soon as the tab looks different from `since`. `take` makes one picture, and holds up nobody between two. */
export async function nextFrame(
  take: () => Promise<BrowserFrame>,
  since: string | undefined,
  waitMs: number,
  signal: AbortSignal,
): Promise<BrowserFrame> {
  const until = Date.now() + waitMs;
  for (;;) {
    const frame = await take();
    if (frame.hash !== since || Date.now() >= until || signal.aborted) return frame;
    await pause(LOOK_EVERY_MS);
  }
}

async function picture(page: Page): Promise<{ data: string; url: string }> {
  const { cssLayoutViewport: seen } = await page.send("Page.getLayoutMetrics", undefined, undefined, ANSWER_MS);
  const { url } = await page.main();
  const width = Math.max(1, seen.clientWidth);
  const height = Math.max(1, seen.clientHeight);
  const density = page.tab.emulation.scale ?? 1;
  let data = "";
  for (const { quality, part } of QUALITIES) {
    const scale = (Math.min(1, MOST_WIDTH / width) * part) / density;
    const clip = scale === 1 ? {} : { clip: { x: seen.pageX, y: seen.pageY, width, height, scale } };
    const params = { format: "jpeg", quality, ...clip } as const;
    ({ data } = await page.send("Page.captureScreenshot", params, undefined, ANSWER_MS));
    if (data.length <= MOST_CHARS) break;
  }
  return { data, url };
}

async function hashOf(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest.slice(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
