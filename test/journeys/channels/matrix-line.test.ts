// The line of Matrix by itself, against a real homeserver (Synapse) and another client's library: every act in an encrypted room as its
// reader sees it, who trusts the device, and which logins are refused with which words.
import { createDecipheriv } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { IDBFactory } from "fake-indexeddb";
import type { CryptoApi } from "matrix-js-sdk/lib/crypto-api/index.js";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { LineNews, OpenLine } from "../../../src/bridge/channels/driver.ts";
import { matrix } from "../../../src/bridge/channels/matrix/matrix.ts";
import type { HomeInbound } from "../../../src/contract/channels/at-home.ts";
import type { HomeAct } from "../../../src/contract/channels/home-acts.ts";
import type { Address } from "../../../src/contract/message.ts";
import { MatrixPerson } from "../../support/matrix/person.ts";
import { type MatrixAccount, Synapse, skipReason } from "../../support/matrix/synapse.ts";

const missing = skipReason();
const PATIENCE = { timeout: 45_000, interval: 50 };
type Told = Extract<HomeInbound, { message: unknown }>;

let synapse: Synapse;
let olga: MatrixPerson;
const ends: (() => Promise<void>)[] = [];

interface Wishes {
  url?: string;
  options?: Record<string, unknown>;
  now?: () => number;
}

function hold(
  account: MatrixAccount,
  keys: Record<string, string> = { MATRIX_PASSWORD: account.password },
  dir?: string,
  { url = synapse.url, options = {}, now = Date.now }: Wishes = {},
) {
  const heard: Told[] = [];
  const news: LineNews[] = [];
  const opening = matrix.open({
    account: {
      channel: "matrix",
      account: "default",
      keys: { MATRIX_HOMESERVER_URL: url, MATRIX_USER_ID: account.userId, ...keys },
      mediaMaxMb: 20,
      options,
    },
    dir: dir ?? mkdtempSync(join(tmpdir(), "matrix-line-")),
    load: async (name) => {
      const loaded: Record<string, unknown> = await import(name);
      // A thread has one line; here each has a database of its own all the same.
      return name === "fake-indexeddb" ? { ...loaded, indexedDB: new IDBFactory() } : loaded;
    },
    hear: async (inbound) => void heard.push(...(inbound as Told[])),
    tell: (one) => void news.push(one),
    log: () => undefined,
    now,
  });
  opening.then((line) => ends.push(() => line.close())).catch(() => undefined);
  return { opening, heard, news };
}

/** By what a line ends its thread; here it would end the tests. */
function whenItEnds(): Promise<Error> {
  const usual = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  return new Promise((done) =>
    process.once("uncaughtException", (error) => {
      for (const one of usual) process.on("uncaughtException", one);
      done(error);
    }),
  );
}

/** The homeserver, whose stream says nothing of rooms while `isDeaf`. */
async function startFilter() {
  const filter = { url: "", isDeaf: false };
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { authorization = "", "content-type": type = "application/json" } = request.headers;
    const answer = await fetch(`${synapse.url}${request.url}`, {
      method: request.method ?? "GET",
      headers: { "content-type": type, ...(authorization === "" ? {} : { authorization }) },
      ...(parts.length === 0 ? {} : { body: new Uint8Array(Buffer.concat(parts)) }),
    });
    const text = await answer.text();
    const { rooms: _rooms, ...rest } = filter.isDeaf && request.url?.includes("/sync?") ? JSON.parse(text) : { rooms: 0 };
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end("next_batch" in rest ? JSON.stringify(rest) : text);
  };
  const server = createServer((request, response) => void pass(request, response).catch(() => response.destroy()));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  filter.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  ends.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return filter;
}

