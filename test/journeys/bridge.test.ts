// The line between a machine at home and a started Skerry: letting it in, calls and answers, breaks of every kind, keys that are
// wrong, copied or revoked. The rooms are the test's own; the line, the key, the spool and Skerry are the real ones.
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { codeOfDevice } from "../../src/contract/home/code.ts";
import type { SandboxStatus } from "../../src/contract/home/commands.ts";
import { openTestBridge, roomOf, type TestBridge } from "../support/bridge.ts";
import { type Operator, openOperator } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";
import { Wire } from "../support/wire.ts";

let skerry: Skerry;
let operator: Operator;

beforeAll(async () => {
  skerry = await startSkerry();
  operator = await openOperator(skerry);
});
afterAll(async () => {
  operator?.close();
  await skerry?.stop();
});

const status = (image: string): SandboxStatus => ({ image, hasImage: false, containers: [], reason: "none" });

/** Answers with the count of its calls, so that a call done twice shows. */
function countingRoom(pause: () => Promise<void> = async () => {}) {
  const seen: string[] = [];
  const room = roomOf({
    "sandbox.status": async (_params, { callId }) => {
      seen.push(callId);
      await pause();
      return status(String(seen.filter((id) => id === callId).length));
    },
  });
  return { seen, room };
}

async function invoke(nodeId: string, id: string, timeoutMs = 10_000): Promise<string> {
  const params = { nodeId, command: "sandbox.status", idempotencyKey: id, timeoutMs };
  const answer = await operator.client.request<{ payload: SandboxStatus }>("node.invoke", params, { timeoutMs: 30_000 });
  return answer.payload.image;
}

interface ListedNode {
  nodeId: string;
  displayName: string;
  connected: boolean;
  caps: string[];
  commands: string[];
  unapprovedCommands: string[];
}
const nodes = async () => (await operator.client.request<{ nodes: ListedNode[] }>("node.list", {})).nodes;

describe("a machine with the owner's token", () => {
  it("is in at once, is listed with what it offers, and answers", async () => {
    const { room, seen } = countingRoom();
    const startedAt = Date.now();
    const bridge = await openTestBridge({ url: skerry.url, token: skerry.token, name: "attic", rooms: [room] });
    await bridge.reach("ready");
    expect(Date.now() - startedAt).toBeLessThan(1000);
    const [node] = await nodes();
    expect(node).toMatchObject({ displayName: "attic", connected: true, commands: ["sandbox.status"], unapprovedCommands: [] });
    expect(await invoke("attic", "first")).toBe("1");
    expect(await invoke(bridge.deviceId, "first")).toBe("1");
    expect(seen).toEqual(["invoke:first"]);
    await expect(invoke("cellar", "second")).rejects.toThrow('no machine called "cellar"');
    await bridge.close();
    await expect.poll(async () => (await nodes())[0]?.connected).toBe(false);
    await expect(invoke("attic", "third")).rejects.toThrow("attic is not connected just now");
  });

  it("says anew what it can do when that has changed, over a new line", async () => {
    let announce = () => {};
    const begin = (line: { announce(): void }) => {
      announce = line.announce;
    };
    const room = { ...roomOf({}, ""), begin };
    const bridge = await openTestBridge({ url: skerry.url, token: skerry.token, name: "cellar", rooms: [room] });
    await bridge.reach("ready");
    const capsOf = async () => (await nodes()).find(({ displayName }) => displayName === "cellar")?.caps;
    expect(await capsOf()).not.toContain("sandbox");
    room.cap = "sandbox";
    announce();
    await vi.waitFor(async () => expect(await capsOf()).toContain("sandbox"), { timeout: 5_000, interval: 50 });
    await bridge.reach("ready");
    await bridge.close();
    await operator.client.request("node.pair.remove", { nodeId: bridge.deviceId });
  });

  it("keeps its key to itself", async () => {
    const bridge = await openTestBridge({ url: skerry.url, token: skerry.token });
    await bridge.reach("ready");
    expect(statSync(join(bridge.stateDir, "device-key.json")).mode & 0o777).toBe(0o600);
    expect(statSync(bridge.stateDir).mode & 0o777).toBe(0o700);
    await bridge.close();
  });

  it("does what the agent's tools alone may ask for no operator directly", async () => {
    const bridge = await openTestBridge({
      url: skerry.url,
      token: skerry.token,
      rooms: [roomOf({ "exec.start": async () => ({ state: "refused", reason: "never" }) })],
    });
    await bridge.reach("ready");
    const params = { nodeId: bridge.deviceId, command: "exec.start", params: {}, idempotencyKey: "x" };
    await expect(operator.client.request("node.invoke", params)).rejects.toThrow("agent's tools alone");
    await bridge.close();
  });
});

