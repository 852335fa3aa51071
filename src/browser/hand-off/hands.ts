// What a person does in the tab that was handed to them: their mouse, wheel, keys and pasted text, as the browser would get them from a
// screen of its own. The guard stands before whatever the page then asks for.
import { ToolFailure } from "../../contract/errors.ts";
import type { HandEvent } from "../../contract/home/hand-off.ts";
import { press } from "../acting/hands.ts";
import type { Page } from "../page/page.ts";

const ANSWER_MS = 8_000;

interface Size {
  width: number;
  height: number;
}

/** In their order. */
export async function handle(page: Page, events: readonly HandEvent[]): Promise<void> {
  // A tab behind another one takes no keys.
  await page.send("Page.bringToFront", undefined, undefined, ANSWER_MS);
  const { cssLayoutViewport: seen } = await page.send("Page.getLayoutMetrics", undefined, undefined, ANSWER_MS);
  const size = { width: seen.clientWidth, height: seen.clientHeight };
  for (const event of events) await doOne(page, event, size);
}

async function doOne(page: Page, event: HandEvent, size: Size): Promise<void> {
  switch (event.kind) {
    case "down": {
      const at = pointOf(event, size);
      await mouse(page, { type: "mouseMoved", ...at });
      return mouse(page, { type: "mousePressed", ...at, button: "left", buttons: 1, clickCount: event.clicks ?? 1 });
    }
    case "move":
      return mouse(page, { type: "mouseMoved", ...pointOf(event, size), button: "left", buttons: 1 });
    case "up": {
      const clickCount = event.clicks ?? 1;
      return mouse(page, { type: "mouseReleased", ...pointOf(event, size), button: "left", buttons: 0, clickCount });
    }
    case "wheel":
      return mouse(page, { type: "mouseWheel", ...pointOf(event, size), deltaX: event.dx, deltaY: event.dy });
    case "key":
      // A key that this keyboard does not have does nothing.
      return press(page, event.key).catch((error: unknown) => {
        if (!(error instanceof ToolFailure)) throw error;
      });
    case "text":
      await page.send("Input.insertText", { text: event.text }, undefined, ANSWER_MS);
      return;
    case "back":
      return goBack(page);
    case "reload":
      await page.send("Page.reload", {}, undefined, ANSWER_MS);
      return;
    default:
      return event satisfies never;
  }
}

async function mouse(page: Page, params: Parameters<typeof page.send<"Input.dispatchMouseEvent">>[1]): Promise<void> {
  await page.send("Input.dispatchMouseEvent", params, undefined, ANSWER_MS);
}

function pointOf({ x, y }: { x: number; y: number }, { width, height }: Size): { x: number; y: number } {
  return { x: Math.min(x * width, width - 1), y: Math.min(y * height, height - 1) };
}

async function goBack(page: Page): Promise<void> {
  const { currentIndex, entries } = await page.send("Page.getNavigationHistory");
  const before = entries[currentIndex - 1];
  if (before && before.url !== "about:blank") await page.send("Page.navigateToHistoryEntry", { entryId: before.id });
}
