// Machines at home in words: what they offer, how a sandbox stands, and what they claim of themselves shown so that it deceives
// nobody.
import { describe, expect, it } from "vitest";
import { HOME_COMMANDS, type SandboxStatus } from "../../../src/contract/home/commands.ts";
import { describeOffer, describePlatform, describeSandbox, nameOf } from "../../../src/web/control/devices/machine.ts";

const STATUS: SandboxStatus = {
  engine: { name: "Docker", version: "27.3.1", isRootless: false, socket: "/var/run/docker.sock" },
  image: "skerry-sandbox:1",
  hasImage: true,
  containers: [],
};

describe("what a machine offers", () => {
  it.each([
    [[], "do nothing"],
    [["exec.start", "process.poll"], "run commands"],
    [["exec.start", "sandbox.status"], "run commands (also in a sandbox)"],
    [["sandbox.status"], "keep a sandbox"],
    [["files.read", "files.list"], "read files"],
    [["files.take"], "write files"],
    [["files.read", "files.write", "browser.open"], "read and write files and use the browser there"],
    [["system.run", "system.which"], "run commands"],
    [["camera.snap"], "do 1 thing"],
    [["camera.snap", "location.get"], "do 2 things"],
    [["exec.start", "camera.snap"], "run commands and do 1 thing more"],
    [
      ["exec.start", "files.write", "browser.act", "channels.send"],
      "run commands, write files, use the browser there and speak on messengers from there",
    ],
  ])("%j is told as “%s”", (commands, words) => {
    expect(describeOffer(commands)).toBe(words);
  });

  it("has a word for every command that a bridge knows", () => {
    for (const command of Object.keys(HOME_COMMANDS)) expect(describeOffer([command]), command).not.toMatch(/thing/);
  });

  it("does not take one word for another", () => {
    expect(describeOffer(["executor.start", "my.exec.start", "filesystem.read"])).toBe("do 3 things");
  });
});

describe("a sandbox", () => {
  it("is ready, and says how many containers run", () => {
    expect(describeSandbox(STATUS)).toEqual({ text: "Sandbox ready: Docker 27.3.1", isReady: true });
    const container = { name: "a", key: "k", image: "i", isRunning: true, usedAt: 0 };
    const containers = [container, { ...container, name: "b" }, { ...container, name: "c", isRunning: false }];
    expect(describeSandbox({ ...STATUS, containers }).text).toBe("Sandbox ready: Docker 27.3.1, 2 containers run");
  });

  it("says what to do where its image is missing", () => {
    const { text, command, isReady } = describeSandbox({ ...STATUS, hasImage: false });
    expect(text).toContain("no image yet");
    expect(command).toBe("npx skerry bridge sandbox build");
    expect(isReady).toBe(false);
  });

  it("says how to fetch an image of the owner's own, which is not built", () => {
    const reason = "The image python:3.12 is not on this machine. Fetch it with: docker pull python:3.12";
    const told = describeSandbox({ ...STATUS, hasImage: false, image: "python:3.12", reason });
    expect(told).toEqual({ text: `The sandbox has an engine (Docker 27.3.1), and cannot be used: ${reason}`, isReady: false });
  });

  it("is not ready where its engine lacks a guard, though the image is there", () => {
    const reason = "Docker, rootless, cannot limit the memory and processes of containers here, so the sandbox stays closed.";
    const told = describeSandbox({
      ...STATUS,
      engine: { name: "Docker", version: "20.10", isRootless: true, socket: "" },
      reason,
    });
    expect(told.isReady).toBe(false);
    expect(told.text).toBe(`The sandbox has an engine (Docker 20.10, rootless), and cannot be used: ${reason}`);
  });

  it("says why there is none", () => {
    const reason = "No container engine answers at /var/run/docker.sock.";
    const told = describeSandbox({ image: "x", hasImage: false, containers: [], reason });
    expect(told).toEqual({ text: `No sandbox: ${reason}`, isReady: false });
  });

  it("whose engine lies about its name is shown with every sign", () => {
    const engine = { ...STATUS.engine, name: "Dock\u202eer", version: "1\n2", isRootless: true, socket: "" };
    const { text } = describeSandbox({ ...STATUS, engine });
    expect(text).toBe("Sandbox ready: Dock⟨U+202E⟩er 1 ⏎ 2, rootless");
  });
});

describe("a machine's own words", () => {
  it("are shown on one line, spelled out and cut", () => {
    expect(nameOf({ displayName: "nas" })).toBe("nas");
    expect(nameOf({ displayName: "n\u200bas\nApproved" })).toBe("n⟨U+200B⟩as ⏎ Approved");
    expect(nameOf({ displayName: "x".repeat(500) }).length).toBe(80);
    expect(nameOf({ displayName: "" })).toBe("A machine without a name");
  });

  it("name the system as people do", () => {
    expect(describePlatform("darwin")).toBe("macOS");
    expect(describePlatform("win32")).toBe("Windows");
    expect(describePlatform("plan9")).toBe("plan9");
    expect(describePlatform(undefined)).toBe("");
  });
});
