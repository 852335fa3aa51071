// A command that is left running on a machine: the real bridge beside a started Skerry, whose word of the end wakes the session, also
// when Skerry was down meanwhile.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBridgeConfig } from "../../src/bridge/home/config.ts";
import { openRooms } from "../../src/bridge/home/rooms.ts";
import { openTestBridge, type TestBridge } from "../support/bridge.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { type Operator, openOperator, textsOf } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const KEY = "agent:main:main";
const ROOT = join(import.meta.dirname, "../..");
const LONG = { timeout: 40_000, interval: 100 };

let model: ModelServer;
let skerry: Skerry;
let operator: Operator;
let bridge: TestBridge;
let dir: string;

const start = (again: { stateDir?: string; port?: number } = {}) =>
  startSkerry({
    ...again,
    env: { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" },
  });

beforeAll(async () => {
  model = await ModelServer.start();
  dir = mkdtempSync(join(tmpdir(), "skerry-ended-"));
  skerry = await start({ stateDir: join(dir, "state") });
  operator = await openOperator(skerry);
  await operator.client.request("config.patch", { patch: { tools: { exec: { security: "full", ask: "off" } } } });
  const stateDir = join(dir, "bridge");
  const rooms = await openRooms({
    root: ROOT,
    stateDir,
    config: readBridgeConfig(undefined),
    environment: { HOME: dir },
    log: () => {},
  });
  bridge = await openTestBridge({ url: skerry.url, token: skerry.token, name: "nas", stateDir, rooms });
  await bridge.reach("ready");
}, 60_000);
afterAll(async () => {
  await bridge?.close();
  operator?.close();
  await skerry?.stop();
  await model?.stop();
  rmSync(dir, { recursive: true, force: true });
}, 60_000);

const leave = (command: string) => ({ tool: "exec", args: { command, host: "home", background: true } });
const answers = async () => textsOf((await operator.history(KEY)).messages, "assistant");

test("its end begins a turn, once, with its output marked as content", { timeout: 90_000 }, async () => {
  model.push(leave("sleep 2; echo all made; exit 3"), { say: "begun" }, { say: "it has ended" });
  const runId = await operator.send(KEY, "make it");
  expect(textsOf(await operator.ended(KEY, runId, 40_000), "assistant").at(-1)).toBe("begun");
  await expect.poll(answers, LONG).toEqual(["begun", "it has ended"]);
  const asked = JSON.stringify(model.requests.at(-1)?.body["messages"]);
  expect(asked).toMatch(/A command that was left running has ended with exit code 3: process \w+ on nas\./);
  expect(asked).toMatch(/EXTERNAL_UNTRUSTED_CONTENT[^>]*>>>[^<]*Command: sleep 2; echo all made; exit 3[^<]*all made/);
});

test("its end is told once Skerry is there again, when it was down meanwhile", { timeout: 120_000 }, async () => {
  model.reset();
  model.push(leave("sleep 4; echo late"), { say: "begun again" }, { say: "late, but told" });
  const runId = await operator.send(KEY, "make it again");
  await operator.ended(KEY, runId, 40_000);
  const { stateDir, port } = skerry;
  await skerry.kill();
  await new Promise((resolve) => setTimeout(resolve, 6000));
  skerry = await start({ stateDir, port });
  operator.close();
  operator = await openOperator(skerry);
  await expect.poll(answers, LONG).toEqual(["begun", "it has ended", "begun again", "late, but told"]);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  expect(await answers()).toHaveLength(4);
});
