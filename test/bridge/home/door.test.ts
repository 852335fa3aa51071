// The way to Skerry by HTTP on a slow line: what moves is waited for, what stands still is not.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type HomeDoor, openDoor } from "../../../src/bridge/home/door.ts";

let server: Server;
let door: HomeDoor;
let answer: (request: IncomingMessage, reply: ServerResponse) => unknown;

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));

beforeEach(async () => {
  server = createServer((request, reply) => void answer(request, reply));
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  door = openDoor({ url: `http://127.0.0.1:${port}`, token: () => "proof", headers: { "x-front": "1" }, timeoutMs: 400 });
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

test("what is large has more time to go there", async () => {
  answer = async (request, reply) => {
    let bytes = 0;
    for await (const chunk of request) bytes += chunk.length;
    await pause(1_200);
    reply.end(String(bytes));
  };
  const sent = await door("/x", { method: "PUT", body: new Blob([new Uint8Array(100_000)]) });
  expect(await sent.text()).toBe("100000");
  await expect(door("/x", { method: "PUT", body: "small" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
});

test("what goes on coming is read to its end, however long that takes", async () => {
  answer = async (_request, reply) => {
    reply.writeHead(200, { etag: '"1.2"' });
    for (let round = 0; round < 8; round++) {
      reply.write("part,");
      await pause(150);
    }
    reply.end("end");
  };
  const read = await door("/x", { method: "GET" });
  expect([read.ok, read.status, read.headers.get("etag")]).toEqual([true, 200, '"1.2"']);
  expect(await read.text()).toBe(`${"part,".repeat(8)}end`);
});

test("what stops coming is given up", async () => {
  answer = (_request, reply) => reply.writeHead(200).write("a part");
  const read = await door("/x", { method: "GET" });
  await expect(read.text()).rejects.toThrow();
});

test("an answer without a body, and one that nobody reads, are answers", async () => {
  answer = (_request, reply) => reply.writeHead(204).end();
  expect((await door("/x", { method: "DELETE" })).status).toBe(204);
  answer = (_request, reply) => reply.end("x");
  await (await door("/x", { method: "PUT" })).body?.cancel();
});
