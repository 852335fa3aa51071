// `skerry bridge sandbox` on a real engine: it says that the image is missing, builds it with its lines shown, and then says so.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../../support/engine.ts";

const reason = skipReason();
const SKERRY = resolve(import.meta.dirname, "../../../bin/skerry.mjs");

describe.skipIf(reason !== undefined)("skerry bridge sandbox", () => {
  let engine: TestEngine;
  let dir: string;

  beforeAll(async () => {
    const archive = imageArchive();
    engine = await startEngine();
    dir = mkdtempSync(join(tmpdir(), "skerry-cli-"));
    // The base that the Dockerfile names: with its packages in it already, nothing has to come from the network.
    await engine.importImage("debian:trixie-slim", archive);
  }, 600_000);

  afterAll(async () => {
    rmSync(dir, { recursive: true, force: true });
    await engine?.stop();
  }, 60_000);

  const skerry = (words: string[]) =>
    new Promise<{ code: number | null; out: string; error: string }>((done) => {
      const child = spawn(process.execPath, [SKERRY, ...words, "--state-dir", join(dir, "state")], {
        env: { PATH: process.env["PATH"], HOME: dir, ...engine.environment },
      });
      let out = "";
      let error = "";
      child.stdout.on("data", (chunk) => {
        out += chunk;
      });
      child.stderr.on("data", (chunk) => {
        error += chunk;
      });
      child.once("exit", (code) => done({ code, out, error }));
    });

  test("tells what is missing, builds the image of the sandbox, and tells that it is there", async () => {
    if (!engine.isOwn) return;
    const before = await skerry(["bridge", "sandbox", "status"]);
    expect(before.code).toBe(1);
    expect(before.out).toMatch(
      /^Docker \d+\..*docker\.sock\.\nThe image skerry-sandbox:trixie is not there; build it with: skerry bridge sandbox build\n$/,
    );
    const built = await skerry(["bridge", "sandbox", "build"]);
    expect(built.error).toMatch(/Step 1\/\d+ : FROM debian:trixie-slim/);
    expect(built).toMatchObject({
      code: 0,
      out: "The image skerry-sandbox:trixie is built; the sandbox uses it from the next command on.\n",
    });
    const after = await skerry(["bridge", "sandbox", "status", "--json"]);
    expect(after.code).toBe(0);
    expect(JSON.parse(after.out)).toMatchObject({ image: "skerry-sandbox:trixie", hasImage: true, containers: [] });
  });

  test("a configuration that names an image and a socket is followed", async () => {
    const config = join(dir, "bridge.json");
    writeFileSync(config, JSON.stringify({ sandbox: { socket: "/nowhere/engine.sock", image: "mine:1" } }));
    const told = await skerry(["bridge", "sandbox", "status", "--json", "--config", config]);
    expect(told.code).toBe(1);
    expect(JSON.parse(told.out)).toEqual({
      reason: "No container engine answers at /nowhere/engine.sock: install Docker or Podman, or start it.",
      image: "mine:1",
      hasImage: false,
      containers: [],
    });
  });
});
