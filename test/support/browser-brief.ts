// What a session's brief says of the browser, as the Directory makes it where nothing is set.
import type { BrowserBrief } from "../../src/contract/home/browser-settings.ts";

export function makeBrowserBrief(change: Partial<BrowserBrief> = {}): BrowserBrief {
  return {
    places: ["edge"],
    isChosen: false,
    policy: { allowedHosts: [], allowedDomains: [], mayEvaluate: false },
    isHeadless: true,
    keepAliveMs: 0,
    ...change,
  };
}
