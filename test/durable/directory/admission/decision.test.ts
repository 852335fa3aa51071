// Who may speak, where to, as whom: every policy with every kind of sender, and what a place adds to the brief.
import { describe, expect, test } from "vitest";
import { type Settings, settingsSchema } from "../../../../src/contract/settings.ts";
import { decideAdmission } from "../../../../src/durable/directory/admission/decision.ts";
import type { KnownPeople, KnownPerson } from "../../../../src/durable/directory/admission/identity.ts";
import { inGroup, NOBODY, says } from "../../../support/people.ts";

const OWNER: KnownPerson = { id: "owner", name: "Olga", role: "owner", home: "telegram:dm:1" };
const GUEST: KnownPerson = { id: "p2", name: "Gus", role: "guest", home: "slack:dm:u2" };
/** 1 is the owner, 2 a guest, everybody else a stranger. */
const people: KnownPeople = {
  find: ({ channel, sender }) => people.findBySender(channel, sender),
  findBySender: (channel, sender) =>
    channel === "telegram" ? ({ "1": OWNER, "2": GUEST } as Record<string, KnownPerson>)[sender] : undefined,
  isHome: (rest) => rest === OWNER.home || rest === GUEST.home,
  isBlocked: ({ sender }) => sender === "blocked",
};

type Telegram = NonNullable<Settings["channels"]>[string];
const withTelegram = (telegram: Telegram, more: Settings = {}): Settings => {
  const settings = { ...more, channels: { telegram } };
  expect(settingsSchema.safeParse(settings).success).toBe(true);
  return settings;
};
const decide = (settings: Settings, message = says("1"), wanted = {}) => decideAdmission(settings, people, message, wanted);
const outcomeOf = async (settings: Settings, message = says("1")) => (await decide(settings, message)).outcome;

test("whoever is blocked is heard nowhere, whatever the policies say", async () => {
  const open = withTelegram({ dmPolicy: "open", allowFrom: ["*", "blocked"], groupPolicy: "open" });
  for (const message of [says("blocked"), inGroup("blocked")]) {
    expect(await decide(open, message)).toEqual({ outcome: "ignore", reason: "The sender is blocked." });
  }
  expect(await outcomeOf(open, says("free"))).toBe("accept");
});

describe("screens and programs", () => {
  const screen = (isOwner: boolean) => says("s", "hi", { from: { channel: "webchat" }, sender: { id: "s", isOwner } });

  test("are heard when the door proved the owner, and get the session they ask for", async () => {
    expect(await decide({}, screen(true))).toMatchObject({ outcome: "accept", sessionKey: "agent:main:main" });
    expect(await decide({}, screen(true), { sessionKey: "Shopping" })).toMatchObject({ sessionKey: "agent:main:shopping" });
    expect(await decide({}, screen(true))).not.toHaveProperty("place");
    expect((await decide({}, screen(false))).outcome).toBe("ignore");
  });

  test("are refused agents that do not exist and keys that cannot be", async () => {
    for (const sessionKey of ["agent:ghost:main", "agent:constructor:main", "x".repeat(600)]) {
      expect(await decide({}, screen(true), { sessionKey })).toMatchObject({ outcome: "ignore" });
    }
  });
});

