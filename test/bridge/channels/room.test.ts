// The room of the channels: what it says of its lines and when, and that its troubles are its own.
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openChannelsRoom } from "../../../src/bridge/channels/room.ts";
import type { Room } from "../../../src/bridge/home/bridge.ts";
import type { HeldAccount, LineState } from "../../../src/contract/channels/at-home.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
// No such platform is near: its line is refused at once, and nothing is reached.
const ACCOUNT: HeldAccount = {
  channel: "imessage",
  account: "default",
  keys: { BLUEBUBBLES_URL: "nowhere", BLUEBUBBLES_PASSWORD: "x" },
  mediaMaxMb: 20,
  options: {},
};

let dir: string;
let logged: string[];
const rooms: Room[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "channels-room-"));
  logged = [];
});
afterEach(async () => {
  await Promise.all(rooms.splice(0).map((room) => room.close()));
});

function open(stateDir = dir): Room {
  const room = openChannelsRoom({ root: ROOT, stateDir, environment: process.env, log: (text) => logged.push(text) });
  rooms.push(room);
  return room;
}

function begin(room: Room, accounts: HeldAccount[]) {
  const said: LineState[][] = [];
  room.begin?.({
    tell: () => undefined,
    announce: () => undefined,
    say: (_event, payload) => said.push((payload as { lines: LineState[] }).lines),
    door: async () => Response.json({ accounts }),
  });
  return said;
}

test("how a line is, is said once for each change, and anew when Skerry is there again", async () => {
  const room = open();
  const said = begin(room, [ACCOUNT]);
  room.ready?.();
  await vi.waitFor(() => expect(said.at(-1)?.[0]?.phase).toBe("refused"), 10_000);
  const { length } = said;
  await room.commands["channel.refresh"]?.({}, undefined as never);
  await vi.waitFor(() => expect(said).toHaveLength(length + 1));
  expect(said.at(-1)).toEqual(said.at(-2));
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(said).toHaveLength(length + 1);
});

test("a folder that cannot be used leaves this machine without lines, with the reason, and throws nothing", () => {
  const file = join(dir, "file");
  writeFileSync(file, "");
  expect(open(file).commands).toEqual({});
  expect(logged.join()).toContain("No channel can be held here");
});
