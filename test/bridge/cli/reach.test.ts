import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { settle } from "../../../src/bridge/cli/bridge/run.ts";
import { findReach } from "../../../src/bridge/cli/reach.ts";
import { withoutControls } from "../../../src/bridge/cli/terminal.ts";
import { socketUrl } from "../../../src/bridge/connection.ts";

const root = mkdtempSync(join(tmpdir(), "skerry-reach-"));
const stateDir = join(root, ".skerry");
mkdirSync(stateDir);
writeFileSync(join(stateDir, "token"), "kept-token\n");
writeFileSync(
  join(stateDir, "runtime.json"),
  JSON.stringify({ pid: 1, startedAt: 1, version: "1", port: 20_000, url: "http://127.0.0.1:20000" }),
);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const environment = { SKERRY_STATE_DIR: stateDir };

describe("findReach", () => {
  it("finds the Skerry of this machine by its state folder", () => {
    expect(findReach({}, environment, root)).toEqual({ url: "http://127.0.0.1:20000", token: "kept-token" });
  });

  it("lets options win over the environment, and the environment over the folder", () => {
    const named = { ...environment, SKERRY_URL: "https://env.example", SKERRY_TOKEN: "env-token" };
    expect(findReach({}, named, root)).toEqual({ url: "https://env.example", token: "env-token" });
    expect(findReach({ url: "option.example", token: "option-token" }, named, root)).toEqual({
      url: "https://option.example",
      token: "option-token",
    });
  });

  it("never sends the kept token to an address elsewhere", () => {
    expect(() => findReach({ url: "https://elsewhere.example" }, environment, root)).toThrow(
      /Pass it with --token or SKERRY_TOKEN/,
    );
    expect(() => findReach({ url: "http://127.0.0.1.evil.example" }, environment, root)).toThrow(/A token is needed/);
    expect(findReach({ url: "localhost:3000" }, environment, root)).toEqual({
      url: "http://localhost:3000",
      token: "kept-token",
    });
  });

  it("says what an address looks like when it gets something else", () => {
    expect(() => findReach({ url: "ftp://x" }, environment, root)).toThrow(/is no address\. Give one like/);
  });
});

describe("socketUrl", () => {
  it("turns any form of the address into the socket's", () => {
    expect(socketUrl("http://127.0.0.1:1")).toBe("ws://127.0.0.1:1/ws");
    expect(socketUrl("wss://x.example")).toBe("wss://x.example/ws");
    expect(socketUrl("https://x.example/")).toBe("wss://x.example/ws");
    expect(socketUrl("https://x.example/ws")).toBe("wss://x.example/ws");
    expect(socketUrl("https://x.example/skerry/")).toBe("wss://x.example/skerry/ws");
  });
});

describe("withoutControls", () => {
  it("takes the terminal's steering out of a text and leaves lines and tabs", () => {
    expect(withoutControls("a\u001b]0;title\u0007b\u001b[2Jc\n\td\u009b31m")).toBe("a]0;titleb[2Jc\n\td31m");
  });
});

describe("the address of a bridge", () => {
  const settled = (url: string) => settle({ environment: {}, given: { url, stateDir: root } }).url;

  it("is read as all others are", () => {
    expect(settled("skerry.example.workers.dev")).toBe("https://skerry.example.workers.dev");
    expect(settled("wss://skerry.example/")).toBe("https://skerry.example");
    expect(settled("localhost:18789//")).toBe("http://localhost:18789");
    expect(() => settled("ftp://skerry.example")).toThrow(/is no address\. Give one like/);
  });
});
