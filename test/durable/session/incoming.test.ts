// What comes into a session by a channel: files that are still at the platform, messages that are one, groups, programs,
// notices, and commands of those who may give them.
import { describe, expect, test } from "vitest";
import type { UserEntry } from "../../../src/contract/entry.ts";
import type { Outcome } from "../../../src/contract/errors.ts";
import type { MediaRef, Message } from "../../../src/contract/message.ts";
import { WELCOME } from "../../../src/contract/people.ts";
import { GROUP, HERE, openChannelTalk, ring, settle, type Talk } from "../../support/channel-talk.ts";
import { messageEvent } from "../../support/event.ts";
import { makeHands } from "../../support/hands.ts";
import { makePlace } from "../../support/place.ts";
import { exited, scriptHome } from "../../support/scripted-home.ts";
import { personTexts } from "../../support/scripted-model.ts";
import { answersOf, until } from "../../support/talk.ts";

const said = (talk: Talk, request = 0) => personTexts(talk.model.requests[request] ?? { messages: [], model: "" }).join("\n");
const users = ({ session }: Talk): UserEntry[] => session.entries().filter((entry) => entry.kind === "user");
const picture = (handle: string, name?: string) => ({ handle, kind: "image" as const, ...(name ? { name } : {}) });
const stored = (handle: string): Outcome<MediaRef> => ({
  ok: true,
  value: { key: `media/${handle}`, type: "image/png", size: 3 },
});
const failing = (retryable: boolean): Outcome<MediaRef> => ({
  ok: false,
  error: { code: "UNAVAILABLE", message: "The file is gone", retryable },
});

describe("files that are still at the platform", () => {
  test("are fetched before the turn, in their order, and become parts of the message", async () => {
    const fetched: string[] = [];
    const talk = openChannelTalk(() => ({ text: "nice" }), {
      fetchMedia: async (from, { handle }) => {
        expect(from).toEqual(HERE);
        fetched.push(handle);
        await new Promise((resolve) => setTimeout(resolve, handle === "a" ? 60 : 5));
        if (handle === "b") return { ok: true, value: { key: "media/b", type: "application/pdf", size: 3 } };
        return stored(handle);
      },
    });
    expect(await talk.say("look", { attachments: [picture("a"), picture("b")] })).toMatchObject({
      state: "queued",
      isNext: true,
    });
    await settle(talk);
    expect(fetched).toEqual(["a", "b"]);
    expect(users(talk)[0]?.parts).toMatchObject([
      { type: "text", text: "look" },
      { type: "image", media: { key: "media/a" } },
      { type: "file", media: { key: "media/b" } },
    ]);
    expect(talk.session.texts()).toEqual(["nice"]);
  });

  test("that cannot be had are said in their place", async () => {
    const talk = openChannelTalk(() => ({ text: "pity" }), { fetchMedia: async () => failing(false) });
    await talk.say("look", { attachments: [picture("a", "boat.jpg")] });
    await settle(talk);
    expect(said(talk)).toContain('could not be had: image "boat.jpg". The file is gone.');
  });

  test("are tried again when nobody answered", async () => {
    let tries = 0;
    const talk = openChannelTalk(() => ({ text: "nice" }), {
      fetchMedia: async (_from, { handle }) => {
        tries += 1;
        if (tries === 1) throw new Error("reset");
        return stored(handle);
      },
    });
    await talk.say("look", { attachments: [picture("a")] });
    await settle(talk);
    expect(tries).toBe(2);
    expect(users(talk)[0]?.parts).toHaveLength(2);
  });

  test("nothing overtakes the message they belong to, a command does", async () => {
    let release: (() => void) | undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const talk = openChannelTalk(() => ({ text: "ok" }), {
      fetchMedia: async (_from, { handle }) => {
        await gate;
        return stored(handle);
      },
    });
    const first = { id: "first", attachments: [picture("a")] };
    expect(await talk.say("first", first)).toMatchObject({ isNext: true });
    expect(await talk.say("second")).not.toHaveProperty("isNext");
    expect(await talk.say("first", first)).toMatchObject({ status: "duplicate", isNext: true });
    expect(await talk.say("/whoami")).toMatchObject({ reply: expect.stringContaining("owner") });
    await until(() => talk.session.texts().length === 1);
    expect(talk.model.requests).toHaveLength(0);
    release?.();
    await settle(talk);
    expect(users(talk).map(({ parts }) => parts[0])).toMatchObject([{ text: "first" }, { text: "second" }]);
    expect(answersOf(talk.session.entries())).toEqual(["ok"]);
  });

  test("a message with files that comes while another is answered is not the next", async () => {
    const talk = openChannelTalk(() => ({ text: "ok", delayMs: 150 }));
    await talk.say("first");
    const receipt = await talk.say("look", { attachments: [picture("a")] });
    expect(receipt).toMatchObject({ status: "accepted", state: "queued" });
    expect(receipt).not.toHaveProperty("isNext");
    await settle(talk);
  });

  test("of a message that was dropped are let go", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), { fetchMedia: () => new Promise(() => {}) });
    await talk.say("look", { attachments: [picture("a")] });
    await talk.say("/stop");
    await talk.say("plain");
    await until(() => talk.session.texts().includes("ok"));
    expect(users(talk)).toHaveLength(1);
  });

  test("a message that was dropped keeps no reaction", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), {
      fetchMedia: () => new Promise(() => {}),
      place: { style: { ackReaction: "👀" } },
    });
    await talk.say("look", { attachments: [picture("a")] });
    await talk.say("/stop");
    await until(() => talk.session.sent.some(({ act }) => act.type === "react" && act.emoji === null && act.message === "101"));
  });
});

