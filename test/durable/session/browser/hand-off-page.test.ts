// A tab that was handed over by a page of our own, as a session answers whoever has the link: for as long as that very call waits, and
// never longer. The machine at home is scripted; real ones are in journeys/hand-off.test.ts.
import { describe, expect, it } from "vitest";
import type { BrowserInput } from "../../../../src/contract/home/browser.ts";
import type { BrowserBrief } from "../../../../src/contract/home/browser-settings.ts";
import type { HandOffWish } from "../../../../src/contract/home/hand-off.ts";
import type { HandsBrief } from "../../../../src/contract/home/hands.ts";
import type { HomeAnswer, HomeRow } from "../../../../src/contract/home/port.ts";
import { openLink, sealLink } from "../../../../src/durable/hand-off-link.ts";
import { makeBrowserBrief } from "../../../support/browser-brief.ts";
import { makeHands } from "../../../support/hands.ts";
import { scriptHome } from "../../../support/scripted-home.ts";
import { openTalk, resultsOf, until } from "../../../support/talk.ts";

const OWNER = "an-owners-token-0123456789";
const ORIGIN = "https://skerry.example";
const nas: HomeRow = {
  id: "nas-id",
  name: "nas",
  platform: "linux",
  version: "1",
  isConnected: true,
  seenAt: 0,
  caps: ["browser"],
  commands: ["browser.do", "browser.watch", "browser.hand"],
  unapproved: [],
};
const answered = (payload: object): HomeAnswer => ({ outcome: "answered", home: "nas", payload });
const frame = { hash: "h1", picture: "/9j/", url: "https://shop.example/login" };
const LOOK: HandOffWish = { kind: "look", waitMs: 0 };
const DONE: HandOffWish = { kind: "done" };
const handOff: BrowserInput = { action: "handoff", text: "Log in, please.", seconds: 300 };

interface Choices {
  input?: BrowserInput;
  isAddressKnown?: boolean;
  commands?: string[];
  /** How long a look whether it is done takes. */
  lookedAt?: Promise<void>;
  browser?: Partial<BrowserBrief>;
  hands?: HandsBrief;
  watch?: (count: number) => HomeAnswer | Promise<HomeAnswer>;
}

/** A talk whose agent has just handed over, unless it was refused. */
async function open(choices: Choices = {}) {
  const { input = handOff, browser = {}, hands = makeHands(), isAddressKnown = true, watch = () => answered(frame) } = choices;
  let now = Date.now();
  let looks = 0;
  const home = scriptHome(
    ({ command, params }) => {
      if (command === "browser.watch") return watch(++looks);
      if (command === "browser.hand") return answered({});
      const { action } = params["input"] as BrowserInput;
      if (action === "handoff") return answered({ notes: [], files: [], handed: { tab: "t2", nextTab: 3 } });
      const no: HomeAnswer = { outcome: "refused", home: "nas", code: "INVALID_REQUEST", message: "It did not come." };
      if (action === "act") return choices.lookedAt ? choices.lookedAt.then(() => no) : no;
      return answered({ notes: [], files: [], content: "Your orders", url: "https://shop.example/orders" });
    },
    [{ ...nas, commands: choices.commands ?? nas.commands }],
  );
  const sessionKey = "agent:main:main";
  const steps = [input];
  const { session } = openTalk(
    () => {
      const args = steps.shift();
      return args ? { calls: [{ name: "browser", args }] } : { text: "Done." };
    },
    {
      home,
      now: () => now,
      browser: {
        isLocal: true,
        fetch: () => Promise.reject(new Error("no")),
        resolveHost: async () => [],
        sealLink: (link) => sealLink(OWNER, { ...link, sessionKey }),
      },
      brief: {
        hands,
        browser: makeBrowserBrief({ places: ["home"], ...(isAddressKnown ? { origin: ORIGIN } : {}), ...browser }),
      },
    },
  );
  await session.send("go");
  await session.rest();
  const notes = session.entries().flatMap((entry) => (entry.kind === "note" ? [entry.text] : []));
  const sealed = /\/browser\/([\w-]+)/.exec(notes.join("\n"))?.[1] ?? "";
  const link = await openLink(OWNER, sealed, now);
  const ask = (wish: HandOffWish, call = link?.call ?? "none") => session.parts.handOffs.answer(call, wish);
  const results = () => resultsOf(session.entries());
  const asked = (command: string) => home.requests.filter((request) => request.command === command);
  const wait = async (ms: number) => {
    now += ms;
    await session.fireAlarm();
  };
  return { session, home, notes, sealed, link, ask, results, asked, wait, waits: () => session.parts.turns.open()?.state };
}

