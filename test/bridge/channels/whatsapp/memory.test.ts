// What a line keeps on this machine: keys as one, messages within bounds, and what was deciphered and not handed on.
import * as library from "@whiskeysockets/baileys";
import { describe, expect, test } from "vitest";
import { isLinked, openKeys } from "../../../../src/bridge/channels/whatsapp/auth.ts";
import { Journal } from "../../../../src/bridge/channels/whatsapp/journal.ts";
import { SILENT } from "../../../../src/bridge/channels/whatsapp/library.ts";
import { WhatsAppMemory } from "../../../../src/bridge/channels/whatsapp/memory.ts";
import { newDir } from "../../../support/whatsapp/line.ts";

const ANN = "4915112345678@s.whatsapp.net";
const OWN = "15550000000@s.whatsapp.net";
const message = (id: string, more = {}) => ({ chat: "+49", jid: ANN, id, fromMe: false, at: 1, body: Buffer.from(id), ...more });

describe("keys", () => {
  test("are the same after a restart, of every kind, and gone when they are taken away", async () => {
    const dir = newDir();
    const first = new WhatsAppMemory(dir);
    const { state, save } = openKeys(library, first);
    const pair = library.Curve.generateKeyPair();
    await state.keys.set({
      "pre-key": { "1": pair, "2": pair },
      session: { "49.0": Buffer.from([1, 2]) },
      "lid-mapping": { "49": "987" },
    });
    await state.keys.set({ "pre-key": { "2": null }, "app-state-sync-key": { A: { keyData: Buffer.from("k") } } });
    save();
    first.close();
    const second = openKeys(library, new WhatsAppMemory(dir));
    expect(second.state.creds).toEqual(state.creds);
    const found = await second.state.keys.get("pre-key", ["1", "2"]);
    expect(Object.keys(found)).toEqual(["1"]);
    expect(Buffer.from(found["1"]?.private ?? []).equals(Buffer.from(pair.private))).toBe(true);
    expect(await second.state.keys.get("lid-mapping", ["49"])).toEqual({ "49": "987" });
    expect((await second.state.keys.get("app-state-sync-key", ["A"]))["A"]?.keyData).toEqual(Buffer.from("k"));
  });

  test("are written all or none", () => {
    const memory = new WhatsAppMemory(newDir());
    const changes = [
      { kind: "session", id: "a", body: "1" },
      { kind: "session", id: "b", body: Symbol("unwritable") as never },
    ];
    expect(() => memory.putSecrets(changes)).toThrow();
    expect(memory.secret("session", "a")).toBeUndefined();
  });

  test("of a link that is no more are not written by a connection that still ends", () => {
    const memory = new WhatsAppMemory(newDir());
    const old = openKeys(library, memory);
    old.retire();
    openKeys(library, memory, true);
    old.state.keys.set({ "lid-mapping": { a: "b" } });
    old.save();
    expect(memory.secret("lid-mapping", "a")).toBeUndefined();
    expect(memory.secret("creds", "")).toBeUndefined();
  });

  test("that only asked for a code are no link", () => {
    const { creds } = openKeys(library, new WhatsAppMemory(newDir())).state;
    expect(isLinked(creds)).toBe(false);
    expect(isLinked({ ...creds, me: { id: OWN } })).toBe(false);
    expect(isLinked({ ...creds, me: { id: OWN }, account: {} })).toBe(true);
  });
});

describe("messages", () => {
  test("are kept by talk, the latest ten thousand of a month, and large ones without their body", () => {
    const memory = new WhatsAppMemory(newDir());
    const many = Array.from({ length: 10_050 }, (_none, index) => message(`m${index}`, { at: index + 1 }));
    memory.keep(many, 20_000);
    expect(memory.find("+49", "m0")).toBeUndefined();
    expect(memory.find("+49", "m10049")).toMatchObject({ id: "m10049" });
    expect(memory.find("+50", "m10049")).toBeUndefined();
    memory.keep([message("big", { at: 30_000, body: Buffer.alloc(200_000) })], 30_000);
    expect(memory.find("+49", "big")).not.toHaveProperty("body");
    memory.tidy(40 * 24 * 3_600_000);
    expect(memory.find("+49", "m10049")).toBeUndefined();
  });

  test("keep their place when somebody writes under the same id", () => {
    const memory = new WhatsAppMemory(newDir());
    memory.keep([message("X", { fromMe: true, body: Buffer.from("ours") })], 1);
    memory.keep([message("X", { body: Buffer.from("theirs") })], 2);
    memory.keep([message("X", { chat: "+50", at: 9, body: Buffer.from("theirs") })], 2);
    expect(Buffer.from(memory.findOwn("X")?.body ?? []).toString()).toBe("ours");
    expect(memory.find("+49", "X")?.fromMe).toBe(true);
  });
});

