// The stream against a homeserver that answers nothing but trouble.
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import type { LineNews } from "../../../../src/bridge/channels/driver.ts";
import { Homeserver } from "../../../../src/bridge/channels/matrix/homeserver.ts";
import { Reader } from "../../../../src/bridge/channels/matrix/reader.ts";
import { Rooms } from "../../../../src/bridge/channels/matrix/rooms.ts";
import { MatrixState } from "../../../../src/bridge/channels/matrix/state.ts";
import { Stream } from "../../../../src/bridge/channels/matrix/stream.ts";

const ME = "@skerry:example.org";
const ends: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function read(status: number, body: unknown) {
  let asked = 0;
  let renewed = 0;
  const news: LineNews[] = [];
  const http: Server = createServer((_request, response) => {
    asked++;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((done) => http.listen(0, "127.0.0.1", done));
  ends.push(() => http.close());
  const server = new Homeserver(`http://127.0.0.1:${(http.address() as AddressInfo).port}`, "token");
  const state = new MatrixState(":memory:");
  const rooms = new Rooms(server, state, ME);
  const shared = { server, state, rooms, device: undefined, log: () => undefined, now: Date.now };
  const stream = new Stream({
    ...shared,
    reader: new Reader({ ...shared, account: "default", me: { id: ME, name: "Skerry" } }),
    me: ME,
    autoJoin: "off",
    readReceipts: false,
    remark: undefined,
    hear: async () => undefined,
    tell: (one) => news.push(one),
    renew: async () => {
      renewed++;
      return true;
    },
    restart: () => undefined,
  });
  stream.start();
  ends.push(() => stream.stop());
  const counts = () => ({ asked, renewed });
  return { news, counts };
}

test("a homeserver that takes every login and none of its tokens is asked once, and then after a minute", async () => {
  const { news, counts } = await read(401, { errcode: "M_UNKNOWN_TOKEN", error: "Access token has expired", soft_logout: true });
  await vi.waitFor(() => expect(news.at(-1)?.phase).toBe("down"), { timeout: 10_000 });
  await new Promise((done) => setTimeout(done, 1500));
  expect(counts()).toEqual({ asked: 2, renewed: 1 });
  expect(news.at(-1)?.said).toContain("asked again by itself");
});

test.each([
  ["no stream", {}],
  ["rooms of no shape", { next_batch: "s1", rooms: { join: [] } }],
  ["a place of no shape", { next_batch: 5 }],
])("%s is a trouble that is tried again more and more slowly, and breaks nothing", async (_what, body) => {
  const { news, counts } = await read(200, body);
  await vi.waitFor(() => expect(news.at(-1)).toMatchObject({ phase: "down" }), { timeout: 10_000 });
  await new Promise((done) => setTimeout(done, 2500));
  expect(counts().asked).toBeLessThanOrEqual(3);
});
