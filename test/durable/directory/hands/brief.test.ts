// What a session may do with its hands, from the settings and from who wrote: closed where nothing is said.
import { describe, expect, test } from "vitest";
import type { Settings } from "../../../../src/contract/settings.ts";
import { settingsSchema } from "../../../../src/contract/settings.ts";
import { makeHands, type Writer } from "../../../../src/durable/directory/hands/brief.ts";

const MAIN = { sessionKey: "agent:main:main", agentId: "main" };
const GUEST_TALK = { sessionKey: "agent:main:telegram:dm:7", agentId: "main" };
const screen: Writer = { from: { channel: "webchat", peer: "s" }, senderId: "owner", isOwner: true };
const owner: Writer = { from: { channel: "telegram", peer: "42" }, senderId: "42", isOwner: true };
const guest: Writer = { from: { channel: "telegram", peer: "7" }, senderId: "7", isOwner: false };
const read = (settings: Settings) => settingsSchema.parse(settings);

test("without settings only what is on a machine's list runs there, containers have no network and no files", () => {
  expect(makeHands({}, MAIN, owner, true)).toEqual({
    hasHomes: true,
    isSandboxed: false,
    sandbox: { key: "agent:main:main", network: "none", workspace: "none", memoryMb: 1024, cpus: 1, pids: 256, env: {} },
    exec: { host: "auto", security: "allowlist", ask: "on-miss", timeoutMs: 1_800_000, yieldMs: 10_000 },
    mayElevate: true,
    isOwner: true,
  });
});

describe("who is kept in the sandbox", () => {
  test("all but the owner's own main session", () => {
    expect(makeHands({}, MAIN, screen, true).isSandboxed).toBe(false);
    expect(makeHands({}, MAIN, guest, true).isSandboxed).toBe(true);
    expect(makeHands({}, GUEST_TALK, guest, true).isSandboxed).toBe(true);
    expect(makeHands({}, { ...GUEST_TALK, sessionKey: "agent:main:telegram:group:1" }, owner, true).isSandboxed).toBe(true);
    expect(makeHands({}, { ...GUEST_TALK, sessionKey: "agent:main:cron:daily" }, undefined, true).isSandboxed).toBe(true);
  });

  test("a main session that something else wakes is the owner's own, unless guests share it", () => {
    expect(makeHands({}, MAIN, undefined, true)).toMatchObject({ isSandboxed: false, isOwner: false, mayElevate: false });
    expect(makeHands({ session: { dmScope: "main" } }, MAIN, undefined, true).isSandboxed).toBe(true);
    expect(makeHands({ session: { dmScope: "main" } }, MAIN, guest, true).isSandboxed).toBe(true);
  });

  test("the settings decide it for all, and an agent for itself", () => {
    const all = read({ agents: { defaults: { sandbox: { mode: "all" } }, entries: { dev: { sandbox: { mode: "off" } } } } });
    expect(makeHands(all, MAIN, owner, true).isSandboxed).toBe(true);
    expect(makeHands(all, { sessionKey: "agent:dev:x", agentId: "dev" }, guest, true).isSandboxed).toBe(false);
  });
});

describe("containers", () => {
  test("are told apart by session, agent or not at all, and no two of these can be the same", () => {
    const scoped = (scope: "session" | "agent" | "shared", agentId: string) =>
      makeHands(
        read({ agents: { defaults: { sandbox: { scope } } } }),
        { sessionKey: `agent:${agentId}:main`, agentId },
        owner,
        true,
      ).sandbox.key;
    const keys = [scoped("session", "shared"), scoped("agent", "shared"), scoped("shared", "shared"), scoped("agent", "main")];
    expect(keys).toEqual(["agent:shared:main", "agent:shared", "shared", "agent:main"]);
  });

  test("take what the agent says over what holds for all, variables together", () => {
    const settings = read({
      agents: {
        defaults: { sandbox: { docker: { memory: "2g", network: "home-net", env: { A: "1", B: "1" } }, workspaceAccess: "ro" } },
        entries: { main: { sandbox: { docker: { memory: "512m", env: { B: "2" } } } } },
      },
    });
    expect(makeHands(settings, MAIN, owner, true).sandbox).toMatchObject({
      memoryMb: 512,
      network: "home-net",
      workspace: "ro",
      env: { A: "1", B: "2" },
    });
  });

  test.each([
    { docker: { network: "host" } },
    { docker: { network: "container:other" } },
    { docker: { memory: "lots" } },
    { docker: { memory: "1m" } },
    { docker: { env: { "A B": "1" } } },
    { docker: { privileged: true } },
    { mode: "none" },
  ])("are not made from %j", (sandbox) => {
    expect(settingsSchema.safeParse({ agents: { defaults: { sandbox } } }).success).toBe(false);
  });
});

describe("commands on a machine", () => {
  test("an agent may be freer than the default, but never where commands are denied to all", () => {
    const free = { agents: { entries: { main: { tools: { exec: { security: "full" as const, ask: "off" as const } } } } } };
    expect(makeHands(read(free), MAIN, owner, true).exec).toMatchObject({ security: "full", ask: "off" });
    const denied = read({ ...free, tools: { exec: { security: "deny", node: "desk", timeoutSec: 60, backgroundMs: 500 } } });
    expect(makeHands(denied, MAIN, owner, true).exec).toEqual({
      host: "auto",
      home: "desk",
      security: "deny",
      ask: "off",
      timeoutMs: 60_000,
      yieldMs: 500,
    });
  });
});

describe("who may raise a session", () => {
  test("the owner, and never in a group", () => {
    expect(makeHands({}, GUEST_TALK, guest, true)).toMatchObject({ mayElevate: false, isOwner: false });
    const inGroup = { ...owner, from: { ...owner.from, kind: "group" as const } };
    expect(makeHands({}, GUEST_TALK, inGroup, true)).toMatchObject({ mayElevate: false, isOwner: true });
  });

  test("by the accounts that the settings name, when they name any", () => {
    const elevated = (allowFrom: Record<string, string[]>) => read({ tools: { elevated: { allowFrom } } });
    expect(makeHands(elevated({ telegram: ["42"] }), MAIN, owner, true).mayElevate).toBe(true);
    expect(makeHands(elevated({ telegram: ["42"] }), MAIN, screen, true).mayElevate).toBe(false);
    expect(makeHands(elevated({ webchat: ["*"] }), MAIN, screen, true).mayElevate).toBe(true);
    expect(makeHands(elevated({ telegram: ["*"] }), MAIN, guest, true).mayElevate).toBe(false);
    expect(makeHands(elevated({}), MAIN, owner, true).mayElevate).toBe(false);
    const constructed = { ...owner, from: { channel: "constructor", peer: "1" } };
    expect(makeHands(elevated({ telegram: ["*"] }), MAIN, constructed, true).mayElevate).toBe(false);
    expect(makeHands(read({ tools: { elevated: { enabled: false } } }), MAIN, owner, true).mayElevate).toBe(false);
  });
});
