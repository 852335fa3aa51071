// Messages as WhatsApp's library hands them over, and what the house is told of them.
import type { proto, WAMessage, WAMessageKey } from "@whiskeysockets/baileys";
import { describe, expect, test } from "vitest";
import { type Around, readMessage } from "../../../../src/bridge/channels/whatsapp/words/inbound.ts";
import { homePost } from "../../../../src/contract/channels/at-home.ts";

const ANN = "4915112345678@s.whatsapp.net";
const ANN_LID = "98765432101234@lid";
const ME = "15550000000@s.whatsapp.net";
const ME_LID = "11122233344455@lid";
const GROUP = "120363001234567890@g.us";
const AT = 1_795_000_000;

const around: Around = {
  channel: "whatsapp",
  account: "default",
  me: { number: ME, lid: ME_LID },
  isSelfChat: false,
  earliest: 0,
  isOurs: (id) => id.startsWith("OURS"),
  numberOf: () => undefined,
  nameOf: () => "Sailing club",
};

function said(message: proto.IMessage | undefined, key: Partial<WAMessageKey> = {}, more: Partial<WAMessage> = {}): WAMessage {
  const whole = { remoteJid: ANN, fromMe: false, id: "ABC", ...key };
  return { key: whole, messageTimestamp: AT, pushName: "Ann", ...(message ? { message } : {}), ...more };
}

const inGroup = (message: proto.IMessage | undefined, more: Partial<WAMessageKey> = {}) =>
  said(message, { remoteJid: GROUP, participant: ANN, ...more });

function read(message: WAMessage, more: Partial<Around> = {}) {
  const inbound = readMessage(message, { ...around, ...more });
  // What is told must be what Skerry takes.
  if (inbound.length > 0) homePost.parse({ items: inbound });
  return inbound;
}
const textOf = (message: WAMessage, more?: Partial<Around>) => read(message, more)[0]?.message.parts[0]?.text;

describe("who and where", () => {
  test("a person is their number, the talk too, and the message is the same when it comes again", () => {
    const [one] = read(said({ conversation: " hello " }));
    expect(one).toEqual({
      kind: "message",
      message: {
        id: "+4915112345678:ABC",
        from: { channel: "whatsapp", account: "default", peer: "+4915112345678", kind: "direct" },
        sender: { id: "+4915112345678", name: "Ann" },
        sentAt: AT * 1000,
        parts: [{ type: "text", text: "hello" }],
        platformId: "ABC",
      },
    });
    expect(read(said({ conversation: " hello " }))).toEqual([one]);
  });

  test("a person known by a lid is their number where WhatsApp tells it, else where it was learnt, else the lid", () => {
    const hi = { conversation: "hi" };
    const peerOf = (message: WAMessage, more?: Partial<Around>) => read(message, more)[0]?.message.from.peer;
    expect(peerOf(said(hi, { remoteJid: ANN_LID, remoteJidAlt: ANN }))).toBe("+4915112345678");
    expect(peerOf(said(hi, { remoteJid: ANN_LID }), { numberOf: () => ANN })).toBe("+4915112345678");
    expect(peerOf(said(hi, { remoteJid: ANN_LID }))).toBe(ANN_LID);
    const [grouped] = read(inGroup(hi, { participant: ANN_LID, participantAlt: ANN }));
    expect(grouped?.message).toMatchObject({
      sender: { id: "+4915112345678" },
      from: { peer: GROUP },
      placeName: "Sailing club",
    });
  });

  test("a device of a person is that person", () => {
    expect(read(said({ conversation: "hi" }, { remoteJid: "4915112345678:7@s.whatsapp.net" }))[0]?.message.from.peer).toBe(
      "+4915112345678",
    );
  });

  test.each([
    "status@broadcast",
    "123@broadcast",
    "120363@newsletter",
    "13135550002@bot",
    "",
    "x@s.whatsapp.net",
    "1@g.us.example",
  ])("%s is no place to talk in", (remoteJid) =>
    expect(read(said({ conversation: "hi" }, { remoteJid, participant: ANN }))).toEqual([]),
  );

  test("what was written before the link, or at no time, is no news", () => {
    expect(read(said({ conversation: "hi" }), { earliest: AT * 1000 + 1 })).toEqual([]);
    expect(read(said({ conversation: "hi" }, {}, { messageTimestamp: Number.NaN }))).toEqual([]);
  });
});

