// The line of a machine to a Skerry that answers as it likes: a real socket, with the machine's real key, spool and calls.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { openDeviceKey } from "../../../src/bridge/home/device-key.ts";
import { Link } from "../../../src/bridge/home/link.ts";
import { Spool } from "../../../src/bridge/home/spool.ts";

interface Asked {
  id: string;
  method: string;
  params: { id?: string; event?: string; payload?: { id?: string }; ok?: boolean };
}

/** What was asked, in a word: `home.resume`, `ended:1`, `answer:call-1`. */
const nameOf = ({ method, params }: Asked) =>
  method === "node.invoke.result" ? `answer:${params.id}` : (params.payload?.id ?? params.event ?? method);

let dir: string;
let server: WebSocketServer;
let asked: string[];
/** How often each is refused before it is taken. */
let refusals: Record<string, number>;
let spool: Spool;
let link: Link;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "skerry-link-"));
  asked = [];
  refusals = {};
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    const send = (frame: object) => socket.send(JSON.stringify(frame));
    send({ type: "event", event: "connect.challenge", payload: { nonce: "n" } });
    socket.on("message", (data) => {
      if (String(data) === "ping") return socket.send("pong");
      const frame: Asked = JSON.parse(String(data));
      const name = nameOf(frame);
      asked.push(name);
      const left = refusals[name] ?? 0;
      refusals[name] = left - 1;
      if (left > 0) {
        const error = { code: "UNAVAILABLE", message: "not just now", retryable: true };
        return send({ type: "res", id: frame.id, ok: false, error });
      }
      const hello = { type: "hello-ok", protocol: 4, server: { version: "1" }, features: { capabilities: ["bare-ping"] } };
      send({ type: "res", id: frame.id, ok: true, payload: frame.method === "connect" ? hello : {} });
    });
  });
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  spool = new Spool(":memory:");
  link = new Link({
    url: `http://127.0.0.1:${port}`,
    name: "nas",
    version: "1",
    key: openDeviceKey(dir),
    spool,
    commands: { "sandbox.status": async () => ({ image: "x", hasImage: false, containers: [] }) },
    caps: () => [],
    transfer: { give: () => Promise.reject(new Error("not here")), take: () => Promise.reject(new Error("not here")) },
    log: () => {},
  });
});
afterEach(async () => {
  link.close();
  spool.close();
  for (const socket of server.clients) socket.terminate();
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true, force: true });
});

function ask(id: string) {
  const payload = { id, command: "sandbox.status", paramsJSON: "{}" };
  for (const socket of server.clients) socket.send(JSON.stringify({ type: "event", event: "node.invoke.request", payload }));
}
const countOf = (name: string) => asked.filter((one) => one === name).length;

it("brings an answer that Skerry could not take again, on the same line", async () => {
  refusals = { "answer:call-1": 2 };
  link.start();
  await expect.poll(() => link.state.phase).toBe("ready");
  ask("call-1");
  await expect.poll(() => countOf("answer:call-1"), { timeout: 8000 }).toBe(3);
  await expect.poll(() => spool.unsent()).toEqual([]);
  expect(countOf("connect")).toBe(1);
});

it("tells again what Skerry could not hear, in order", async () => {
  refusals = { "ended:1": 1 };
  link.start();
  await expect.poll(() => link.state.phase).toBe("ready");
  link.tell("ended:1", "process.ended", {});
  link.tell("ended:2", "process.ended", {});
  await expect.poll(() => spool.countWaiting(), { timeout: 8000 }).toBe(0);
  expect(asked.filter((name) => name.startsWith("ended:"))).toEqual(["ended:1", "ended:1", "ended:2"]);
});

it("says again which calls it knows, before it brings anything", async () => {
  refusals = { "home.resume": 1 };
  spool.begin("kept", Date.now());
  spool.answer("kept", { ok: true, payloadJSON: "1" }, Date.now());
  link.start();
  await expect.poll(() => countOf("answer:kept"), { timeout: 8000 }).toBe(1);
  expect(asked).toEqual(["connect", "home.resume", "home.resume", "answer:kept"]);
});

it("waits longer each time", async () => {
  refusals = { "ended:1": 1000 };
  link.start();
  await expect.poll(() => link.state.phase).toBe("ready");
  link.tell("ended:1", "process.ended", {});
  await new Promise((resolve) => setTimeout(resolve, 4500));
  expect(countOf("ended:1")).toBeGreaterThan(1);
  expect(countOf("ended:1")).toBeLessThan(5);
});

it("begins anew with a new line", async () => {
  refusals = { "ended:1": 1 };
  link.start();
  await expect.poll(() => link.state.phase).toBe("ready");
  link.tell("ended:1", "process.ended", {});
  await expect.poll(() => countOf("ended:1")).toBe(1);
  for (const socket of server.clients) socket.terminate();
  await expect.poll(() => spool.countWaiting(), { timeout: 8000 }).toBe(0);
  expect(countOf("home.resume")).toBe(2);
});
