// What Signal tells, in our words: payloads as signal-cli writes them (fields of its JSON, with numbers and names of nobody).
import { describe, expect, test } from "vitest";
import { readReceived } from "../../../../src/bridge/channels/signal/envelope.ts";
import { readEnvelope, type Scene, type Who } from "../../../../src/bridge/channels/signal/inbound.ts";
import { readMentions, writeMentions } from "../../../../src/bridge/channels/signal/mentions.ts";

const OWN = "+15550001111";
const OWN_UUID = "00000000-1111-4222-8333-444444444444";
const ANN = { number: "+15550002222", uuid: "aaaaaaaa-1111-4222-8333-444444444444" };
const GROUP = "Pmpi+EfPWmsxiomLe9Nx2XF9HOE483p6iKiFj65iMwI=";
const AT = 1_700_000_000_123;

const scene = (more: Partial<Scene> = {}): Scene => ({
  account: "default",
  own: { number: OWN, uuid: OWN_UUID },
  hearsSelf: false,
  idOf: ({ number, uuid }: Who) => (uuid === OWN_UUID ? OWN : (number ?? uuid ?? undefined)),
  nameOf: (id) => (id === ANN.number ? "Ann" : undefined),
  placeNameOf: (group) => (group === GROUP ? "Picnic" : undefined),
  ...more,
});

/** As it comes through the stream, with what Ann's app puts around it. */
function read(body: Record<string, unknown>, more?: Partial<Scene>) {
  const envelope = {
    source: ANN.number,
    sourceNumber: ANN.number,
    sourceUuid: ANN.uuid,
    sourceName: "Ann",
    sourceDevice: 1,
    timestamp: AT,
    serverReceivedTimestamp: AT + 5,
    ...body,
  };
  const received = readReceived({ envelope, account: OWN });
  if (!received?.envelope) throw new Error("not read");
  return readEnvelope(received.envelope, scene(more));
}
const said = (data: Record<string, unknown>, more?: Partial<Scene>) => read({ dataMessage: { timestamp: AT, ...data } }, more);
const textOf = (data: Record<string, unknown>) => said(data)[0]?.message.parts[0]?.text;

