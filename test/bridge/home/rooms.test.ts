// The rooms put together: what of this machine stays closed whoever asks, also where an open folder holds it.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Room } from "../../../src/bridge/home/bridge.ts";
import { readBridgeConfig } from "../../../src/bridge/home/config.ts";
import { openRooms } from "../../../src/bridge/home/rooms.ts";
import type { HomeCommands } from "../../../src/bridge/home-command.ts";
import { HOME_COMMANDS } from "../../../src/contract/home/commands.ts";
import { openScriptedEngine } from "../../support/scripted-engine.ts";

let dir = "";
let rooms: Room[] = [];
afterEach(async () => {
  await Promise.all(rooms.map((room) => room.close()));
  rmSync(dir, { recursive: true, force: true });
});

/** The program lies in the open folder, and its state in the program's folder, as with `git clone` and `npm start`. */
async function open(engine = "unix:///nonexistent/engine.sock", log: (text: string) => void = () => undefined) {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "skerry-rooms-")));
  const root = join(dir, "open/skerry");
  const state = join(dir, "open/state");
  for (const folder of [root, join(state, "bridge"), join(state, "objects")]) mkdirSync(folder, { recursive: true });
  const config = { ...readBridgeConfig(undefined), files: { read: [], write: [join(dir, "open")] } };
  const environment = { DOCKER_HOST: engine };
  const closed = [state, join(dir, "open/.dev.vars")];
  rooms = await openRooms({ root, stateDir: join(state, "bridge"), closed, config, environment, log });
  return Object.assign({}, ...rooms.map(({ commands }) => commands)) as HomeCommands;
}

const context = {
  callId: "c",
  signal: new AbortController().signal,
  progress: () => undefined,
  transfer: { give: () => Promise.reject(new Error("no")), take: () => Promise.reject(new Error("no")) },
  now: Date.now,
};

describe("the sandbox", () => {
  it.each([
    { engine: "with its guards", limits: true, cap: ["sandbox"], said: "" },
    { engine: "that cannot limit what runs", limits: false, cap: [], said: "cannot limit the memory and processes" },
  ])("on an engine $engine is claimed: $cap", async ({ limits, cap, said }) => {
    const engine = await openScriptedEngine();
    if (!limits) {
      const guards = { OSType: "linux", SecurityOptions: ["name=seccomp,profile=default", "name=rootless"] };
      engine.before = (what) => (what.endsWith("/info") ? { status: 200, body: guards } : undefined);
    }
    try {
      const logged: string[] = [];
      await open(engine.environment["DOCKER_HOST"], (text) => logged.push(text));
      expect(rooms.map((room) => room.cap).filter((one) => one === "sandbox")).toEqual(cap);
      expect(logged.join("\n")).toContain(said);
    } finally {
      await Promise.all(rooms.splice(0).map((room) => room.close()));
      await engine.close();
    }
  });
});

describe("closed whoever asks", () => {
  it.each([
    "skerry/.dev.vars",
    "skerry/src/main.ts",
    "state/token",
    "state/objects/a.sqlite",
    "state/bridge/device-key.json",
    ".dev.vars",
  ])("is %s, to files and to commands", async (name) => {
    const commands = await open();
    const path = join(dir, "open", name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, "the-owners-token");
    const policy = { security: "full", ask: "off" } as const;
    const wish = { sessionKey: "one", place: { kind: "home" }, path, policy } as const;
    const read = HOME_COMMANDS["files.read"].params.parse(wish);
    await expect(commands["files.read"]?.(read, context)).rejects.toThrow("stays closed");
    const write = HOME_COMMANDS["files.write"].params.parse({ ...wish, base64: "" });
    await expect(commands["files.write"]?.(write, context)).rejects.toThrow("stays closed");
    const start = HOME_COMMANDS["exec.start"].params.parse({
      ...wish,
      processId: "p",
      command: `cat < ${path}`,
      policy: undefined,
    });
    expect(await commands["exec.start"]?.({ ...start, workdir: dir }, context)).toMatchObject({ state: "asks" });
  });

  it("is not what lies beside it", async () => {
    const commands = await open();
    writeFileSync(join(dir, "open/mine"), "mine");
    const wish = { sessionKey: "one", place: { kind: "home" }, path: join(dir, "open/mine") };
    const answer = await commands["files.read"]?.(HOME_COMMANDS["files.read"].params.parse(wish), context);
    expect(answer).toMatchObject({ base64: Buffer.from("mine").toString("base64") });
  });
});
