// The server of ours that stands for BlueBubbles, asked by a client that others wrote: what it sends is taken, what it is told it understands,
// and it reads the same out of a message as the line does. By choice, for the client brings a large package with it: SKERRY_BLUEBUBBLES_CLIENT
// names a folder in which `npm i --ignore-scripts openclaw@2026.5.7 @openclaw/bluebubbles@2026.5.7` was run.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNew, type Scene } from "../../../../src/bridge/channels/imessage/inbound.ts";
import { readMessage } from "../../../../src/bridge/channels/imessage/message.ts";
import { BlueBubblesServer } from "../../../support/channels/home/blue-bubbles.ts";

const HOME = process.env["SKERRY_BLUEBUBBLES_CLIENT"];
const DIST = join(HOME ?? "", "node_modules/@openclaw/bluebubbles/dist");
const missing =
  HOME === undefined
    ? "SKERRY_BLUEBUBBLES_CLIENT names no folder with @openclaw/bluebubbles"
    : existsSync(DIST)
      ? undefined
      : `${DIST} is not there`;

const PASSWORD = "pass & word/+";
const ANN = "+15550002222";
const BEN = "+15550003333";
const CHAT = `iMessage;-;${ANN}`;
const GROUP = "iMessage;+;chat123";

// biome-ignore lint/suspicious/noExplicitAny: a package without types
type Any = any;
let server: BlueBubblesServer;
let functions: Map<string, Any>;
const call = (name: string, ...args: unknown[]): Promise<Any> => functions.get(name)(...args);
const load = (path: string): Promise<Any> => import(pathToFileURL(join(HOME ?? "", "node_modules", path)).href);
const opts = () => ({
  serverUrl: server.url,
  password: PASSWORD,
  cfg: {
    channels: { bluebubbles: { serverUrl: server.url, password: PASSWORD, network: { dangerouslyAllowPrivateNetwork: true } } },
  },
});
const parts = () => ({ baseUrl: server.url, password: PASSWORD, allowPrivateNetwork: true });

