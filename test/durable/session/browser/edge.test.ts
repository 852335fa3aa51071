// The browser at the edge in a session's hands, with a real Chromium behind the binding: found again after every call and after a
// crash, ended with its turn, held to the day's limit, and told as what it is when it is gone.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { BrowserInput } from "../../../../src/contract/home/browser.ts";
import type { BrowserBrief, BrowserUse } from "../../../../src/contract/home/browser-settings.ts";
import { type BoundBrowser, openBoundBrowser } from "../../../support/bound-browser.ts";
import { makeBrowserBrief } from "../../../support/browser-brief.ts";
import { refOf } from "../../../support/browser-journey.ts";
import { type Pages, servePages } from "../../../support/browser-pages.ts";
import { makeHands } from "../../../support/hands.ts";
import type { TestSession } from "../../../support/session.ts";
import { openTalk, resultsOf, until } from "../../../support/talk.ts";

// A real browser on a machine that may be busy.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

let pages: Pages;
let bound: BoundBrowser;

beforeAll(async () => {
  pages = await servePages();
  bound = await openBoundBrowser();
});
beforeEach(() => {
  bound.asked.length = 0;
  bound.bodies.length = 0;
  bound.live.isOpen = false;
});
afterAll(async () => {
  await bound?.close();
  await pages?.close();
});

type Step = BrowserInput | ((seen: string) => BrowserInput) | "say";

interface Talk {
  session: TestSession;
  uses: BrowserUse[];
  /** Sends a message; the model takes these steps, a turn ends with "say" or with the last. */
  run(...steps: Step[]): Promise<string[]>;
  /** The same, of another message. */
  runAs(message: Parameters<TestSession["send"]>[1], ...steps: Step[]): Promise<string[]>;
}

function open(
  change: Partial<BrowserBrief> = {},
  options: { used?: () => number; now?: () => number; isKeptIn?: boolean } = {},
): Talk {
  const uses: BrowserUse[] = [];
  const steps: Step[] = [];
  const { session } = openTalk(
    ({ messages }) => {
      const step = steps.shift() ?? "say";
      if (step === "say") return { text: "Done." };
      const seen = messages.findLast(({ role }) => role === "tool")?.content;
      const args = typeof step === "function" ? step(String(seen)) : step;
      return { calls: [{ name: "browser", args }] };
    },
    {
      browser: {
        binding: bound.binding,
        isLocal: true,
        fetch: () => Promise.reject(new Error("no")),
        resolveHost: async () => [],
      },
      noteBrowserUse: async (use) => {
        if (use) uses.push(use);
        return options.used?.() ?? 0;
      },
      ...(options.now ? { now: options.now } : {}),
      brief: {
        hands: makeHands(options.isKeptIn ? { isSandboxed: true, mayElevate: false } : {}),
        browser: makeBrowserBrief({ policy: { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: true }, ...change }),
      },
    },
  );
  const runAs: Talk["runAs"] = async (message, ...next) => {
    steps.push(...next);
    const before = resultsOf(session.entries()).length;
    await session.send("go", message);
    await session.rest();
    const results = resultsOf(session.entries()).slice(before);
    return results.map(({ text }) => text);
  };
  return { session, uses, runAs, run: (...next) => runAs({}, ...next) };
}

const count = (what: string) => bound.asked.filter((method) => method === what).length;
const openLogin = (): BrowserInput => ({ action: "open", url: `${pages.origin}/login` });

