// The browser room of a bridge with a real Chromium, for tests: asked as the bridge asks it, with an object store in memory.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserRoomOptions, openBrowserRoom } from "../../src/bridge/browser/room.ts";
import type { CommandContext } from "../../src/bridge/home-command.ts";
import { type BrowserDo, type BrowserDone, type BrowserInput, browserDo, browserDone } from "../../src/contract/home/browser.ts";
import { HOME_COMMANDS } from "../../src/contract/home/commands.ts";
import type { BrowserFrame, BrowserHand, BrowserWatch } from "../../src/contract/home/hand-off.ts";
import { findBrowser } from "./browser.ts";
import type { JourneyAnswer } from "./browser-journey.ts";

export interface HomeBrowser {
  /** As a session asks; `about` overrides the rest of the request. */
  act(input: BrowserInput, about?: Partial<BrowserDo>): Promise<JourneyAnswer>;
  ask(input: BrowserInput, about?: Partial<BrowserDo>, signal?: AbortSignal): Promise<BrowserDone>;
  /** The commands of a tab in a person's hands. */
  watch(request: Partial<BrowserWatch> & Pick<BrowserWatch, "handed">): Promise<BrowserFrame>;
  hand(request: Partial<BrowserHand> & Pick<BrowserHand, "handed" | "events">): Promise<unknown>;
  stateDir: string;
  stored: Map<string, { name: string; bytes: Uint8Array }>;
  logged: string[];
  close(): Promise<void>;
}

export interface HomeBrowserChoices extends Partial<Omit<BrowserRoomOptions, "log">> {
  allowedHosts: string[];
  /** Files that can be uploaded, by path. */
  files?: Record<string, string>;
}

export function openHomeBrowser({ allowedHosts, files = {}, ...choices }: HomeBrowserChoices): HomeBrowser {
  const stateDir = choices.stateDir ?? mkdtempSync(join(tmpdir(), "skerry-browser-"));
  const logged: string[] = [];
  const stored: HomeBrowser["stored"] = new Map();
  // Tests may run as root, where Chromium has no sandbox of its own.
  const config = { path: findBrowser(), sandbox: process.getuid?.() !== 0 };
  const room = openBrowserRoom({ environment: process.env, config, ...choices, stateDir, log: (text) => void logged.push(text) });
  const transfer: CommandContext["transfer"] = {
    async give(path, name) {
      const bytes = new Uint8Array(readFileSync(path));
      const key = `media/${stored.size}`;
      stored.set(key, { name, bytes });
      return { key, type: "application/octet-stream", size: bytes.length };
    },
    async take(key, path) {
      const text = files[key.slice("sent/".length)];
      if (text === undefined) throw new Error(`no ${key}`);
      writeFileSync(path, text);
      return { size: text.length };
    },
  };
  const ask: HomeBrowser["ask"] = async (input, about = {}, signal = new AbortController().signal) => {
    const run = room.commands["browser.do"];
    if (!run) throw new Error("no browser is offered");
    const params = browserDo.parse({
      sessionKey: "agent:main:main",
      profile: "main",
      policy: { allowedHosts },
      input,
      files: input.kind === "upload" ? (input.values ?? []).map((name) => ({ key: `sent/${name}`, name, type: "text/csv" })) : [],
      ...about,
    });
    const answer = await run(params, { callId: "c", signal, progress: () => undefined, transfer, now: Date.now });
    // Whatever it answers has to survive its way to Skerry.
    return browserDone.parse(JSON.parse(JSON.stringify(answer)));
  };
  const context = { callId: "c", progress: () => undefined, transfer, now: Date.now };
  const seat = {
    sessionKey: "agent:main:main",
    profile: "main",
    policy: { allowedHosts, allowedDomains: [], mayEvaluate: false },
  };
  return {
    ask,
    async watch(request) {
      const run = room.commands["browser.watch"];
      if (!run) throw new Error("no browser is offered");
      const params = HOME_COMMANDS["browser.watch"].params.parse({ ...seat, ...request });
      const answer = await run(params, { ...context, signal: new AbortController().signal });
      return HOME_COMMANDS["browser.watch"].answer.parse(JSON.parse(JSON.stringify(answer)));
    },
    async hand(request) {
      const run = room.commands["browser.hand"];
      if (!run) throw new Error("no browser is offered");
      const params = HOME_COMMANDS["browser.hand"].params.parse({ ...seat, ...request });
      return run(params, { ...context, signal: new AbortController().signal });
    },
    stateDir,
    stored,
    logged,
    async act(input, about) {
      const { notes, content, url, files: given } = await ask(input, about);
      return {
        text: [...notes, url ?? "", content ?? ""].join("\n"),
        files: given.map(({ key, name = "" }) => ({ name, bytes: stored.get(key)?.bytes ?? new Uint8Array() })),
      };
    },
    async close() {
      await room.close();
      if (!choices.stateDir) rmSync(stateDir, { recursive: true, force: true });
    },
  };
}
