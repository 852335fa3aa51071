// The door with its rows: strangers wait and are answered once, those let in are heard, others stay apart; where one may
// write first; and what is kept of decisions.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Settings } from "../../../src/contract/settings.ts";
import { inGroup, letIn, openDoor, says, type TestDoor } from "../../support/people.ts";

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const admit = ({ door }: Pick<TestDoor, "door">, message = says("4")) => door.admit(message, {});
async function codeOf(rig: TestDoor, sender: string): Promise<string> {
  const admitted = await admit(rig, says(sender));
  return admitted.outcome === "pair" ? admitted.code : admitted.reason;
}

describe("a stranger", () => {
  test("gets a code of eight plain signs and one sentence, and the screens are told", async () => {
    const rig = await openDoor();
    const first = await admit(rig);
    expect(first).toMatchObject({ outcome: "pair", code: expect.stringMatching(/^[A-HJ-NP-Z2-9]{8}$/) });
    const { code, reply } = first as { code: string; reply: string };
    expect(reply).toContain(`skerry pairing approve telegram ${code}`);
    expect(rig.told).toMatchObject([
      { event: "channels.pairing.requested", payload: { code, senderId: "4", senderName: "Name 4" } },
    ]);
  });

  test("is answered once within the hour, with the same code all the while, also over a restart", async () => {
    const rig = await openDoor();
    const code = await codeOf(rig, "4");
    rig.clock.now += HOUR - 1;
    const again = await rig.reopen();
    expect(await admit(again)).toEqual({ outcome: "pair", code, reason: expect.any(String) });
    rig.clock.now += 1;
    const later = await admit(again);
    expect(later).toMatchObject({ outcome: "pair", reply: expect.any(String) });
    expect(later).not.toMatchObject({ code });
    expect(await again.door.pairings()).toHaveLength(1);
  });

  test("is passed over in silence while three wait on the account, and another account has room", async () => {
    const rig = await openDoor();
    for (const sender of ["5", "6", "7"]) expect(await admit(rig, says(sender))).toMatchObject({ outcome: "pair" });
    expect(await admit(rig, says("8"))).toMatchObject({ outcome: "ignore" });
    expect(await admit(rig, says("5"))).toMatchObject({ outcome: "pair" });
    expect(await admit(rig, says("8", "x", { from: { account: "work" } }))).toMatchObject({ outcome: "pair" });
    expect(rig.door.log.list(10)).toContainEqual(expect.objectContaining({ sender: "8", outcome: "ignore" }));
    rig.clock.now += HOUR;
    expect(await admit(rig, says("8"))).toMatchObject({ outcome: "pair" });
  });

  test("who is turned down stays silent until the hour is over, and does not take a place", async () => {
    const rig = await openDoor();
    const codes = [await codeOf(rig, "5"), await codeOf(rig, "6"), await codeOf(rig, "7")];
    expect(await rig.door.rejectPairing(codes[0] ?? "")).toMatchObject({ ok: true, value: { sender: "5" } });
    expect(await admit(rig, says("5"))).toMatchObject({ outcome: "ignore" });
    expect(await admit(rig, says("8"))).toMatchObject({ outcome: "pair" });
    expect(rig.told.at(-2)).toMatchObject({
      event: "channels.pairing.resolved",
      payload: { decision: "rejected", senderId: "5" },
    });
    expect(await rig.door.approvePairing(codes[0] ?? "")).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });

  test("who is let in and forgotten within the hour waits again, without a second answer", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    await letIn(rig.door, "4");
    expect(await rig.door.changePeople({ kind: "forget", account: { channel: "telegram", sender: "4" } })).toMatchObject({
      ok: true,
    });
    const again = await admit(rig);
    expect(again).toMatchObject({ outcome: "pair" });
    expect(again).not.toHaveProperty("reply");
    expect(await rig.door.pairings()).toHaveLength(1);
  });

  test("with a name made of control signs is shown without them", async () => {
    const rig = await openDoor();
    await admit(rig, says("4", "x", { sender: { id: "4", name: `\u001b[2J\u202eEve\n${"x".repeat(200)}`, isOwner: false } }));
    const [waiting] = await rig.door.pairings();
    expect(waiting?.name).toMatch(/^\[2J Eve x{70,80}$/);
    expect((waiting?.name ?? "").length).toBeLessThanOrEqual(80);
  });
});

