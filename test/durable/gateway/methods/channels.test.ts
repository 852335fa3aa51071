// What the methods of channels do at the platform and toward people, over a real Directory's parts; the platform alone is a
// fake, which notes what it is asked.
import { describe, expect, test } from "vitest";
import type { SetupStep } from "../../../../src/contract/channels/channel.ts";
import type { DeliveryOutcome, OutboxItem } from "../../../../src/contract/channels/delivery.ts";
import type { Outcome } from "../../../../src/contract/errors.ts";
import type { DirectoryPort } from "../../../../src/contract/ports/directory.ts";
import { channels, readChannelHealth, viewChannelHealth } from "../../../../src/durable/gateway/methods/channels.ts";
import type { Call, House } from "../../../../src/durable/gateway/methods/method.ts";
import { letIn, openDoor, says } from "../../../support/people.ts";

async function open(variables: Record<string, string> = {}, scopes = ["operator.admin"]) {
  const rig = await openDoor({}, variables);
  const asked: unknown[][] = [];
  const sent: OutboxItem[] = [];
  const answers = {
    steps: { ok: true, value: [{ state: "done", text: "The webhook is set." }] } as Outcome<SetupStep[]>,
    probe: { ok: true, value: "@skerry_bot" } as Outcome<string>,
    send: { outcome: "sent" } as DeliveryOutcome,
  };
  const { door, accounts } = rig;
  const directory: Partial<DirectoryPort> = {
    people: () => door.people(),
    pairings: () => door.pairings(),
    approvePairing: (code, as) => door.approvePairing(code, as),
    rejectPairing: (code) => door.rejectPairing(code),
    maySend: (request) => door.maySend(request),
    admissionNotes: async (limit = 50) => door.log.list(limit),
    channelStates: async () => accounts.states(),
    setChannelKeys: (channel, account, keys) => accounts.setKeys(channel, account, keys, 1),
    removeChannelAccount: async (channel, account) => accounts.remove(channel, account),
  };
  const note =
    <T>(name: string, answer: () => T) =>
    (...args: unknown[]) => {
      asked.push([name, ...args]);
      return Promise.resolve(answer());
    };
  const running = new Set<string>();
  const house = {
    now: () => rig.clock.now,
    directory,
    session: (key: string) => ({ row: async () => ({ key, status: running.has(key) ? "running" : "idle" }) }),
    tell: () => undefined,
    homes: { homesKnown: { list: () => [] }, lines: { list: () => [] } },
    platform: {
      setUp: note("setUp", () => answers.steps),
      takeDown: note("takeDown", () => answers.steps),
      probe: note("probe", () => answers.probe),
    },
    delivery: {
      send: (item: OutboxItem) => {
        sent.push(item);
        return Promise.resolve(answers.send);
      },
    },
  } as unknown as House;
  const call = { house, screen: { state: { scopes } }, frameId: "1" } as unknown as Call;
  return { ...rig, asked, sent, answers, running, call };
}

describe("health", () => {
  test("names the accounts that somebody began to set up, each with what its owner has to do", async () => {
    const { accounts, settings, call } = await open({
      SLACK_BOT_TOKEN: "xoxb-1",
      SLACK_SIGNING_SECRET: "s",
      DISCORD_BOT_TOKEN: "d",
      DISCORD_BOT_TOKEN__WORK: "d",
      TELEGRAM_BOT_TOKEN: "",
      TELEGRAM_WEBHOOK_SECRET: "",
    });
    accounts.note({ channel: "slack", account: "default", at: 5, note: { kind: "error", text: "Slack took no message." } });
    const said = () =>
      readChannelHealth(call.house, accounts.states()).map(({ channel, accountId, isWell, said }) => [
        channel,
        accountId,
        isWell,
        said,
      ]);
    expect(said().slice(0, 2)).toEqual([
      ["slack", "default", false, "Slack took no message."],
      ["discord", "default", false, expect.stringMatching(/^needs DISCORD_PUBLIC_KEY, .*skerry channels add discord$/)],
    ]);
    expect(said()[2]).toEqual(["discord", "work", false, expect.stringContaining("add discord --account work")]);
    accounts.note({ channel: "slack", account: "default", at: 6, note: { kind: "fine" } });
    expect(said()[0]).toEqual(["slack", "default", true, "ready; nothing has come in yet"]);
    accounts.note({ channel: "slack", account: "default", at: 7, note: { kind: "in" } });
    expect(said()[0]).toEqual(["slack", "default", true, "works"]);
    settings.current = { channels: { slack: { enabled: false } } };
    expect(said()[0]).toEqual(["slack", "default", true, "switched off in the settings"]);
    expect(viewChannelHealth(call.house, accounts.states())).toMatchObject({
      channelOrder: ["slack", "discord"],
      channelLabels: { slack: "Slack", discord: "Discord" },
      channels: { discord: { accounts: { default: { healthy: false }, work: { configured: false } } } },
    });
  });
});

