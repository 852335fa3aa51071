// A download, caught as bytes: what the server sends as a file is taken from the line; what a page makes by itself (blob:, data:)
// is read in the page. Nothing is written to the browser's own disk.
import { ToolFailure } from "../../contract/errors.ts";
import { type BrowserFile, bytesOf, MOST_FILE_BYTES, tooLarge } from "../answer.ts";
import type { Page } from "./page.ts";
import { READ_BLOB } from "./scripts.ts";

const BEGIN_MS = 15_000;
const WHOLE_MS = 60_000;

/** `begin` does what a download follows from. @throws ToolFailure when none does. */
export async function download(page: Page, begin: () => Promise<unknown>): Promise<BrowserFile> {
  const { cdp, guard } = page.connection;
  const isMeant = whoseDownloads(page);
  const timers: ReturnType<typeof setTimeout>[] = [];
  const after = (ms: number) => new Promise<void>((resolve) => timers.push(setTimeout(resolve, ms)));
  let stopCatching = () => {};
  let stopHearing = () => {};
  let failed: ToolFailure | undefined;
  const caught = new Promise<BrowserFile>((resolve, reject) => {
    stopCatching = guard.catchNext({
      isMeant,
      caught: (file) => (file instanceof ToolFailure ? reject(file) : resolve(file)),
    });
    stopHearing = cdp.on("Browser.downloadWillBegin", ({ url, suggestedFilename, frameId }) => {
      // A link's own `download` is not a navigation: the guard never has its bytes. It leads to the page's own origin alone.
      if (isMeant(frameId) && !guard.isReceiving) readInPage(page, url, suggestedFilename).then(resolve, reject);
    });
  });
  caught.catch(() => undefined);
  try {
    await begin().catch((error: unknown) => {
      // A navigation that turns into a download is broken off as such.
      if (error instanceof ToolFailure) failed = error;
      else throw error;
    });
    const nothing = after(BEGIN_MS).then(async () => {
      if (!guard.isReceiving)
        throw failed ?? new ToolFailure("No download began within 15 seconds; look at the page with a snapshot.");
      await after(WHOLE_MS);
      throw new ToolFailure("The download did not end within a minute; try again.");
    });
    const early = after(500).then(() => {
      if (failed && !guard.isReceiving) throw failed;
      return nothing;
    });
    nothing.catch(() => undefined);
    return await Promise.race([caught, early]);
  } finally {
    stopCatching();
    stopHearing();
    // What waits for nothing would keep a session's object awake.
    for (const timer of timers) clearTimeout(timer);
  }
}

/** Those of the page's frames and of windows that it opens from now on: other tabs, also of other sessions, are in the same browser. */
function whoseDownloads(page: Page): (frameId: string) => boolean {
  const { targets } = page.connection;
  const known = new Set(targets.keys());
  return (frameId) => {
    let target = targets.get(frameId);
    // A window's outermost frame has its id.
    while (target?.openerId && !known.has(target.targetId)) {
      if (target.openerId === page.tab.target) return true;
      target = targets.get(target.openerId);
    }
    return page.hasFrame(frameId);
  };
}

async function readInPage(page: Page, url: string, name: string): Promise<BrowserFile> {
  const world = await page.worldOf(await page.main());
  const read = await page.call<{ size: number; type: string; base64?: string }>(world, READ_BLOB, [url, MOST_FILE_BYTES]);
  if (read.base64 === undefined) throw tooLarge(name);
  return { name: name.slice(0, 120) || "download", type: read.type || "application/octet-stream", bytes: bytesOf(read.base64) };
}