async function talkWith(
  person: MatrixPerson,
  account: MatrixAccount,
  heard: Told[],
  isEncrypted = true,
): Promise<{ room: string; from: Address }> {
  const room = await person.openRoom([account.userId], { isEncrypted });
  await person.waitForMember(room, account.userId);
  await person.say(room, "hello");
  const from = await vi.waitFor(() => {
    const found = heard.find(({ message }) => message.parts[0]?.text === "hello" && message.from.route?.["room"] === room);
    if (!found) throw new Error("not heard");
    return found.message.from;
  }, PATIENCE);
  return { room, from };
}

describe.skipIf(missing !== undefined)(`the line of Matrix${missing === undefined ? "" : `, not run: ${missing}`}`, () => {
  beforeAll(async () => {
    synapse = await Synapse.start();
    olga = await MatrixPerson.start(synapse.url, await synapse.register("olga"));
  }, 25 * 60_000);
  afterEach(async () => {
    await Promise.all(ends.splice(0).map((end) => end()));
  }, 30_000);
  afterAll(async () => {
    olga?.stop();
    await synapse?.stop();
  }, 60_000);

  test("does every act, and each once, as another client sees it", async () => {
    const own = await synapse.register("acts");
    const { opening, heard } = hold(own);
    const line = await opening;
    const { room, from } = await talkWith(olga, own, heard);
    const asked = heard.at(-1)?.message.platformId ?? "";
    const act = async (id: string, one: HomeAct, files: Parameters<OpenLine["send"]>[1] = []) => {
      const outcome = await line.send({ id, to: from, act: one }, files);
      expect(outcome).toMatchObject({ outcome: "sent" });
      return outcome.outcome === "sent" ? (outcome.platformId ?? "") : "";
    };
    const sees = (found: (seen: ReturnType<MatrixPerson["seen"]>[number]) => boolean) =>
      vi.waitFor(() => {
        const seen = olga.seen(room).find(found);
        if (!seen) throw new Error("not seen");
        return seen;
      }, PATIENCE);

    await act("typing", { type: "typing" });
    await vi.waitFor(() => expect(olga.client.getRoom(room)?.getMember(own.userId)?.typing).toBe(true), PATIENCE);
    // Asked again under its id, it is the event that is there.
    const first = await act("text", { type: "text", text: "once", html: "<b>once</b>", replyTo: asked });
    expect(await act("text", { type: "text", text: "once", html: "<b>once</b>", replyTo: asked })).toBe(first);
    await sees(({ content }) => content["body"] === "once");
    expect(olga.texts(room).filter((text) => text === "once")).toHaveLength(1);
    expect(JSON.stringify(olga.seen(room).find(({ id }) => id === first)?.content)).toContain(asked);

    const draft = await act("draft", { type: "draft", text: "gro" });
    expect(await act("grown", { type: "text", text: "grown", replaces: draft })).toBe(draft);
    await vi.waitFor(() => expect(olga.texts(room)).toContain("grown"), PATIENCE);

    await act("react", { type: "react", message: asked, emoji: "👀" });
    const reaction = await sees(({ type }) => type === "m.reaction");
    await act("unreact", { type: "react", message: asked, emoji: null });
    await vi.waitFor(() => expect(olga.client.getRoom(room)?.findEventById(reaction.id)?.isRedacted()).toBe(true), PATIENCE);

    const path = join(mkdtempSync(join(tmpdir(), "matrix-file-")), "0");
    writeFileSync(path, "the log of the boat");
    const media = [{ key: "media/x", type: "text/plain", size: 19 }];
    const file = { path, type: "text/plain", name: "log.txt", size: 19 };
    await act("media", { type: "media", media, caption: { text: "look" } }, [file]);
    const { content } = await sees((seen) => seen.content["filename"] === "log.txt");
    const sealed = content["file"] as { url: string; iv: string; key: { k: string } };
    const url = olga.client.mxcUrlToHttp(sealed.url, undefined, undefined, undefined, false, true, true) ?? "";
    const answer = await fetch(url, { headers: { authorization: `Bearer ${olga.client.getAccessToken()}` } });
    const bytes = Buffer.from(await answer.arrayBuffer());
    const decipher = createDecipheriv("aes-256-ctr", Buffer.from(sealed.key.k, "base64url"), Buffer.from(sealed.iv, "base64"));
    expect(decipher.update(bytes).toString()).toBe("the log of the boat");
    // And back, by the handle that another session would fetch it with.
    const back = join(path, "../back");
    await line.fetchMedia?.({ handle: JSON.stringify({ file: sealed }), kind: "file" }, from, back, 100);
    expect(readFileSync(back, "utf8")).toBe("the log of the boat");
    const small = line.fetchMedia?.({ handle: JSON.stringify({ file: sealed }), kind: "file" }, from, back, 5);
    await expect(small).rejects.toMatchObject({ code: "TOO_LARGE" });

    await act("poll", { type: "poll", question: "Where?", options: ["here", "there"] });
    expect((await sees(({ type }) => type.endsWith("poll.start"))).wireType).toBe("m.room.encrypted");
    await act("pin", { type: "pin", message: first, isPinned: true });
    const threaded = await line.send({ id: "thread", to: { ...from, thread: first }, act: { type: "text", text: "in it" } }, []);
    expect(threaded).toMatchObject({ outcome: "sent" });
    await vi.waitFor(async () => {
      expect((await line.read?.({ ...from, thread: first }, 10))?.map(({ text }) => text)).toEqual(["once", "in it"]);
    }, PATIENCE);
    await act("delete", { type: "delete", message: first });
    await vi.waitFor(() => expect(olga.client.getRoom(room)?.findEventById(first)?.isRedacted()).toBe(true), PATIENCE);
    expect((await line.read?.(from, 50))?.map(({ text }) => text)).toContain("hello");

    await olga.say(room, "the boat is red");
    await vi.waitFor(() => expect(heard.at(-1)?.message.parts[0]?.text).toBe("the boat is red"), PATIENCE);
    const red = heard.at(-1)?.message.platformId ?? "";
    await olga.say(room, "* blue", {
      "m.new_content": { msgtype: "m.text", body: "blue" },
      "m.relates_to": { rel_type: "m.replace", event_id: red },
    });
    await vi.waitFor(() => expect(heard.at(-1)).toMatchObject({ kind: "notice" }), PATIENCE);
    expect(heard.at(-1)?.message.parts[0]?.text).toBe(`[olga changed their message ${red}; it now says:]\nblue`);
  });

  test("what two said to each other is not told when a third came in: the answer goes to a room of the two alone", async () => {
    const own = await synapse.register("discreet");
    const { opening, heard } = hold(own);
    const line = await opening;
    const { room, from } = await talkWith(olga, own, heard);
    const gus = await MatrixPerson.start(synapse.url, await synapse.register("gus"));
    ends.push(async () => gus.stop());
    await olga.client.invite(room, gus.id);
    await vi.waitFor(async () => {
      const outcome = await line.send({ id: `late-${Date.now()}`, to: from, act: { type: "text", text: "a secret" } }, []);
      const other = olga.client.getRooms().find((one) => one.roomId !== room && one.getMember(own.userId)?.membership === "join");
      expect(outcome.outcome).toBe("sent");
      expect(other?.getMyMembership()).toBe("invite");
    }, PATIENCE);
  });

  test("a fresh account's device is verified by itself; a later one by the recovery key alone", async () => {
    const own = await synapse.register("trusted");
    let key: Awaited<ReturnType<CryptoApi["createRecoveryKeyFromPassphrase"]>> | undefined;
    const account = await MatrixPerson.start(synapse.url, own, {
      cryptoCallbacks: {
        getSecretStorageKey: async ({ keys }) => {
          const [id] = Object.keys(keys);
          return id !== undefined && key ? [id, key.privateKey] : null;
        },
      },
    });
    ends.push(async () => account.stop());
    const crypto = account.client.getCrypto();
    const authUploadDeviceSigningKeys = async <T>(make: (auth: null) => Promise<T>) => void (await make(null));
    key = await crypto?.createRecoveryKeyFromPassphrase();
    await crypto?.bootstrapCrossSigning({ authUploadDeviceSigningKeys });
    await crypto?.bootstrapSecretStorage({
      setupNewSecretStorage: true,
      createSecretStorageKey: async () => key ?? { privateKey: new Uint8Array(32) },
    });

    const without = hold(own);
    await without.opening;
    await vi.waitFor(() => expect(without.news.at(-1)).toMatchObject({ phase: "open" }), PATIENCE);
    expect(without.news.at(-1)?.said).toContain("give the account's recovery key");
    await ends.pop()?.();

    const withKey = hold(own, { MATRIX_PASSWORD: own.password, MATRIX_RECOVERY_KEY: key?.encodedPrivateKey ?? "" });
    await withKey.opening;
    await vi.waitFor(() => expect(withKey.news.at(-1)).toEqual({ phase: "open", who: own.userId }), PATIENCE);
    const devices = await (await account.client.getCrypto()?.getUserDeviceInfo([own.userId], true))?.get(own.userId);
    await vi.waitFor(async () => {
      const states = await Promise.all(
        [...(devices?.keys() ?? [])].map((id) => account.client.getCrypto()?.getDeviceVerificationStatus(own.userId, id)),
      );
      expect(states.filter((state) => state?.signedByOwner).length).toBeGreaterThan(1);
    }, PATIENCE);
  });

  test.each([
    ["a wrong password", { MATRIX_PASSWORD: "wrong" }, /does not take the password/],
    ["a token that nobody knows", { MATRIX_ACCESS_TOKEN: "syt_none" }, /does not know the access token any more/],
    ["no way to log in", {}, /give MATRIX_ACCESS_TOKEN or MATRIX_PASSWORD/],
    [
      "an address without encryption",
      { MATRIX_HOMESERVER_URL: "http://example.org", MATRIX_PASSWORD: "x" },
      /must begin with https/,
    ],
  ])("%s is refused with what to do", async (name, keys, words) => {
    const own = await synapse.register(`refused-${name.replaceAll(/\W/g, "").toLowerCase()}`);
    await expect(hold(own, keys).opening).rejects.toMatchObject({ name: "HomeRefused", message: expect.stringMatching(words) });
  });

  test("a token of a device whose keys are elsewhere, or of another account, is refused", async () => {
    const shared = await synapse.register("shared");
    const other = await MatrixPerson.start(synapse.url, shared);
    ends.push(async () => other.stop());
    await expect(hold(shared, { MATRIX_ACCESS_TOKEN: shared.token }).opening).rejects.toThrow(
      "has keys that are not on this machine",
    );
    const foreign = await synapse.register("foreign");
    await expect(hold(shared, { MATRIX_ACCESS_TOKEN: foreign.token }).opening).rejects.toThrow("The access token belongs to");
  });

  test("opened again over its folder it is the same device, and hears what came meanwhile once", async () => {
    const own = await synapse.register("again");
    const dir = mkdtempSync(join(tmpdir(), "matrix-again-"));
    const first = hold(own, undefined, dir);
    const line = await first.opening;
    const { room } = await talkWith(olga, own, first.heard);
    await line.close();
    await olga.say(room, "while you were away");
    const second = hold(own, undefined, dir);
    await second.opening;
    await vi.waitFor(() => expect(second.heard).toHaveLength(1), PATIENCE);
    expect(second.heard[0]).toMatchObject({ kind: "message", message: { parts: [{ text: "while you were away" }] } });
  });

  test("a voice message is one both ways, and has its length", async () => {
    const own = await synapse.register("speaks");
    const { opening, heard } = hold(own);
    const line = await opening;
    const { room, from } = await talkWith(olga, own, heard);
    // One page of Ogg that ends after three seconds.
    const page = Buffer.alloc(60);
    page.write("OggS");
    page.writeBigUInt64LE(144_000n, 6);
    const path = join(mkdtempSync(join(tmpdir(), "matrix-voice-")), "0");
    writeFileSync(path, page);
    const act = { type: "media" as const, media: [{ key: "media/v", type: "audio/ogg", size: 60 }], isVoice: true };
    await line.send({ id: "voice", to: from, act }, [{ path, type: "audio/ogg", name: "voice.ogg", size: 60 }]);
    const sent = await vi.waitFor(() => {
      const found = olga.seen(room).find(({ content }) => content["msgtype"] === "m.audio");
      if (!found) throw new Error("not seen");
      return found;
    }, PATIENCE);
    expect(sent.wireType).toBe("m.room.encrypted");
    expect(sent.content).toMatchObject({ "org.matrix.msc3245.voice": {}, info: { duration: 3000, mimetype: "audio/ogg" } });
    const { file } = sent.content;
    await olga.say(room, "Voice message", {
      msgtype: "m.audio",
      file,
      info: { mimetype: "audio/ogg", size: 60, duration: 3000 },
      "org.matrix.msc3245.voice": {},
    });
    await vi.waitFor(() => expect(heard.at(-1)?.message.attachments).toMatchObject([{ kind: "voice", durationS: 3 }]), PATIENCE);
    const handle = heard.at(-1)?.message.attachments?.[0] ?? { handle: "", kind: "voice" as const };
    await line.fetchMedia?.(handle, from, `${path}.back`, 1000);
    expect(readFileSync(`${path}.back`)).toEqual(page);
  });

  test("a message whose key its sender keeps from this device is said to be so, to the agent and to the owner", async () => {
    const own = await synapse.register("unverified");
    let ahead = 0;
    const { opening, heard, news } = hold(own, undefined, undefined, { now: () => Date.now() + ahead });
    await opening;
    const strict = await MatrixPerson.start(synapse.url, await synapse.register("strict"));
    ends.push(async () => strict.stop());
    const { room } = await talkWith(strict, own, heard);
    const crypto = strict.client.getCrypto();
    if (crypto) crypto.globalBlacklistUnverifiedDevices = true;
    await crypto?.forceDiscardSession(room);
    await strict.say(room, "for verified devices alone");
    await new Promise((done) => setTimeout(done, 1500));
    expect(heard.map(({ message }) => message.parts[0]?.text)).toEqual(["hello"]);
    ahead = 61_000;
    await talkWith(olga, own, heard);
    await vi.waitFor(() => {
      const told = heard.find(({ message }) => message.id.endsWith(":sealed"));
      expect(told?.kind).toBe("message");
      expect(told?.message.parts[0]?.text).toContain("gives keys to verified devices alone");
    }, PATIENCE);
    await vi.waitFor(
      () => expect(news.at(-1)).toMatchObject({ phase: "open", said: expect.stringContaining("recovery key") }),
      PATIENCE,
    );
  });

  test("a login that lasted as long as it may is renewed by the password, for the same device; a token's is refused", async () => {
    const own = await synapse.register("softly");
    const { opening, heard, news } = hold(own);
    await opening;
    const { room } = await talkWith(olga, own, heard);
    const headers = { authorization: `Bearer ${own.token}` };
    const devices = async () => {
      const answer = await fetch(`${synapse.url}/_matrix/client/v3/devices`, { headers });
      return ((await answer.json()) as { devices: { device_id: string }[] }).devices.map(({ device_id: id }) => id);
    };
    const before = (await devices()).toSorted();
    const byToken = await synapse.register("softly-by-token");
    const held = hold(byToken, { MATRIX_ACCESS_TOKEN: byToken.token });
    await held.opening;
    await vi.waitFor(() => expect(held.news.at(-1)?.phase).toBe("open"), PATIENCE);
    const [device = ""] = before.filter((id) => id !== own.deviceId);
    await synapse.endLogins(device, byToken.deviceId);
    await olga.say(room, "still there?");
    await vi.waitFor(() => expect(heard.at(-1)?.message.parts[0]?.text).toBe("still there?"), PATIENCE);
    expect((await devices()).toSorted()).toEqual(before);
    expect(news.map(({ phase }) => phase)).not.toContain("refused");

    await vi.waitFor(
      () =>
        expect(held.news.at(-1)).toMatchObject({ phase: "refused", said: expect.stringContaining("give the new access token") }),
      PATIENCE,
    );
  });

  test("deaf while others write, it starts anew and reads what it did not hear, once and in order", async () => {
    const own = await synapse.register("deaf");
    const dir = mkdtempSync(join(tmpdir(), "matrix-deaf-"));
    const filter = await startFilter();
    let ahead = 0;
    const wishes = { url: filter.url, options: { encryption: false }, now: () => Date.now() + ahead };
    const first = hold(own, undefined, dir, wishes);
    await first.opening;
    const { room } = await talkWith(olga, own, first.heard, false);
    filter.isDeaf = true;
    for (const text of ["one", "two"]) await olga.say(room, text);
    ahead = 11 * 60_000;
    const end = whenItEnds();
    await olga.say(room, "three");
    expect((await end).message).toContain("The homeserver has messages that it does not bring");
    expect(first.news.at(-1)).toMatchObject({
      phase: "deaf",
      said: expect.stringContaining("starts anew, at most once an hour"),
    });
    await ends.pop()?.();
    expect(first.heard.map(({ message }) => message.parts[0]?.text)).toEqual(["hello"]);
    filter.isDeaf = false;
    const second = hold(own, undefined, dir, wishes);
    await second.opening;
    const words = () => second.heard.map(({ message }) => message.parts[0]?.text);
    await vi.waitFor(() => expect(words()).toEqual(["one", "two", "three"]), PATIENCE);
    await olga.say(room, "four");
    await vi.waitFor(() => expect(words()).toEqual(["one", "two", "three", "four"]), PATIENCE);
    // Once more within the hour: it is said, and nothing is started anew.
    filter.isDeaf = true;
    await olga.say(room, "five");
    ahead += 11 * 60_000;
    await olga.say(room, "six");
    await vi.waitFor(() => expect(second.news.at(-1)?.phase).toBe("deaf"), PATIENCE);
    await olga.say(room, "seven");
    await new Promise((done) => setTimeout(done, 1500));
    expect(second.news.at(-1)?.phase).toBe("deaf");
  });

  test("deaf for what is sealed: an hour of messages that nobody's key opens starts it anew", async () => {
    const own = await synapse.register("sealed");
    let ahead = 0;
    const { opening, heard, news } = hold(own, undefined, undefined, { now: () => Date.now() + ahead });
    await opening;
    const { room } = await talkWith(olga, own, heard);
    const broken = () => {
      const content = {
        algorithm: "m.megolm.v1.aes-sha2",
        ciphertext: "AwgA",
        session_id: "none",
        sender_key: "none",
        device_id: "X",
      };
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.encrypted/${Math.random()}`;
      const headers = { authorization: `Bearer ${olga.client.getAccessToken()}` };
      return fetch(`${synapse.url}${path}`, { method: "PUT", headers, body: JSON.stringify(content) });
    };
    const lost = () => heard.filter(({ message }) => message.id.endsWith(":sealed")).length;
    // Each message brings the stream to look at those before it.
    const lose = async () => {
      await broken();
      await new Promise((done) => setTimeout(done, 1000));
      ahead += 61_000;
      await broken();
    };
    await lose();
    await vi.waitFor(() => expect(lost()).toBe(1), PATIENCE);
    expect(news.at(-1)?.phase).toBe("open");
    ahead += 3_600_000;
    const end = whenItEnds();
    await lose();
    expect((await end).message).toContain("Encrypted messages come and cannot be opened");
    expect(news.some(({ phase }) => phase === "deaf")).toBe(true);
  });
});
