// The line by which a tab at the edge is shown on a page of our own, with a real Chromium behind the binding: it belongs to its
// hand-over, sees that one's tabs, and is not cut while somebody looks.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { BrowserInput } from "../../../../src/contract/home/browser.ts";
import type { HandOffWish } from "../../../../src/contract/home/hand-off.ts";
import { openLink, sealLink } from "../../../../src/durable/hand-off-link.ts";
import { type BoundBrowser, openBoundBrowser } from "../../../support/bound-browser.ts";
import { makeBrowserBrief } from "../../../support/browser-brief.ts";
import { type Pages, servePages } from "../../../support/browser-pages.ts";
import { makeHands } from "../../../support/hands.ts";
import { openTalk } from "../../../support/talk.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const OWNER = "an-owners-token-0123456789";
let pages: Pages;
let bound: BoundBrowser;

beforeAll(async () => {
  pages = await servePages();
  bound = await openBoundBrowser();
  bound.live.isMissing = true;
});
afterAll(async () => {
  await bound?.close();
  await pages?.close();
});

function open() {
  const sessionKey = "agent:main:main";
  const steps: BrowserInput[] = [];
  const { session } = openTalk(
    () => {
      const args = steps.shift();
      return args ? { calls: [{ name: "browser", args }] } : { text: "Done." };
    },
    {
      browser: {
        binding: bound.binding,
        isLocal: true,
        fetch: () => Promise.reject(new Error("no")),
        resolveHost: async () => [],
        sealLink: (link) => sealLink(OWNER, { ...link, sessionKey }),
      },
      brief: {
        hands: makeHands(),
        browser: makeBrowserBrief({
          policy: { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true },
          origin: "https://skerry.example",
          keepAliveMs: 60_000,
        }),
      },
    },
  );
  /** Opens the page and hands it over; answers what asks by the link. */
  const handOver = async (path: string) => {
    steps.push({ action: "open", url: `${pages.origin}${path}` }, { action: "handoff", text: "Log in, please." });
    await session.send("go");
    await session.rest();
    const notes = session.entries().flatMap((entry) => (entry.kind === "note" ? [entry.text] : []));
    const sealed = /\/browser\/([\w-]+)/.exec(notes.at(-1) ?? "")?.[1] ?? "";
    const link = await openLink(OWNER, sealed, Date.now());
    return (wish: HandOffWish) => session.parts.handOffs.answer(link?.call ?? "none", wish);
  };
  return { session, handOver };
}

const lines = () => bound.asked.filter((one) => one === "LINE").length;
const LOOK: HandOffWish = { kind: "look", waitMs: 0 };

it("is one for a hand-over, and another for the next, which may come at once", async () => {
  const { session, handOver } = open();
  const first = await handOver("/login");
  const before = lines();
  expect(await first(LOOK)).toMatchObject({ outcome: "shown", frame: { url: `${pages.origin}/login` } });
  expect((await first(LOOK)).outcome).toBe("shown");
  expect(lines() - before).toBe(1);
  // It ends by a word in the chat: nobody says so to the line.
  await session.send("I am in.");
  await session.rest();
  const second = await handOver("/inner.html?next");
  const between = lines();
  expect(await second(LOOK)).toMatchObject({ outcome: "shown", frame: { url: `${pages.origin}/inner.html?next` } });
  expect(lines() - between).toBe(1);
  expect((await first(LOOK)).outcome).toBe("over");
  session.stop();
  await session.rest();
  await session.parts.browsers.endAll();
});

it("outlasts a look that takes longer than it is kept for without one", async () => {
  const { session, handOver } = open();
  const ask = await handOver("/inner.html?still");
  const seen = await ask(LOOK);
  const since = seen.outcome === "shown" ? seen.frame.hash : "";
  const before = lines();
  expect((await ask({ kind: "look", since, waitMs: 9_500 })).outcome).toBe("shown");
  expect(lines()).toBe(before);
  session.stop();
  await session.rest();
  await session.parts.browsers.endAll();
});
