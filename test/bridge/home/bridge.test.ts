// One bridge a folder: what a second one would write there would be taken for the first one's.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openTestBridge } from "../../support/bridge.ts";

const dir = mkdtempSync(join(tmpdir(), "skerry-bridge-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Nobody listens there. */
const url = "http://127.0.0.1:9";

it("a second one is refused before its rooms open anything", async () => {
  const first = await openTestBridge({ url, stateDir: dir });
  let opened = 0;
  const openRooms = async () => {
    opened++;
    return [];
  };
  await expect(openTestBridge({ url, stateDir: dir, openRooms })).rejects.toThrow("A bridge already runs");
  expect(opened).toBe(0);
  await first.close();
  const next = await openTestBridge({ url, stateDir: dir, openRooms });
  expect(opened).toBe(1);
  await next.close();
});

it("gives its folder back when a room cannot be opened", async () => {
  const fail = () => Promise.reject(new Error("no room"));
  await expect(openTestBridge({ url, stateDir: dir, openRooms: fail })).rejects.toThrow("no room");
  await (await openTestBridge({ url, stateDir: dir })).close();
});