describe.skipIf(missing !== undefined)(
  `BlueBubbles by another client${missing === undefined ? "" : `, not run: ${missing}`}`,
  () => {
    beforeAll(async () => {
      server = await new BlueBubblesServer(PASSWORD).start();
      const files = readdirSync(DIST).filter((name) => /^(reactions|probe|catchup)-.*\.js$/.test(name));
      const modules: Any[] = await Promise.all(files.map((name) => load(`@openclaw/bluebubbles/dist/${name}`)));
      const { fetchRemoteMedia } = await load("openclaw/dist/plugin-sdk/media-runtime.js");
      const { setBlueBubblesRuntime } = await load("@openclaw/bluebubbles/dist/runtime-api.js");
      setBlueBubblesRuntime({ channel: { media: { fetchRemoteMedia } } });
      functions = new Map(
        modules.flatMap((one) => Object.values(one)).flatMap((one) => (typeof one === "function" ? [[one.name, one]] : [])),
      );
    }, 120_000);
    afterAll(() => server?.stop());

    test("it finds the server well, and one with another password not", async () => {
      expect(await call("probeBlueBubbles", parts())).toEqual({ ok: true, status: 200 });
      expect(await call("probeBlueBubbles", { ...parts(), password: "another" })).toMatchObject({ ok: false, status: 401 });
      expect(await call("fetchBlueBubblesServerInfo", { ...parts(), accountId: "default" })).toMatchObject({
        private_api: true,
        helper_connected: true,
      });
    });

    test("its words arrive, in a chat that is there and in one that is not, and it reads the name they got", async () => {
      const guid = server.receive("hi", ANN);
      const sent = await call("sendMessageBlueBubbles", ANN, "hello", { ...opts(), replyToMessageGuid: guid });
      expect(sent.messageId).toBe(server.book.at(-1)?.["guid"]);
      expect(server.of("POST /chat/query").length).toBeGreaterThan(0);
      expect(server.of("POST /message/text").at(-1)).toMatchObject({
        chatGuid: CHAT,
        message: "hello",
        selectedMessageGuid: guid,
      });
      // It takes the chat's name for the message's; the server's own code answers the chat, with the message in it.
      await call("sendMessageBlueBubbles", BEN, "good day", opts());
      expect(server.of("POST /chat/new").at(-1)).toMatchObject({ addresses: [BEN], message: "good day" });
      expect(server.book.at(-1)).toMatchObject({ text: "good day", isFromMe: true });
    });

    test("its files arrive whole, and it fetches those of others", async () => {
      const buffer = new Uint8Array(Buffer.from("rope, lamp"));
      const wish = { to: `chat_guid:${CHAT}`, buffer, filename: "list.txt", contentType: "text/plain", opts: opts() };
      await call("sendBlueBubblesAttachment", wish);
      expect(server.uploads.map(({ name, bytes }) => [name, `${bytes}`])).toEqual([["list.txt", "rope, lamp"]]);
      server.files.set("at_0_A", Buffer.from("PNG!"));
      const got = await call("downloadBlueBubblesAttachment", { guid: "at_0_A", mimeType: "image/png" }, opts());
      expect(Buffer.from(got.buffer).toString()).toBe("PNG!");
      await expect(call("downloadBlueBubblesAttachment", { guid: "gone" }, opts())).rejects.toThrow("404");
    });

    test("its reactions, edits, unsendings, typing and read marks are taken, and refused where there is nothing to do it to", async () => {
      const guid = server.receive("like this", ANN);
      const react = (messageGuid: string, remove = false) =>
        call("sendBlueBubblesReaction", { chatGuid: CHAT, messageGuid, emoji: "❤️", remove, opts: opts() });
      await react(guid);
      await react(guid, true);
      expect(server.of("POST /message/react").map(({ reaction }) => reaction)).toEqual(["love", "-love"]);
      await expect(react("NONE")).rejects.toThrow("Selected message does not exist");
      const { messageId } = await call("sendMessageBlueBubbles", `chat_guid:${CHAT}`, "draft", opts());
      await call("editBlueBubblesMessage", messageId, "final", opts());
      expect(server.book.find((one) => one["guid"] === messageId)).toMatchObject({
        text: "final",
        dateEdited: expect.any(Number),
      });
      await call("unsendBlueBubblesMessage", messageId, opts());
      expect(server.book.find((one) => one["guid"] === messageId)).toMatchObject({ dateRetracted: expect.any(Number) });
      await expect(call("editBlueBubblesMessage", "NONE", "x", opts())).rejects.toThrow("Selected message does not exist");
      await call("sendBlueBubblesTyping", CHAT, true, opts());
      await call("sendBlueBubblesTyping", CHAT, false, opts());
      await call("markBlueBubblesChatRead", CHAT, opts());
      expect(server.asked.slice(-3).map(({ what }) => what)).toEqual([
        `POST /chat/${CHAT}/typing`,
        `DELETE /chat/${CHAT}/typing`,
        `POST /chat/${CHAT}/read`,
      ]);
    });

    test("out of a message it reads what the line reads", async () => {
      const inGroup = { chats: [{ guid: GROUP, displayName: "Picnic" }] };
      const attachments = [{ guid: "at_9", mimeType: "image/png", transferName: "dot.png", totalBytes: 4 }];
      const guids = [
        server.receive("words", ANN),
        server.receive("in a group", BEN, inGroup),
        server.receive("with a file", ANN, { attachments }),
        server.receive("an answer", ANN, { threadOriginatorGuid: "GUID-1" }),
      ];
      const scene: Scene = { account: "default", hearsSelf: false, find: () => undefined, hasSaid: () => false };
      for (const guid of guids) {
        const data = server.book.find((one) => one["guid"] === guid);
        const theirs = functions.get("normalizeWebhookMessage")({ type: "new-message", data });
        const told = readMessage(data);
        const [ours] = told ? readNew(told, scene) : [];
        expect(theirs).toMatchObject({
          text: ours?.message.parts[0]?.text,
          senderId: ours?.message.sender.id,
          messageId: guid,
          isGroup: ours?.message.from.kind === "group",
          fromMe: false,
          chatGuid: ours?.message.from.kind === "group" ? ours.message.from.peer : ours?.message.from.route?.["chat"],
        });
        expect(theirs.attachments.map((one: Any) => one.guid)).toEqual(
          (ours?.message.attachments ?? []).map(({ handle }) => handle),
        );
        expect(theirs.replyToId).toBe(ours?.message.quoted?.platformId);
      }
      // The server's own code tells reactions by their names; this client knows their numbers. The line reads both.
      for (const type of [2000, 3000]) {
        const more = { associatedMessageGuid: `p:0/${guids[0]}`, associatedMessageType: type };
        const guid = server.receive("Loved “words”", ANN, more);
        const data = server.book.find((one) => one["guid"] === guid);
        const theirs = functions.get("normalizeWebhookReaction")({ type: "new-message", data });
        expect(theirs).toMatchObject({ action: type === 3000 ? "removed" : "added", emoji: "❤️", senderId: ANN });
        const told = readMessage(data);
        const named = readMessage({ ...data, associatedMessageType: type === 3000 ? "-love" : "love" });
        if (!told || !named) throw new Error("It cannot be read.");
        const words = type === 3000 ? "took their reaction away from" : "reacted ❤️ to";
        const text = `[${ANN} ${words} message ${guids[0]}]`;
        for (const one of [told, named])
          expect(readNew(one, scene)).toMatchObject([{ kind: "notice", message: { parts: [{ text }] } }]);
      }
    });
  },
);
