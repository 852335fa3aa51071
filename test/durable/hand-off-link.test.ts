// The link to a page that was handed over: only what was sealed under the owner's token opens, whole, and in its time.
import { describe, expect, it } from "vitest";
import { openLink, sealLink, tagOf } from "../../src/durable/hand-off-link.ts";

const OWNER = "an-owners-token-0123456789";
const link = { sessionKey: "agent:main:telegram:dm:4915112345", call: "abcDEF_-12345678", endsAt: 1_800_000_000_000 };
const NOW = link.endsAt - 1000;

describe("a hand-off's link", () => {
  it("opens for what it was made, until its time is up", async () => {
    const sealed = await sealLink(OWNER, link);
    expect(await openLink(OWNER, sealed, NOW)).toEqual(link);
    expect(await openLink(OWNER, sealed, link.endsAt)).toBeUndefined();
  });

  it("carries session keys with any sign in them", async () => {
    const strange = { ...link, sessionKey: "agent:main:matrix:group:!a|b:exämple.org" };
    expect(await openLink(OWNER, await sealLink(OWNER, strange), NOW)).toEqual(strange);
  });

  it("tells nobody whose talk it is, and is never the same twice", async () => {
    const [one, two] = [await sealLink(OWNER, link), await sealLink(OWNER, link)];
    expect(one).toMatch(/^[\w-]+$/);
    expect(one).not.toBe(two);
    expect(Buffer.from(one, "base64url").toString("latin1")).not.toContain("telegram");
  });

  it("opens under no other token", async () => {
    expect(await openLink("another-token-0123456789", await sealLink(OWNER, link), NOW)).toBeUndefined();
  });

  it("opens with no sign of it changed, cut or added", async () => {
    const sealed = await sealLink(OWNER, link);
    const bytes = Buffer.from(sealed, "base64url");
    for (let at = 0; at < bytes.length; at++) {
      const forged = Buffer.from(bytes);
      forged[at] = (forged[at] ?? 0) ^ 1;
      expect(await openLink(OWNER, forged.toString("base64url"), NOW)).toBeUndefined();
    }
    for (const forged of [sealed.slice(0, -4), `${sealed}AAAA`, sealed.slice(4), sealed + sealed]) {
      expect(await openLink(OWNER, forged, NOW)).toBeUndefined();
    }
  });

  it.each(["", "a", "done", "..", "%2e%2e", "A".repeat(64), "A".repeat(100_000), "ä", "a b"])("is not %j", async (guess) => {
    expect(await openLink(OWNER, guess, NOW)).toBeUndefined();
  });

  it("is neither made nor opened where there is no owner's token", async () => {
    await expect(sealLink("", link)).rejects.toThrow(/no owner's token/);
    const sealed = await sealLink(OWNER, link);
    await expect(openLink("", sealed, NOW)).rejects.toThrow(/no owner's token/);
  });

  it("names each call by itself", async () => {
    const tags = await Promise.all(["t1:1:a", "t1:1:b", "t2:1:a"].map(tagOf));
    expect(new Set(tags).size).toBe(3);
  });
});
