// Before there is an owner's token that is worth the name: everything is closed, and says what to set. A browser gets a
// page, a program a sentence; the page's own style and icon are the only files that are handed out.
import type { Context } from "hono";
import { servePage } from "./assets.ts";
import type { Door } from "./door.ts";
import { refuse } from "./errors.ts";

/** A deployed Skerry stands on the open network. On one's own machine a short token is one's own affair. */
const MIN_TOKEN_CHARS = 16;
const FILE = /^\/assets\/[^/]+\.(css|svg|woff2)$/;

export function isOwned({ SKERRY_TOKEN: token, SKERRY_RUNTIME: runtime }: Door["Bindings"]): boolean {
  return token !== undefined && token.length >= (runtime === "local" ? 1 : MIN_TOKEN_CHARS);
}

export function isFileOfClosedPage(c: Context<Door>): boolean {
  return FILE.test(new URL(c.req.url).pathname);
}

export async function serveClosed(c: Context<Door>): Promise<Response> {
  const wantsPage = c.req.method === "GET" && (c.req.header("accept") ?? "").includes("text/html");
  const page = wantsPage ? await servePage(c, "/closed") : undefined;
  if (page) {
    page.headers.set("cache-control", "no-store");
    return new Response(page.body, { status: 503, headers: page.headers });
  }
  const what = c.env.SKERRY_TOKEN ? `a SKERRY_TOKEN of at least ${MIN_TOKEN_CHARS} characters` : "the secret SKERRY_TOKEN";
  const message = `Nobody can log in: set ${what} (npx wrangler secret put SKERRY_TOKEN), then try again.`;
  return refuse(c, 503, c.env.SKERRY_TOKEN ? "TOKEN_TOO_SHORT" : "TOKEN_NOT_CONFIGURED", message);
}