describe("a code", () => {
  test("is taken as people type it, once", async () => {
    const rig = await openDoor();
    const code = await codeOf(rig, "4");
    const typed = ` ${code.slice(0, 4).toLowerCase()}-${code.slice(4)} `;
    expect(await rig.door.approvePairing(typed)).toMatchObject({
      ok: true,
      value: { person: { role: "owner" }, to: { peer: "4" } },
    });
    expect(await rig.door.approvePairing(code)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
  });

  test("of two that are answered at the same time makes one owner", async () => {
    const rig = await openDoor();
    const codes = [await codeOf(rig, "4"), await codeOf(rig, "5")];
    const people = await Promise.all(codes.map((code) => rig.door.approvePairing(code)));
    expect(people.map((done) => done.ok && done.value.person.role).toSorted()).toEqual(["guest", "owner"]);
  });

  test("that is answered twice at the same time lets in once", async () => {
    const rig = await openDoor();
    const code = await codeOf(rig, "4");
    const done = await Promise.all([rig.door.approvePairing(code), rig.door.approvePairing(code, "guest")]);
    expect(done.filter(({ ok }) => ok)).toHaveLength(1);
    expect((await rig.door.people()).flatMap(({ accounts }) => accounts)).toHaveLength(1);
  });

  test("given to somebody who does not exist lets nobody in and still waits", async () => {
    const rig = await openDoor();
    const code = await codeOf(rig, "4");
    expect(await rig.door.approvePairing(code, "nobody")).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("nobody") },
    });
    expect(await rig.door.pairings()).toHaveLength(1);
  });

  test("cannot be guessed: ten wrong ones lock all of them for minutes, also over a restart", async () => {
    const rig = await openDoor();
    const code = await codeOf(rig, "4");
    for (let guess = 0; guess < 10; guess++) await rig.door.approvePairing(`WRONG${guess}`);
    const again = await rig.reopen();
    expect(await again.door.approvePairing(code)).toMatchObject({
      ok: false,
      error: { code: "FORBIDDEN", message: expect.stringContaining("5 minutes") },
    });
    expect(await again.door.rejectPairing(code)).toMatchObject({ ok: false });
    rig.clock.now += 301_000;
    expect(await again.door.approvePairing(code)).toMatchObject({ ok: true });
  });
});

describe("two people", () => {
  test("have a talk each, on whatever account they write", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    const ann = await letIn(rig.door, "2");
    await letIn(rig.door, "3");
    await letIn(rig.door, "U2", ann.id, "slack");
    const keyOf = async (sender: string, channel = "telegram") => {
      const admitted = await admit(rig, says(sender, "hi", { from: { channel, peer: `room-${sender}` } }));
      return admitted.outcome === "accept" ? admitted.sessionKey : admitted.reason;
    };
    expect(await Promise.all([keyOf("1"), keyOf("2"), keyOf("U2", "slack"), keyOf("3")])).toEqual([
      "agent:main:main",
      "agent:main:telegram:dm:2",
      "agent:main:telegram:dm:2",
      "agent:main:telegram:dm:3",
    ]);
    await rig.door.changePeople({ kind: "link", id: "owner", other: ann.id });
    expect(await keyOf("U2", "slack")).toBe("agent:main:main");
    expect(rig.told.at(-1)).toMatchObject({ event: "people.changed", payload: { reason: "linked" } });
  });
});

describe("what is kept of decisions", () => {
  test("is who, where, why and how often, never what they wrote, and not those that were simply let in", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    await admit(rig, says("1", "my secret"));
    for (let time = 0; time < 3; time++) await admit(rig, inGroup("9", "her secret"));
    vi.advanceTimersByTime(1000);
    const rows = JSON.stringify(rig.sql.all("SELECT * FROM admission_log"));
    expect(rows).not.toContain("secret");
    expect((await rig.reopen()).door.log.list(10)).toMatchObject([
      { sender: "1", outcome: "pair" },
      { sender: "1", outcome: "approved" },
      {
        sender: "9",
        peer: "-100",
        channel: "telegram",
        account: "default",
        outcome: "ignore",
        times: 3,
        reason: expect.stringContaining("groups"),
      },
    ]);
  });

  test("is bounded, however many strangers come", async () => {
    const rig = await openDoor({ channels: { telegram: { dmPolicy: "allowlist" } } });
    for (let batch = 0; batch < 3; batch++) {
      for (let sender = 0; sender < 150; sender++) await admit(rig, says(`${batch}-${sender}`));
      rig.clock.now += 1000;
      vi.advanceTimersByTime(1000);
    }
    expect(rig.sql.one("SELECT count(*) AS n FROM admission_log")).toEqual({ n: 200 });
    expect(rig.door.log.list(200).filter(({ sender }) => sender.startsWith("2-"))).toHaveLength(150);
  });
});

