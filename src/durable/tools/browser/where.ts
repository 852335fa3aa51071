// Which browser a call uses, and with whose cookies. One of the owner's own (at home, or at an address) has the owner's logins and
// stands in the owner's network: a session that is kept in the sandbox uses it only where the settings name it, and then with
// cookies of its own.
import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserInput, BrowserPolicy } from "../../../contract/home/browser.ts";
import type { BrowserBrief, BrowserPlace } from "../../../contract/home/browser-settings.ts";
import type { Elevation, HandsBrief } from "../../../contract/home/hands.ts";
import type { BrowserPort, ToolContext } from "../port.ts";

const OFFERS = "browser.do";
const PROFILE = "default";

/** `home`: id or name of the machine; absent: the only one that has a browser. */
export type Chosen = { place: "home"; home?: string } | { place: "edge" | "cdp" };

/** Those that a session may use. `canRise`: also those it may use once its owner raises it. */
export function usablePlaces(
  browser: BrowserBrief | undefined,
  hands: (HandsBrief & { elevation?: Elevation }) | undefined,
  { canRise = false } = {},
): BrowserPlace[] {
  if (!browser || !hands) return [];
  const isFree = !isKeptIn(hands) || (canRise && hands.mayElevate) || browser.isChosen;
  return browser.places.filter((place) => isFree || place === "edge");
}

/** @throws ToolFailure with what to do about it. */
export async function choosePlace({ where }: Pick<BrowserInput, "where">, context: ToolContext): Promise<Chosen> {
  const port = mustHave(context);
  const usable = usablePlaces(port.brief, context.hands);
  if (where !== undefined && !usable.includes(where)) throw new ToolFailure(explainMissing(where, port.brief));
  const wanted = where === undefined ? usable : [where];
  for (const place of wanted) {
    if (place !== "home") return { place };
    const { home } = port.brief;
    const able = await homesWithBrowser(context, home);
    if (able.length > 1 && home === undefined) {
      const names = able.map(({ name }) => name).join(", ");
      throw new ToolFailure(`Several machines have a browser (${names}); the owner has to choose one (setting browser.home).`);
    }
    const [only] = able;
    if (only) return { place, home: only.id };
  }
  if (wanted.includes("home")) {
    throw new ToolFailure("No machine with a browser is connected just now; ask the person to start its bridge (skerry bridge).");
  }
  throw new ToolFailure(
    "This session is kept in the sandbox and the browser there is the owner's own: ask the owner for /elevated on, or to name it (setting browser.backend).",
  );
}

/** What may be reached there. A session that is kept in does not profit from what the owner opens to themselves. */
export function policyFor(context: ToolContext): BrowserPolicy {
  const { policy } = mustHave(context).brief;
  const own = context.hands && !isKeptIn(context.hands) ? policy.allowedHosts : [];
  return { ...policy, allowedHosts: [...own, ...context.allowedHosts] };
}

/** @throws ToolFailure for a profile that may not be used. */
export async function profileFor(wanted: string | undefined, place: BrowserPlace, context: ToolContext): Promise<string> {
  const { profiles } = mustHave(context).brief;
  if (context.hands && !isKeptIn(context.hands)) {
    const profile = wanted ?? PROFILE;
    if (profile !== PROFILE && profiles && !profiles.includes(profile)) {
      const known = [PROFILE, ...profiles].join(", ");
      throw new ToolFailure(`There is no profile ${profile} here; there are ${known} (setting browser.profiles).`);
    }
    return profile;
  }
  if (wanted !== undefined)
    throw new ToolFailure("This session is kept in the sandbox: it has one profile of its own; leave profile out.");
  // Longer than a name may be that is asked for, so that nobody can ask for it.
  return place === "home" ? `talk-of-nobody-else-${await shortHash(context.sessionKey)}` : PROFILE;
}

export function mayManageProfiles(context: ToolContext): boolean {
  return context.hands !== undefined && !isKeptIn(context.hands);
}

export function mustHave({ browser }: ToolContext): BrowserPort {
  if (!browser) throw new ToolFailure("There is no browser here.");
  return browser;
}

async function homesWithBrowser({ home: desk }: ToolContext, named: string | undefined) {
  const homes = (await desk?.homes()) ?? [];
  const isMeant = (row: { id: string; name: string }) =>
    named === undefined || row.id === named || row.name.toLowerCase() === named.toLowerCase();
  return homes.filter((row) => row.isConnected && row.commands.includes(OFFERS) && isMeant(row));
}

function isKeptIn({ isSandboxed, mayElevate, elevation }: HandsBrief & { elevation?: Elevation }): boolean {
  return isSandboxed && !(mayElevate && elevation !== undefined && elevation !== "off");
}

function explainMissing(place: BrowserPlace, { places }: BrowserBrief): string {
  if (places.includes(place)) {
    return `This session is kept in the sandbox and may not use the browser ${nameOf(place)}; leave where out, or ask the owner for /elevated on.`;
  }
  switch (place) {
    case "home":
      return "No machine of the owner offers a browser: one needs Chrome or Chromium and a bridge that runs (skerry bridge).";
    case "edge":
      return "There is no browser at the edge here: it needs Cloudflare's Browser Rendering and some minutes a day (setting browser.minutesPerDay).";
    case "cdp":
      return "No DevTools address is set (setting browser.cdpUrl).";
    default:
      return place satisfies never;
  }
}

export function nameOf(place: BrowserPlace): string {
  switch (place) {
    case "home":
      return "at home";
    case "edge":
      return "at the edge";
    case "cdp":
      return "at the DevTools address";
    default:
      return place satisfies never;
  }
}

async function shortHash(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest.slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
