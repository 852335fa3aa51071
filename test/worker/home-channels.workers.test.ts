// The door through which a machine at home learns which lines are its to hold, and brings what came in by them; and how what is to be sent
// reaches it.
import { env, SELF } from "cloudflare:test";
import { beforeEach, describe, expect, test } from "vitest";
import type { OutboxItem } from "../../src/contract/channels/delivery.ts";
import type { DirectoryPort } from "../../src/contract/ports/directory.ts";
import type { Env } from "../../src/durable/env.ts";
import { whatsapp } from "../../src/worker/channels/at-home/whatsapp.ts";
import { openLine } from "../../src/worker/channels/line.ts";
import { makeConnect, makeDevice } from "../support/device.ts";
import { TestSocket } from "../support/workers/socket.ts";

const bindings = env as unknown as Env;
const directory = () => bindings.DIRECTORY.getByName("directory") as unknown as DirectoryPort;
const OWNER = "test-token-0123456789abcdef";
const COMMANDS = ["channel.send", "channel.refresh", "channel.look"];

interface Machine {
  token: string;
  deviceId: string;
  socket: TestSocket;
}

async function pair(name: string, commands = COMMANDS): Promise<Machine> {
  const device = await makeDevice();
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.7" };
  const socket = new TestSocket(await bindings.GATEWAY.getByName("gateway").fetch("http://skerry/ws", { headers }));
  const client = { id: "skerry-bridge", displayName: name, version: "1", platform: "linux", mode: "node" };
  const hello = await socket.connect((nonce) =>
    device.sign(makeConnect({ role: "node", client, scopes: [], auth: { token: OWNER }, commands }), nonce),
  );
  return { token: hello["payload"].auth.deviceToken, deviceId: device.id, socket };
}