describe("messages that are one", () => {
  test("an album is one turn with all its pictures", async () => {
    const talk = openChannelTalk(() => ({ text: "a fine album" }));
    for (const handle of ["a", "b", "c"]) {
      await talk.say(handle === "a" ? "my boat" : "", { joinAs: "album", attachments: [picture(handle)] });
    }
    await until(() =>
      talk.session.parts.inbox.waiting().every(({ event }) => "message" in event && !event.message.attachments?.length),
    );
    expect(talk.model.requests).toHaveLength(0);
    await ring(talk);
    await settle(talk);
    expect(talk.model.requests).toHaveLength(1);
    expect(users(talk).flatMap(({ parts }) => parts.filter(({ type }) => type === "image"))).toHaveLength(3);
    expect(said(talk).match(/\[Telegram/g)).toHaveLength(1);
    expect(talk.session.texts()).toEqual(["a fine album"]);
  });

  test("what comes within the quiet window is answered once", async () => {
    const talk = openChannelTalk(() => ({ text: "hello" }), { place: { debounceMs: 250 } });
    await talk.say("hi");
    await talk.say("are you there?");
    expect(talk.model.requests).toHaveLength(0);
    await ring(talk);
    await settle(talk);
    expect(talk.session.texts()).toEqual(["hello"]);
    expect(said(talk)).toMatch(/hi[\s\S]*are you there\?/);
    expect(talk.model.requests).toHaveLength(1);
  });

  test("without a window a message begins at once", async () => {
    const talk = openChannelTalk(() => ({ text: "hello" }));
    expect(await talk.say("hi")).toMatchObject({ state: "working" });
    await settle(talk);
  });
});

describe("a group", () => {
  const group = { kind: "group" as const };
  const bob: Partial<Message> = { sender: { id: "7", name: "Bob", isOwner: false }, placeName: "Family" };

  test("hears without answering, and the next answer knows it, once", async () => {
    const talk = openChannelTalk(() => ({ text: "at one" }), { place: group });
    await talk.say("lunch?", bob, { isAddressed: false });
    await talk.say("one o'clock?", bob, { isAddressed: false });
    expect(talk.session.entries()).toEqual([]);
    await talk.say("@skerry when?", bob);
    await settle(talk);
    expect(said(talk)).toMatch(
      /EXTERNAL_UNTRUSTED_CONTENT[\s\S]*Bob: lunch\?[\s\S]*one o'clock\?[\s\S]*\[Telegram, Bob, in Family/,
    );
    expect(JSON.stringify(talk.model.requests[0]?.messages[0])).toContain("NO_REPLY");
    await talk.say("@skerry thanks", bob);
    await settle(talk);
    expect(users(talk)[1]?.overheard).toBeUndefined();
    expect(talk.model.requests).toHaveLength(2);
  });

  test("keeps as many as the place wants, and takes the same message once", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), { place: { ...group, historyLimit: 2 } });
    for (const text of ["one", "two", "three"]) await talk.say(text, { ...bob, id: text }, { isAddressed: false });
    expect(await talk.say("three", { ...bob, id: "three" }, { isAddressed: false })).toMatchObject({ status: "duplicate" });
    await talk.say("@skerry", bob);
    await settle(talk);
    expect(users(talk)[0]?.overheard?.map(({ text }) => text)).toEqual(["two", "three"]);
    expect(await talk.say("three", { ...bob, id: "three" }, { isAddressed: false })).toMatchObject({ status: "duplicate" });
  });

  test("/activation always makes it answer everything, until it is taken back", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), { place: group });
    await talk.say("/activation always");
    await talk.say("anyone?", bob, { isAddressed: false });
    await until(() => answersOf(talk.session.entries()).length === 1);
    await settle(talk);
    await talk.say("/activation default");
    await talk.say("anyone?", bob, { isAddressed: false });
    await settle(talk);
    expect(talk.model.requests).toHaveLength(1);
  });

  test("a command for another bot is only overheard; one for nobody by name is ours", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), { place: group });
    expect(await talk.say("/whoami@other_bot", {}, { isAddressed: false })).not.toHaveProperty("reply");
    expect(await talk.say("/whoami", {}, { isAddressed: false })).toHaveProperty("reply", expect.stringContaining("owner"));
    expect(await talk.say("/whoami@skerry_bot")).toHaveProperty("reply", expect.stringContaining("owner"));
  });

  test("programs may begin four turns in a row; a person lets them again", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }), { place: group });
    const bot = { sender: { id: "b", name: "Robo", isOwner: false }, isFromBot: true };
    for (let round = 0; round < 6; round++) {
      await talk.say(`beep ${round}`, bot);
      await settle(talk);
    }
    expect(talk.model.requests).toHaveLength(4);
    await talk.say("hello both", bob);
    await settle(talk);
    expect(
      users(talk)
        .at(-1)
        ?.overheard?.map(({ text }) => text),
    ).toEqual(["beep 4", "beep 5"]);
    await talk.say("beep", bot);
    await settle(talk);
    expect(talk.model.requests).toHaveLength(6);
  });
});

