// A browser that starts and is of no use: it is ended again, since it would keep its profile locked. A program of our own stands in for
// one, a real process at the real pipe: a browser can hardly be made to fail at this very moment.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type HomeBrowser, openHomeBrowser } from "../../support/browser-home.ts";
import { isRunning, waitUntilGone } from "../../support/runtime.ts";

vi.setConfig({ testTimeout: 60_000 });

let dir = "";
let browser: HomeBrowser;

/** Says which version it is, and refuses everything else. It does not end by itself. */
const program = (pids: string) => `#!${process.execPath}
const { appendFileSync, createReadStream, writeSync } = require("node:fs");
appendFileSync(${JSON.stringify(pids)}, process.pid + "\\n");
let text = "";
createReadStream("", { fd: 3 }).setEncoding("utf8").on("data", (part) => {
  const messages = (text + part).split("\\0");
  text = messages.pop();
  for (const message of messages) {
    const { id, method } = JSON.parse(message);
    const answer = method === "Browser.getVersion" ? { result: { product: "Strange/1" } } : { error: { message: "not today" } };
    writeSync(4, JSON.stringify({ id, ...answer }) + "\\0");
  }
});
setInterval(() => undefined, 1000);
`;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-strange-"));
  const path = join(dir, "browser.cjs");
  writeFileSync(path, program(join(dir, "pids")));
  chmodSync(path, 0o755);
  browser = openHomeBrowser({ allowedHosts: [], config: { path, sandbox: true } });
});
afterEach(async () => {
  await browser.close();
  rmSync(dir, { recursive: true, force: true });
});

const pids = () => (existsSync(join(dir, "pids")) ? readFileSync(join(dir, "pids"), "utf8").trim().split("\n").map(Number) : []);

it("is ended, and the next page starts another", async () => {
  for (let count = 1; count <= 2; count++) {
    await expect(browser.ask({ action: "open", url: "https://example.com/" })).rejects.toThrow("not today");
    expect(pids()).toHaveLength(count);
    expect(await waitUntilGone(pids().at(-1) ?? 0)).toBe(true);
  }
  expect(pids().filter(isRunning)).toEqual([]);
});