describe("whether it is meant in a group", () => {
  const context = (contextInfo: proto.IContextInfo) =>
    inGroup({ extendedTextMessage: { text: "@15550000000 hey", contextInfo } });
  const isToUs = (message: WAMessage, more?: Partial<Around>) => read(message, more)[0]?.message.isToUs;

  test("by number, by lid, with a device, and by an answer to it", () => {
    expect(isToUs(context({ mentionedJid: [ME] }))).toBe(true);
    expect(isToUs(context({ mentionedJid: [ANN, ME_LID] }))).toBe(true);
    expect(isToUs(context({ mentionedJid: ["15550000000:3@s.whatsapp.net"] }))).toBe(true);
    expect(isToUs(context({ stanzaId: "X", participant: ME_LID }))).toBe(true);
    expect(isToUs(context({ stanzaId: "OURS1", participant: ANN }))).toBe(true);
  });

  test("not by others, by words that only look so, or by nothing", () => {
    expect(isToUs(context({ mentionedJid: [ANN] }))).toBe(false);
    expect(isToUs(inGroup({ conversation: "@15550000000 hey" }))).toBe(false);
    expect(isToUs(context({ stanzaId: "X", participant: ANN }))).toBe(false);
  });

  test("with one's own number the mention is for its owner: only an answer to what the assistant wrote counts", () => {
    const own = { isSelfChat: true };
    expect(isToUs(context({ mentionedJid: [ME] }), own)).toBe(false);
    expect(isToUs(context({ stanzaId: "X", participant: ME }), own)).toBe(false);
    expect(isToUs(context({ stanzaId: "OURS1", participant: ME }), own)).toBe(true);
  });

  test("whom a lid mentions is named by number", () => {
    const message = inGroup({ extendedTextMessage: { text: "ask @98765432101234", contextInfo: { mentionedJid: [ANN_LID] } } });
    expect(textOf(message, { numberOf: () => ANN })).toBe("ask @+4915112345678");
  });
});

describe("one's own number", () => {
  const note = (more: Partial<WAMessageKey>) => said({ conversation: "note" }, { fromMe: true, ...more });
  const own = { isSelfChat: true };

  test("notes to oneself are heard as their owner's, by number and by lid; what this line wrote there is not", () => {
    for (const remoteJid of [ME, ME_LID]) {
      expect(read(note({ remoteJid }), own)[0]?.message).toMatchObject({
        from: { peer: "+15550000000" },
        sender: { id: "+15550000000" },
      });
    }
    expect(read(note({ remoteJid: ME, id: "OURS9" }), own)).toEqual([]);
  });

  test("what the owner writes to others, and what others write to the owner, stays theirs", () => {
    expect(read(note({ remoteJid: ANN }), own)).toEqual([]);
    expect(read(said({ conversation: "private" }), own)).toEqual([]);
  });

  test("in a group its owner speaks as themself", () => {
    expect(read(inGroup({ conversation: "hi" }, { fromMe: true, participant: ME }), own)[0]?.message.sender.id).toBe(
      "+15550000000",
    );
  });

  test("with a number of its own nothing that another device of it wrote is heard", () => {
    expect(read(note({ remoteJid: ME }))).toEqual([]);
    expect(read(inGroup({ conversation: "hi" }, { fromMe: true, participant: ME }))).toEqual([]);
  });
});

describe("what is in it", () => {
  test.each<[string, proto.IMessage, string]>([
    [
      "a place",
      { locationMessage: { degreesLatitude: 54.1, degreesLongitude: 7.9, name: "Pier", address: "Main St 1" } },
      "[location: Pier, Main St 1 (54.1, 7.9)]",
    ],
    [
      "a moving place",
      { liveLocationMessage: { degreesLatitude: 1, degreesLongitude: 2, caption: "on my way" } },
      "[live location: on my way (1, 2)]",
    ],
    [
      "a contact",
      { contactMessage: { displayName: "Bo", vcard: "BEGIN:VCARD\nitem1.TEL;waid=49:+49 1\nEMAIL:b@x.example\nEND:VCARD" } },
      "[contact: Bo, +49 1, b@x.example]",
    ],
    [
      "a poll",
      { pollCreationMessageV3: { name: "When?", options: [{ optionName: "Mon" }, { optionName: "Tue" }] } },
      "[poll: When? — Mon / Tue]",
    ],
    [
      "an event",
      { eventMessage: { name: "Regatta", startTime: 1_795_000_000, location: { name: "Pier" } } },
      "[event: Regatta, 2026-11-18T11:06:40.000Z, Pier]",
    ],
    ["a pressed button", { buttonsResponseMessage: { selectedButtonId: "yes" } }, "yes"],
    ["an invitation", { groupInviteMessage: { groupName: "Club" } }, "[invitation to the group Club]"],
    ["what vanishes", { ephemeralMessage: { message: { extendedTextMessage: { text: "soon gone" } } } }, "soon gone"],
    [
      "what is seen once",
      { viewOnceMessageV2: { message: { imageMessage: { caption: "once", mediaKey: new Uint8Array(32) } } } },
      "once",
    ],
    ["a forwarded one", { extendedTextMessage: { text: "look", contextInfo: { isForwarded: true } } }, "[forwarded]\nlook"],
  ])("%s is words", (_name, message, text) => expect(textOf(said(message))).toBe(text));

  test.each<[string, proto.IMessage, object]>([
    [
      "a voice note",
      {
        audioMessage: {
          mediaKey: new Uint8Array(32),
          ptt: true,
          seconds: 7,
          mimetype: "audio/ogg; codecs=opus",
          fileLength: 900,
        },
      },
      { kind: "voice", durationS: 7, type: "audio/ogg; codecs=opus", size: 900 },
    ],
    ["a sound", { audioMessage: { mediaKey: new Uint8Array(32), mimetype: "audio/mpeg" } }, { kind: "audio" }],
    ["a sticker", { stickerMessage: { mediaKey: new Uint8Array(32), mimetype: "image/webp" } }, { kind: "sticker" }],
    [
      "a document",
      { documentWithCaptionMessage: { message: { documentMessage: { mediaKey: new Uint8Array(32), fileName: "a.pdf" } } } },
      { kind: "file", name: "a.pdf" },
    ],
    ["a round film", { ptvMessage: { mediaKey: new Uint8Array(32) } }, { kind: "video" }],
  ])("%s is a file by a handle", (_name, message, file) => {
    expect(read(said(message))[0]?.message.attachments).toEqual([
      expect.objectContaining({ handle: "+4915112345678/ABC", ...file }),
    ]);
  });

  test("pictures of one album belong together", () => {
    const message = {
      imageMessage: { mediaKey: new Uint8Array(32) },
      messageContextInfo: { messageAssociation: { parentMessageKey: { id: "ALBUM" } } },
    };
    expect(read(said(message))[0]?.message.joinAs).toBe("ALBUM");
  });

  test("what it answers comes along, with who wrote it", () => {
    const contextInfo = { stanzaId: "Q", participant: ANN, quotedMessage: { conversation: "the pier" } };
    expect(read(inGroup({ extendedTextMessage: { text: "yes", contextInfo } }))[0]?.message.quoted).toEqual({
      platformId: "Q",
      text: "the pier",
      author: "+4915112345678",
      isOurs: false,
    });
  });
});

