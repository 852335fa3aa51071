// The Directory in real workerd: strangers, approvals, places and channel keys over RPC, with a restart in between; and the
// Gateway's methods for them, with the events that keep pages up to date.
import { env, evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Message } from "../../../src/contract/message.ts";
import type { DirectoryPort } from "../../../src/contract/ports/directory.ts";
import type { Env } from "../../../src/durable/env.ts";
import { intake } from "../../../src/durable/intake.ts";
import { makeConnect } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const SECRET = "12345:very-secret-bot-token";
let count = 0;

const stub = () => bindings.DIRECTORY.getByName("directory");
const directory = () => stub() as unknown as DirectoryPort;

/** What an account of one test writes; no test meets another's. */
let channelOfTest = "";
function says(sender: string, more: Partial<Message> = {}): Message {
  return {
    id: crypto.randomUUID(),
    from: { channel: "telegram", account: channelOfTest, peer: `room-${sender}`, route: { chat: sender } },
    sender: { id: sender, name: `Name ${sender}`, isOwner: true },
    parts: [{ type: "text", text: "hello" }],
    sentAt: Date.now(),
    ...more,
  };
}

beforeEach(async () => {
  channelOfTest = `t${++count}`;
  await directory().setChannelKeys("telegram", channelOfTest, { TELEGRAM_BOT_TOKEN: SECRET });
});

async function login(scopes = ["operator.admin"]) {
  const gateway = bindings.GATEWAY.getByName("gateway");
  const socket = new TestSocket(
    await gateway.fetch("http://skerry/ws", { headers: { upgrade: "websocket", "x-skerry-address": "192.0.2.9" } }),
  );
  await socket.connect(() => makeConnect({ auth: { token: bindings.SKERRY_TOKEN ?? "" }, scopes, caps: [] }));
  return socket;
}

async function codeOf(sender: string): Promise<string> {
  const admitted = await directory().admit(says(sender));
  return admitted.outcome === "pair" ? admitted.code : admitted.reason;
}

describe("over a restart", () => {
  test("a stranger keeps the code, who is let in stays in, and the way back is known", async () => {
    const code = await codeOf("1");
    await evictDurableObject(stub());
    expect(await directory().admit(says("1"))).toMatchObject({ outcome: "pair", code });
    const approved = await directory().approvePairing(code, "guest");
    expect(approved).toMatchObject({ ok: true, value: { person: { role: "guest" }, to: { peer: "room-1" } } });
    await evictDurableObject(stub());
    expect(await directory().admit(says("1"))).toMatchObject({
      outcome: "accept",
      sessionKey: `agent:main:telegram/${channelOfTest}:dm:1`,
      sender: { id: "1", isOwner: false, name: "Name 1" },
      brief: { commands: expect.arrayContaining(["status"]), place: { kind: "direct", isAddressed: true } },
    });
    const to = { channel: "telegram", account: channelOfTest, peer: "1" };
    expect(await directory().maySend({ agentId: "main", sessionKey: "agent:main:main", to })).toMatchObject({
      outcome: "allowed",
      to: { peer: "room-1", route: { chat: "1" } },
    });
  });

  test("keys of an account are there for the channel's code and in no row, state or frame", async () => {
    await evictDurableObject(stub());
    const found = await directory().channelAccount("telegram", channelOfTest);
    expect(found).toMatchObject({
      missing: [],
      keys: { TELEGRAM_BOT_TOKEN: SECRET, TELEGRAM_WEBHOOK_SECRET: expect.any(String) },
    });
    const rows = await runInDurableObject(stub(), (_object, state) =>
      state.storage.sql
        .exec("SELECT * FROM sealed_key")
        .toArray()
        .flatMap((row) =>
          Object.values(row).map((value) =>
            value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : String(value),
          ),
        ),
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.join("\n")).not.toContain(SECRET);
    const socket = await login();
    const status = await socket.request("channels.status", { channel: "telegram" });
    expect(status["payload"].channelAccounts.telegram).toContainEqual(
      expect.objectContaining({ accountId: channelOfTest, configured: true, tokenSource: "stored" }),
    );
    expect(JSON.stringify(socket.frames)).not.toContain(SECRET);
  });

  test("who was not heard is shown with the reason, without what they wrote", async () => {
    const group = says("9", { from: { channel: "telegram", account: channelOfTest, peer: "-1", kind: "group" } });
    await directory().admit({ ...group, parts: [{ type: "text", text: "her words" }] });
    const notes = await directory().admissionNotes();
    await evictDurableObject(stub());
    expect(await directory().admissionNotes()).toEqual(notes);
    expect(notes).toContainEqual(expect.objectContaining({ account: channelOfTest, sender: "9", outcome: "ignore", times: 1 }));
    expect(JSON.stringify(notes)).not.toContain("her words");
  });
});

