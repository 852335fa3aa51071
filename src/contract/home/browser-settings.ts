// What the settings document says of the browser, and what a session is told of it with its brief. What is left out closes.
import * as z from "zod";
import type { BrowserPolicy } from "./browser.ts";

export const BROWSER_BACKENDS = ["auto", "edge", "home", "cdp"] as const;
/** Where a browser stands: on a machine of the owner, at Cloudflare, or anywhere by its DevTools address. */
export type BrowserPlace = Exclude<(typeof BROWSER_BACKENDS)[number], "auto">;

const host = z
  .string()
  .regex(/^[a-z0-9.-]+(:\d{1,5})?$|^\[[0-9a-f:.]+\](:\d{1,5})?$/, "must be a host, or host:port, in lower case")
  .max(255);
const domain = z
  .string()
  .regex(/^(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+$/, "must be a domain such as example.com, in lower case and without a star")
  .max(255);

export const browserSettings = z
  .strictObject({
    enabled: z.boolean().optional().describe("Whether agents have a browser, where there is one (the default)."),
    backend: z
      .enum(BROWSER_BACKENDS)
      .optional()
      .describe(
        "Which browser: auto (the default) takes the one of a machine at home, else Cloudflare's, else the one at cdpUrl. A session that is kept in the sandbox gets Cloudflare's alone, unless this names another.",
      ),
    home: z.string().min(1).max(200).optional().describe("Id or name of the machine whose browser is used."),
    cdpUrl: z
      .url({ protocol: /^(https?|wss?)$/ })
      .max(2048)
      .optional()
      .describe("DevTools address of a browser, http or ws. Whoever knows it has that browser: a secret."),
    profiles: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "must be lower case letters, digits and -"))
      .max(50)
      .optional()
      .describe("Profiles (kept cookies) that the agent may use beside default; left out: any that it makes."),
    allowedHosts: z.array(host).max(100).optional().describe("Private hosts, or host:port, that may be opened all the same."),
    allowedDomains: z
      .array(domain)
      .max(25)
      .optional()
      .describe("When there are any, nothing but these domains, and what is below them, is reached."),
    evaluate: z.boolean().optional().describe("Whether the agent may run scripts in pages; not by default."),
    headless: z.boolean().optional().describe("Without a window (the default), where the machine has a display."),
    keepAliveSeconds: z
      .int()
      .min(0)
      .max(600)
      .optional()
      .describe(
        "Cloudflare's browser stays for this long after an answer; 0 (the default): it is closed. It costs browser time.",
      ),
    minutesPerDay: z
      .number()
      .min(0)
      .max(100_000)
      .optional()
      .describe("Browser time at Cloudflare that all agents may use in a (UTC) day; 10, what the free plan has, by default."),
  })
  .describe("The browser of the agents.");

/** Sent with the brief, so that nothing is asked in mid-turn. Absent in a brief: there is no browser. */
export interface BrowserBrief {
  /** Those that are set up, first choice first; never empty. */
  places: BrowserPlace[];
  /** The owner's settings name the place: it is for sessions that are kept in the sandbox, too. */
  isChosen: boolean;
  home?: string;
  cdpUrl?: string;
  profiles?: string[];
  policy: BrowserPolicy;
  isHeadless: boolean;
  keepAliveMs: number;
  /** Browser time of a day at the edge, ms; absent: as much as there is. */
  dailyMs?: number;
  /** Where this Skerry is reached, as its owner last opened its page; absent: they did not yet. */
  origin?: string;
}

/** Time of one browser at the edge. `until`: when it ends if nobody does anything more; told again, the last word counts. */
export interface BrowserUse {
  id: string;
  startedAt: number;
  until: number;
}