describe("a direct message", () => {
  // Senders: owner, let in, in allowFrom, stranger, a program that is in allowFrom.
  const senders = {
    owner: says("1"),
    guest: says("2"),
    listed: says("3"),
    stranger: says("4"),
    bot: says("3", "x", { isFromBot: true }),
  };
  const expected = {
    pairing: { owner: "accept", guest: "accept", listed: "accept", stranger: "pair", bot: "ignore" },
    allowlist: { owner: "accept", guest: "ignore", listed: "accept", stranger: "ignore", bot: "ignore" },
    open: { owner: "accept", guest: "accept", listed: "accept", stranger: "ignore", bot: "ignore" },
    disabled: { owner: "ignore", guest: "ignore", listed: "ignore", stranger: "ignore", bot: "ignore" },
  } as const;

  test.each(Object.entries(expected))("under the policy %s is heard by who sent it", async (dmPolicy, outcomes) => {
    const settings = withTelegram({ dmPolicy: dmPolicy as keyof typeof expected, allowFrom: ["3"] });
    const found = await Promise.all(
      Object.entries(senders).map(async ([who, message]) => [who, await outcomeOf(settings, message)]),
    );
    expect(Object.fromEntries(found)).toEqual(outcomes);
  });

  test("of anybody is heard under open only when allowFrom says so by a star, and a star opens nothing else", async () => {
    expect(await outcomeOf(withTelegram({ dmPolicy: "open", allowFrom: ["*"] }), says("4"))).toBe("accept");
    expect(await outcomeOf(withTelegram({ dmPolicy: "pairing", allowFrom: ["*"] }), says("4"))).toBe("pair");
    expect(await outcomeOf(withTelegram({ dmPolicy: "allowlist", allowFrom: ["*"] }), says("4"))).toBe("ignore");
  });

  test("pairs where the settings say nothing, and is ignored where they switch the channel or account off", async () => {
    expect(await outcomeOf({}, says("4"))).toBe("pair");
    expect(await outcomeOf(withTelegram({ enabled: false }), says("1"))).toBe("ignore");
    const off = withTelegram({ accounts: { work: { enabled: false } } });
    expect(await outcomeOf(off, says("1", "x", { from: { account: "work" } }))).toBe("ignore");
    expect(await outcomeOf(off, says("1"))).toBe("accept");
  });

  test("is judged by its account's value, and by the channel's where the account has none", async () => {
    const settings = withTelegram({ dmPolicy: "disabled", allowFrom: ["3"], accounts: { work: { dmPolicy: "allowlist" } } });
    expect(await outcomeOf(settings, says("3"))).toBe("ignore");
    expect(await outcomeOf(settings, says("3", "x", { from: { account: "work" } }))).toBe("accept");
  });

  test.each(["3", " 3 ", "telegram:3", "telegram/default:3"])("is allowed by %j", async (entry) => {
    expect(await outcomeOf(withTelegram({ dmPolicy: "allowlist", allowFrom: [entry] }), says("3"))).toBe("accept");
  });

  test.each(["33", "slack:3", "telegram/work:3", "-3", "*"])("is not allowed by %j", async (entry) => {
    expect(await outcomeOf(withTelegram({ dmPolicy: "allowlist", allowFrom: [entry] }), says("3"))).toBe("ignore");
  });

  test("of a stranger that asks for no answer gets no code", async () => {
    expect(await decide({}, says("4"), { isNotice: true })).toMatchObject({ outcome: "ignore" });
  });

  test("on a channel that does not exist is ignored, and what the door claims of the sender counts for nothing", async () => {
    expect(await outcomeOf({}, says("1", "x", { from: { channel: "pigeon" } }))).toBe("ignore");
    expect(await decideAdmission({}, NOBODY, says("1"), {})).toMatchObject({ outcome: "pair" });
    expect(await decide({}, says("2"))).toMatchObject({ sender: { isOwner: false, personId: "p2", name: "Gus" } });
  });

  test("of a channel, account or group named like a part of every object meets no setting", async () => {
    for (const name of ["constructor", "__proto__", "toString"]) {
      expect(await outcomeOf({ channels: {} }, says("4", "x", { from: { account: name } }))).toBe("pair");
      expect(await outcomeOf(withTelegram({ groups: {} }), inGroup("1", "x", { from: { peer: name } }))).toBe("ignore");
    }
  });
});

