// Mints a one-time login link, for the start screen and `skerry open`.
import type { GatewayClient } from "../client/gateway-client.ts";

export interface LoginLink {
  link: string;
  expiresAt: number;
}

export async function mintLoginLink(client: GatewayClient, url: string): Promise<LoginLink> {
  const minted = await client.request<{ path: string; expiresAt: number }>("auth.link", {});
  return { link: new URL(minted.path, url).href, expiresAt: minted.expiresAt };
}
