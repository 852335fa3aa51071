// What a page is made to believe of the machine it is shown on. The browser forgets it with the line, so it is kept in the tab's
// state and set anew.
import * as z from "zod";
import { ToolFailure } from "../../contract/errors.ts";
import type { Emulation } from "../state.ts";
import type { Page } from "./page.ts";

const MOBILE = (system: string, rest: string) => `Mozilla/5.0 (${system}) AppleWebKit/${rest}`;
const IPHONE = "605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const DEVICES: Record<string, Emulation> = {
  desktop: { width: 1280, height: 800, scale: 1, isMobile: false },
  iphone: {
    width: 393,
    height: 852,
    scale: 3,
    isMobile: true,
    userAgent: MOBILE("iPhone; CPU iPhone OS 18_0 like Mac OS X", IPHONE),
  },
  ipad: { width: 820, height: 1180, scale: 2, isMobile: true, userAgent: MOBILE("iPad; CPU OS 18_0 like Mac OS X", IPHONE) },
  pixel: {
    width: 412,
    height: 915,
    scale: 2.625,
    isMobile: true,
    userAgent: MOBILE("Linux; Android 15; Pixel 9", "537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"),
  },
};

const wish = z.strictObject({
  device: z.enum(["desktop", "iphone", "ipad", "pixel"]).optional(),
  width: z.int().min(100).max(4000).optional(),
  height: z.int().min(100).max(4000).optional(),
  geo: z.union([z.string().regex(/^-?\d+(\.\d+)?\s*,\s*-?\d+(\.\d+)?$/, "must be latitude,longitude"), z.literal("")]).optional(),
  offline: z.boolean().optional(),
  dark: z.boolean().optional(),
  timeZone: z.string().max(60).optional(),
});

/** @throws ToolFailure when it is not understood. */
export async function emulate(page: Page, set: Record<string, unknown> | undefined): Promise<string[]> {
  const read = wish.safeParse(set ?? {});
  if (!read.success) {
    const reasons = read.error.issues.map((issue) => `${issue.path.join(".") || "set"}: ${issue.message}`);
    throw new ToolFailure(`Not emulated. ${reasons.join("; ")}.`);
  }
  const { device, width, height, geo, offline, dark, timeZone } = read.data;
  const before = page.tab.emulation;
  const [latitude = 0, longitude = 0] = geo ? geo.split(",").map(Number) : [];
  const { geo: oldGeo, ...kept } = before;
  const next: Emulation = {
    ...kept,
    ...(geo === undefined ? (oldGeo ? { geo: oldGeo } : {}) : geo === "" ? {} : { geo: { latitude, longitude } }),
    ...(device ? DEVICES[device] : {}),
    ...(width ? { width } : {}),
    ...(height ? { height } : {}),
    ...(offline === undefined ? {} : { isOffline: offline }),
    ...(dark === undefined ? {} : { isDark: dark }),
    ...(timeZone === undefined ? {} : { timeZone }),
  };
  if (device === "desktop") delete next.userAgent;
  await applyEmulation(page, before, next);
  page.tab.emulation = next;
  return [`This tab now has: ${JSON.stringify(next)}. Reload for what a page asks only once.`];
}

/** To the origin of this address alone: other tabs, also of other sessions, are in the same browser. */
export async function allowPlace(page: Page, url: string, isAllowed: boolean): Promise<void> {
  const origin = URL.parse(url)?.origin ?? "null";
  if (origin === "null") return;
  const setting = isAllowed ? "granted" : "prompt";
  await page.connection.cdp.send("Browser.setPermission", { permission: { name: "geolocation" }, setting, origin });
}

/** Sets what differs. */
export async function applyEmulation(page: Page, before: Emulation, next: Emulation): Promise<void> {
  const isNew = (...keys: (keyof Emulation)[]) => keys.some((key) => JSON.stringify(before[key]) !== JSON.stringify(next[key]));
  if (isNew("width", "height", "scale", "isMobile")) {
    const { width = 1280, height = 800, scale: deviceScaleFactor = 1, isMobile: mobile = false } = next;
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor, mobile });
    await page.send("Emulation.setTouchEmulationEnabled", { enabled: mobile });
  }
  if (isNew("userAgent")) await page.send("Emulation.setUserAgentOverride", { userAgent: next.userAgent ?? "" });
  if (isNew("geo")) {
    if (next.geo) {
      await allowPlace(page, (await page.main()).url, true);
      await page.send("Emulation.setGeolocationOverride", { ...next.geo, accuracy: 10 });
    } else {
      await allowPlace(page, (await page.main()).url, false);
      await page.send("Emulation.clearGeolocationOverride");
    }
  }
  if (isNew("isOffline")) {
    const speeds = { latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    await page.send("Network.emulateNetworkConditions", { offline: next.isOffline === true, ...speeds });
  }
  if (isNew("isDark")) {
    const value = next.isDark === undefined ? "" : next.isDark ? "dark" : "light";
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
  }
  if (isNew("timeZone")) await page.send("Emulation.setTimezoneOverride", { timezoneId: next.timeZone ?? "" });
}
