// Teams' activities, of every kind, as messages and notices.
import { describe, expect, it } from "vitest";
import { textOf } from "../../../../src/contract/message.ts";
import { teams } from "../../../../src/worker/channels/teams/teams.ts";
import activities from "../../../fixtures/channels/teams/activities.json" with { type: "json" };
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";

const APP = "99999999-8888-7777-6666-555555555555";
const line = lineTo({ channel: "teams", base: "https://smba.trafficmanager.net/teams", keys: { TEAMS_APP_ID: APP } });

async function translate(activity: unknown, to = line) {
  return (await teams.translate(postOf(activity), to)).inbound;
}

async function read(name: keyof typeof activities) {
  const inbound = await translate(activities[name]);
  expect(inbound).toHaveLength(1);
  const [one] = inbound;
  if (!one) throw new Error(`${name} says nothing.`);
  return { kind: one.kind, message: one.message, text: textOf(one.message.parts) };
}

describe("messages", () => {
  it("are read from a personal chat, with the way back", async () => {
    expect(await read("personal")).toMatchObject({
      kind: "message",
      text: "What is on today?",
      message: {
        id: "teams:default:a:1PersonalTalkId:1763630102000",
        from: {
          channel: "teams",
          peer: "a:1PersonalTalkId",
          kind: "direct",
          route: { serviceUrl: "https://smba.trafficmanager.net/emea/11111111-2222-3333-4444-555555555555/" },
        },
        sender: { id: "aaaaaaaa-0000-0000-0000-000000000001", name: "Ann Example", isOwner: false },
        sentAt: Date.parse("2026-11-20T09:15:02.123Z"),
        platformId: "1763630102000",
      },
    });
  });

  it("have our mention taken out and others as names", async () => {
    const { text, message } = await read("group-mention");
    expect(text).toBe("please ask @Ann Example about it");
    expect(message).toMatchObject({
      isToUs: true,
      placeName: "Garden party",
      from: { kind: "group", peer: "19:groupchat01@thread.v2" },
    });
  });

  it("are not to us without a mention", async () => {
    expect((await read("group-unmentioned")).message.isToUs).toBe(false);
  });

  it("of one post in a channel are one talk, whoever writes them", async () => {
    const [first, second] = [await read("channel-post"), await read("channel-reply")];
    expect(first.message.from).toMatchObject({ peer: "19:channel01@thread.tacv2", thread: "1763630000000", kind: "group" });
    expect(second.message.from).toEqual(first.message.from);
    expect(second.message.id).not.toBe(first.message.id);
  });

  it("that answer one of ours are to us", async () => {
    const { message } = await read("quote-of-ours");
    expect(message.quoted).toEqual({ platformId: "1763630390000", author: "Skerry", isOurs: true });
    expect(message.isToUs).toBe(true);
  });

  it("name pictures and files, and say what cannot be opened", async () => {
    const { message } = await read("picture");
    expect(message.attachments).toEqual([
      { handle: "https://smba.trafficmanager.net/emea/v3/attachments/0-weu-d1-abc/views/original", kind: "image", name: "boat" },
    ]);
    expect((await read("file")).message).toMatchObject({
      parts: [],
      attachments: [{ handle: expect.stringContaining("tempauth=abc"), kind: "file", name: "notes.pdf" }],
    });
    expect((await read("forwarded-card")).text).toBe(
      "[card: Ticket 42; it cannot be opened from here]\n[card: application/vnd.microsoft.card.audio; it cannot be opened from here]",
    );
  });

  it("come of a pressed button with its value, of the one who pressed it", async () => {
    const { message, text } = await read("pressed");
    expect(text).toBe("yes, do it");
    expect(message).toMatchObject({ isToUs: true, sender: { name: "Ben Example" } });
  });

  it("of our own are not heard, of other bots are marked", async () => {
    expect(await translate(activities["our-own"])).toEqual([]);
    expect((await read("another-bot")).message.isFromBot).toBe(true);
  });
});

describe("notices", () => {
  it.each([
    ["edit", "[Ann Example changed their message 1763630102000; it now says:]\nWhat is on tomorrow?"],
    ["undelete", "[Ann Example put back their message 1763630102000; it now says:]\nWhat is on today?"],
    ["delete", "[Ann Example deleted their message 1763630102000]"],
    ["reaction", "[Ben Example reacted like to message 1763630390000]"],
    ["reaction-removed", "[Ben Example took like away from message 1763630390000]"],
    ["installed", "[You were added here by Ann Example]"],
    ["uninstalled", "[You were removed here by Ann Example]"],
    ["member-joined", "[Cleo Example joined]"],
    ["member-left", "[Cleo Example left]"],
    ["channel-renamed", "[The channel is now called Boats]"],
  ] as const)("tell of %s", async (name, words) => {
    expect(await read(name)).toMatchObject({ kind: "notice", text: words });
  });

  it("have ids of their own, the same each time", async () => {
    const names = ["edit", "undelete", "delete", "reaction", "reaction-removed", "personal"] as const;
    const first = await Promise.all(names.map(async (name) => (await read(name)).message.id));
    const again = await Promise.all(names.map(async (name) => (await read(name)).message.id));
    expect(again).toEqual(first);
    expect(new Set(first).size).toBe(names.length);
  });
});

describe("whatever comes", () => {
  it("says nothing when it asks nothing of us", async () => {
    for (const name of ["bot-added", "typing"] as const) expect(await translate(activities[name])).toEqual([]);
    expect(await translate({ ...activities.typing, type: "somethingNew" })).toEqual([]);
  });

  it("says that a file that was offered is not wanted", async () => {
    const keys = { TEAMS_APP_ID: APP, TEAMS_APP_PASSWORD: "a-client-secret" };
    const [told] = await translate(activities["file-declined"], lineTo({ channel: "teams", base: "", keys }));
    expect(told).toMatchObject({ kind: "notice", message: { parts: [{ text: "[Ann Example declined the file notes.pdf]" }] } });
  });

  it("is told that we do not do what we do not know", async () => {
    const { inbound, reply } = await teams.translate(postOf(activities["sign-in"]), line);
    expect(inbound).toEqual([]);
    expect(reply?.([]).status).toBe(501);
  });

  it.each(["", "no json", "[]", "null", "{}", '{"type":"message"}'])("is refused when it is no activity: %j", async (body) => {
    await expect(teams.translate(postOf(body), line)).rejects.toBeInstanceOf(SyntaxError);
  });

  it("is read as far as it goes when fields are of other kinds", async () => {
    const odd = { ...activities.personal, attachments: [1, { contentType: 5 }, null], entities: "?", value: 7, channelData: [] };
    const [one] = await translate(odd);
    expect(one && textOf(one.message.parts)).toBe("What is on today?");
  });

  it("belongs to its account", async () => {
    const [one] = await translate(activities.personal, { ...line, account: { ...line.account, account: "work" } });
    expect(one?.message).toMatchObject({ id: "teams:work:a:1PersonalTalkId:1763630102000", from: { account: "work" } });
  });
});