describe("what was deciphered and not handed on", () => {
  /** Two devices of the real library, of which one writes to the other. */
  async function correspond() {
    const memory = new WhatsAppMemory(newDir());
    const journal = new Journal(library, memory, () => 1);
    const keysOf = (store: WhatsAppMemory) => {
      const { creds, keys } = openKeys(library, store).state;
      return { creds, keys: library.addTransactionCapability(keys, SILENT, { maxCommitRetries: 1, delayBetweenTriesMs: 1 }) };
    };
    const ours = keysOf(memory);
    const theirs = keysOf(new WhatsAppMemory(newDir()));
    const receiver = journal.makeRepository(ours, SILENT);
    const sender = library.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(theirs, SILENT);
    const preKey = library.Curve.generateKeyPair();
    await ours.keys.set({ "pre-key": { "1": preKey } });
    const { registrationId, signedIdentityKey, signedPreKey } = ours.creds;
    await sender.injectE2ESession({
      jid: OWN,
      session: {
        registrationId,
        identityKey: library.generateSignalPubKey(signedIdentityKey.public),
        signedPreKey: {
          keyId: signedPreKey.keyId,
          publicKey: library.generateSignalPubKey(signedPreKey.keyPair.public),
          signature: signedPreKey.signature,
        },
        preKey: { keyId: 1, publicKey: library.generateSignalPubKey(preKey.public) },
      },
    });
    return { memory, journal, receiver, sender };
  }

  test("is read once more after the program ended, as it was", async () => {
    const { memory, journal, receiver, sender } = await correspond();
    const data = library.encodeWAMessage({ conversation: "In between" });
    const { type, ciphertext } = await sender.encryptMessage({ jid: OWN, data });
    const attrs = { from: ANN, id: "E1", t: "1795000000", notify: "Ann" };
    journal.see({ tag: "message", attrs, content: [{ tag: "enc", attrs: { type, v: "2" }, content: ciphertext }] });
    expect(memory.unheard()).toEqual([]);
    await receiver.decryptMessage({ jid: ANN, type, ciphertext });
    expect(journal.owedSince).toBe(1);
    const after = new Journal(library, memory, () => 2);
    const [found] = after.takeLeft({ id: OWN });
    expect(found).toMatchObject({
      key: { id: "E1", remoteJid: ANN, fromMe: false },
      pushName: "Ann",
      message: { conversation: "In between" },
    });
    after.crossOut(["E1"]);
    after.leaveBehind();
    expect(after.takeLeft({ id: OWN })).toEqual([]);
    after.flush();
    expect(memory.unheard()).toEqual([]);
  });

  test("is ciphered by the present connection alone: two that turn one ratchet would lose each other's steps", async () => {
    const { journal, receiver, sender } = await correspond();
    const seal = (text: string) => sender.encryptMessage({ jid: OWN, data: library.encodeWAMessage({ conversation: text }) });
    const first = await seal("One");
    await receiver.decryptMessage({ jid: ANN, ...first });
    const second = await seal("Two");
    journal.leaveBehind();
    await expect(receiver.decryptMessage({ jid: ANN, ...second })).rejects.toThrow("Connection Closed");
    await expect(receiver.encryptMessage({ jid: ANN, data: Buffer.from("x") })).rejects.toThrow("Connection Closed");
  });

  test("belongs to the connection that brought it: it is left behind with it, also when it is deciphered late", () => {
    const memory = new WhatsAppMemory(newDir());
    const journal = new Journal(library, memory, () => 1);
    const me = { id: OWN };
    const plain = (text: string) => Buffer.from(library.proto.Message.encode({ conversation: text }).finish());
    const comes = (id: string) =>
      journal.see({
        tag: "message",
        attrs: { from: ANN, id, t: "1795000000" },
        content: [{ tag: "plaintext", attrs: {}, content: plain(id) }],
      });
    const left = () => journal.takeLeft(me).map(({ key }) => key.id);
    expect(left()).toEqual([]);
    for (const id of ["A", "B", "C", "D"]) comes(id);
    journal.given("A");
    journal.given("B");
    journal.crossOut(["A"]);
    expect(left()).toEqual([]);
    journal.leaveBehind();
    comes("E");
    // A is taken, B is being taken, E is still to be given by the present connection.
    expect(left()).toEqual(["C", "D"]);
    journal.missed(["B"]);
    expect(left()).toEqual(expect.arrayContaining(["B"]));
  });

  test("is not written down from what is no talk", () => {
    const memory = new WhatsAppMemory(newDir());
    const journal = new Journal(library, memory, () => 1);
    const content = [{ tag: "plaintext", attrs: {}, content: Buffer.from([10, 1, 65]) }];
    for (const from of ["status@broadcast", "1@newsletter"]) journal.see({ tag: "message", attrs: { from, id: "1" }, content });
    journal.see({ tag: "message", attrs: { from: OWN, id: "2", category: "peer" }, content });
    expect(memory.unheard()).toEqual([]);
  });

  test("is bounded, and what cannot be read is crossed out", () => {
    const memory = new WhatsAppMemory(newDir());
    for (let index = 0; index < 2_050; index++) memory.putUnheard(ANN, `u${index}`, { id: `u${index}`, from: ANN }, [], 1);
    expect(memory.unheard()).toHaveLength(2_000);
    memory.putUnheard(ANN, "bad", { id: "bad", from: ANN, t: "1" }, [Buffer.from([255, 255])], 1);
    const journal = new Journal(library, memory, () => 1);
    expect(journal.takeLeft({ id: OWN }).some(({ key }) => key.id === "bad")).toBe(false);
    journal.flush();
    expect(memory.unheard().some(({ attrs }) => attrs["id"] === "bad")).toBe(false);
  });
});