describe("a tab in the owner's hands, on a page of our own", () => {
  it("is told by a link that the model never reads, and sleeps", async () => {
    const { notes, link, session, waits, results } = await open();
    expect(notes[0]).toMatch(
      /^Log in, please\.\nOpen this page .* pass it to nobody: https:\/\/skerry\.example\/browser\/[\w-]+\nPress Done there/,
    );
    expect(link).toMatchObject({ sessionKey: "agent:main:main" });
    expect(waits()).toBe("waiting");
    expect(JSON.stringify([results(), session.entries().filter(({ kind }) => kind !== "note")])).not.toContain("/browser/");
  });

  it("is shown as the machine shows it, for this session, profile, policy and tab alone", async () => {
    const { ask, asked } = await open({
      browser: { policy: { allowedHosts: ["a.lan"], allowedDomains: [], mayEvaluate: true } },
    });
    const shown = await ask({ kind: "look", since: "h0", waitMs: 4000 });
    expect(shown).toMatchObject({ outcome: "shown", frame, wish: "Log in, please." });
    expect(shown.outcome === "shown" && shown.leftMs).toBeLessThanOrEqual(300_000);
    expect(asked("browser.watch")[0]).toMatchObject({
      home: "nas-id",
      params: {
        sessionKey: "agent:main:main",
        profile: "default",
        policy: { allowedHosts: ["a.lan", "127.0.0.1"] },
        handed: { tab: "t2", nextTab: 3 },
        since: "h0",
        waitMs: 4000,
      },
    });
    // No answer of it comes as an event: nobody would know what to do with it.
    expect(asked("browser.watch")[0]?.replyTo).toBeUndefined();
  });

  it("takes what the owner does, in its order", async () => {
    const { ask, asked } = await open();
    const events = [
      { kind: "down" as const, x: 0.5, y: 0.25 },
      { kind: "up" as const, x: 0.5, y: 0.25 },
      { kind: "text" as const, text: "tide-4711" },
    ];
    expect(await ask({ kind: "do", events })).toEqual({ outcome: "taken" });
    expect(asked("browser.hand")[0]?.params["events"]).toEqual(events);
  });

  it("goes on by Done, once; afterwards the link is worth nothing", async () => {
    const { ask, session, results, asked, waits } = await open();
    expect(await ask(DONE)).toEqual({ outcome: "taken" });
    // Pressed twice, and looked at, before the turn goes on.
    expect(await ask(DONE)).toEqual({ outcome: "over" });
    expect(await ask(LOOK)).toEqual({ outcome: "over" });
    await session.runner.go();
    await session.rest();
    expect(results().at(-1)?.text).toMatch(/^The person is done and gave the browser back\.[\s\S]*Your orders/);
    expect(waits()).toBeUndefined();
    const before = asked("browser.watch").length;
    for (const wish of [LOOK, DONE, { kind: "do", events: [{ kind: "reload" }] }] as HandOffWish[]) {
      expect(await ask(wish)).toEqual({ outcome: "over" });
    }
    expect(asked("browser.watch").length).toBe(before);
    expect(asked("browser.hand")).toEqual([]);
  });

  it("hears Done also while it looks whether the page is as it was waited for", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { ask, session, results, wait, asked } = await open({ input: { ...handOff, url: "/orders" }, lookedAt: promise });
    const looking = wait(12_001);
    await until(() => asked("browser.do").length === 2);
    expect(await ask(DONE)).toEqual({ outcome: "taken" });
    resolve();
    await looking;
    await session.runner.go();
    await session.rest();
    expect(results().at(-1)?.text).toContain("The person is done");
  });

  it("outlives a restart of the session", async () => {
    const { session, link, ask } = await open();
    await session.crash();
    expect((await session.parts.handOffs.answer(link?.call ?? "", LOOK)).outcome).toBe("shown");
    expect((await ask(LOOK)).outcome).toBe("shown");
  });

  it("is over when the turn is stopped, when they write, and when its time is up", async () => {
    const stopped = await open();
    stopped.session.stop();
    expect(await stopped.ask(LOOK)).toEqual({ outcome: "over" });
    await stopped.session.rest();
    expect(await stopped.ask(DONE)).toEqual({ outcome: "over" });

    const written = await open();
    await written.session.send("I did it.");
    await written.session.rest();
    expect(await written.ask(LOOK)).toEqual({ outcome: "over" });
    expect(written.results().at(-1)?.text).toContain("The person wrote something");

    const late = await open();
    await late.wait(300_001);
    expect(await late.ask(DONE)).toEqual({ outcome: "over" });
    expect(late.results().at(-1)?.text).toContain("Nobody finished it in time");
  });

  it("shows no picture that came after it was over", async () => {
    const { promise, resolve } = Promise.withResolvers<HomeAnswer>();
    const { ask, session } = await open({ watch: () => promise });
    const looking = ask(LOOK);
    session.stop();
    resolve(answered(frame));
    expect(await looking).toEqual({ outcome: "over" });
  });

  it("answers no other call's link", async () => {
    const { ask, asked } = await open();
    for (const call of ["", "none", "A".repeat(16)]) expect(await ask(LOOK, call)).toEqual({ outcome: "over" });
    expect(asked("browser.watch")).toEqual([]);
  });

  it("says what is wrong with the machine, and goes on when it is there again", async () => {
    const { ask, waits } = await open({
      watch: (count) =>
        count === 1
          ? { outcome: "unreachable", reason: "nas is not connected just now." }
          : count === 2
            ? answered({ hash: 1 })
            : answered(frame),
    });
    expect(await ask(LOOK)).toEqual({ outcome: "failed", message: "nas is not connected just now." });
    expect(await ask(LOOK)).toMatchObject({ outcome: "failed", message: expect.stringContaining("cannot be read") });
    expect((await ask(LOOK)).outcome).toBe("shown");
    expect(waits()).toBe("waiting");
  });

  it("lets two look, and not a crowd", async () => {
    const { promise, resolve } = Promise.withResolvers<HomeAnswer>();
    const { ask } = await open({ watch: () => promise });
    const looks = Array.from({ length: 6 }, () => ask(LOOK));
    await new Promise((done) => setTimeout(done, 5));
    resolve(answered(frame));
    const outcomes = (await Promise.all(looks)).map(({ outcome }) => outcome);
    expect(outcomes.filter((one) => one === "shown")).toHaveLength(4);
    expect(outcomes.filter((one) => one === "busy")).toHaveLength(2);
  });

  it("is not asked more often than a person could want", async () => {
    const { ask, asked } = await open();
    const events = [{ kind: "reload" as const }];
    const outcomes = [];
    for (let count = 0; count < 40; count++) outcomes.push((await ask({ kind: "do", events })).outcome);
    expect(outcomes.filter((one) => one === "taken")).toHaveLength(30);
    expect(asked("browser.hand")).toHaveLength(30);
    // What they did takes nothing from the pictures, nor from the end.
    expect((await ask(LOOK)).outcome).toBe("shown");
    expect((await ask(DONE)).outcome).toBe("taken");
  });

  it("is for the owner alone", async () => {
    const { notes, results } = await open({ hands: makeHands({ isOwner: false }) });
    expect(results()[0]?.text).toContain("shown to the owner alone");
    expect(notes).toEqual([]);
  });

  it("is refused where the machine's commands for it were not approved", async () => {
    const { results, notes } = await open({ commands: ["browser.do", "browser.watch"] });
    expect(results()[0]?.text).toContain("ask the owner to approve them under Devices");
    expect(notes).toEqual([]);
  });

  it("is refused where nobody knows the address of this Skerry", async () => {
    const { results } = await open({ isAddressKnown: false });
    expect(results()[0]?.text).toContain("Ask the owner to open its page once");
  });

  it("says where a link opens that leads to this machine alone", async () => {
    const { notes } = await open({ browser: { origin: "http://127.0.0.1:18789" } });
    expect(notes[0]).toContain("it opens on the machine that Skerry runs on");
  });
});