function ask({ token }: Pick<Machine, "token">, path: string, body?: unknown): Promise<Response> {
  return SELF.fetch(`http://skerry.test/home/channels${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

async function set(patch: unknown): Promise<void> {
  const done = await directory().patchSettings(patch);
  if (!done.ok) throw new Error(done.error.message);
}

function said(id: string, words: string, more: Record<string, unknown> = {}) {
  return {
    kind: "message",
    message: {
      id,
      from: { channel: "whatsapp", peer: "4915" },
      sender: { id: "4915", name: "Ann" },
      parts: [{ type: "text", text: words }],
      sentAt: 1,
      ...more,
    },
  };
}

let machine: Machine;
beforeEach(async () => {
  await set({ channels: null });
  await directory().setChannelKeys("whatsapp", "default", { WHATSAPP_NUMBER: "+15550001" });
  machine ??= await pair("attic");
});

describe("which lines a machine holds", () => {
  test("are those that are set up, with their keys and what the settings say of them", async () => {
    await set({ channels: { whatsapp: { line: { selfChat: true } } } });
    const answer = await ask(machine, "");
    expect(await answer.json()).toEqual({
      accounts: [
        {
          channel: "whatsapp",
          account: "default",
          keys: { WHATSAPP_NUMBER: "+15550001" },
          mediaMaxMb: 20,
          options: { selfChat: true },
        },
      ],
    });
  });

  test("are none when the channel is switched off, or another machine is named", async () => {
    await set({ channels: { whatsapp: { enabled: false } } });
    expect(await (await ask(machine, "")).json()).toEqual({ accounts: [] });
    await set({ channels: { whatsapp: { enabled: true, home: "cellar" } } });
    expect(await (await ask(machine, "")).json()).toEqual({ accounts: [] });
    await set({ channels: { whatsapp: { home: "Attic" } } });
    expect((await (await ask(machine, "")).json<{ accounts: unknown[] }>()).accounts).toHaveLength(1);
  });

  test("nobody learns who is no paired machine", async () => {
    expect((await ask({ token: OWNER }, "")).status).toBe(401);
    expect((await SELF.fetch("http://skerry.test/home/channels")).status).toBe(401);
  });
});

describe("what a machine brings", () => {
  test("is admitted as by any other channel: a stranger is not heard, and is told a code by the line", async () => {
    const answer = await ask(machine, "/whatsapp/default", { items: [said("m1", "hello")] });
    expect(answer.status).toBe(200);
    const [pairing] = await directory().pairings();
    expect(pairing).toMatchObject({ channel: "whatsapp", sender: "4915", name: "Ann" });
    const { payload } = await machine.socket.event("node.invoke.request");
    expect(payload).toMatchObject({ command: "channel.send" });
    const asked = JSON.parse(payload.paramsJSON);
    expect(asked).toMatchObject({ to: { channel: "whatsapp", peer: "4915" }, act: { type: "text" } });
    expect(asked.act.text).toContain(pairing?.code);
  });

  test("cannot name another channel, another account or an owner", async () => {
    const forged = said("m2", "let me in", {
      from: { channel: "telegram", account: "work", peer: "4916" },
      sender: { id: "4916", isOwner: true },
    });
    expect((await ask(machine, "/whatsapp/default", { items: [forged] })).status).toBe(200);
    const waiting = await directory().pairings();
    expect(waiting.filter(({ sender }) => sender === "4916")).toMatchObject([{ channel: "whatsapp" }]);
    expect(waiting.find(({ sender }) => sender === "4916")?.account ?? "default").toBe("default");
  });

  test("is refused when the line is not its to hold", async () => {
    await set({ channels: { whatsapp: { home: "cellar" } } });
    const answer = await ask(machine, "/whatsapp/default", { items: [said("m3", "hello")] });
    expect(answer.status).toBe(403);
    expect((await ask(machine, "/telegram/default", { items: [said("m3", "hello")] })).status).toBe(403);
    expect((await ask(machine, "/whatsapp/work", { items: [said("m3", "hello")] })).status).toBe(403);
  });

  test("is told to be unreadable when it is, so that it stops up nothing", async () => {
    for (const body of ["{", { items: [] }, { items: [{ kind: "message" }] }, { items: [said("", "x")] }]) {
      expect((await ask(machine, "/whatsapp/default", body)).status).toBe(400);
    }
  });
});

describe("an act", () => {
  const item: OutboxItem = {
    id: "turn:0",
    sessionKey: "agent:main:main",
    agentId: "main",
    runId: "r",
    to: { channel: "whatsapp", account: "default", peer: "4915" },
    act: { type: "text", text: "**bold** and `code`" },
    part: 0,
  };

  async function lineOf() {
    const line = await openLine(bindings, "whatsapp", "default", 0);
    if (!line) throw new Error("no line");
    return line;
  }

  test("is written as the platform writes and done by the machine", async () => {
    machine.socket.frames.length = 0;
    const sending = whatsapp.deliver(item, await lineOf());
    const { payload } = await machine.socket.event("node.invoke.request");
    expect(JSON.parse(payload.paramsJSON)).toEqual({
      id: "turn:0",
      to: { channel: "whatsapp", account: "default", peer: "4915" },
      act: { type: "text", text: "*bold* and `code`" },
    });
    await machine.socket.request("node.invoke.result", {
      id: payload.id,
      nodeId: machine.deviceId,
      ok: true,
      payloadJSON: JSON.stringify({ outcome: "sent", platformId: "W1" }),
    });
    expect(await sending).toEqual({ outcome: "sent", platformId: "W1" });
  });

  test("waits for a day when no machine is there, and says for what", async () => {
    await set({ channels: { whatsapp: { home: "cellar" } } });
    const outcome = await whatsapp.deliver(item, await lineOf());
    expect(outcome).toMatchObject({ outcome: "unanswered", patienceMs: 24 * 3_600_000 });
    expect(outcome).toHaveProperty("reason", expect.stringContaining("cellar"));
  });

  test("that the platform does not know is refused in words", async () => {
    const thread = { ...item, act: { type: "thread", name: "x" } as const };
    expect(await whatsapp.deliver(thread, await lineOf())).toEqual({ outcome: "refused", reason: "WhatsApp has no threads." });
  });
});
