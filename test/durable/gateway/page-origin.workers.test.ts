// Whose word counts for the address that links to the owner are made of: their own page's, once it was let in, and nobody else's.
import { env, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test } from "vitest";
import type { Scope } from "../../../src/contract/gateway.ts";
import type { Env } from "../../../src/durable/env.ts";
import { makeConnect, makeDevice } from "../../support/device.ts";
import { TestSocket } from "../../support/workers/socket.ts";

const bindings = env as unknown as Env;
const directory = () => bindings.DIRECTORY.getByName("directory");
const OWNER = ["operator.read", "operator.approvals"];
const noted = () =>
  runInDurableObject(directory(), (_object, state) =>
    state.storage.sql
      .exec<{ origin: string }>("SELECT origin FROM own_origin ORDER BY at")
      .toArray()
      .map(({ origin }) => origin),
  );

interface Visit {
  url: string;
  origin?: string;
  scopes?: string[];
  role?: "operator" | "node";
}

async function visit({ url, origin, scopes = OWNER, role = "operator" }: Visit): Promise<void> {
  const headers = { upgrade: "websocket", "x-skerry-address": "192.0.2.9", ...(origin === undefined ? {} : { origin }) };
  const socket = new TestSocket(await bindings.GATEWAY.getByName("gateway").fetch(`${url}/ws`, { headers }));
  const params = makeConnect({ auth: { token: bindings.SKERRY_TOKEN ?? "" }, scopes: scopes as Scope[], role });
  const device = await makeDevice();
  expect(await socket.connect((nonce) => device.sign(params, nonce))).toMatchObject({ ok: true });
  // It is told beside the answer.
  await new Promise((resolve) => setTimeout(resolve, 100));
}

beforeEach(() => runInDurableObject(directory(), (_object, state) => void state.storage.sql.exec("DELETE FROM own_origin")));

test("the owner's page says where it was opened, also behind a tunnel that speaks http to us", async () => {
  await visit({ url: "http://skerry.example.org", origin: "https://skerry.example.org" });
  expect(await noted()).toEqual(["https://skerry.example.org"]);
});

test.each<[string, Visit]>([
  ["a program, which may come past what stands in front of the page", { url: "https://skerry.ada.workers.dev" }],
  ["a machine", { url: "https://evil.example", origin: "https://evil.example", scopes: [], role: "node" }],
  [
    "a device that may not approve",
    { url: "https://evil.example", origin: "https://evil.example", scopes: ["operator.read", "operator.write"] },
  ],
  ["a page of another address, allowed or not", { url: "https://skerry.example.org", origin: "https://screens.example" }],
])("nothing is believed of %s", async (_who, who) => {
  await visit(who);
  expect(await noted()).toEqual([]);
});
