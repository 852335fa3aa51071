// One connection of a Node program to the Gateway: address in, client out.
import { type ClientListeners, type ClientOptions, GatewayClient } from "../client/gateway-client.ts";

export interface Reach {
  /** http(s) address of Skerry. */
  url: string;
  token: string;
}

export function createClient(
  reach: Reach,
  about: { id: string; mode: string; version: string; isLasting: boolean },
  listeners: ClientListeners = {},
): GatewayClient {
  const options: ClientOptions = {
    url: socketUrl(reach.url),
    client: { id: about.id, displayName: about.id, version: about.version, platform: process.platform, mode: about.mode },
    auth: { token: reach.token },
    isLasting: about.isLasting,
  };
  return new GatewayClient(options, listeners);
}

/** `http://host/path` → `ws://host/path/ws`; a socket's own scheme stays. */
export function socketUrl(url: string): string {
  const address = new URL(url);
  address.protocol = ["https:", "wss:"].includes(address.protocol) ? "wss:" : "ws:";
  address.pathname = `${address.pathname.replace(/\/(ws)?$/, "")}/ws`;
  return address.href;
}
