// A browser for the binding: with a folder of its own that goes with it, behind a proxy that refuses by the session's rules also while
// nobody is at the line. Its DevTools listen on this machine alone, which is how several lines can come and go; the pipe beside them
// ends it when this program ends, however it ends.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BrowserPolicy } from "../../contract/home/browser.ts";
import { type Chrome, startChrome } from "../browser/chrome.ts";
import { openProxy, resolveHere } from "../browser/proxy.ts";
import type { BoundBrowser } from "./browser-binding.ts";

const LISTENS_MS = 10_000;

export interface BoundStart {
  path: string;
  hasSandbox: boolean;
  environment: NodeJS.ProcessEnv;
  /** Where folders of browsers are made. */
  dir: string;
  policy: BrowserPolicy;
}

/** @throws HomeRefused when it does not start. */
export async function startBound({ path, hasSandbox, environment, dir, policy }: BoundStart): Promise<BoundBrowser> {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const profileDir = mkdtempSync(join(dir, "browser-"));
  const forget = () => rmSync(profileDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const proxy = await openProxy({ policy: () => policy, resolveHost: resolveHere, onRefused: () => undefined });
  let chrome: Chrome | undefined;
  try {
    const start = { path, profileDir, isHeadless: true, hasSandbox, proxyPort: proxy.port, environment };
    const started = await startChrome({ ...start, hasPort: true });
    chrome = started;
    const [port = "", devTools = ""] = (await readPort(join(profileDir, "DevToolsActivePort"))).split("\n");
    const ended = started.ended.then(async () => {
      await proxy.close();
      forget();
    });
    const close = async () => {
      await started.close();
      await ended;
    };
    return { port: Number(port), path: devTools, ended, close };
  } catch (error) {
    await chrome?.close();
    await proxy.close();
    forget();
    throw error;
  }
}

/** The browser writes it when it listens. */
async function readPort(path: string): Promise<string> {
  for (const endAt = Date.now() + LISTENS_MS; ; ) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.includes("\n/")) return text.trim();
    if (Date.now() > endAt) throw new Error("The browser did not say where its DevTools listen.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