describe("writing first", () => {
  const settings: Settings = { channels: { telegram: { groups: { "-100": {} } }, slack: { enabled: false } } };
  const open = (more: Settings = {}) => openDoor({ ...settings, ...more }, { SLACK_BOT_TOKEN: "x", SLACK_SIGNING_SECRET: "y" });
  const ask = ({ door }: TestDoor, peer: string, sessionKey = "agent:main:cron:daily", channel = "telegram") =>
    door.maySend({ agentId: "main", sessionKey, to: { channel, peer } });
  const route = { chat: "7" };

  test("is allowed to the owner, to who was let in, and to allowed groups that were heard, with the way back", async () => {
    const rig = await open();
    await letIn(rig.door, "1");
    const asked = await admit(rig, says("2", "x", { from: { peer: "dm-2", route } }));
    await rig.door.approvePairing(asked.outcome === "pair" ? asked.code : "");
    await admit(rig, inGroup("9", "x", { placeName: "Family", from: { thread: "5", route } }));
    expect(await ask(rig, "1")).toMatchObject({ outcome: "allowed", to: { peer: "1" }, sessionKey: "agent:main:main" });
    expect(await ask(rig, "2")).toMatchObject({ outcome: "allowed", to: { peer: "dm-2", route } });
    expect(await ask(rig, "-100")).toMatchObject({ outcome: "allowed", to: { peer: "-100", kind: "group", route } });
    expect(await ask(rig, "-100")).not.toHaveProperty("to.thread");
  });

  test("is denied to strangers, to groups nobody may speak in, and where the channel is off or not there", async () => {
    const rig = await open();
    await letIn(rig.door, "1");
    await admit(rig, says("4"));
    await admit(rig, inGroup("1", "x", { from: { peer: "-200" } }));
    const reasonOf = async (...args: [string, string?, string?]) => {
      const answer = await ask(rig, ...args);
      return answer.outcome === "denied" ? answer.reason : "allowed";
    };
    expect(await reasonOf("4")).toContain("Nobody who was let in");
    expect(await reasonOf("-200")).toContain("let in");
    expect(await reasonOf("U1", undefined, "slack")).toContain("switched off");
    expect(await reasonOf("x", undefined, "discord")).toContain("not set up");
    expect(await reasonOf("x", undefined, "pigeon")).toContain("no channel");
    rig.settings.current = { channels: { telegram: { groups: { "-100": {} } } } };
    const unheard = await rig.door.maySend({
      agentId: "main",
      sessionKey: "s",
      to: { channel: "telegram", peer: "-100", kind: "group" },
    });
    expect(unheard).toMatchObject({ outcome: "denied", reason: expect.stringContaining("ever heard") });
  });

  test("finds a person by name and takes the way they were last heard on", async () => {
    const rig = await open({ channels: {} });
    await letIn(rig.door, "1");
    const ann = await letIn(rig.door, "2");
    await letIn(rig.door, "U2", ann.id, "slack");
    const where = () => rig.door.maySend({ agentId: "main", sessionKey: "s", to: { channel: "", peer: "name 2" } });
    rig.clock.now += 1000;
    await admit(rig, says("U2", "x", { from: { channel: "slack", peer: "D2" } }));
    expect(await where()).toMatchObject({ outcome: "allowed", to: { channel: "slack", peer: "D2" } });
    rig.clock.now += 1000;
    await admit(rig, says("2", "x", { from: { thread: "3" } }));
    expect(await where()).toMatchObject({ outcome: "allowed", to: { channel: "telegram", peer: "2" } });
    expect(await rig.door.maySend({ agentId: "main", sessionKey: "s", to: { channel: "", peer: "Zoe" } })).toMatchObject({
      outcome: "denied",
      reason: expect.stringContaining("Zoe"),
    });
  });

  test("follows the first rule that fits, then the default", async () => {
    const rules = (sendPolicy: NonNullable<Settings["session"]>["sendPolicy"]) => open({ session: { sendPolicy } });
    const denied = await rules({
      rules: [
        { action: "deny", match: { peer: "2" } },
        { action: "allow", match: { kind: "direct" } },
      ],
    });
    await letIn(denied.door, "1");
    await letIn(denied.door, "2");
    expect(await ask(denied, "2")).toMatchObject({ outcome: "denied" });
    expect(await ask(denied, "99")).toMatchObject({ outcome: "allowed" });
    const closed = await rules({ default: "deny" });
    await letIn(closed.door, "1");
    await admit(closed, says("1"));
    expect(await ask(closed, "1")).toMatchObject({ outcome: "denied" });
    expect(await ask(closed, "1", "agent:main:main")).toMatchObject({ outcome: "allowed" });
    const other = await rules({ rules: [{ action: "deny", match: { agentId: "other" } }] });
    await letIn(other.door, "1");
    expect(await ask(other, "1")).toMatchObject({ outcome: "allowed" });
    expect(await other.door.maySend({ agentId: "other", sessionKey: "s", to: { channel: "telegram", peer: "1" } })).toMatchObject(
      { outcome: "denied" },
    );
  });

  test("names the talk that an answer goes to, also after two were made one", async () => {
    const rig = await open();
    await letIn(rig.door, "1");
    const ann = await letIn(rig.door, "2");
    await admit(rig, says("2"));
    expect(await ask(rig, "2")).toMatchObject({ sessionKey: "agent:main:telegram:dm:2" });
    await rig.door.changePeople({ kind: "link", id: "owner", other: ann.id });
    expect(await ask(rig, "2")).toMatchObject({ sessionKey: "agent:main:main" });
    await admit(rig, inGroup("9"));
    expect(await ask(rig, "-100")).toMatchObject({ sessionKey: "agent:main:telegram:group:-100" });
  });

  test("to somebody who was forgotten is denied, even from the talk they had", async () => {
    const rig = await open();
    await letIn(rig.door, "1");
    await admit(rig, says("1"));
    expect(await ask(rig, "1", "agent:main:main")).toMatchObject({ outcome: "allowed" });
    await rig.door.changePeople({ kind: "forget", account: { channel: "telegram", sender: "1" } });
    expect(await ask(rig, "1", "agent:main:main")).toMatchObject({ outcome: "denied" });
  });
});