describe("connecting", () => {
  test("makes our own secrets where the other keys stand in variables, and tells the platform our address", async () => {
    const { call, asked, accounts } = await open({ TELEGRAM_WEBHOOK_SECRET: "" });
    expect(accounts.get("telegram", "default")?.missing).toEqual(["TELEGRAM_WEBHOOK_SECRET"]);
    const answer = await channels["channels.connect"]({ channel: "telegram", url: "https://skerry.example.com/some/path" }, call);
    expect(answer).toMatchObject({ configured: true, steps: [{ state: "done" }] });
    expect(asked).toEqual([["setUp", "telegram", "default", "https://skerry.example.com"]]);
    expect(accounts.get("telegram", "default")?.keys["TELEGRAM_WEBHOOK_SECRET"]).toMatch(/^[\w-]{43}$/);
  });

  test("says what the platform said when it could not be", async () => {
    const { call, answers } = await open();
    answers.steps = { ok: false, error: { code: "NOT_LINKED", message: "Telegram refused the token." } };
    await expect(channels["channels.connect"]({ channel: "telegram", url: "https://x.example" }, call)).rejects.toThrow(
      "refused the token",
    );
  });
});

test("an account is taken down while its keys are there, and its keys go even when that fails", async () => {
  const { call, asked, answers, accounts } = await open();
  await accounts.setKeys("telegram", "default", { TELEGRAM_BOT_TOKEN: "given" }, 1);
  answers.steps = { ok: false, error: { code: "UNAVAILABLE", message: "Nobody answered." } };
  const removed = await channels["channels.remove"]({ channel: "telegram" }, call);
  expect(asked).toEqual([["takeDown", "telegram", "default"]]);
  expect(removed).toMatchObject({ removed: true, keysLeft: true, steps: [{ state: "failed", text: "Nobody answered." }] });
  expect(accounts.get("telegram", "default")?.keys["TELEGRAM_BOT_TOKEN"]).toBe("1:a");
});

describe("testing", () => {
  test("names the bot, and writes only to whom one may", async () => {
    const { call, sent, door } = await open();
    await letIn(door, "1");
    expect(await channels["channels.test"]({ channel: "telegram" }, call)).toEqual({
      channel: "telegram",
      accountId: "default",
      bot: "@skerry_bot",
    });
    expect(sent).toEqual([]);
    for (const to of ["owner", "1"]) {
      expect(await channels["channels.test"]({ channel: "telegram", to }, call)).toMatchObject({ sent: { outcome: "sent" } });
    }
    expect(sent.map((item) => item.to.peer)).toEqual(["1", "1"]);
    await expect(channels["channels.test"]({ channel: "telegram", to: "99" }, call)).rejects.toThrow("Nobody who was let in");
  });

  test("shows in the status who is there and who is being answered, until they were silent for long", async () => {
    const { call, door, clock, running } = await open();
    await letIn(door, "1");
    const heard = await door.admit(says("1"), {});
    const sessionKey = heard.outcome === "accept" ? heard.sessionKey : "";
    const ask = async () => {
      const status = await channels["channels.status"]({ channel: "telegram" }, call);
      return (status as { channelAccounts: Record<string, { talks: unknown[] }[]> }).channelAccounts["telegram"]?.[0]?.talks;
    };
    running.add(sessionKey);
    expect(await ask()).toEqual([{ sessionKey, name: "Name 1", lastSeenAtMs: clock.now, isTyping: true }]);
    running.clear();
    clock.now += 9 * 60_000;
    expect(await ask()).toMatchObject([{ isTyping: false }]);
    clock.now += 2 * 60_000;
    expect(await ask()).toEqual([]);
  });

  test("shows in the status what each platform says", async () => {
    const { call, answers } = await open();
    answers.probe = { ok: false, error: { code: "NOT_LINKED", message: "The token is unknown." } };
    const status = await channels["channels.status"]({ channel: "telegram", probe: true }, call);
    expect(status).toMatchObject({ channelAccounts: { telegram: [{ probe: { ok: false, error: "The token is unknown." } }] } });
  });
});

describe("letting somebody in", () => {
  test("tells them where they wrote, when it is asked for", async () => {
    const { call, sent, door } = await open();
    const asked = await door.admit(says("1", "hi", { from: { peer: "room-1", route: { chat: "7" } } }), {});
    const code = asked.outcome === "pair" ? asked.code : "";
    const answer = await channels["channels.pairing.approve"]({ code, notify: true }, call);
    expect(answer).toMatchObject({ becameOwner: true, notification: "sent", person: { role: "owner" } });
    expect(sent).toMatchObject([{ to: { channel: "telegram", peer: "room-1", route: { chat: "7" } }, act: { type: "text" } }]);
  });

  test("counts although they could not be told", async () => {
    const { call, door, answers } = await open();
    answers.send = { outcome: "refused", reason: "blocked" };
    const asked = await door.admit(says("1"), {});
    const code = asked.outcome === "pair" ? asked.code : "";
    expect(await channels["channels.pairing.approve"]({ code, notify: true }, call)).toMatchObject({ notification: "failed" });
    expect((await door.admit(says("1"), {})).outcome).toBe("accept");
  });

  test("by somebody who may only pair makes a guest, and leaves the owner's place open", async () => {
    const { call, door } = await open({}, ["operator.pairing"]);
    const asked = await door.admit(says("1"), {});
    const code = asked.outcome === "pair" ? asked.code : "";
    expect(await channels["channels.pairing.approve"]({ code }, call)).toMatchObject({
      becameOwner: false,
      person: { role: "guest" },
    });
    expect(await letIn(door, "2")).toMatchObject({ role: "owner" });
  });

  test("without a code is refused with a sentence", async () => {
    const { call } = await open();
    await expect(channels["channels.pairing.approve"]({}, call)).rejects.toThrow("Give the code");
  });
});
