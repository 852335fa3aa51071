// Which browsers a session is told of, from the settings and from what there is; and how long those at the edge ran on a day.
import { describe, expect, it, test } from "vitest";
import { settingsSchema } from "../../../../src/contract/settings.ts";
import { makeBrowser } from "../../../../src/durable/directory/hands/browser-brief.ts";
import { BrowserTime } from "../../../../src/durable/directory/hands/browser-time.ts";
import { DIRECTORY_SCHEMA } from "../../../../src/durable/directory/schema.ts";
import { migrate } from "../../../../src/durable/storage/sql.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const free = { isSandboxed: false, mayElevate: true };
const keptIn = { isSandboxed: true, mayElevate: false };
const all = { hasHomeBrowser: true, hasEdge: true, isLocal: false };
const read = (browser: unknown) => settingsSchema.parse({ browser });

describe("a session's browsers", () => {
  test("where nothing is set: home first, ten minutes a day at the edge, no scripts, no private hosts, ended with the answer", () => {
    expect(makeBrowser({}, free, all)).toEqual({
      places: ["home", "edge"],
      isChosen: false,
      policy: { allowedHosts: [], allowedDomains: [], mayEvaluate: false },
      isHeadless: true,
      keepAliveMs: 0,
      dailyMs: 600_000,
    });
  });

  it.each([
    ["nothing is there", {}, { ...all, hasHomeBrowser: false, hasEdge: false }],
    ["they are switched off", { enabled: false }, all],
    ["the one that is named is not there", { backend: "cdp" }, all],
    ["no minute of the edge is allowed and there is no other", { minutesPerDay: 0 }, { ...all, hasHomeBrowser: false }],
  ])("none, when %s", (_when, settings, facts) => {
    expect(makeBrowser(read(settings), free, facts)).toBeUndefined();
  });

  test("kept in the sandbox: none of the owner's own, unless the settings name it", () => {
    const onlyHome = { ...all, hasEdge: false };
    expect(makeBrowser({}, keptIn, onlyHome)).toBeUndefined();
    expect(makeBrowser({}, { ...keptIn, mayElevate: true }, onlyHome)?.places).toEqual(["home"]);
    expect(makeBrowser(read({ backend: "home" }), keptIn, onlyHome)).toMatchObject({ places: ["home"], isChosen: true });
    expect(makeBrowser({}, keptIn, all)?.places).toContain("edge");
  });

  test("as the settings say", () => {
    const settings = read({
      backend: "auto",
      home: "nas",
      cdpUrl: "http://browser.example:9222",
      profiles: ["work"],
      allowedHosts: ["router.lan", "10.0.0.7:8080", "[fd00::1]:80"],
      allowedDomains: ["example.com"],
      evaluate: true,
      headless: false,
      keepAliveSeconds: 90,
      minutesPerDay: 30,
    });
    expect(makeBrowser(settings, free, all)).toEqual({
      places: ["home", "edge", "cdp"],
      isChosen: false,
      home: "nas",
      cdpUrl: "http://browser.example:9222",
      profiles: ["work"],
      policy: {
        allowedHosts: ["router.lan", "10.0.0.7:8080", "[fd00::1]:80"],
        allowedDomains: ["example.com"],
        mayEvaluate: true,
      },
      isHeadless: false,
      keepAliveMs: 90_000,
      dailyMs: 1_800_000,
    });
  });

  test("on one's own machine time costs nothing, unless a limit is set", () => {
    expect(makeBrowser({}, free, { ...all, isLocal: true })).not.toHaveProperty("dailyMs");
    expect(makeBrowser(read({ minutesPerDay: 1 }), free, { ...all, isLocal: true })?.dailyMs).toBe(60_000);
  });

  it.each([
    { cdpUrl: "file:///etc/passwd" },
    { cdpUrl: "localhost:9222" },
    { allowedHosts: ["http://router.lan"] },
    { allowedHosts: ["*"] },
    { allowedHosts: ["Router.lan"] },
    { allowedDomains: ["*.example.com"] },
    { allowedDomains: ["com"] },
    { profiles: ["../other"] },
    { keepAliveSeconds: 601 },
    { minutesPerDay: -1 },
    { backend: "chrome" },
    { hedless: true },
  ])("never as %j", (browser) => {
    expect(settingsSchema.safeParse({ browser }).success).toBe(false);
  });
});

describe("browser time", () => {
  const DAY = 86_400_000;
  const midnight = Date.UTC(2026, 10, 23);
  function open() {
    const sql = openTestSql();
    migrate(sql, "directory", DIRECTORY_SCHEMA);
    return new BrowserTime(sql);
  }

  it("counts what ran, all of them together, and of one that runs as much as it has", () => {
    const time = open();
    const now = midnight + 3_600_000;
    expect(time.note(now)).toBe(0);
    expect(time.note(now, { id: "a", startedAt: now, until: now + 120_000 })).toBe(0);
    expect(time.note(now + 30_000)).toBe(30_000);
    expect(time.note(now + 40_000, { id: "b", startedAt: now + 30_000, until: now + 35_000 })).toBe(45_000);
  });

  it("counts one once however often it is told, and one whose end nobody told until it was idle for too long", () => {
    const time = open();
    const now = midnight + 1000;
    time.note(now, { id: "a", startedAt: now, until: now + 120_000 });
    time.note(now + 60_000, { id: "a", startedAt: now, until: now + 180_000 });
    expect(time.note(now + 3_600_000)).toBe(180_000);
    expect(time.note(now + 3_600_000, { id: "a", startedAt: now, until: now + 61_000 })).toBe(61_000);
  });

  it("begins anew at midnight UTC, with what runs over it, and forgets what was", () => {
    const time = open();
    time.note(midnight - 1000, { id: "a", startedAt: midnight - 10_000, until: midnight + 5000 });
    expect(time.note(midnight + 60_000)).toBe(5000);
    expect(time.note(midnight + DAY, { id: "b", startedAt: midnight + DAY, until: midnight + DAY })).toBe(0);
    expect(time.note(midnight + 60_000)).toBe(0);
  });
});