describe("a machine without a token", () => {
  let bridge: TestBridge;
  const { room } = countingRoom();
  const dir = mkdtempSync(join(tmpdir(), "skerry-bridge-kept-"));
  afterAll(async () => {
    await bridge?.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("shows a code, and is in by itself once the owner has approved that code", async () => {
    bridge = await openTestBridge({ url: skerry.url, name: "cellar", stateDir: dir, rooms: [room] });
    await bridge.reach("unknown");
    const { code } = bridge.state as { code: string };
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{8}$/);
    const { pending } = await operator.client.request<{ pending: { code: string; requestId: string; commands: string[] }[] }>(
      "device.pair.list",
      {},
    );
    const asked = pending.find((one) => one.code === code);
    expect(asked).toMatchObject({ role: "node", displayName: "cellar", commands: ["sandbox.status"] });
    await expect(invoke("cellar", "early")).rejects.toThrow("no machine");
    await operator.client.request("device.pair.approve", { requestId: asked?.requestId ?? "" });
    await bridge.reach("ready");
    expect(await invoke("cellar", "after")).toBe("1");
  });

  it("is let in from a chat with the owner by the same code", async () => {
    const bridge = await openTestBridge({ url: skerry.url, name: "shed" });
    await bridge.reach("unknown");
    const code = codeOfDevice(bridge.deviceId);
    const say = async (text: string) => {
      const params = { sessionKey: "agent:main:main", message: text, idempotencyKey: crypto.randomUUID() };
      return (await operator.client.request<{ reply?: string }>("chat.send", params)).reply ?? "";
    };
    expect(await say("/pairing")).toContain(`\`${code}\` machine shed`);
    expect(await say(`/pairing approve ${code}`)).toContain("Let in: the machine shed");
    await bridge.reach("ready");
    await bridge.close();
    await operator.client.request("node.pair.remove", { nodeId: bridge.deviceId });
  });

  it("comes back by its key alone; what it offers beyond that waits for approval", async () => {
    await bridge.close();
    const more = roomOf({ "process.list": async () => ({ processes: [] }) });
    bridge = await openTestBridge({ url: skerry.url, name: "cellar", stateDir: dir, rooms: [room, more] });
    await bridge.reach("ready");
    const find = async () => (await nodes()).find((node) => node.displayName === "cellar");
    await expect.poll(find).toMatchObject({ commands: ["sandbox.status"], unapprovedCommands: ["process.list"] });
    await operator.client.request("node.pair.approve", { requestId: bridge.deviceId });
    expect(await find()).toMatchObject({ commands: ["process.list", "sandbox.status"], unapprovedCommands: [] });
  });

  it("may not use its key on another machine", async () => {
    const copy = mkdtempSync(join(tmpdir(), "skerry-bridge-copy-"));
    cpSync(dir, copy, { recursive: true, filter: (path) => !path.includes("spool") });
    // Another machine: its own mark goes into what it says of itself.
    const file = JSON.parse(readFileSync(join(copy, "device-key.json"), "utf8"));
    writeFileSync(join(copy, "device-key.json"), JSON.stringify({ ...file, install: "another" }), { mode: 0o600 });
    const thief = await openTestBridge({ url: skerry.url, name: "cellar", stateDir: copy, rooms: [room] });
    await thief.reach("refused");
    expect(thief.state).toMatchObject({ reason: expect.stringContaining("skerry bridge pair --new") });
    expect(bridge.state.phase).toBe("ready");
    expect(await invoke("cellar", "still")).toBe("1");
    await thief.close();
    rmSync(copy, { recursive: true, force: true });
  });

  it("is out at once when it is removed, and has to ask anew", async () => {
    await operator.client.request("device.pair.remove", { deviceId: bridge.deviceId });
    await bridge.reach("unknown");
    await expect(invoke("cellar", "out")).rejects.toThrow();
  });

  it("says what to do about a key that cannot be read", async () => {
    const broken = mkdtempSync(join(tmpdir(), "skerry-bridge-broken-"));
    writeFileSync(join(broken, "device-key.json"), "nonsense");
    await expect(openTestBridge({ url: skerry.url, stateDir: broken })).rejects.toThrow("skerry bridge pair --new");
    rmSync(broken, { recursive: true, force: true });
  });

  it("does not run twice on one folder", async () => {
    await expect(openTestBridge({ url: skerry.url, stateDir: dir })).rejects.toThrow("A bridge already runs");
  });
});

describe("a line that breaks", () => {
  it("fifty times at random during calls: each is answered or reported once, and none is done twice", {
    timeout: 120_000,
  }, async () => {
    const wire = await Wire.start(skerry.port);
    const { room, seen } = countingRoom(() => new Promise((resolve) => setTimeout(resolve, Math.random() * 120)));
    const bridge = await openTestBridge({ url: wire.url, token: skerry.token, name: "shaky", rooms: [room] });
    await bridge.reach("ready");
    let isOver = false;
    const calls: Promise<{ id: string; said: string }>[] = [];
    const asking = (async () => {
      for (let number = 0; !isOver; number++) {
        const id = `shaky-${number}`;
        calls.push(
          invoke("shaky", id, 15_000).then(
            (said) => ({ id, said }),
            (error: Error) => ({ id, said: error.message }),
          ),
        );
        await new Promise((resolve) => setTimeout(resolve, 40));
      }
    })();
    for (let cuts = 0; cuts < 50; cuts++) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 200));
      wire.cut();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
      wire.mend();
      if (cuts % 5 === 0) await bridge.reach("ready").catch(() => undefined);
    }
    isOver = true;
    await asking;
    await bridge.reach("ready");
    const ends = await Promise.all(calls);
    const answered = ends.filter(({ said }) => said === "1");
    const never = ends.filter(({ said }) => /not connected/.test(said));
    const lost = ends.filter(({ said }) => /was working on it when/.test(said));
    expect(ends.length).toBeGreaterThan(100);
    // Nothing else may come of a call, and none may be done twice.
    expect(ends.filter((end) => ![...answered, ...never, ...lost].includes(end))).toEqual([]);
    expect(answered.length).toBeGreaterThan(20);
    expect(new Set(seen).size).toBe(seen.length);
    for (const { id } of answered) expect(seen).toContain(`invoke:${id}`);
    for (const { id } of never) expect(seen).not.toContain(`invoke:${id}`);
    // What was lost on its way there was reported; what began was answered, for the machine itself went on.
    for (const { id } of lost) expect(seen).not.toContain(`invoke:${id}`);
    await bridge.close();
    await wire.stop();
  });

  it("because the machine was restarted: what it worked on is reported interrupted", async () => {
    const dir = mkdtempSync(join(tmpdir(), "skerry-bridge-restart-"));
    const forever = roomOf({ "sandbox.status": () => new Promise<never>(() => {}) });
    const before = await openTestBridge({ url: skerry.url, token: skerry.token, name: "box", stateDir: dir, rooms: [forever] });
    await before.reach("ready");
    const call = invoke("box", "cut-off", 15_000);
    call.catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await before.close();
    const { room } = countingRoom();
    const after = await openTestBridge({ url: skerry.url, token: skerry.token, name: "box", stateDir: dir, rooms: [room] });
    await after.reach("ready");
    await expect(call).rejects.toThrow("box was working on it when it was restarted meanwhile");
    expect(await invoke("box", "fresh")).toBe("1");
    await after.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it("because Skerry itself was restarted: the machine comes back by itself", async () => {
    const { room } = countingRoom();
    const own = await startSkerry();
    const bridge = await openTestBridge({ url: own.url, token: own.token, rooms: [room] });
    await bridge.reach("ready");
    await own.kill();
    const again = await startSkerry({ stateDir: own.stateDir, port: own.port });
    await expect.poll(() => bridge.states.filter(({ phase }) => phase === "ready").length, { timeout: 20_000 }).toBe(2);
    await bridge.close();
    await again.stop();
    rmSync(own.stateDir, { recursive: true, force: true });
  });
});
