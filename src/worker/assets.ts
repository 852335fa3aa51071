// The built page, with headers that let it do nothing but what it is for.
import type { Context } from "hono";
import type { Door } from "./door.ts";
import { refuse } from "./errors.ts";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "form-action 'self'",
  "require-trusted-types-for 'script'",
].join("; ");

/** Names that end in a hash of their content never change. */
const HASHED = /^\/assets\/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/;

export async function serveAsset(c: Context<Door>): Promise<Response> {
  const { pathname } = new URL(c.req.url);
  if (c.req.method !== "GET" && c.req.method !== "HEAD") {
    c.header("allow", "GET, HEAD");
    return refuse(c, 405, "METHOD_NOT_ALLOWED", "This address can only be read.");
  }
  const found = await c.env.ASSETS.fetch(new Request(c.req.url, { method: c.req.method, headers: readHeaders(c) }));
  if (found.status !== 404) return dress(found, HASHED.test(pathname));
  await found.body?.cancel();
  const wantsPage = !/\.[a-z0-9]+$/i.test(pathname) && (c.req.header("accept") ?? "").includes("text/html");
  if (!wantsPage) return refuse(c, 404, "NOT_FOUND", "There is nothing at this address.");
  return (await servePage(c, "/")) ?? refuse(c, 404, "NOT_FOUND", "The page is not built; run npm run build.");
}

/** A page by its clean address: Cloudflare answers a redirect to that for the name of the file. */
export async function servePage(c: Context<Door>, path: "/" | "/closed" | "/browser"): Promise<Response | undefined> {
  const page = await c.env.ASSETS.fetch(new Request(new URL(path, c.req.url), { method: c.req.method }));
  if (page.ok) return dress(page, false);
  await page.body?.cancel();
  return undefined;
}

/** What decides which form of a file is answered. */
function readHeaders(c: Context<Door>): Record<string, string> {
  const names = ["if-none-match", "accept-encoding"];
  return Object.fromEntries(names.map((name) => [name, c.req.header(name) ?? ""]).filter(([, value]) => value !== ""));
}

function dress(found: Response, isHashed: boolean): Response {
  const response = new Response(found.body, found);
  const { headers } = response;
  headers.set("content-security-policy", POLICY);
  headers.set("x-content-type-options", "nosniff");
  headers.set("referrer-policy", "no-referrer");
  headers.set("x-frame-options", "DENY");
  headers.set("cross-origin-opener-policy", "same-origin");
  headers.set("cross-origin-resource-policy", "same-origin");
  headers.set("permissions-policy", "camera=(), geolocation=(), microphone=(self)");
  headers.set("cache-control", isHashed && found.ok ? "public, max-age=31536000, immutable" : "no-cache");
  return response;
}
