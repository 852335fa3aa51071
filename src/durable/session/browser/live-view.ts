// Browser Rendering's own way to let a person into a page: a link that shows the tab live and takes clicks and keys, and a state that
// says whether they are done. Where the browser is another one (this machine's, say), there is no such thing.
import { CdpRefused } from "../../../browser/line.ts";
import type { Page } from "../../../browser/page/page.ts";

declare module "devtools-protocol/types/protocol-mapping.d.ts" {
  namespace ProtocolMapping {
    interface Commands {
      "Cloudflare.getLiveView": {
        paramsType: [{ mode: "tab"; expiresInMs: number }];
        returnType: { devtoolsFrontendUrl: string };
      };
      "Cloudflare.handoff": { paramsType: [{ instructions: string; timeout: number }]; returnType: { handoffId: string } };
      "Cloudflare.getHandoffState": { paramsType: [object?]; returnType: { active: boolean } };
    }
  }
}

const MOST_CHARS = 4000;

/** Words for the person, with the link; undefined where there is no such view. */
export async function showLive(page: Page, wish: string | undefined, forMs: number): Promise<string | undefined> {
  try {
    const { devtoolsFrontendUrl } = await page.send("Cloudflare.getLiveView", { mode: "tab", expiresInMs: forMs });
    const instructions = (wish ?? "Finish what the page asks for, then give it back.").slice(0, MOST_CHARS);
    await page.send("Cloudflare.handoff", { instructions, timeout: forMs });
    return `Open the page here and finish it; whoever has this link has the page, so pass it to nobody: ${devtoolsFrontendUrl}`;
  } catch (error) {
    if (!(error instanceof CdpRefused)) throw error;
    return undefined;
  }
}

export async function isHandoffOver(page: Page): Promise<boolean> {
  try {
    const { active } = await page.send("Cloudflare.getHandoffState", {});
    return !active;
  } catch (error) {
    // A browser without a live view: the person says it on the page that stands in for it.
    if (error instanceof CdpRefused) return false;
    throw error;
  }
}