test("a talk costs no row a message once its place is known", async () => {
  const rig = await openDoor();
  await letIn(rig.door, "1");
  await admit(rig, says("1"));
  vi.advanceTimersByTime(10);
  const before = rig.sql.one<{ n: number }>("SELECT total_changes() AS n")?.n;
  for (let time = 0; time < 20; time++) {
    rig.clock.now += 1000;
    await admit(rig, says("1", `message ${time}`));
    vi.advanceTimersByTime(10);
  }
  expect(rig.sql.one<{ n: number }>("SELECT total_changes() AS n")?.n).toBe(before);
});

test("places are bounded: the oldest go", async () => {
  const rig = await openDoor({ channels: { telegram: { groups: { "*": {} } } } });
  for (let room = 0; room < 2050; room++) {
    rig.clock.now += 1;
    await admit(rig, inGroup("9", "x", { from: { peer: `-${room}` } }));
  }
  await rig.door.people();
  expect(rig.sql.one("SELECT count(*) AS n, min(seen_at) > 1000000 + 40 AS isLate FROM place")).toEqual({ n: 2000, isLate: 1 });
});

describe("a thread on Slack", () => {
  const group = (more: Record<string, unknown> = {}) => ({
    channels: { slack: { groupPolicy: "open" as const, groups: { "*": more } } },
  });
  const keys = { SLACK_BOT_TOKEN: "xoxb-1", SLACK_SIGNING_SECRET: "s" };
  let count = 0;
  async function isFor(rig: TestDoor, thread: string | undefined, more: Partial<Parameters<typeof inGroup>[2]> = {}) {
    count += 1;
    const from = { channel: "slack", peer: "C1", kind: "group" as const, ...(thread ? { thread } : {}) };
    const admitted = await admit(
      rig,
      inGroup("U2", "and tomorrow?", { id: `t${count}`, platformId: `9.${count}`, ...more, from }),
    );
    await vi.runAllTimersAsync();
    return admitted.outcome === "accept" && admitted.place?.isAddressed;
  }

  test("in which it was mentioned once is for it from then on, also after a restart; no other is", async () => {
    const rig = await openDoor(group(), keys);
    expect(await isFor(rig, "1.0")).toBe(false);
    expect(await isFor(rig, "1.0", { isToUs: true })).toBe(true);
    expect(await isFor(rig, "1.0")).toBe(true);
    expect(await isFor(rig, "2.0")).toBe(false);
    expect(await isFor(rig, undefined)).toBe(false);
    expect(await isFor(await rig.reopen(), "1.0")).toBe(true);
  });

  test("that hangs on a message that mentioned it is for it", async () => {
    const rig = await openDoor(group(), keys);
    expect(await isFor(rig, undefined, { isToUs: true, platformId: "5.0" })).toBe(true);
    expect(await isFor(rig, "5.0")).toBe(true);
  });

  test("needs a mention each time where the settings say so, and on other channels", async () => {
    const rig = await openDoor(group({ implicitMentions: { threadParticipation: false } }), keys);
    expect(await isFor(rig, "1.0", { isToUs: true })).toBe(true);
    expect(await isFor(rig, "1.0")).toBe(false);
    const other = await openDoor({ channels: { telegram: { groupPolicy: "open", groups: { "*": {} } } } });
    const topic = { from: { thread: "7" } };
    await admit(other, inGroup("2", "hi", { ...topic, id: "a", isToUs: true }));
    await vi.runAllTimersAsync();
    expect(await admit(other, inGroup("2", "and?", { ...topic, id: "b" }))).toMatchObject({ place: { isAddressed: false } });
  });

  test("hears nobody who may not speak there", async () => {
    const rig = await openDoor(group({ allowFrom: ["U9"] }), keys);
    await admit(rig, inGroup("U9", "hi", { isToUs: true, platformId: "5.0", from: { channel: "slack", peer: "C1" } }));
    await vi.runAllTimersAsync();
    expect(await isFor(rig, "5.0")).toBe(false);
  });
});

