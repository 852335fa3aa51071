// The page of a tab that the agent handed to the owner, by its link alone: it may be opened on a phone that never logged in. The link is
// good for one call of one talk, for as long as that call waits, and for nothing else. What is no link of ours wakes nothing.
import { type Context, Hono } from "hono";
import { type HandOffAnswer, type HandOffWish, handEvents, LONGEST_LOOK_MS } from "../contract/home/hand-off.ts";
import { openLink } from "../durable/hand-off-link.ts";
import { sessionOf } from "../durable/stubs.ts";
import { servePage } from "./assets.ts";
import type { Door } from "./door.ts";
import { refuse } from "./errors.ts";
import { readUpTo } from "./media.ts";

const MOST_BODY_BYTES = 64 * 1024;
const OVER = "This page was handed back, or its time is up. Ask in the chat for a new one.";

export const handOff = new Hono<Door>();

handOff.use(async (c, next) => {
  await next();
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("cache-control", "no-store");
  c.res.headers.set("referrer-policy", "no-referrer");
  c.res.headers.set("x-robots-tag", "noindex");
  c.res.headers.set("x-content-type-options", "nosniff");
  c.res.headers.set("cross-origin-resource-policy", "same-origin");
});

/** The same for every link: whether it is good says the first picture. So a messenger's preview uses up nothing. */
handOff.get("/:link", async (c) => (await servePage(c, "/browser")) ?? refuse(c, 404, "NOT_FOUND", "The page is not built."));

handOff.get("/:link/frame", (c) => {
  // A picture is for our own page alone, not for a page that knows the link and would put it into its own.
  if (c.req.header("sec-fetch-site") === "cross-site") return refuse(c, 403, "FORBIDDEN", "Only the page itself may ask.");
  const since = c.req.query("since");
  const isFirst = since === undefined || since.length > 64;
  return answer(c, { kind: "look", ...(isFirst ? { waitMs: 0 } : { since, waitMs: LONGEST_LOOK_MS }) });
});

handOff.post("/:link/input", async (c) => {
  const bytes = await readUpTo(c, MOST_BODY_BYTES);
  const events = bytes && handEvents.safeParse(parse(new TextDecoder().decode(bytes))).data;
  if (!events) return refuse(c, 400, "INVALID_REQUEST", "What was done on the page cannot be read.");
  return answer(c, { kind: "do", events });
});

handOff.post("/:link/done", (c) => answer(c, { kind: "done" }));

async function answer(c: Context<Door>, wish: HandOffWish): Promise<Response> {
  const link = await openLink(c.env.SKERRY_TOKEN ?? "", c.req.param("link") ?? "", Date.now());
  const said: HandOffAnswer = link
    ? ((await sessionOf(c.env, link.sessionKey).handOff?.(link.call, wish)) ?? { outcome: "over" })
    : { outcome: "over" };
  switch (said.outcome) {
    case "shown":
      return said.frame.picture === undefined
        ? c.body(null, 204)
        : c.json({ ...said.frame, wish: said.wish, leftMs: said.leftMs });
    case "taken":
      return c.json({ ok: true });
    case "over":
      return refuse(c, 410, "OVER", OVER);
    case "busy":
      c.header("retry-after", "1");
      return refuse(c, 429, "RATE_LIMITED", "This page is asked too often; wait a second.");
    case "failed":
      return refuse(c, 502, "UNAVAILABLE", said.message);
    default:
      return said satisfies never;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