describe("a message", () => {
  test("of one person is named by when and by whom", () => {
    expect(said({ message: "Hello\nyou", expiresInSeconds: 0, viewOnce: false })).toEqual([
      {
        kind: "message",
        message: {
          id: `${ANN.number}:${AT}@${ANN.number}`,
          from: { channel: "signal", account: "default", peer: ANN.number, kind: "direct" },
          sender: { id: ANN.number, name: "Ann" },
          parts: [{ type: "text", text: "Hello\nyou" }],
          sentAt: AT,
          platformId: `${AT}@${ANN.number}`,
        },
      },
    ]);
  });

  test("in a group says whether it is to us: by a mention of our number or our id, or by answering us", () => {
    const groupInfo = { groupId: GROUP, type: "DELIVER" };
    const mention = { name: OWN, number: OWN, uuid: OWN_UUID, start: 0, length: 1 };
    const [plain] = said({ message: "hi all", groupInfo });
    expect(plain?.message).toMatchObject({ from: { peer: GROUP, kind: "group" }, placeName: "Picnic", isToUs: false });
    const [named] = said({ message: "\uFFFC what now?", groupInfo, mentions: [mention] });
    expect(named?.message).toMatchObject({ isToUs: true, parts: [{ text: `@${OWN} what now?` }] });
    expect(said({ message: "\uFFFC?", groupInfo, mentions: [{ ...mention, number: null }] })[0]?.message.isToUs).toBe(true);
    const other = { ...mention, number: "+15550009999", uuid: "bbbbbbbb-1111-4222-8333-444444444444", name: "x" };
    expect(said({ message: "\uFFFC?", groupInfo, mentions: [other] })[0]?.message.isToUs).toBe(false);
    const quote = { id: AT - 5, author: OWN, authorNumber: OWN, authorUuid: OWN_UUID, text: "It rains.", attachments: [] };
    const [answer] = said({ message: "sure?", groupInfo, quote });
    expect(answer?.message).toMatchObject({
      isToUs: true,
      quoted: { platformId: `${AT - 5}@${OWN}`, text: "It rains.", isOurs: true },
    });
  });

  test("says what it answers, also when that is another person's", () => {
    const quote = { id: 7, authorNumber: ANN.number, authorUuid: ANN.uuid, text: "me" };
    expect(said({ message: "that", quote })[0]?.message.quoted).toEqual({
      platformId: `7@${ANN.number}`,
      text: "me",
      author: "Ann",
      isOurs: false,
    });
  });

  test("brings its files as handles; a sound without a name is a voice note", () => {
    const attachments = [
      { id: "a1.jpg", contentType: "image/jpeg", filename: null, size: 10, width: 1, height: 1 },
      { id: "a2.aac", contentType: "audio/aac", size: 11 },
      { id: "a3.mp3", contentType: "audio/mpeg", filename: "song.mp3", size: 12 },
      { id: "a4", contentType: "application/pdf", filename: "x.pdf" },
      { contentType: "image/png" },
    ];
    expect(said({ attachments })[0]?.message).toMatchObject({
      parts: [],
      attachments: [
        { handle: "a1.jpg", kind: "image", type: "image/jpeg", size: 10 },
        { handle: "a2.aac", kind: "voice" },
        { handle: "a3.mp3", kind: "audio", name: "song.mp3" },
        { handle: "a4", kind: "file", name: "x.pdf" },
      ],
    });
    expect(said({ attachments })[0]?.message.attachments).toHaveLength(4);
  });

  test.each([
    ["a sticker", { sticker: { packId: "abc", stickerId: 3 } }, "[sticker 3 of the pack abc]"],
    [
      "a contact",
      {
        contacts: [
          { name: { given: "Bo", family: "Li" }, phone: [{ value: "+4912" }], email: [{ value: "b@x.org" }], organization: "Ü" },
        ],
      },
      "[contact: Bo Li, Ü, +4912, b@x.org]",
    ],
    [
      "a poll",
      { pollCreate: { question: "When?", allowMultiple: true, options: ["Mon", "Tue"] } },
      "[poll: When? — Mon / Tue; several may be chosen]",
    ],
    ["a payment", { payment: { note: "cake" } }, "[payment: cake]"],
    [
      "what may be looked at once",
      { viewOnce: true, attachments: [{ id: "x", contentType: "image/png" }] },
      "[something that may be looked at once, and is not opened here]",
    ],
  ])("that is %s can be read", (_name, data, text) => {
    expect(textOf(data)).toBe(text);
    expect(said(data)[0]?.message.attachments).toBeUndefined();
  });

  test("with fields that are not as they should be is read as far as it can be", () => {
    expect(
      textOf({
        message: "fine",
        attachments: "no list",
        mentions: [{ start: -1 }],
        sticker: 5,
        quote: { id: "x" },
        contacts: [null],
      }),
    ).toBe("fine");
    expect(readReceived("nothing")).toBeUndefined();
    expect(readReceived({ envelope: { timestamp: "late" } })).toEqual({});
    expect(readReceived({ envelope: null, exception: { message: "no session", type: "ProtocolNoSessionException" } })).toEqual({
      exception: "ProtocolNoSessionException: no session",
    });
  });
});

describe("a notice", () => {
  test.each([
    [
      "a reaction",
      { reaction: { emoji: "👍", targetAuthorNumber: OWN, targetAuthorUuid: OWN_UUID, targetSentTimestamp: 9, isRemove: false } },
      `[Ann reacted 👍 to message 9@${OWN}]`,
    ],
    [
      "a reaction taken back",
      { reaction: { emoji: "👍", targetAuthorNumber: OWN, targetSentTimestamp: 9, isRemove: true } },
      `[Ann took their reaction away from message 9@${OWN}]`,
    ],
    ["a deletion", { remoteDelete: { timestamp: 8 } }, `[Ann took their message 8@${ANN.number} back]`],
    [
      "a vote",
      { pollVote: { authorNumber: OWN, targetSentTimestamp: 9, optionIndexes: [0, 2], voteCount: 1 } },
      `[Ann chose option 1, 3 in the poll 9@${OWN}]`,
    ],
    ["the end of a poll", { pollTerminate: { targetSentTimestamp: 9 } }, `[Ann closed the poll 9@${ANN.number}]`],
    [
      "how long messages stay",
      { isExpirationUpdate: true, expiresInSeconds: 3600 },
      "[Ann lets messages here vanish after 3600 s]",
    ],
  ])("says %s", (_name, data, text) => {
    const [only] = said({ message: null, ...data });
    expect(only).toMatchObject({ kind: "notice", message: { parts: [{ text }] } });
  });

  test("says a changed message, under an id of its own", () => {
    const edit = read({ editMessage: { targetSentTimestamp: 5, dataMessage: { timestamp: AT, message: "new" } } });
    expect(edit).toMatchObject([
      {
        kind: "notice",
        message: {
          id: `${ANN.number}:${ANN.number}:edit:${AT}`,
          parts: [{ text: `[Ann changed their message 5@${ANN.number}; it now says:]\nnew` }],
        },
      },
    ]);
  });
});

