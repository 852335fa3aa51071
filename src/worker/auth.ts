// Logging in with the owner's token or the one-time code of a login link, logging out, and minting such a link.
import { Hono } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import * as z from "zod";
import { gatewayOf } from "../durable/stubs.ts";
import { type Door, isSameSite, isSecure, loginCookieName, originOf, proofOf, visitorOf } from "./door.ts";
import { refuse, refuseProof } from "./errors.ts";

const MAX_BODY_BYTES = 16 * 1024;
const loginBody = z.union([z.object({ token: z.string().min(1).max(4096) }), z.object({ code: z.string().min(1).max(256) })]);

export const auth = new Hono<Door>();

auth.post("/login", async (c) => {
  const text = await c.req.text();
  const body = text.length > MAX_BODY_BYTES ? undefined : loginBody.safeParse(parse(text)).data;
  if (!body)
    return refuse(c, 400, "INVALID_REQUEST", 'Send {"token": …} with the owner\'s token, or {"code": …} of a login link.');
  const answer = await gatewayOf(c.env).login({ ...body, ...visitorOf(c) });
  if (answer.outcome !== "welcome") return refuseProof(c, answer);
  setCookie(c, loginCookieName(c), answer.secret, {
    httpOnly: true,
    sameSite: "Strict",
    secure: isSecure(c),
    path: "/",
    expires: new Date(answer.expiresAt),
  });
  c.header("cache-control", "no-store");
  return c.json({ ok: true, expiresAt: answer.expiresAt });
});

auth.post("/logout", async (c) => {
  if ((await originOf(c)) !== "own") return refuse(c, 403, "ORIGIN_REQUIRED", "Log out with the button on the page.");
  const { by } = await gatewayOf(c.env).logout(proofOf(c, true));
  deleteCookie(c, loginCookieName(c), { path: "/", secure: isSecure(c) });
  // Whoever Cloudflare Access lets in is out only when it says so too; that address is Access's, in front of ours.
  return c.json({ ok: true, ...(by === "access" ? { next: "/cdn-cgi/access/logout" } : {}) });
});

auth.get("/me", async (c) => {
  const answer = await gatewayOf(c.env).check(proofOf(c, isSameSite(c)));
  if (answer.outcome !== "welcome") return refuseProof(c, answer);
  c.header("cache-control", "no-store");
  const { outcome: _outcome, ...who } = answer;
  return c.json({ ok: true, ...who });
});

auth.post("/link", async (c) => {
  const answer = await gatewayOf(c.env).mintCode(proofOf(c, (await originOf(c)) === "own"));
  if (answer.outcome !== "welcome") return refuseProof(c, answer);
  const { code, expiresAt } = answer;
  c.header("cache-control", "no-store");
  return c.json({ code, expiresAt, url: `${new URL(c.req.url).origin}/#code=${code}` });
});

// The local runtime says that it is about to end, so that screens know it is no failure. Deployed there is no such moment.
auth.post("/shutdown", async (c) => {
  if (c.env.SKERRY_RUNTIME !== "local") return refuse(c, 404, "NOT_FOUND", "There is nothing at this address.");
  const gateway = gatewayOf(c.env);
  const answer = await gateway.check(proofOf(c, false));
  if (answer.outcome !== "welcome") return refuseProof(c, answer);
  await gateway.announceShutdown("stopped by its owner");
  return c.json({ ok: true });
});

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