describe("a message in a group", () => {
  test("is heard by policy and list", async () => {
    const groups = { "-100": {} };
    expect(await outcomeOf({}, inGroup("1"))).toBe("ignore");
    expect(await outcomeOf(withTelegram({}), inGroup("1"))).toBe("ignore");
    expect(await outcomeOf(withTelegram({ groups }), inGroup("4"))).toBe("accept");
    expect(await outcomeOf(withTelegram({ groups: { "-200": {} } }), inGroup("1"))).toBe("ignore");
    expect(await outcomeOf(withTelegram({ groups: { "*": {} } }), inGroup("4"))).toBe("accept");
    expect(await outcomeOf(withTelegram({ groups, groupPolicy: "disabled" }), inGroup("1"))).toBe("ignore");
    expect(await outcomeOf(withTelegram({ groupPolicy: "open" }), inGroup("4"))).toBe("accept");
    expect(await outcomeOf(withTelegram({ groups: { "-100": { enabled: false }, "*": {} } }), inGroup("1"))).toBe("ignore");
  });

  test("needs no pairing, and a stranger in one stays a stranger elsewhere", async () => {
    const settings = withTelegram({ groups: { "*": {} } });
    expect(await decide(settings, inGroup("4"))).toMatchObject({ outcome: "accept", sender: { isOwner: false } });
    expect(await outcomeOf(settings, says("4"))).toBe("pair");
  });

  test("is heard from those who may speak; the owner always may", async () => {
    const byAccount = withTelegram({ groups: { "-100": {} }, groupAllowFrom: ["3"] });
    const byGroup = withTelegram({ groups: { "-100": { allowFrom: ["3"] } }, groupAllowFrom: ["4"] });
    for (const settings of [byAccount, byGroup]) {
      expect(await outcomeOf(settings, inGroup("3"))).toBe("accept");
      expect(await outcomeOf(settings, inGroup("2"))).toBe("ignore");
      expect(await outcomeOf(settings, inGroup("1"))).toBe("accept");
    }
    expect(await outcomeOf(byGroup, inGroup("4"))).toBe("ignore");
  });

  test("of a program is heard only where programs are", async () => {
    const bot = inGroup("9", "x", { isFromBot: true });
    expect(await outcomeOf(withTelegram({ groups: { "-100": {} } }), bot)).toBe("ignore");
    expect(await outcomeOf(withTelegram({ groups: { "-100": { allowBots: true } } }), bot)).toBe("accept");
  });

  test("follows its topic before its group", async () => {
    const settings = withTelegram({
      groups: {
        "-100": {
          systemPrompt: "group",
          requireMention: false,
          tools: { allow: ["read"], deny: ["exec"] },
          topics: {
            "7": { systemPrompt: "topic", requireMention: true, tools: { deny: ["web_fetch"] } },
            "8": { enabled: false },
          },
        },
      },
    });
    const inTopic = (thread: string) => decide(settings, inGroup("2", "x", { from: { thread } }));
    expect(await decide(settings, inGroup("2"))).toMatchObject({ place: { systemPrompt: "group", activation: "always" } });
    expect(await inTopic("7")).toMatchObject({
      sessionKey: "agent:main:telegram:group:-100:topic:7",
      place: { systemPrompt: "topic", activation: "mention" },
      tools: { allow: ["read"], deny: ["exec", "web_fetch"] },
    });
    expect(await inTopic("8")).toMatchObject({ outcome: "ignore" });
  });

  const group = withTelegram({ groups: { "-100": {} } });
  const isAddressed = async (message = inGroup("2"), settings = group) => {
    const decision = await decide(settings, message);
    return decision.outcome === "accept" && decision.place?.isAddressed;
  };

  test("speaks to us by the platform's mark, by the name as a word, or by a command that may be used", async () => {
    expect(await isAddressed()).toBe(false);
    expect(await isAddressed(inGroup("2", "x", { isToUs: true }))).toBe(true);
    for (const text of ["Skerry, what time is it?", "hey @skerry", "ask SKERRY", "/status", "/new now"]) {
      expect([text, await isAddressed(inGroup("2", text))]).toEqual([text, true]);
    }
    for (const text of ["skerryish", "the Skerryvore band", "/status@other_bot", "/model x", "/nonsense", "see /status"]) {
      expect([text, await isAddressed(inGroup("2", text))]).toEqual([text, false]);
    }
    expect(await isAddressed(inGroup("1", "/model x"))).toBe(true);
  });

  test("speaks to us by the words that the settings give, instead of the name", async () => {
    const chat = (mentionPatterns: string[]): Settings => ({ ...group, messages: { groupChat: { mentionPatterns } } });
    expect(await isAddressed(inGroup("2", "hello Robot"), chat(["\\brob(o|i)t\\b"]))).toBe(true);
    expect(await isAddressed(inGroup("2", "hello Skerry"), chat(["robot"]))).toBe(false);
    expect(await isAddressed(inGroup("2", "hello Skerry"), chat([]))).toBe(false);
    const named: Settings = { ...group, agents: { entries: { main: { name: "C.3 (PO)" } } } };
    expect(await isAddressed(inGroup("2", "come here, C.3 (PO)!"), named)).toBe(true);
    expect(await isAddressed(inGroup("2", "come here, Cx3 PO"), named)).toBe(false);
  });

  test("that would hang another matcher is answered at once", async () => {
    const evil: Settings = { ...group, messages: { groupChat: { mentionPatterns: ["(a+)+$"] } } };
    const startedAt = Date.now();
    expect(await isAddressed(inGroup("2", `${"a".repeat(3900)}!${"b".repeat(50_000)}`), evil)).toBe(false);
    expect(Date.now() - startedAt).toBeLessThan(2000);
  });
});

