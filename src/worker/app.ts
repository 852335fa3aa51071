// The door: method, size, proof, shape; then hand over. It remembers nothing.
import { type Context, Hono } from "hono";
import { readStateTooNew } from "../contract/errors.ts";
import { VERSION } from "../contract/version.ts";
import { ADDRESS_HEADER, ASSERTION_HEADER, LOGIN_HEADER } from "../durable/gateway/gateway.ts";
import { gatewayOf } from "../durable/stubs.ts";
import { serveAsset } from "./assets.ts";
import { auth } from "./auth.ts";
import { isFileOfClosedPage, isOwned, serveClosed } from "./closed.ts";
import { addressOf, assertionOf, type Door, isSecure, loginOf, originOf } from "./door.ts";
import { refuse } from "./errors.ts";
import { handOff } from "./hand-off.ts";
import { home } from "./home.ts";
import { media } from "./media.ts";
import { openai } from "./openai/openai.ts";
import { webhook } from "./webhook.ts";

export const app = new Hono<Door>();

app.use(async (c, next) => {
  await next();
  if (!isSecure(c) || c.res.status === 101) return;
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("strict-transport-security", "max-age=31536000");
});

app.get("/health", (c) => {
  c.header("cache-control", "no-store");
  return c.json({ ok: true, version: typeof c.env["SKERRY_VERSION"] === "string" ? c.env["SKERRY_VERSION"] : VERSION });
});

/** Without the owner's token nobody gets in, not even to the page. */
app.use((c, next) => (isOwned(c.env) || isFileOfClosedPage(c) ? next() : serveClosed(c)));

/** What changes something must not come from a page that is not ours. */
app.use(async (c, next) => {
  const isSafe = c.req.method === "GET" || c.req.method === "HEAD";
  if (!(isSafe && !isUpgrade(c)) && (await originOf(c)) === "foreign") {
    const message = `Pages of ${c.req.header("origin")} may not connect; its owner can allow it in gateway.controlUi.allowedOrigins.`;
    return refuse(c, 403, "ORIGIN_NOT_ALLOWED", message);
  }
  return next();
});

app.get("/ws", (c) => (isUpgrade(c) ? openSocket(c) : refuse(c, 426, "UPGRADE_REQUIRED", "This address speaks WebSocket only.")));
app.get("/", (c, next) => (isUpgrade(c) ? openSocket(c) : next()));
app.route("/auth", auth);
app.route("/media", media);
app.route("/home", home);
app.route("/v1", openai);
app.route("/channels", webhook);
app.route("/browser", handOff);

/** Addresses of programs answer programs: never the page. */
for (const path of ["/auth/*", "/media/*", "/home/*", "/v1/*", "/hooks/*", "/channels/*", "/browser/*"]) {
  app.all(path, (c) => refuse(c, 404, "NOT_FOUND", "There is nothing at this address."));
}
app.all("*", (c) => serveAsset(c));

app.onError((error, c) => {
  // The link of a hand-off is all that it takes to have the tab.
  const path = new URL(c.req.url).pathname.replace(/^\/browser\/[^/]+/, "/browser/…");
  console.error("request failed", path, error);
  const tooNew = readStateTooNew(error);
  if (tooNew) return refuse(c, 503, "STATE_TOO_NEW", tooNew);
  return refuse(c, 500, "INTERNAL", "Something broke inside; try again in a moment.");
});

function isUpgrade(c: Context<Door>): boolean {
  return c.req.header("upgrade")?.toLowerCase() === "websocket";
}

async function openSocket(c: Context<Door>): Promise<Response> {
  const headers = new Headers(c.req.raw.headers);
  headers.set(ADDRESS_HEADER, addressOf(c));
  const isOwn = (await originOf(c)) === "own";
  for (const [name, value] of [
    [LOGIN_HEADER, loginOf(c)],
    [ASSERTION_HEADER, assertionOf(c)],
  ] as const) {
    headers.delete(name);
    if (isOwn && value !== undefined) headers.set(name, value);
  }
  headers.delete("cookie");
  return gatewayOf(c.env).fetch(new Request(c.req.url, { headers }));
}
