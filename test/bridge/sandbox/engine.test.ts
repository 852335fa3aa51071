// The line to an engine, against a server on a socket that does what engines do, and what they should not.
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Engine, isReply, refuse } from "../../../src/bridge/sandbox/engine.ts";
import { findEngine } from "../../../src/bridge/sandbox/engine-search.ts";

let dir: string;
let server: Server;
let engine: Engine;
const facts = {
  name: "Docker" as const,
  version: "1",
  isRootless: false,
  hasSeccomp: true,
  hasSelinux: false,
  limits: { memory: true, pids: true, cpu: true },
};

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "ske-"));
  server = createServer();
  const socket = join(dir, "e.sock");
  await new Promise<void>((done) => server.listen(socket, done));
  engine = new Engine({ ...facts, socket, api: "v1.41" });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
  rmSync(dir, { recursive: true, force: true });
});

test("a command may be silent for longer than a question may wait for its answer", async () => {
  const lines: Duplex[] = [];
  server.on("upgrade", (_request, line) => {
    lines.push(line);
    line.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst,");
  });
  const line = await engine.attach("/exec/x/start", {}, 150);
  if (isReply(line)) throw new Error("it was answered");
  let heard = "";
  line.on("data", (chunk) => {
    heard += chunk;
  });
  await expect.poll(() => heard).toBe("first,");
  await new Promise((done) => setTimeout(done, 500));
  expect(line.destroyed).toBe(false);
  lines[0]?.write("last");
  await expect.poll(() => heard).toBe("first,last");
  line.destroy();
  lines[0]?.destroy();
});

test("a line that is not opened is a reply, with what the engine says", async () => {
  server.on("request", (_request, answer) => answer.writeHead(409).end(JSON.stringify({ message: "container is paused." })));
  const answer = await engine.attach("/exec/x/start", {});
  expect(isReply(answer) && answer).toMatchObject({ status: 409, message: "container is paused" });
});

test("a question that nobody answers ends, and says where it was asked", async () => {
  await expect(engine.ask("GET", "/info", { timeoutMs: 100 })).rejects.toMatchObject({
    code: "NO_ENGINE",
    message: expect.stringContaining(`${dir}/e.sock (it did not answer in time)`),
  });
});

test("an answer without end is cut, an answer that breaks off is told", async () => {
  server.on("request", (request, answer) => {
    answer.writeHead(200, { "content-length": 1e9 });
    if (request.url?.includes("cut")) {
      answer.write("{", () => answer.destroy());
      return;
    }
    const more = () => {
      while (!answer.destroyed && answer.write(" ".repeat(1_000_000)));
      if (!answer.destroyed) answer.once("drain", more);
    };
    more();
  });
  await expect(engine.ask("GET", "/endless")).rejects.toMatchObject({ code: "NO_ENGINE" });
  await expect(engine.ask("GET", "/cut")).rejects.toMatchObject({ code: "NO_ENGINE" });
});

test("documents come one by one, however they are cut, and what is none is a line of text", async () => {
  server.on("request", async (_request, answer) => {
    for (const part of ['{"stream":"a\\n"}\n{"str', 'eam":"b"}\nplain', ' words\n\n{"error":"no"}']) {
      answer.write(part);
      await new Promise((done) => setTimeout(done, 20));
    }
    answer.end();
  });
  const got: unknown[] = [];
  for await (const event of engine.follow("POST", "/build", { query: {}, bytes: new Uint8Array(3), type: "application/x-tar" }))
    got.push(event);
  expect(got).toEqual([{ stream: "a\n" }, { stream: "b" }, { stream: "plain words\n" }, { error: "no" }]);
});

test("a full disk is told as one, any other refusal in the engine's words", () => {
  const reply = (message: string) => ({ status: 500, body: undefined, message });
  expect(refuse(reply("write /x: no space left on device"), "make it")).toMatchObject({ code: "DISK_FULL" });
  expect(refuse(reply("it is Monday"), "make it")).toMatchObject({
    code: "UNAVAILABLE",
    message: "The container engine would not make it: it is Monday.",
  });
});

test("an engine of Windows containers, or one without seccomp, is known as such", async () => {
  const info: Record<string, unknown> = { OSType: "windows" };
  server.on("request", (request, answer) => {
    answer.end(
      JSON.stringify(request.url?.endsWith("/version") ? { Version: "29.0.0", ApiVersion: "1.52", MinAPIVersion: "1.44" } : info),
    );
  });
  const socket = join(dir, "e.sock");
  await expect(findEngine({ socket, environment: {} })).rejects.toMatchObject({
    code: "NO_ENGINE",
    message: expect.stringContaining("windows"),
  });
  Object.assign(info, {
    OSType: "linux",
    SecurityOptions: ["name=seccomp,profile=unconfined", "name=rootless"],
    MemoryLimit: true,
  });
  const found = await findEngine({ socket, environment: {} });
  expect(found.facts).toMatchObject({
    api: "v1.51",
    hasSeccomp: false,
    isRootless: true,
    limits: { memory: true, pids: false, cpu: false },
  });
});