test("keys of providers from an earlier schema can still be read", async () => {
  const old = bindings.DIRECTORY.getByName("an-older-one");
  const older = old as unknown as DirectoryPort;
  await older.setProviderKey("openai", "sk-old-0123456789");
  await runInDurableObject(old, (_object, state) => {
    // Back to how the second schema left it.
    const later = [
      "person",
      "person_account",
      "pairing",
      "place",
      "admission_log",
      "channel_health",
      "thread",
      "blocked_sender",
      "approval",
      "known_homes",
      "browser_use",
      "own_origin",
      "channel_waiting",
    ];
    for (const table of later) {
      state.storage.sql.exec(`DROP TABLE ${table}`);
    }
    state.storage.sql.exec("ALTER TABLE sealed_key RENAME COLUMN name TO provider");
    state.storage.sql.exec("ALTER TABLE sealed_key RENAME TO provider_key");
    state.storage.sql.exec("ALTER TABLE key_ring DROP COLUMN channels");
    state.storage.sql.exec("UPDATE schema_version SET version = 3 WHERE store = 'directory'");
  });
  await evictDurableObject(old);
  expect((await older.providerKeys()).keys).toEqual({ openai: "sk-old-0123456789" });
  expect(await older.people()).toMatchObject([{ id: "owner" }]);
});

test("what comes in carries the Directory's word on who said it; a stranger's notice starts no pairing", async () => {
  const received: Message[] = [];
  const ports = {
    directory: directory(),
    session: () => ({
      receive: async (event: { kind: string; id: string; message?: Message }) => {
        if (event.message) received.push(event.message);
        return { status: "accepted" as const, state: "done" as const, runId: event.kind };
      },
    }),
  };
  expect(await intake(ports, says("7"), {}, { isNotice: true })).toMatchObject({ outcome: "ignored" });
  const asked = await intake(ports, says("7"), {});
  expect(asked).toMatchObject({ outcome: "pair", reply: expect.stringContaining("skerry pairing approve telegram") });
  const again = await intake(ports, says("7"), {});
  expect(again).toMatchObject({ outcome: "pair" });
  expect(again).not.toHaveProperty("reply");
  expect(received).toEqual([]);
  await directory().approvePairing(asked.outcome === "pair" ? asked.code : "", "guest");
  expect(await intake(ports, says("7"), {}, { isNotice: true })).toMatchObject({ receipt: { runId: "notice" } });
  expect(await intake(ports, says("7"), {})).toMatchObject({ receipt: { runId: "message" } });
  expect(received).toMatchObject([{ sender: { id: "7", isOwner: false } }, { sender: { isOwner: false } }]);
});