test("the place of a talk is known by its key: how it is spoken in, and what it leaves of the tools", async () => {
  const groups = { "-100": { systemPrompt: "Be brief.", tools: { deny: ["exec"] } } };
  const rig = await openDoor({ channels: { telegram: { groups } } });
  const admitted = await admit(rig, inGroup("2", "hi", { isToUs: true }));
  const key = admitted.outcome === "accept" ? admitted.sessionKey : "";
  expect(rig.door.placeOf(key)).toMatchObject({ place: { kind: "group", systemPrompt: "Be brief." }, tools: { deny: ["exec"] } });
  expect(rig.door.placeOf("agent:main:elsewhere")).toBeUndefined();
});

describe("somebody who is blocked", () => {
  test("while they wait: their code ends, they are not heard or answered, the hour over or not, until that is taken back", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    const code = await codeOf(rig, "4");
    expect(await rig.door.changePeople({ kind: "block", account: { channel: "telegram", sender: "4" } })).toMatchObject({
      ok: true,
    });
    expect(rig.told.slice(-2)).toMatchObject([
      { event: "channels.pairing.resolved", payload: { code, decision: "rejected" } },
      { event: "people.changed", payload: { reason: "blocked" } },
    ]);
    expect(await rig.door.pairings()).toEqual([]);
    rig.clock.now += 2 * HOUR;
    expect(await admit(await rig.reopen())).toMatchObject({ outcome: "ignore", reason: "The sender is blocked." });
    expect(await rig.door.blockedSenders()).toMatchObject([{ channel: "telegram", sender: "4", name: "Name 4" }]);
    expect(await rig.door.changePeople({ kind: "unblock", account: { channel: "telegram", sender: "4" } })).toMatchObject({
      ok: true,
    });
    expect(await admit(rig)).toMatchObject({ outcome: "pair" });
    expect(await rig.door.changePeople({ kind: "unblock", account: { channel: "telegram", sender: "4" } })).toMatchObject({
      ok: false,
    });
  });

  test("who was let in is known no more; the owner cannot be", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    await letIn(rig.door, "4");
    expect(await rig.door.changePeople({ kind: "block", account: { channel: "telegram", sender: "4" } })).toMatchObject({
      ok: true,
    });
    expect(await rig.door.people()).toMatchObject([{ id: "owner" }]);
    expect(await rig.door.changePeople({ kind: "block", account: { channel: "telegram", sender: "1" } })).toMatchObject({
      ok: false,
    });
    expect(await admit(rig, says("1"))).toMatchObject({ outcome: "accept" });
  });
});

