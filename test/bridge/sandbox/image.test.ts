// The image of the sandbox where the owner named another one: ours is never built under that name, and nobody is told to.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { DEFAULT_IMAGE } from "../../../src/bridge/sandbox/image.ts";
import { openTestSandbox, type TestSandbox } from "../../support/sandbox.ts";
import { openScriptedEngine, type ScriptedEngine } from "../../support/scripted-engine.ts";

let engine: ScriptedEngine;
let box: TestSandbox;
let imageDir: string;

beforeEach(async () => {
  imageDir = mkdtempSync(join(tmpdir(), "ski-"));
  writeFileSync(join(imageDir, "Dockerfile"), "FROM scratch\n");
  engine = await openScriptedEngine();
  box = openTestSandbox(engine, { imageDir, config: { networks: [], image: "python:3.12" } });
});

afterEach(async () => {
  await box.leave();
  await engine.close();
  rmSync(imageDir, { recursive: true, force: true });
});

test("what is built has our name, and whoever builds is told that another one is used", async () => {
  expect(await box.buildImage(() => undefined)).toEqual({ built: DEFAULT_IMAGE, used: "python:3.12" });
  const builds = engine.asked.filter((what) => what.includes("/build?"));
  expect(builds).toHaveLength(1);
  expect(new URLSearchParams(builds[0]?.split("?")[1]).get("t")).toBe(DEFAULT_IMAGE);
});

test("one that is missing is to be fetched", async () => {
  engine.before = (what) => (/\/images\//.test(what) ? { status: 404, body: { message: "no such image" } } : undefined);
  const words = "The image python:3.12 is not on this machine. Fetch it with: docker pull python:3.12";
  expect(await box.status()).toMatchObject({ hasImage: false, image: "python:3.12", reason: words });
  await expect(box.run(box.place("k"), "true")).rejects.toMatchObject({ code: "NO_IMAGE", message: words });
});

test("of the default image it is said that it is to be built", async () => {
  const other = openTestSandbox(engine, { imageDir });
  engine.before = (what) => (/\/images\//.test(what) ? { status: 404, body: { message: "no such image" } } : undefined);
  const told = await other.status();
  expect(told).toMatchObject({ hasImage: false, image: DEFAULT_IMAGE });
  expect(told.reason).toBeUndefined();
  await expect(other.run(other.place("k"), "true")).rejects.toMatchObject({ message: expect.stringContaining("sandbox build") });
  await other.leave();
});