describe("what needs no answer", () => {
  test.each<[string, proto.IMessage, string]>([
    ["a reaction", { reactionMessage: { text: "👍", key: { id: "M" } } }, "[Ann reacted 👍 to message M]"],
    ["one taken away", { reactionMessage: { text: "", key: { id: "M" } } }, "[Ann took their reaction away from message M]"],
    [
      "an edit",
      { editedMessage: { message: { protocolMessage: { type: 14, key: { id: "M" }, editedMessage: { conversation: "new" } } } } },
      "[Ann changed their message M; it now says:]\nnew",
    ],
    ["a deletion", { protocolMessage: { type: 0, key: { id: "M" } } }, "[Ann took their message M back]"],
  ])("%s is a notice", (_name, message, text) => {
    const [one] = read(said(message));
    expect(one).toMatchObject({ kind: "notice", message: { parts: [{ text }] } });
  });

  test("a vote says what was chosen", () => {
    const vote = said({ pollUpdateMessage: { pollCreationMessageKey: { id: "P" } } });
    expect(textOf(vote, { voteIn: { question: "When?", choices: ["Mon", "Tue"] } })).toBe(
      "[Ann chose Mon and Tue in the poll “When?”]",
    );
    expect(read(vote)).toEqual([]);
  });

  test("whoever joins and leaves is named", () => {
    const stub = (messageStubType: number, words: string[]) =>
      said(undefined, { remoteJid: GROUP, participant: ANN }, { messageStubType, messageStubParameters: words });
    expect(textOf(stub(27, [JSON.stringify({ id: "4917@s.whatsapp.net", phoneNumber: "x" }), ME_LID]))).toBe(
      "[+4917, the assistant joined the group]",
    );
    expect(textOf(stub(32, ["4917@s.whatsapp.net"]))).toBe("[+4917 left the group]");
  });
});

describe("whoever means harm", () => {
  test.each<[string, proto.IMessage | undefined]>([
    ["nothing", undefined],
    ["an unknown kind", { invoiceMessage: {} } as proto.IMessage],
    ["keys alone", { senderKeyDistributionMessage: { groupId: GROUP } }],
    ["what belongs to the library", { protocolMessage: { type: 3 } }],
    ["an empty text", { conversation: "   " }],
    ["a file without a key", { imageMessage: { url: "https://x.example" } }],
  ])("%s says nothing", (_name, message) => expect(read(said(message))).toEqual([]));

  test("messages in messages without end are opened a few deep", () => {
    let message: proto.IMessage = { conversation: "deep" };
    for (let layer = 0; layer < 5_000; layer++) message = { ephemeralMessage: { message } };
    expect(read(said(message))).toEqual([]);
  });

  test("sizes are bounded, and ids too", () => {
    const [one] = read(said({ conversation: "x".repeat(500_000) }, {}, { pushName: "n".repeat(10_000) }));
    expect(one?.message.parts[0]?.text.length).toBeLessThan(110_000);
    expect(one?.message.sender.name).toHaveLength(100);
    expect(read(said({ conversation: "x" }, { id: "i".repeat(1000) }))).toEqual([]);
    const many = {
      contactsArrayMessage: {
        contacts: Array.from({ length: 5_000 }, () => ({ displayName: "B", vcard: "TEL:1\n".repeat(9_999) })),
      },
    };
    expect((textOf(said(many)) ?? "").length).toBeLessThan(110_000);
  });
});
