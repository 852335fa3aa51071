// Channels and people in the page, as far as they are pure: what is written into the settings for a group is what admission
// reads there; which addresses are known to nobody outside; and how many wait.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { EventFrame } from "../../../src/contract/gateway.ts";
import { type Settings, settingsSchema } from "../../../src/contract/settings.ts";
import { readAccountRules, readPlaceRules } from "../../../src/durable/directory/admission/rules.ts";
import { mergePatch } from "../../../src/durable/directory/settings-store.ts";
import { type AccountView, describeWaiting, isNear, webhookOf } from "../../../src/web/control/channels/channel.ts";
import { type GroupChange, groupPatch } from "../../../src/web/control/channels/rules.ts";
import type { Line } from "../../../src/web/talk/courier.ts";
import { Waiting } from "../../../src/web/talk/waiting.ts";

type Telegram = NonNullable<Settings["channels"]>[string];

/** What admission makes of a group after a change. */
function change(telegram: Telegram, wanted: GroupChange, accountId = "default") {
  const before: Settings = { channels: { telegram } };
  const place = { channel: "telegram", accountId, groupId: "-1" };
  const settings = settingsSchema.parse(mergePatch(before, groupPatch(before, place, wanted)));
  const rulesOf = (peer: string) => {
    const rules = readAccountRules(settings, "telegram", accountId);
    const { isListed, isEnabled, requireMention, agentId } = readPlaceRules(rules, { channel: "telegram", peer });
    return { isHeard: isEnabled && (isListed || rules.groupPolicy === "open"), requireMention, agentId };
  };
  return { settings, rules: rulesOf("-1"), other: rulesOf("-2") };
}

describe("a group", () => {
  test.each<[string, Telegram]>([
    ["that nobody named", {}],
    ["that was switched off", { groups: { "-1": { enabled: false } } }],
  ])("%s is heard once it is switched on, and no other", (_name, telegram) => {
    const { rules, other } = change(telegram, { kind: "hear" });
    expect([rules.isHeard, other.isHeard]).toEqual([true, false]);
  });

  test.each<[string, Telegram]>([
    ["named alone", { groups: { "-1": {} } }],
    ["with rules of its own", { groups: { "-1": { agentId: "main" } } }],
    ["under an open policy", { groupPolicy: "open" }],
    ["under the star", { groups: { "*": {} } }],
  ])("%s is heard no more once it is switched off, and its rules stay", (_name, telegram) => {
    const { rules, settings } = change(telegram, { kind: "ignore" });
    expect(rules.isHeard).toBe(false);
    const own = telegram.groups?.["-1"]?.agentId;
    expect(settings.channels?.["telegram"]?.groups?.["-1"]?.agentId).toBe(own);
  });

  test("answers everything, or as usual again; another agent, or the usual one", () => {
    const named = { groups: { "-1": { agentId: "garden", requireMention: false } } };
    expect(change({ groups: { "-1": {} } }, { kind: "activation", requireMention: false }).rules.requireMention).toBe(false);
    expect(change(named, { kind: "activation", requireMention: true }).rules).toMatchObject({ agentId: "garden" });
    expect(change(named, { kind: "activation", requireMention: true }).rules.requireMention).toBeUndefined();
    expect(change(named, { kind: "agent", agentId: "main" }).rules.agentId).toBe("main");
    expect(change(named, { kind: "agent", agentId: undefined }).rules.agentId).toBeUndefined();
  });

  test("of a further account is changed for that account alone, and those of its channel stay heard in it", () => {
    const { rules, other, settings } = change({ groups: { "-2": {} } }, { kind: "hear" }, "work");
    expect([rules.isHeard, other.isHeard]).toEqual([true, true]);
    expect(settings.channels?.["telegram"]?.groups).toEqual({ "-2": {} });
  });
});

test("an address that only this machine or network knows is told from one that everybody reaches", () => {
  const near = [
    "http://127.0.0.1:18789",
    "http://localhost",
    "http://[::1]:1",
    "http://192.168.1.4",
    "http://172.20.0.2",
    "http://nas",
  ];
  const far = ["https://skerry.example.workers.dev", "https://203.0.113.7", "http://172.200.0.2", "https://[2001:db8::1]"];
  expect(near.filter((origin) => !isNear(origin))).toEqual([]);
  expect(far.filter(isNear)).toEqual([]);
  expect([isNear("http://box.local"), isNear("https://")]).toEqual([true, true]);
  expect(webhookOf("https://a.example", "slack", "work")).toBe("https://a.example/channels/slack/work");
});

describe("whoever waits", () => {
  beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
  afterEach(() => void vi.useRealTimers());

  const told = (event: string, code: string, expiresAtMs = Date.now() + 60_000) =>
    ({ type: "event", event, payload: { code, expiresAtMs } }) as EventFrame;
  function openWaiting(requests: object[]) {
    const waiting = new Waiting({ request: async () => ({ requests }) } as unknown as Line);
    const counts: number[] = [];
    waiting.listen(() => counts.push(waiting.count));
    return { waiting, counts };
  }

  test("is counted when they ask, until they are answered or their code ends", async () => {
    const { waiting, counts } = openWaiting([{ code: "A", expiresAtMs: Date.now() + 10_000 }]);
    await waiting.load();
    waiting.hear(told("channels.pairing.requested", "B"));
    waiting.hear(told("people.changed", "B"));
    expect(waiting.count).toBe(2);
    vi.advanceTimersByTime(10_100);
    expect(waiting.count).toBe(1);
    waiting.hear(told("channels.pairing.resolved", "B"));
    expect(counts).toEqual([1, 2, 1, 0]);
  });
});

describe("what waits", () => {
  const now = new Date(2026, 5, 1, 14, 30).getTime();
  const at = (hours: number, minutes: number) => new Date(2026, 5, 1, hours, minutes).getTime();
  const said = (account: Partial<AccountView>, channel = "signal") => describeWaiting(account as AccountView, channel, now);

  test("is said with its number, since when, and until when", () => {
    const line = { machine: "nas", phase: "down" };
    expect(said({ outboxWaiting: 3, outboxOldestAtMs: at(14, 2), line })).toEqual([
      "3 answers wait since 14:02; they go out when the line is back.",
    ]);
    expect(said({ outboxWaiting: 1, outboxOldestAtMs: at(9, 5) }, "telegram")).toEqual([
      "1 answer waits since 09:05; it goes out when Telegram takes it.",
    ]);
    expect(said({ line: { ...line, phase: "open", waiting: 2, waitingSinceMs: now - 86_400_000 } })).toEqual([
      "2 messages that came in wait on nas since 31 May 2026, 14:30; they are answered when nas reaches Skerry.",
    ]);
  });

  test("is nothing where nothing waits", () => {
    expect(said({})).toEqual([]);
    expect(said({ outboxWaiting: 0, line: { phase: "open", waiting: 0 } })).toEqual([]);
  });
});
