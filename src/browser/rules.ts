// Whether a browser may reach an address: the owner's domains first, then the rules for all addresses. The guard in the browser and
// the proxy before it ask the same question here.
import { AddressRefused } from "../contract/errors.ts";
import type { BrowserPolicy } from "../contract/home/browser.ts";
import { checkAddress } from "./address-guard.ts";

/** Why it may not be reached, as a sentence; undefined: it may. */
export async function refusalOf(
  url: URL,
  { allowedDomains, allowedHosts }: BrowserPolicy,
  resolveHost?: (name: string) => Promise<string[]>,
): Promise<string | undefined> {
  const host = url.hostname.toLowerCase().replace(/\.+$/, "");
  const isNamed = allowedDomains.some((domain) => host === domain.toLowerCase() || host.endsWith(`.${domain.toLowerCase()}`));
  if (allowedDomains.length > 0 && !isNamed)
    return `${url.host} is not among the domains that the owner allows (browser.allowedDomains).`;
  try {
    await checkAddress(url.origin, { allowedHosts, resolveHost });
    return url.username === "" ? undefined : `${url.host} is written with a user name or password in the address.`;
  } catch (error) {
    if (!(error instanceof AddressRefused)) throw error;
    const said = error.message.replace(/^Not fetched: /, "").replace(/ Only public .*$/, "");
    return `${said} The owner can allow ${url.host} (browser.allowedHosts).`;
  }
}
