// Pictures and print of a page. Labels are drawn for the picture alone and taken away again.
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserInput } from "../../contract/home/browser.ts";
import { cornerOf, find, resolve } from "../acting/element.ts";
import { type BrowserFile, bytesOf, MOST_FILE_BYTES, tooLarge } from "../answer.ts";
import type { Page } from "./page.ts";
import { BOX, INTO_VIEW, LABEL, PAGE_SIZE, UNLABEL } from "./scripts.ts";

const MOST_SIDE = 8000;
const MOST_PIXELS = 16_000_000;
const MOST_LABELS = 150;
const SMALL = 3;

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}
type Size = Box & { seenWidth: number; seenHeight: number };

export async function screenshot(page: Page, input: BrowserInput): Promise<{ file: BrowserFile; notes: string[] }> {
  const notes: string[] = [];
  const world = await page.worldOf(await page.main());
  const clip = await clipOf(page, input, notes);
  if (input.labels) await page.call(world, LABEL, [await boxesOf(page)]);
  try {
    // Larger pictures cost a model more and tell it nothing.
    const isLarge = clip !== undefined && clip.width * clip.height > 1_500_000;
    const format = isLarge ? ({ format: "jpeg", quality: 70 } as const) : ({ format: "png" } as const);
    const { data } = await page.send("Page.captureScreenshot", {
      ...format,
      ...(clip ? { clip: { ...clip, scale: 1 }, captureBeyondViewport: true } : {}),
    });
    const type = `image/${format.format}`;
    return { file: { name: `screenshot.${isLarge ? "jpg" : "png"}`, type, bytes: bytesOf(data) }, notes };
  } finally {
    if (input.labels) await page.call(world, UNLABEL).catch(() => undefined);
  }
}

async function clipOf(page: Page, input: BrowserInput, notes: string[]): Promise<Box | undefined> {
  const size = await page.call<Size>(await page.worldOf(await page.main()), PAGE_SIZE);
  if (input.ref !== undefined || input.selector !== undefined) {
    const found = await find(page, input);
    await page.call(found.spot, INTO_VIEW);
    const box = await page.call<Box | undefined>(found.spot, BOX);
    if (!box || box.width < 1 || box.height < 1) throw new ToolFailure(`${found.name} has nothing to show.`);
    const corner = await cornerOf(page, found.frame, await page.frames());
    const now = await page.call<Size>(await page.worldOf(await page.main()), PAGE_SIZE);
    return {
      x: box.x + corner.x + now.x,
      y: box.y + corner.y + now.y,
      width: Math.min(box.width, MOST_SIDE),
      height: Math.min(box.height, MOST_SIDE),
    };
  }
  if (!input.full) return undefined;
  const width = Math.min(size.width, MOST_SIDE);
  const height = Math.min(size.height, MOST_SIDE, Math.floor(MOST_PIXELS / width));
  if (height < size.height) notes.push(`The picture shows the first ${height} of ${size.height} pixels of the page.`);
  return { x: 0, y: 0, width, height };
}

/** Where the elements with refs are, as far as they are in view. */
async function boxesOf(page: Page): Promise<(Box & { ref: string })[]> {
  const frames = await page.frames();
  const byId = new Map(frames.map((frame) => [frame.id, frame]));
  const corners = new Map<string, { x: number; y: number }>();
  const { seenWidth, seenHeight } = await page.call<Size>(await page.worldOf(await page.main()), PAGE_SIZE);
  const boxes: (Box & { ref: string })[] = [];
  for (const [ref, row] of Object.entries(page.tab.refs)) {
    const frame = byId.get(row.frame);
    if (!frame || frame.loader !== row.loader || boxes.length >= MOST_LABELS) continue;
    const corner = corners.get(frame.id) ?? (await cornerOf(page, frame, frames));
    corners.set(frame.id, corner);
    const box = await resolve(page, frame, row.node)
      .then((spot) => page.call<Box | undefined>(spot, BOX))
      .catch(() => undefined);
    if (!box || box.width < SMALL || box.height < SMALL) continue;
    const at = { ref, x: box.x + corner.x, y: box.y + corner.y, width: box.width, height: box.height };
    if (at.x < seenWidth && at.y < seenHeight && at.x + at.width > 0 && at.y + at.height > 0) boxes.push(at);
  }
  if (boxes.length === 0) throw new ToolFailure("There are no refs in view to label; take a snapshot first.");
  return boxes;
}

export async function print(page: Page): Promise<BrowserFile> {
  const { data } = await page.send("Page.printToPDF", { printBackground: true, preferCSSPageSize: true }, undefined, 60_000);
  const bytes = bytesOf(data);
  if (bytes.length > MOST_FILE_BYTES) throw tooLarge("The page printed");
  return { name: "page.pdf", type: "application/pdf", bytes };
}