describe("the agent", () => {
  const agents = { entries: { a: {}, b: {}, c: {}, d: {} } };
  const bindings = [
    { agentId: "a", match: { channel: "telegram" } },
    { agentId: "b", match: { channel: "telegram", account: "work" } },
    { agentId: "c", match: { channel: "telegram", person: "p2" } },
    { agentId: "d", match: { channel: "telegram", peer: "-100" } },
    { agentId: "b", match: { channel: "telegram" } },
  ];
  const agentOf = async (
    message = says("1"),
    settings: Settings = withTelegram({ groups: { "*": {} } }, { agents, bindings }),
  ) => {
    const decision = await decide(settings, message);
    return decision.outcome === "accept" ? decision.agentId : decision.reason;
  };

  test("is that of the most exact binding, then of the first", async () => {
    expect(await agentOf()).toBe("a");
    expect(await agentOf(says("1", "x", { from: { account: "work" } }))).toBe("b");
    expect(await agentOf(says("2", "x", { from: { account: "work" } }))).toBe("c");
    expect(await agentOf(inGroup("2"))).toBe("d");
  });

  test("of a group goes before any binding, that of the account after them all", async () => {
    const telegram = { agentId: "c", groups: { "-100": { agentId: "b" } } };
    expect(await agentOf(inGroup("2"), withTelegram(telegram, { agents, bindings }))).toBe("b");
    expect(await agentOf(says("1"), withTelegram(telegram, { agents }))).toBe("c");
    expect(await agentOf(says("1"), withTelegram({}))).toBe("main");
  });

  test("that is not there closes the door, with a reason", async () => {
    expect(await agentOf(says("1"), withTelegram({ agentId: "ghost" }))).toContain('no agent "ghost"');
  });
});

describe("the talk", () => {
  const keyOf = async (settings: Settings, message = says("1")) => {
    const decision = await decide(settings, message);
    return decision.outcome === "accept" ? decision.sessionKey : decision.reason;
  };
  const open = { dmPolicy: "open" as const, allowFrom: ["*"] };

  test("of the owner is the main one, everybody else has their own", async () => {
    const settings = withTelegram(open);
    expect(await keyOf(settings)).toBe("agent:main:main");
    expect(await keyOf(settings, says("2"))).toBe("agent:main:slack:dm:u2");
    expect(await keyOf(settings, says("4"))).toBe("agent:main:telegram:dm:4");
  });

  test.each([
    ["main", "agent:main:main", "agent:main:main"],
    ["per-peer", "agent:main:telegram:dm:1", "agent:main:slack:dm:u2"],
    ["per-channel-peer", "agent:main:telegram:dm:1", "agent:main:telegram:dm:2"],
  ] as const)("is shared as dmScope %s says", async (dmScope, owner, guest) => {
    const settings = withTelegram(open, { session: { dmScope } });
    expect([await keyOf(settings), await keyOf(settings, says("2"))]).toEqual([owner, guest]);
  });

  test("of accounts that the settings link is one, also before anybody was let in", async () => {
    const session = { identityLinks: { ann: ["slack:U7", "telegram:4", "sms:+15551234567"] } };
    const settings: Settings = { channels: { telegram: open, slack: open, sms: open }, session };
    const senders = [
      says("4"),
      says("U7", "x", { from: { channel: "slack" } }),
      says("+15551234567", "x", { from: { channel: "sms" } }),
    ];
    const keys = await Promise.all(senders.map((message) => keyOf(settings, message)));
    expect(new Set(keys)).toEqual(new Set(["agent:main:slack:dm:u7"]));
  });

  test("of an account that the settings link to a known person is that person's, and so is the right to speak", async () => {
    const links = (member: string): Settings => ({ session: { identityLinks: { x: [member, "slack:U9"] } } });
    const onSlack = says("U9", "x", { from: { channel: "slack" } });
    expect(await decide(links("telegram:2"), onSlack)).toMatchObject({
      sessionKey: "agent:main:slack:dm:u2",
      sender: { isOwner: false },
    });
    expect(await decide(links("telegram:1"), onSlack)).toMatchObject({
      sessionKey: "agent:main:main",
      sender: { isOwner: true },
    });
    expect(await outcomeOf(links("telegram:4"), onSlack)).toBe("pair");
  });

  test("that is a known person's is not given to a stranger with the same account", async () => {
    const alone: KnownPeople = { ...NOBODY, isHome: (rest) => rest === "telegram:dm:4" };
    expect(await decideAdmission(withTelegram(open), alone, says("4"), {})).toMatchObject({
      sessionKey: "agent:main:telegram:dm:4:open",
    });
  });
});