describe("a browser at the edge", () => {
  it("is one for the whole turn, reached anew by each call, and ended with the turn", async () => {
    const talk = open();
    const [login, filled] = await talk.run(openLogin(), (seen) => ({
      action: "act",
      kind: "type",
      ref: refOf(seen, 'textbox "Name"'),
      text: "ann",
    }));
    expect(login).toContain('textbox "Name"');
    expect(filled).toContain("ann");
    expect(bound.asked).toEqual(["POST", "LINE", "LINE", "DELETE"]);
    expect(talk.session.parts.browsers.rows.all()).toEqual([]);
    const [first, last] = [talk.uses[0], talk.uses.at(-1)];
    expect(first?.until).toBe((first?.startedAt ?? 0) + 120_000);
    expect(last).toMatchObject({ id: first?.id, startedAt: first?.startedAt });
    expect(last?.until).toBeLessThan(first?.until ?? 0);
  });

  it("is found again, with its tabs and refs, by an object that has just woken up", async () => {
    const talk = open({ keepAliveMs: 60_000 });
    const [login = ""] = await talk.run(openLogin());
    expect(count("DELETE")).toBe(0);
    await talk.session.crash();
    const [clicked] = await talk.run({ action: "act", kind: "type", ref: refOf(login, 'textbox "Name"'), text: "bo" });
    expect(clicked).toContain("bo");
    expect(count("POST")).toBe(1);
    await talk.session.parts.browsers.endAll();
    expect(count("DELETE")).toBe(1);
  });

  it("stays after the turn for as long as was asked, and is ended by the alarm", async () => {
    let now = Date.now();
    const talk = open({}, { now: () => now });
    await talk.run({ ...openLogin(), seconds: 30 });
    expect(count("DELETE")).toBe(0);
    // The turn's guard fires once, finds nothing to do, and sets the alarm for this.
    now += 1300;
    await talk.session.fireAlarm();
    const due = talk.session.alarmAt() ?? 0;
    expect(due - now).toBeGreaterThan(25_000);
    expect(due - now).toBeLessThanOrEqual(30_000);
    now = due + 1;
    await talk.session.fireAlarm();
    expect(count("DELETE")).toBe(1);
  });

  it("says that its pages are gone when the platform ended it meanwhile, and starts anew for a new page", async () => {
    const talk = open({ keepAliveMs: 60_000 });
    await talk.run(openLogin());
    await bound.endAll();
    const [lost, again] = await talk.run({ action: "snapshot" }, openLogin());
    expect(lost).toContain("ended meanwhile; its pages are gone. No page is open");
    expect(again).toContain('textbox "Name"');
    await talk.session.parts.browsers.endAll();
  });

  it("is not started to say that no page is open", async () => {
    const talk = open();
    const [text] = await talk.run({ action: "snapshot" });
    expect(text).toContain("No page is open; open one with action open and a url.");
    expect(bound.asked).toEqual([]);
  });

  it("is ended and refused when the day's time is used up, and says how much is left before", async () => {
    let used = 9 * 60_000;
    const talk = open({ dailyMs: 600_000 }, { used: () => used });
    const [first, second] = await talk.run(openLogin(), () => {
      used = 600_000;
      return { action: "snapshot" };
    });
    expect(first).toContain("Browser time today: 9 minutes of 10 minutes.");
    expect(second).toContain("has had its 10 minutes of today");
    expect(second).toContain("browser.minutesPerDay");
    expect(count("DELETE")).toBe(1);
    const [status] = await talk.run({ action: "status" });
    expect(status).toContain("Browser time today: 10 minutes of 10 minutes.");
  });

  it.each([
    [429, "Browser time limit exceeded for today", "until midnight UTC"],
    [429, "Rate limit exceeded", "wait 20 seconds"],
    [503, "no capacity", "did not start (503: no capacity)"],
  ])("says what to do when it is not started: %i %s", async (status, text, said) => {
    bound.answerNext("POST", { status, text });
    const [answer] = await open().run(openLogin());
    expect(answer).toContain(said);
  });

  it("is told the domains that alone may be reached, for its whole life", async () => {
    const talk = open({ policy: { allowedHosts: [], allowedDomains: ["example.com"], mayEvaluate: false } });
    const [refused, open1] = await talk.run(openLogin(), { action: "navigate", url: `${pages.origin}/login` });
    expect(refused).toContain("is not among the domains that the owner allows");
    expect(open1).toContain("is not among the domains");
    expect(JSON.parse(bound.bodies[0] ?? "")).toMatchObject({ guardrails: { allowedDomains: ["example.com", "*.example.com"] } });
  });

  it("closes a page that stands where it may not go any more, before anything of it is read", async () => {
    const talk = open({ keepAliveMs: 60_000 });
    await talk.run(openLogin());
    const policy = { allowedHosts: [], allowedDomains: [], mayEvaluate: false };
    const [closed] = await talk.runAs({ brief: { browser: makeBrowserBrief({ policy }) } }, { action: "snapshot" });
    expect(closed).toMatch(/t1 went meanwhile where it may not go and was closed: .*not a public address/);
    expect(closed).not.toContain("Sign in");
    await talk.session.parts.browsers.endAll();
  });

  it("keeps cookies by profile, in the talk alone", async () => {
    const talk = open();
    const logIn: Step[] = [
      openLogin(),
      (seen) => ({
        action: "act",
        kind: "fill",
        fields: [
          { ref: refOf(seen, 'textbox "Name"'), text: "ann" },
          { ref: refOf(seen, 'textbox "Password"'), text: "tide-4711" },
        ],
      }),
      { action: "act", kind: "press", text: "Enter" },
    ];
    await talk.run(...logIn);
    const orders: BrowserInput = { action: "open", url: `${pages.origin}/shop/orders` };
    expect((await talk.run(orders))[0]).toContain("Your orders");
    expect((await talk.run({ ...orders, profile: "work" }))[0]).toContain("Sign in");
    expect((await talk.run({ action: "profiles" }))[0]).toMatch(/default: 1 cookies/);
    expect((await open().run(orders))[0]).toContain("Sign in");
    expect((await talk.run({ action: "profiles", op: "clear" }, orders))[1]).toContain("Sign in");
  });

  it("is cut off in the middle when the person stops the turn", async () => {
    const talk = open();
    const running = talk.run({ action: "open", url: `${pages.origin}/slow` });
    await until(() => pages.asked.includes("GET /slow"), 60_000);
    talk.session.stop();
    await running;
    expect(resultsOf(talk.session.entries()).at(-1)?.outcome).toBe("stopped");
    await until(() => count("DELETE") === 1, 60_000);
  });
});

