// What machines tell of their lines: a line that is open (again) sends the sessions after what waits for it, a machine that came back as
// well; and health says what holds up answers.
import { describe, expect, test } from "vitest";
import type { LineState } from "../../../../src/contract/channels/at-home.ts";
import type { ChannelNote, ChannelState } from "../../../../src/contract/channels/channel.ts";
import type { Settings } from "../../../../src/contract/settings.ts";
import { Lines } from "../../../../src/durable/gateway/homes/lines.ts";
import { readChannelHealth } from "../../../../src/durable/gateway/methods/channels.ts";
import { hearLines, lines, viewLine } from "../../../../src/durable/gateway/methods/home/lines.ts";
import type { Call, House } from "../../../../src/durable/gateway/methods/method.ts";
import { openTestSql } from "../../../support/sqlite.ts";

const NOW = Date.UTC(2026, 5, 1, 14, 2);
const SESSIONS = ["agent:main:main", "agent:main:signal:group:g1"];

function open() {
  const nas = { id: "m1", name: "nas", isConnected: true, commands: ["channel.send"] };
  const resent: string[] = [];
  const noted: ChannelNote[] = [];
  const house = {
    now: () => NOW,
    directory: {
      noteChannel: async (note: ChannelNote) => {
        noted.push(note);
      },
      waitingSessions: async (channel: string, account: string) =>
        channel === "signal" && account === "default" ? SESSIONS : [],
    },
    session: (key: string) => ({
      resend: async (channel: string, account: string) => {
        resent.push(`${key} ${channel}/${account}`);
      },
    }),
    homes: { lines: new Lines(openTestSql()), homesKnown: { list: () => [nas] } },
    tell: () => undefined,
    log: { add: () => undefined },
  } as unknown as House;
  return { house, nas, resent, noted };
}

const line = (state: Partial<LineState>): LineState => ({
  channel: "signal",
  account: "default",
  phase: "open",
  since: 1,
  waiting: 0,
  ...state,
});
const signal: ChannelState = {
  channel: "signal",
  label: "Signal",
  account: "default",
  isConfigured: true,
  isEnabled: true,
  missing: [],
  keysFrom: "stored",
  directPolicy: "pairing",
  groupPolicy: "allowlist",
  lately: [],
};
const tell = async (house: House, ...lines: LineState[]) => {
  hearLines(house, "m1", { lines });
  await new Promise((resolve) => setTimeout(resolve, 5));
};

test("a line that opens has what waits for it sent, once", async () => {
  const { house, resent, noted } = open();
  await tell(house, line({ phase: "down", said: "signal-cli is away." }));
  expect(resent).toEqual([]);
  expect(noted.at(-1)?.note).toEqual({ kind: "error", text: "signal-cli is away." });
  await tell(house, line({}));
  expect(resent).toEqual(SESSIONS.map((key) => `${key} signal/default`));
  await tell(house, line({ lastInAt: 5 }));
  expect(resent).toHaveLength(2);
});

test("a machine that was away and comes back with its line open has it sent as well", async () => {
  const { house, resent } = open();
  await tell(house, line({}));
  resent.length = 0;
  house.homes.lines.noteArrival("m1");
  await tell(house, line({}));
  expect(resent).toHaveLength(2);
});

test("what waits on the machine is shown with its age", async () => {
  const { house } = open();
  await tell(house, line({ waiting: 3, waitingSince: NOW - 60_000 }));
  expect(viewLine(house, signal)).toMatchObject({ machine: "nas", phase: "open", waiting: 3, waitingSinceMs: NOW - 60_000 });
});

test("health names a line that is not open and the answers that wait", async () => {
  const { house, nas } = open();
  const said = (state: Partial<ChannelState> = {}) => readChannelHealth(house, [{ ...signal, ...state }])[0];
  expect(said()).toMatchObject({ isWell: false, said: expect.stringContaining("No machine holds this line yet") });
  await tell(house, line({ phase: "connecting" }));
  expect(said()).toMatchObject({ isWell: true, said: "its line is connecting" });
  await tell(house, line({ lastInAt: NOW }));
  expect(said({ lastInAt: NOW })).toMatchObject({ isWell: true, said: "works" });
  nas.isConnected = false;
  expect(said({ waiting: { count: 3, since: NOW - 12 * 60_000 } })).toMatchObject({
    isWell: false,
    said: "nas is not connected just now. 3 answers have waited for 12 min; tried again by itself.",
  });
  expect(said({ isEnabled: false, waiting: { count: 1, since: NOW } })).toMatchObject({ isWell: true });
});

describe("switching off and on", () => {
  const ask = async (
    way: "channels.stop" | "channels.start",
    params: { channel: string; accountId?: string },
    settings: Settings = {},
  ) => {
    const patches: unknown[] = [];
    const told: string[] = [];
    const house = {
      directory: {
        channelStates: async () => [signal, { ...signal, account: "work" }],
        settings: async () => ({ settings, hash: "h1" }),
        patchSettings: async (patch: unknown, hash: string) => {
          patches.push([patch, hash]);
          return { ok: true, value: { hash: "h2" } };
        },
      },
      homes: { homesKnown: { list: () => [] } },
      tell: (event: string) => told.push(event),
    } as unknown as House;
    const answer = await lines[way](params, { house } as unknown as Call);
    return { answer, patches, told };
  };

  test("is a setting of the channel, or of the account that is named, and nothing else", async () => {
    expect(await ask("channels.stop", { channel: "signal" })).toEqual({
      answer: { channel: "signal", stopped: true },
      patches: [[{ channels: { signal: { enabled: false } } }, "h1"]],
      told: ["config.changed", "channels.changed"],
    });
    const { patches } = await ask("channels.start", { channel: "signal", accountId: "work" });
    expect(patches).toEqual([[{ channels: { signal: { accounts: { work: { enabled: null } } } } }, "h1"]]);
  });

  test("of what is not there, or of one account where all are off, is refused with what to do", async () => {
    await expect(ask("channels.stop", { channel: "signal", accountId: "play" })).rejects.toThrow('no account "play"');
    await expect(ask("channels.stop", { channel: "pigeon" })).rejects.toThrow("pigeon");
    const off = { channels: { signal: { enabled: false } } };
    await expect(ask("channels.start", { channel: "signal", accountId: "work" }, off)).rejects.toThrow("without naming one");
    await expect(ask("channels.start", { channel: "signal" }, off)).resolves.toBeDefined();
  });
});