describe("the Gateway's methods", () => {
  test("list, approve and dismiss strangers, and pages hear of each", async () => {
    const socket = await login();
    const reader = await login(["operator.read"]);
    const events = (of: TestSocket) =>
      of.frames.filter((frame) => /^(channels|people)\./.test(String(frame["event"]))).map((frame) => frame["event"]);
    const [code, other] = [await codeOf("21"), await codeOf("22")];
    await vi.waitFor(() => expect(events(socket)).toEqual(["channels.pairing.requested", "channels.pairing.requested"]));
    const listed = await socket.request("channels.pairing.list", { channel: "telegram", accountId: channelOfTest });
    expect(listed["payload"].requests).toMatchObject([
      { requestId: code, senderId: "21", senderName: "Name 21" },
      { code: other },
    ]);
    const wrongPlace = await socket.request("channels.pairing.approve", { channel: "slack", code });
    expect(wrongPlace).toMatchObject({ ok: false, error: { message: expect.stringContaining("belongs to telegram") } });
    const approved = await socket.request("channels.pairing.approve", { requestId: code, as: "guest" });
    expect(approved).toMatchObject({
      ok: true,
      payload: { person: { role: "guest" }, becameOwner: false, notification: "not-requested" },
    });
    expect(await socket.request("channels.pairing.dismiss", { code: other })).toMatchObject({
      ok: true,
      payload: { senderId: "22" },
    });
    await vi.waitFor(() =>
      expect(events(socket).slice(2).toSorted()).toEqual([
        "channels.pairing.resolved",
        "channels.pairing.resolved",
        "people.changed",
      ]),
    );
    expect(events(reader)).toEqual(["people.changed"]);
    const people = await reader.request("people.list");
    expect(people["payload"].people).toContainEqual(
      expect.objectContaining({ accounts: [expect.objectContaining({ senderId: "21", accountId: channelOfTest })] }),
    );
    const forgotten = await socket.request("people.forget", { channel: "telegram", accountId: channelOfTest, senderId: "21" });
    expect(forgotten).toMatchObject({ ok: true });
    expect(await directory().admit(says("21"))).toMatchObject({ outcome: "pair" });
  });

  test("let nobody be made the owner by who may only pair", async () => {
    const helper = await login(["operator.pairing", "operator.read"]);
    const code = await codeOf("31");
    for (const as of ["owner", `telegram:31`, "Owner"]) {
      expect(await helper.request("channels.pairing.approve", { code, as })).toMatchObject({ ok: false });
    }
    const approved = await helper.request("channels.pairing.approve", { code });
    expect(approved).toMatchObject({ ok: true, payload: { person: { role: "guest" } } });
    const second = await codeOf("32");
    const { id } = approved["payload"].person;
    expect(await helper.request("channels.pairing.approve", { code: second, as: id })).toMatchObject({
      payload: { person: { id } },
    });
    expect(await helper.request("people.link", { id: "owner", other: id })).toMatchObject({ error: { code: "FORBIDDEN" } });
  });

  test("keep and remove keys, each only for who may do everything", async () => {
    const socket = await login();
    const added = await socket.request("channels.add", { channel: "sms", keys: { TWILIO_ACCOUNT_SID: "AC1" } });
    expect(added).toMatchObject({
      ok: true,
      payload: { configured: false, missing: ["TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"] },
    });
    expect(await socket.request("channels.add", { channel: "sms", keys: { NOPE: "1" } })).toMatchObject({ ok: false });
    expect(await socket.request("channels.remove", { channel: "sms" })).toMatchObject({
      ok: true,
      payload: { removed: true, keysLeft: false },
    });
    expect(await socket.request("channels.remove", { channel: "sms", accountId: "nowhere" })).toMatchObject({
      error: { code: "NOT_FOUND" },
    });
    const reader = await login(["operator.read", "operator.pairing"]);
    for (const [method, params] of [
      ["channels.add", { channel: "sms", keys: {} }],
      ["channels.remove", { channel: "sms" }],
      ["channels.connect", { channel: "sms", url: "https://example.com" }],
      ["channels.test", { channel: "sms" }],
    ] as const) {
      expect(await reader.request(method, params)).toMatchObject({ error: { code: "FORBIDDEN" } });
    }
  });
});