describe("a session that is kept in the sandbox", () => {
  it("uses the edge, has no profiles to choose from, and nothing of the owner's hosts", async () => {
    const policy = { allowedHosts: pages.hosts, allowedDomains: [], mayEvaluate: false };
    const talk = open({ places: ["home", "edge"], policy }, { isKeptIn: true });
    const [named, home, closed] = await talk.run(
      { ...openLogin(), profile: "work" },
      { ...openLogin(), where: "home" },
      openLogin(),
    );
    expect(named).toContain("has one profile of its own");
    expect(home).toContain("may not use the browser at home");
    expect(closed).toContain("not a public address");
  });
});

describe("a hand-off", () => {
  const handOff: BrowserInput = { action: "handoff", text: "Please log in.", seconds: 300 };

  it("gives the person a link, sleeps, and goes on when they are done", async () => {
    let now = Date.now();
    const talk = open({}, { now: () => now });
    const turn = talk.run(openLogin(), handOff);
    await turn;
    expect(talk.session.parts.turns.open()?.state).toBe("waiting");
    expect(bound.live.wishes.at(-1)).toBe("Please log in.");
    const notes = talk.session.entries().flatMap((entry) => (entry.kind === "note" ? [entry.text] : []));
    expect(notes.join("\n")).toMatch(/Please log in\.[\s\S]*https:\/\/live\.example\//);
    // The model never reads the link.
    expect(JSON.stringify(resultsOf(talk.session.entries()))).not.toContain("live.example");
    now += 12_001;
    await talk.session.fireAlarm();
    expect(talk.session.parts.turns.open()?.state).toBe("waiting");
    bound.live.isOpen = false;
    now += 12_001;
    await talk.session.fireAlarm();
    const last = resultsOf(talk.session.entries()).at(-1);
    expect(last?.text).toContain("The person is done");
    expect(last?.text).toContain('textbox "Name"');
    expect(talk.session.parts.turns.open()).toBeUndefined();
  });

  it("ends with what the person writes", async () => {
    const talk = open();
    await talk.run(openLogin(), handOff);
    await talk.session.send("I am in.");
    await until(() => talk.session.parts.turns.open() === undefined);
    expect(resultsOf(talk.session.entries()).at(-1)?.text).toContain("The person wrote something while they had the browser");
  });

  it("is over when the page is as it was waited for, and when its time is", async () => {
    let now = Date.now();
    const talk = open({}, { now: () => now });
    await talk.run(openLogin(), { ...handOff, url: "/login" });
    now += 12_001;
    await talk.session.fireAlarm();
    expect(resultsOf(talk.session.entries()).at(-1)?.text).toContain("The person is done");
    await talk.run(openLogin(), { ...handOff, seconds: 20 });
    now += 12_001;
    await talk.session.fireAlarm();
    now += 12_001;
    await talk.session.fireAlarm();
    expect(resultsOf(talk.session.entries()).at(-1)?.text).toContain("Nobody finished it in time");
  });

  it("is refused in a group, where everybody would have the link", async () => {
    const talk = open();
    const from = { channel: "telegram", peer: "-100", kind: "group" } as const;
    const [, refused] = await talk.runAs({ message: { from } }, openLogin(), handOff);
    expect(refused).toContain("not handed over in a group");
    expect(JSON.stringify(talk.session.entries())).not.toContain("live.example");
  });
});