describe("the brief of a place", () => {
  test("says which commands a guest may use, and limits the owner in none", async () => {
    expect(await decide({}, says("1"))).not.toHaveProperty("commands");
    const guest = await decide({}, says("2"));
    expect(guest.outcome === "accept" && guest.commands).toContain("status");
    expect(guest.outcome === "accept" && guest.commands).not.toContain("model");
    expect(await decide({ commands: { guests: ["help"] } }, says("2"))).toMatchObject({ commands: ["help"] });
  });

  test("has the style of the settings within what the platform can do", async () => {
    const style = async (telegram: Telegram, message = says("1"), more: Settings = {}) => {
      const decision = await decide(withTelegram({ groups: { "*": {} }, ...telegram }, more), message);
      return decision.outcome === "accept" ? decision.place?.style : undefined;
    };
    expect(await style({})).toEqual({
      streaming: "partial",
      textLimit: 4096,
      chunkMode: "length",
      replyTo: "off",
      showsTyping: true,
      editEveryMs: 1000,
    });
    expect(await style({ textChunkLimit: 90_000, typing: false, humanDelay: "natural", chunkMode: "paragraph" })).toMatchObject({
      textLimit: 4096,
      showsTyping: false,
      pause: { minMs: 800, maxMs: 2500 },
      chunkMode: "paragraph",
    });
    expect(await style({ humanDelay: { minMs: 900, maxMs: 100 } })).toMatchObject({ pause: { minMs: 100, maxMs: 900 } });
    const ack: Settings = { messages: { ackReaction: "👀" } };
    expect(await style({}, says("1"), ack)).not.toHaveProperty("ackReaction");
    expect(await style({}, inGroup("1"), ack)).toMatchObject({ ackReaction: "👀", replyTo: "first" });
    expect(await style({ ackReaction: "" }, inGroup("1"), ack)).not.toHaveProperty("ackReaction");
  });

  test("of a platform that cannot edit never grows a message", async () => {
    const sms = { dmPolicy: "open" as const, allowFrom: ["*"], streaming: "partial" as const, ackReaction: "👍" };
    const decision = await decide({ channels: { sms } }, says("+1", "x", { from: { channel: "sms" } }));
    expect(decision).toMatchObject({ place: { style: { streaming: "off", showsTyping: false } } });
    expect(decision.outcome === "accept" && decision.place?.style).not.toHaveProperty("ackReaction");
  });

  test("of a thread that is new it reads as much as the settings want, where a bot can read it", async () => {
    const place = async (slack: object, channel = "slack") => {
      const decision = await decide(
        { channels: { [channel]: { groups: { "*": {} }, ...slack } } },
        inGroup("1", "x", { from: { channel } }),
      );
      return decision.outcome === "accept" ? decision.place?.threadLimit : decision;
    };
    expect(await place({})).toBe(20);
    expect(await place({ thread: { initialHistoryLimit: 5 } })).toBe(5);
    expect(await place({ thread: { initialHistoryLimit: 0 } })).toBeUndefined();
    // Who wants to keep none of what is said beside it gets nothing by the way of a thread.
    expect(await place({ groups: { "*": { historyLimit: 0 } } })).toBeUndefined();
    expect(await place({ groups: { "*": { historyLimit: 3 } } })).toBe(3);
    expect(await place({}, "discord")).toBe(20);
    expect(await place({}, "teams")).toBeUndefined();
  });

  test("keeps what was said since the last answer in groups alone", async () => {
    const settings = withTelegram({ groups: { "*": {}, "-7": { historyLimit: 3 } } });
    expect(await decide(settings)).toMatchObject({ place: { kind: "direct", historyLimit: 0, isAddressed: true } });
    expect(await decide(settings, inGroup("1"))).toMatchObject({
      place: { kind: "group", historyLimit: 50, activation: "mention" },
    });
    expect(await decide(settings, inGroup("1", "x", { from: { peer: "-7" } }))).toMatchObject({ place: { historyLimit: 3 } });
  });
});
