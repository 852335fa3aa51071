// The only way out of a browser of this machine. Names are resolved here, once for each connection, and the connection goes to the
// very address that was checked: a name that leads elsewhere a moment later gains nothing. Refuses by the rules of the guard.
// Sockets come through here as well, which the guard in the browser does not see.
import type { lookup } from "node:dns";
import { lookup as find } from "node:dns/promises";
import type { LookupFunction } from "node:net";
import { isIPv6 } from "node:net";
import { RequestError, Server } from "proxy-chain";
import { refusalOf } from "../../browser/rules.ts";
import type { BrowserPolicy } from "../../contract/home/browser.ts";

export interface ProxyOptions {
  /** Asked for each connection: the owner may change their mind. */
  policy(): BrowserPolicy;
  resolveHost(name: string): Promise<string[]>;
  onRefused(url: URL, reason: string): void;
}

export interface FilterProxy {
  port: number;
  close(): Promise<void>;
}

/** As this machine resolves names: its hosts file counts. */
export async function resolveHere(name: string): Promise<string[]> {
  return (await find(name, { all: true })).map(({ address }) => address);
}

export async function openProxy({ policy, resolveHost, onRefused }: ProxyOptions): Promise<FilterProxy> {
  const server = new Server({
    host: "127.0.0.1",
    port: 0,
    async prepareRequestFunction({ hostname, port }) {
      let addresses: string[] = [];
      const resolve = async (name: string) => {
        addresses = await resolveHost(name);
        return addresses;
      };
      const url = urlOf(hostname, port);
      const refusal = await refusalOf(url, policy(), resolve);
      if (refusal !== undefined) {
        onRefused(url, refusal);
        throw new RequestError(refusal, 403);
      }
      // A host that the owner allows is not checked, but its addresses are still found here alone.
      if (addresses.length === 0) addresses = await resolve(url.hostname).catch(() => []);
      return { dnsLookup: pin(addresses) };
    },
  });
  await server.listen();
  return { port: server.port, close: () => server.close(true) };
}

/** @throws RequestError for what is no host. */
function urlOf(hostname: string, port: number): URL {
  try {
    return new URL(port === 443 ? `https://${hostname}` : `http://${hostname}:${port}`);
  } catch {
    throw new RequestError(`${hostname} is no host.`, 400);
  }
}

function pin(addresses: readonly string[]): typeof lookup {
  const rows = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  const pinned: LookupFunction = (name, { all }, answer) => {
    const [first] = rows;
    if (!first) answer(Object.assign(new Error(`${name} has no address.`), { code: "ENOTFOUND" }), "", 4);
    else if (all) answer(null, rows);
    else answer(null, first.address, first.family);
  };
  // The library asks for the whole type of Node's own function and calls it as one of these.
  return pinned as typeof lookup;
}
