// What the door knows of a request before it means anything: the caller's address, where it says it comes from, and
// which proof it carries. A cookie, or what Cloudflare Access adds for one, proves something only together with an
// origin of our own: requests without one (a command line, or a page that hides where it is from) must bring a token.
import type { Context } from "hono";
import { getCookie } from "hono/cookie";
import ipaddr from "ipaddr.js";
import type { DoorProof } from "../contract/ports/gateway.ts";
import type { Env } from "../durable/env.ts";
import { directoryOf } from "../durable/stubs.ts";

export interface Door {
  Bindings: Env;
  Variables: {
    /** At the door of homes: the machine that asks. */
    homeId?: string;
  };
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

export const LOGIN_COOKIE = "skerry_login";

export function isSecure(c: Context<Door>): boolean {
  return new URL(c.req.url).protocol === "https:";
}

/** Over https the cookie's name itself forbids other hosts and paths to set it. */
export function loginCookieName(c: Context<Door>): string {
  return isSecure(c) ? `__Host-${LOGIN_COOKIE}` : LOGIN_COOKIE;
}

/**
 * The caller's network address, for the guess limit. On this machine everybody is one: a header could be forged
 * there. Of an IPv6 address the first 64 bits: the rest is anybody's to choose.
 */
export function addressOf(c: Context<Door>): string {
  if (c.env.SKERRY_RUNTIME === "local") return "local";
  return networkOf(c.req.header("cf-connecting-ip") ?? "unknown");
}

export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return "unknown";
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6
    ? `${parsed.parts
        .slice(0, 4)
        .map((part) => part.toString(16))
        .join(":")}::/64`
    : parsed.toString();
}

/** `none`: the request names no origin. `foreign`: a page that is neither ours nor allowed by the settings. */
export async function originOf(c: Context<Door>): Promise<"own" | "none" | "foreign"> {
  const origin = c.req.header("origin");
  if (origin === undefined) return "none";
  const { protocol, host, hostname, origin: own } = new URL(c.req.url);
  // A tunnel or a proxy speaks https to the browser and http to us, under the same name: never this machine's own.
  const isByTunnel = protocol === "http:" && origin === `https://${host}` && !LOOPBACK.test(hostname);
  if (origin === own || isByTunnel) return "own";
  // What boxed frames and local files are called: anybody's name.
  if (origin === "null") return "foreign";
  const { settings } = await directoryOf(c.env).settings();
  const allowed = settings.gateway?.controlUi?.allowedOrigins ?? [];
  return allowed.some((one) => new URL(one).origin === origin) ? "own" : "foreign";
}

/** Whether the browser vouches that the request is the page's own: GET requests carry no Origin. */
export function isSameSite(c: Context<Door>): boolean {
  const site = c.req.header("sec-fetch-site");
  return site === "same-origin" || site === "none";
}

export function bearerOf(c: Context<Door>): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1];
}

export function loginOf(c: Context<Door>): string | undefined {
  return getCookie(c, loginCookieName(c));
}

/** Who is at the door, as far as the request says so itself. */
export function visitorOf(c: Context<Door>): Pick<DoorProof, "client" | "userAgent"> {
  const userAgent = c.req.header("user-agent")?.slice(0, 300);
  return { client: addressOf(c), ...(userAgent === undefined ? {} : { userAgent }) };
}

/** What Cloudflare Access says of the caller. The header is Access's own; the cookie stands in where it is not passed on. */
export function assertionOf(c: Context<Door>): string | undefined {
  return c.req.header("cf-access-jwt-assertion") ?? getCookie(c, "CF_Authorization");
}

export function proofOf(c: Context<Door>, cookieCounts: boolean): DoorProof {
  const token = bearerOf(c);
  const login = cookieCounts ? loginOf(c) : undefined;
  const assertion = cookieCounts ? assertionOf(c) : undefined;
  return {
    ...visitorOf(c),
    ...(token === undefined ? {} : { token }),
    ...(login === undefined ? {} : { login }),
    ...(assertion === undefined ? {} : { assertion }),
  };
}