describe("a notice", () => {
  const notice = (id: string) => ({ kind: "notice" as const, id, message: messageEvent("Ann reacted with 👍", id).message });

  test("begins no turn, is taken once, and is read with the next request", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }));
    const brief = { place: makePlace() };
    expect(await talk.session.receive(notice("n1"), brief)).toEqual({ status: "accepted", state: "done", runId: "n1" });
    expect(await talk.session.receive(notice("n1"), brief)).toMatchObject({ status: "duplicate" });
    await talk.session.rest();
    expect(talk.model.requests).toHaveLength(0);
    await talk.say("hi");
    await settle(talk);
    expect(said(talk)).toContain("[note] Ann reacted with 👍");
  });

  test("that comes while a turn works is read in its next step", async () => {
    const talk = openChannelTalk((_request, count) =>
      count === 1 ? { calls: [{ name: "ls", args: {} }], delayMs: 150 } : { text: "ok" },
    );
    await talk.say("go");
    await until(() => talk.model.requests.length === 1);
    await talk.session.receive(notice("n2"), { place: makePlace() });
    await settle(talk);
    expect(said(talk, 1)).toContain("Ann reacted");
    expect(talk.session.texts()).toEqual(["ok"]);
  });
});

describe("commands and directives", () => {
  const guest = { sender: { id: "7", name: "Bob", isOwner: false, personId: "bob" } };

  test("that a guest may not give are answered with one sentence, and with what is theirs", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }));
    const receipt = await talk.say("/model other/one", guest, {}, { commands: ["help", "whoami"] });
    expect(receipt.reply).toBe("/model is not yours to use here. You can use /help, /whoami.");
    await settle(talk);
    expect(talk.session.texts()).toEqual([receipt.reply]);
    expect(talk.session.parts.profile.get().modelOverride).toBeUndefined();
  });

  test("that a guest may give work, and know who asks", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }));
    const { reply } = await talk.say("/whoami", guest, {}, { commands: ["help", "whoami"] });
    expect(reply).toContain("You are Bob, a guest (telegram:7).");
    const help = await talk.say("/help", guest, {}, { commands: ["help", "whoami"] });
    expect(help.reply).toContain("/whoami");
    expect(help.reply).not.toContain("/model");
  });

  test("directives of a guest who may not give them are only words", async () => {
    const talk = openChannelTalk(() => ({ text: "ok" }));
    await talk.say("hard one /think high please", guest, {}, { commands: [] });
    await settle(talk);
    expect(said(talk)).toContain("/think high");
  });

  test("/pairing is the owner's alone, whatever the settings say", async () => {
    const decided: unknown[] = [];
    const pairing = {
      channel: "slack",
      code: "ABCD2345",
      sender: "U1",
      name: "Eve",
      createdAt: 0,
      expiresAt: Date.now() + 60_000,
    };
    const ann = { id: "ann", name: "Ann", role: "guest" as const, accounts: [], createdAt: 0 };
    const talk = openChannelTalk(() => ({ text: "ok" }), {
      people: {
        pairings: async () => [pairing],
        people: async () => [ann],
        approvePairing: async (code, as) => {
          decided.push([code, as]);
          return { ok: true, value: { pairing, person: ann, to: { channel: "slack", peer: "U1" } } };
        },
        rejectPairing: async (code) => {
          decided.push([code]);
          return { ok: true, value: pairing };
        },
      },
    });
    expect((await talk.say("/pairing list", guest)).reply).toBe("Only my owner lets people in.");
    expect((await talk.say("/pairing")).reply).toContain("`ABCD2345` Eve (U1) on Slack, 1 min left");
    expect((await talk.say("/pairing approve abcd2345 as ann")).reply).toBe("Let in: Eve (U1) on Slack is Ann, a guest.");
    await settle(talk);
    expect(talk.session.sent.filter(({ to }) => to.channel === "slack").map(({ act }) => act)).toEqual([
      { type: "text", text: WELCOME },
    ]);
    expect((await talk.say("/pairing approve ABCD2345 as Zoe")).reply).toContain("I know nobody called Zoe. Known: Ann.");
    expect((await talk.say("/pairing reject ABCD2345")).reply).toContain("Not let in: Eve");
    expect((await talk.say("/pairing nonsense")).reply).toContain("/pairing approve CODE");
    expect(decided).toEqual([["ABCD2345", "ann"], ["ABCD2345"]]);
  });

  test("/pairing lets a machine in, for the owner alone and where nobody else reads", async () => {
    const home = scriptHome(() => exited(""));
    const machine = { code: "NMPQ2345", name: "at`tic\u202e", platform: "linux", commands: ["exec.start"] };
    home.asking.push({ ...machine, expiresAt: Date.now() + 60_000 });
    const talk = openChannelTalk(() => ({ text: "ok" }), { home, people: { pairings: async () => [] } });
    const owner = { hands: makeHands() };
    const seen = await talk.say("/pairing", {}, {}, owner);
    expect(seen.reply).toContain("- `NMPQ2345` machine at tic (linux), which offers 1 commands, 1 min left");
    // Who may talk as the owner may still not decide about machines.
    expect((await talk.say("/pairing", {}, {}, { hands: makeHands({ isOwner: false }) })).reply).toBe(
      "Nobody waits to be let in.",
    );
    expect((await talk.say("/pairing", { from: GROUP }, {}, owner)).reply).not.toContain("NMPQ2345");
    expect(home.decisions).toEqual([]);
    expect((await talk.say("/pairing approve nmpq2345", {}, {}, owner)).reply).toContain("Let in: the machine at tic");
    expect((await talk.say("/pairing reject NMPQ2345", {}, {}, owner)).reply).toBe("Not let in: the machine at tic.");
    expect(home.decisions).toEqual([
      { code: "NMPQ2345", isLetIn: true },
      { code: "NMPQ2345", isLetIn: false },
    ]);
  });
});

test("the request of a screen says nothing of channels", async () => {
  const talk = openChannelTalk(() => ({ text: "ok" }));
  await talk.session.send("hi");
  await settle(talk);
  const request = JSON.stringify(talk.model.requests[0]);
  expect(request).not.toMatch(/reply_to|NO_REPLY|"message","desc|\[Telegram/);
  expect(talk.model.requests[0]?.tools?.map((tool) => tool.function.name)).not.toContain("message");
});

test("what a place's settings add is in the system prompt, and the message tool is offered", async () => {
  const talk = openChannelTalk(() => ({ text: "ok" }), { place: { systemPrompt: "Speak like a sailor." } });
  await talk.say("hi", { from: GROUP, placeName: "Crew" }, { kind: "group" });
  await settle(talk);
  const system = JSON.stringify(talk.model.requests[0]?.messages[0]);
  expect(system).toContain("Speak like a sailor.");
  expect(system).toContain('the group \\\\\\"Crew\\\\\\"'.replaceAll("\\\\\\", "\\"));
  expect(talk.model.requests[0]?.tools?.map((tool) => tool.function.name)).toContain("message");
});