describe("nothing is said", () => {
  test.each([
    ["by typing, receipts and stories", { typingMessage: { action: "STARTED", timestamp: 1 } }],
    ["by a group that changed", { dataMessage: { timestamp: AT, message: null, groupInfo: { groupId: GROUP, type: "UPDATE" } } }],
    ["by us", { sourceNumber: OWN, sourceUuid: OWN_UUID, dataMessage: { timestamp: AT, message: "echo" } }],
    ["by nobody", { source: null, sourceNumber: null, sourceUuid: null, dataMessage: { timestamp: AT, message: "who" } }],
    [
      "by what our phone wrote to others",
      { syncMessage: { sentMessage: { destinationNumber: ANN.number, timestamp: AT, message: "mine" } } },
    ],
    [
      "by notes to self, unless they are wanted",
      { syncMessage: { sentMessage: { destinationNumber: OWN, timestamp: AT, message: "note" } } },
    ],
  ])("%s", (_name, body) => {
    expect(read(body)).toEqual([]);
  });
});

test("a note to self is heard where the settings want it", () => {
  const body = {
    syncMessage: { sentMessage: { destinationNumber: OWN, destinationUuid: OWN_UUID, timestamp: AT, message: "buy milk" } },
  };
  const [note] = read({ sourceNumber: OWN, sourceUuid: OWN_UUID, ...body }, { hearsSelf: true });
  expect(note).toMatchObject({
    kind: "message",
    message: { from: { peer: OWN, kind: "direct" }, sender: { id: OWN }, parts: [{ text: "buy milk" }] },
  });
});

describe("mentions", () => {
  test("are read from the end, so that each keeps its place, and what lies outside is nobody", () => {
    const mentions = [
      { start: 0, length: 1, number: "1", uuid: null, name: null },
      { start: 6, length: 1, number: "2", uuid: null, name: null },
      { start: 90, length: 1, number: "3", uuid: null, name: null },
    ];
    expect(readMentions("\uFFFC and \uFFFC 👋", mentions, ({ number }) => `n${number}`)).toBe("@n1 and @n2 👋");
  });

  test("are written for numbers, ids and names, and the looks move with the text", () => {
    const people = new Map([
      ["Ann", "+15550002222"],
      ["Ann Bo", ANN.uuid],
    ]);
    const text = "Dear @Ann Bo, @Ann and @+15550003333: bold. mail@Ann.org @Annette";
    const start = text.indexOf("bold");
    const written = writeMentions(text, [{ start, length: 4, style: "bold" }], people);
    expect(written.text).toBe("Dear \uFFFC, \uFFFC and \uFFFC: bold. mail@Ann.org @Annette");
    expect(written.mentions).toEqual([
      { start: 5, length: 1, id: ANN.uuid },
      { start: 8, length: 1, id: "+15550002222" },
      { start: 14, length: 1, id: "+15550003333" },
    ]);
    const [style] = written.styles;
    expect(written.text.slice(style?.start, (style?.start ?? 0) + (style?.length ?? 0))).toBe("bold");
  });

  test("inside a stretch of bold shorten it, and a stretch that was all mention stays one", () => {
    const written = writeMentions(
      "a @+15550003333 b",
      [
        { start: 0, length: 17, style: "bold" },
        { start: 2, length: 13, style: "italic" },
      ],
      new Map(),
    );
    expect(written.styles).toEqual([
      { start: 0, length: 5, style: "bold" },
      { start: 2, length: 1, style: "italic" },
    ]);
  });
});
