// A person takes over where this machine shows no windows: the tab stays where it is, and Skerry's own page shows it by pictures and
// brings what the person does. Only a tab that was handed over is shown, and only for as long.
import type { BrowserAnswer } from "../../browser/answer.ts";
import { nextFrame, pageOf, takeFrame } from "../../browser/hand-off/frames.ts";
import { handle } from "../../browser/hand-off/hands.ts";
import { heldMs } from "../../browser/hand-off/time.ts";
import { HomeRefused, ToolFailure } from "../../contract/errors.ts";
import type { BrowserDo } from "../../contract/home/browser.ts";
import type { BrowserFrame, BrowserHand, BrowserWatch } from "../../contract/home/hand-off.ts";
import type { Browsers } from "./browsers.ts";
import type { Running } from "./running.ts";

/** The one who asks waits for fifteen seconds. */
const GIVEN_UP_MS = 12_000;

/** Gives the tab into the person's hands. @throws ToolFailure when there is none. */
export async function openToPage(running: Running, { sessionKey, policy, input }: BrowserDo): Promise<BrowserAnswer> {
  const forMs = heldMs(input);
  return running.work(sessionKey, policy, async (talk) => {
    const page = await talk.page(input.tab);
    await page.send("Page.bringToFront");
    const { id } = page.tab;
    running.hand(sessionKey, forMs);
    return { notes: [], handed: { tab: id, nextTab: talk.state.nextTab } };
  });
}

/** @throws HomeRefused with why there is nothing to see. */
export async function watch(browsers: Browsers, request: BrowserWatch, signal: AbortSignal): Promise<BrowserFrame> {
  const { sessionKey, policy, handed, since, waitMs } = request;
  const running = await handedTo(browsers, request);
  const take = () => running.work(sessionKey, policy, async (talk) => takeFrame(await pageOf(talk, handed), since));
  return told(nextFrame(take, since, waitMs, signal));
}

/** @throws HomeRefused */
export async function hand(browsers: Browsers, request: BrowserHand): Promise<Record<string, never>> {
  const { sessionKey, policy, handed, events } = request;
  const running = await handedTo(browsers, request);
  const askedAt = performance.now();
  const work = running.work(sessionKey, policy, async (talk) => {
    // Others may have held the browser: what the person was told is lost is not done behind their back.
    if (!running.isHanded(sessionKey) || performance.now() - askedAt > GIVEN_UP_MS)
      throw new ToolFailure("The browser was busy for too long; do it again.");
    await handle(await pageOf(talk, handed), events);
  });
  await told(work);
  return {};
}

async function handedTo(browsers: Browsers, { profile, sessionKey }: BrowserWatch | BrowserHand): Promise<Running> {
  const running = await browsers.find(profile);
  if (running?.isHanded(sessionKey)) return running;
  throw new HomeRefused("NOT_FOUND", "Nothing is handed over to a person here.");
}

function told<T>(work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    throw error instanceof ToolFailure ? new HomeRefused("UNAVAILABLE", error.message, error) : error;
  });
}
