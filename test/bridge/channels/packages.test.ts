// What a channel needs is fetched by its lock file, once, and earlier versions go. By npm itself, from the registry.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, expect, test } from "vitest";
import { openPackages } from "../../../src/bridge/channels/packages.ts";

const ROOT = resolve(import.meta.dirname, "../../..");

let lists: string;
let dir: string;
let fetched: number;

beforeEach(() => {
  const scratch = mkdtempSync(join(tmpdir(), "packages-"));
  lists = join(scratch, "lists");
  dir = join(scratch, "packages");
  mkdirSync(join(lists, "radio"), { recursive: true });
  mkdirSync(dir);
  fetched = 0;
});

/** The list of a channel that needs one small package, as our own lock file knows it. */
function writeList(integrity?: string): void {
  const whole = JSON.parse(readFileSync(join(ROOT, "package-lock.json"), "utf8")) as {
    packages: Record<string, { version: string; resolved: string; integrity: string }>;
  };
  const birpc = whole.packages["node_modules/birpc"];
  if (!birpc) throw new Error("birpc is in no lock file any more: name another small package here.");
  const root = { name: "radio", dependencies: { birpc: birpc.version } };
  const packages = { "": root, "node_modules/birpc": { ...birpc, ...(integrity ? { integrity } : {}) } };
  writeFileSync(join(lists, "radio/package.json"), JSON.stringify(root));
  writeFileSync(join(lists, "radio/package-lock.json"), JSON.stringify({ name: "radio", lockfileVersion: 3, packages }));
}

function open(channel = "radio") {
  const { signal } = new AbortController();
  return openPackages({ lists, dir, channel, environment: process.env, signal, onFetch: () => fetched++ });
}

test("they are fetched once, can be loaded by their names, and take the place of an earlier version", async () => {
  writeList();
  const old = `radio-${"0".repeat(16)}`;
  const other = `radio-ham-${"0".repeat(16)}`;
  for (const name of [old, other]) mkdirSync(join(dir, name, "node_modules"), { recursive: true });
  const folder = await open();
  expect(await open()).toBe(folder);
  expect(fetched).toBe(1);
  const loaded: unknown = await import(pathToFileURL(join(folder ?? "", "load-birpc.mjs")).href);
  expect(loaded).toHaveProperty("createBirpc");
  expect(existsSync(join(dir, old))).toBe(false);
  expect(existsSync(join(dir, other))).toBe(true);
});

test("bytes that are not those of the lock file are refused, and nothing is left of them", async () => {
  writeList(`sha512-${"A".repeat(86)}==`);
  await expect(open()).rejects.toThrow(/could not be fetched: .*(EINTEGRITY|integrity)/i);
  expect(readdirSync(dir)).toEqual([]);
});

test("a channel without a list has none", async () => {
  expect(await open("lamp")).toBeUndefined();
  expect(fetched).toBe(0);
});
