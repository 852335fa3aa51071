// Which web addresses the agent's tools may reach: public ones, by http or https, and those its owner named.
// Every hop of a redirect passes here again. Addresses are checked as the URL parser reads them, so decimal, octal and
// hexadecimal forms are plain by then. Names are resolved and every answer checked where `resolveHost` is given; without
// it, only literal addresses and names known to be private are refused, and the platform's own resolver is trusted:
// Cloudflare's fetch reaches no private network. The request resolves a name once more; what it gets is not seen here.
import ipaddr from "ipaddr.js";
import { AddressRefused } from "../contract/errors.ts";

export interface AddressRules {
  /** `host` or `host:port`, exactly as in a URL (a port that is the protocol's own is left out). */
  allowedHosts: readonly string[];
  resolveHost?: ((name: string) => Promise<string[]>) | undefined;
}

/** @throws AddressRefused with the reason, as the end of a sentence. */
export async function checkAddress(written: string, rules: AddressRules): Promise<URL> {
  const url = parseUrl(written);
  const shown = showUrl(url);
  if (url.protocol !== "http:" && url.protocol !== "https:") throw new AddressRefused(shown, "is not an http or https address");
  if (url.username !== "" || url.password !== "") throw new AddressRefused(shown, "carries a user name or password");
  const host = stripDots(url.hostname.toLowerCase());
  if (host === "") throw new AddressRefused(shown, "names no host");
  const port = url.port === "" ? "" : `:${url.port}`;
  if (rules.allowedHosts.some((allowed) => allowed.toLowerCase() === `${host}${port}`)) return url;
  const literal = host.startsWith("[") ? host.slice(1, -1) : host;
  if (ipaddr.isValid(literal)) {
    if (!isPublicAddress(literal)) throw new AddressRefused(shown, "is not a public address");
    return url;
  }
  if (isPrivateName(host)) throw new AddressRefused(shown, "is a private name");
  if (rules.resolveHost) await checkResolved(shown, host, rules.resolveHost);
  return url;
}

async function checkResolved(shown: string, host: string, resolveHost: (name: string) => Promise<string[]>): Promise<void> {
  let addresses: string[];
  try {
    addresses = await resolveHost(host);
  } catch {
    throw new AddressRefused(shown, "could not be checked, because its name could not be resolved");
  }
  if (addresses.length === 0) throw new AddressRefused(shown, "has a name that does not exist");
  const isPublic = addresses.every(isPublicAddress);
  if (!isPublic) throw new AddressRefused(shown, "has a name that leads to an address that is not public");
}

/** IPv4 and IPv6 that the whole internet can reach. Forms that carry an IPv4 address within are refused altogether. */
export function isPublicAddress(written: string): boolean {
  if (!ipaddr.isValid(written)) return false;
  const address = ipaddr.parse(written);
  if (address.range() !== "unicast") return false;
  // Global unicast is 2000::/3; below it stand forms with an IPv4 address in them.
  return address.kind() === "ipv4" || address.match(ipaddr.parseCIDR("2000::/3"));
}

// Endings that are never public, and services whose names spell out any address.
const PRIVATE_ENDINGS = [
  "localhost",
  "local",
  "localdomain",
  "internal",
  "intranet",
  "private",
  "corp",
  "home",
  "lan",
  "home.arpa",
  "arpa",
  "test",
  "invalid",
  "onion",
  "nip.io",
  "sslip.io",
  "xip.io",
  "localtest.me",
  "lvh.me",
  "vcap.me",
  "lacolhost.com",
  "traefik.me",
  "local.gd",
];

function isPrivateName(host: string): boolean {
  if (!host.includes(".")) return true;
  return PRIVATE_ENDINGS.some((ending) => host === ending || host.endsWith(`.${ending}`));
}

function parseUrl(written: string): URL {
  try {
    return new URL(written.trim());
  } catch {
    throw new AddressRefused(written.slice(0, 200), "is not a web address; write it in full, like https://example.com/page");
  }
}

/** Without what may be secret. */
function showUrl(url: URL): string {
  return `${url.protocol}//${url.host}${url.pathname}`.slice(0, 200);
}

function stripDots(host: string): string {
  return host.replace(/\.+$/, "");
}
