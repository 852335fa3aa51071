// The browser of this machine, as Skerry can ask for it. Nothing is started before a page is wanted.
import { join } from "node:path";
import type { BrowserAnswer } from "../../browser/answer.ts";
import { HomeRefused, ToolFailure } from "../../contract/errors.ts";
import type { BrowserDo, BrowserDone } from "../../contract/home/browser.ts";
import type { Room } from "../home/bridge.ts";
import type { CommandContext } from "../home-command.ts";
import { Browsers } from "./browsers.ts";
import { demandChrome, findChrome } from "./chrome-search.ts";
import { bringFiles, giveFiles } from "./files.ts";
import { hand, openToPage, watch } from "./hand-off.ts";
import { Profiles } from "./profiles.ts";
import { resolveHere } from "./proxy.ts";
import type { Running, RunningStart } from "./running.ts";
import { handOver, hasDisplay } from "./window.ts";

const IDLE_MS = 10 * 60_000;

export interface BrowserRoomOptions {
  /** Of the bridge. */
  stateDir: string;
  environment: NodeJS.ProcessEnv;
  config: {
    /** Of the browser; else it is looked for. */
    path?: string | undefined;
    /** Whether the browser keeps pages in its own sandbox. */
    sandbox: boolean;
  };
  log(text: string, isBad?: boolean): void;
  now?(): number;
  idleMs?: number;
  resolveHost?(name: string): Promise<string[]>;
}

export function openBrowserRoom(options: BrowserRoomOptions): Room {
  const { stateDir, environment, config, log, now = Date.now, idleMs = IDLE_MS, resolveHost = resolveHere } = options;
  if (config.path === undefined && findChrome({ environment }) === undefined) {
    log("There is no Chrome or Chromium on this machine: no browser is offered. Install one, then start the bridge again.");
    return { commands: {}, close: async () => undefined };
  }
  const dir = join(stateDir, "browser");
  const profiles = new Profiles(join(dir, "profiles"));
  const browsers = new Browsers({ idleMs, now, log });

  const startOf = ({ profile, policy, isHeadless }: BrowserDo): RunningStart => ({
    path: demandChrome({ path: config.path, environment }),
    profile,
    profileDir: profiles.open(profile),
    isHeadless: isHeadless || !hasDisplay(environment),
    hasSandbox: config.sandbox,
    policy,
    environment,
    resolveHost,
    now,
  });
  const open = (request: BrowserDo) => browsers.open(request.profile, () => startOf(request));

  /** What the tool asks of a page. */
  async function work(request: BrowserDo, { transfer, signal }: CommandContext): Promise<BrowserDone> {
    const isHandOff = request.input.action === "handoff";
    const sent = await bringFiles(dir, request.files, transfer);
    const running = await open(request);
    const lost = browsers.takeLost(request.profile, request.sessionKey);
    const doing = isHandOff ? handOff(running, request) : running.do(request, sent);
    const { notes, files = [], ...rest } = await told(running, request, lost, unlessAborted(doing, signal));
    if (isHandOff) browsers.takeLost(request.profile, request.sessionKey);
    return { ...rest, notes: [...lost, ...notes], files: await giveFiles(dir, files, transfer) };
  }

  /** To a window, where anybody could see one. */
  function handOff(running: Running, request: BrowserDo): Promise<BrowserAnswer> {
    if (!hasDisplay(environment)) return openToPage(running, request);
    return handOver(running, request, () => open({ ...request, isHeadless: false }));
  }

  /** A failure with what it came of. */
  async function told(
    running: Running,
    request: BrowserDo,
    lost: string[],
    answer: Promise<BrowserAnswer>,
  ): Promise<BrowserAnswer> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof ToolFailure)) throw error;
      const why = running.isOver ? [await running.over] : [];
      // It is told here; the next call need not hear it again.
      if (running.isOver) browsers.takeLost(request.profile, request.sessionKey);
      const code = running.isOver ? "UNAVAILABLE" : "INVALID_REQUEST";
      throw new HomeRefused(code, [...lost, ...why, error.message].join(" "), error);
    }
  }

  async function describe({ profile, sessionKey, isHeadless }: BrowserDo): Promise<BrowserDone> {
    const path = demandChrome({ path: config.path, environment });
    const running = await browsers.find(profile);
    const window = isHeadless
      ? "without a window"
      : hasDisplay(environment)
        ? "with a window"
        : "without a window (this machine has no display)";
    const state = running
      ? `${running.version} runs ${running.isHeadless ? "without a window" : "with a window"}, profile ${profile}.`
      : `${path} starts ${window} when a page is opened, profile ${profile}.`;
    const tabs = (running?.tabsOf(sessionKey) ?? []).map(({ id }) => id);
    return { notes: [...browsers.takeLost(profile, sessionKey), state, `Tabs: ${tabs.join(", ") || "none"}.`], files: [] };
  }

  async function manage({ input: { op = "get" }, profile, mayManageProfiles }: BrowserDo): Promise<BrowserDone> {
    switch (op) {
      case "get": {
        const running = new Set((await browsers.all()).map((one) => one.profile));
        const shown = profiles.list().filter(({ name }) => mayManageProfiles || name === profile);
        const lines = shown.map(
          ({ name, usedAt }) =>
            `${name}: ${running.has(name) ? "in use" : `used ${new Date(usedAt).toISOString().slice(0, 10)}`}`,
        );
        return { notes: lines.length === 0 ? ["There is no profile yet; one is made when a page is opened."] : lines, files: [] };
      }
      case "set":
        profiles.open(profile);
        return { notes: [`There is a profile ${profile}.`], files: [] };
      case "clear": {
        await browsers.end(profile, `Profile ${profile} was cleared.`);
        const wasThere = profiles.clear(profile);
        return {
          notes: [wasThere ? `Cleared profile ${profile}: its logins are gone.` : `There is no profile ${profile}.`],
          files: [],
        };
      }
      default:
        return op satisfies never;
    }
  }

  return {
    cap: "browser",
    commands: {
      async "browser.do"(request, context) {
        switch (request.input.action) {
          case "status":
            return describe(request);
          case "profiles":
            return manage(request);
          default:
            return work(request, context);
        }
      },
      "browser.watch": (request, { signal }) => watch(browsers, request, signal),
      "browser.hand": (request) => hand(browsers, request),
    },
    close: () => browsers.close(),
  };
}

/** What was begun goes on; nobody waits for it. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