test("what the owner decided stands in the log beside the refusals", async () => {
  const rig = await openDoor();
  await letIn(rig.door, "1");
  rig.clock.now += 1;
  await rig.door.rejectPairing(await codeOf(rig, "4"));
  const noted = rig.door.log.list(10).map(({ sender, outcome, reason }) => [sender, outcome, reason]);
  expect(noted).toContainEqual(["1", "approved", "Let in as the owner."]);
  expect(noted).toContainEqual(["4", "rejected", "Turned down."]);
});

describe("groups that were written in", () => {
  test("are named, heard or not, each once, latest first", async () => {
    const rig = await openDoor({ channels: { telegram: { groups: { "-100": {} } } } });
    await letIn(rig.door, "1");
    const club = { placeName: "Sailing club" };
    await admit(rig, inGroup("1", "a", club));
    rig.clock.now += 10;
    await admit(rig, inGroup("1", "b", { ...club, from: { thread: "7" } }));
    rig.clock.now += 10;
    await admit(rig, inGroup("4", "c", { placeName: "Choir", from: { peer: "-200" } }));
    await admit(rig, inGroup("5", "d", { placeName: "Choir", from: { peer: "-200" } }));
    expect(await rig.door.seenGroups()).toEqual([
      { channel: "telegram", peer: "-200", name: "Choir", isHeard: false, seenAt: 1_000_020 },
      { channel: "telegram", peer: "-100", name: "Sailing club", isHeard: true, seenAt: 1_000_010 },
    ]);
    expect(rig.door.log.list(5)).toContainEqual(expect.objectContaining({ sender: "4", peer: "-200", placeName: "Choir" }));
    rig.settings.current = { channels: { telegram: { groupPolicy: "disabled", groups: { "-100": {} } } } };
    expect((await rig.door.seenGroups()).map(({ isHeard }) => isHeard)).toEqual([false, false]);
  });
});

describe("words that stood in a group before", () => {
  const from = { channel: "telegram", peer: "-100", kind: "group" as const };
  const authors = [{ id: "1" }, { id: "2" }, { id: "3", isFromBot: true }, { id: "4" }];
  const heard = async (rig: TestDoor, group: object, more: object = {}) => {
    rig.settings.current = { channels: { telegram: { groups: { "-100": group }, ...more } } };
    return rig.door.mayBeHeard({ from, authors });
  };

  test("are heard of whoever may speak there, and of nobody else", async () => {
    const rig = await openDoor();
    await letIn(rig.door, "1");
    await letIn(rig.door, "4");
    await rig.door.changePeople({ kind: "block", account: { channel: "telegram", sender: "4" } });
    expect(await heard(rig, {})).toEqual([true, true, false, false]);
    expect(await heard(rig, { allowBots: true })).toEqual([true, true, true, false]);
    expect(await heard(rig, { allowFrom: ["2"] })).toEqual([true, true, false, false]);
    expect(await heard(rig, { allowFrom: ["7"] })).toEqual([true, false, false, false]);
    expect(await heard(rig, { enabled: false })).toEqual([false, false, false, false]);
    expect(await heard(rig, {}, { enabled: false })).toEqual([false, false, false, false]);
    expect(await heard(rig, {}, { groupPolicy: "disabled" })).toEqual([false, false, false, false]);
    expect(await heard(rig, {}, { groups: {} })).toEqual([false, false, false, false]);
    expect(rig.door.log.list(10).filter(({ peer }) => peer === "-100")).toEqual([]);
  });

  test("of a talk of two are not asked for", async () => {
    const rig = await openDoor({ channels: { telegram: { groups: { "*": {} } } } });
    expect(await rig.door.mayBeHeard({ from: { channel: "telegram", peer: "1" }, authors })).toEqual(authors.map(() => false));
  });
});
