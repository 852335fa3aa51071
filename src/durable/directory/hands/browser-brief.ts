// From the settings, and from what there is, to the browsers that a session may use. Pure. A browser of the owner's own (at home,
// or at an address) has the owner's logins and stands in the owner's network: a session that is kept in the sandbox gets neither,
// unless the settings name that place themselves.
import type { BrowserBrief, BrowserPlace } from "../../../contract/home/browser-settings.ts";
import type { HandsBrief } from "../../../contract/home/hands.ts";
import type { Settings } from "../../../contract/settings.ts";

const FREE_MINUTES = 10;

export interface BrowserFacts {
  hasHomeBrowser: boolean;
  /** Whether Cloudflare's binding is there. */
  hasEdge: boolean;
  /** On this machine browser time costs nothing. */
  isLocal: boolean;
  /** Where this Skerry is reached. */
  origin?: string | undefined;
}

export function makeBrowser(
  { browser = {} }: Settings,
  hands: Pick<HandsBrief, "isSandboxed" | "mayElevate">,
  { hasHomeBrowser, hasEdge, isLocal, origin }: BrowserFacts,
): BrowserBrief | undefined {
  if (browser.enabled === false) return undefined;
  const { backend = "auto", cdpUrl, minutesPerDay = isLocal ? undefined : FREE_MINUTES } = browser;
  const there: Record<BrowserPlace, boolean> = {
    home: hasHomeBrowser,
    edge: hasEdge && minutesPerDay !== 0,
    cdp: cdpUrl !== undefined,
  };
  const wanted: BrowserPlace[] = backend === "auto" ? ["home", "edge", "cdp"] : [backend];
  const places = wanted.filter((place) => there[place]);
  const isOpen = !hands.isSandboxed || hands.mayElevate || backend !== "auto" || places.includes("edge");
  if (places.length === 0 || !isOpen) return undefined;
  return {
    places,
    isChosen: backend !== "auto",
    ...(browser.home === undefined ? {} : { home: browser.home }),
    ...(cdpUrl === undefined ? {} : { cdpUrl }),
    ...(browser.profiles === undefined ? {} : { profiles: browser.profiles }),
    policy: {
      allowedHosts: browser.allowedHosts ?? [],
      allowedDomains: browser.allowedDomains ?? [],
      mayEvaluate: browser.evaluate === true,
    },
    isHeadless: browser.headless !== false,
    keepAliveMs: (browser.keepAliveSeconds ?? 0) * 1000,
    ...(minutesPerDay === undefined ? {} : { dailyMs: minutesPerDay * 60_000 }),
    ...(origin === undefined ? {} : { origin }),
  };
}
