// A person's visit, as journeys of the page begin: Skerry started on a state folder of its own, a browser, a profile that
// is logged in by the link, one tab. `restart` starts Skerry again over the same state and port; `close` ends everything.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser, openProfile } from "./browser.ts";
import type { Script } from "./model-server/script.ts";
import { ModelServer } from "./model-server/server.ts";
import { type Skerry, type SkerryOptions, startSkerry } from "./runtime.ts";
import { openChat } from "./webchat.ts";

export interface VisitOptions {
  /** Answers in place of the demo model, and ends with the visit. */
  model?: ModelServer;
  /** Skerry's variables, instead of those that make the model answer. */
  env?: Record<string, string>;
  profile?: BrowserContextOptions;
  /** What is done before the tab is opened: talks that are there already, ears on the profile. */
  prepare?: (skerry: Skerry, context: BrowserContext) => Promise<void> | void;
}

export interface Visit {
  browser: Browser;
  context: BrowserContext;
  page: Page;
  /** What the page complained about. */
  complaints: string[];
  /** Every address asked for that is not on this machine. */
  outside: string[];
  /** The one that runs now. */
  readonly skerry: Skerry;
  /** Starts it again; `root`: another version of it. */
  restart(root?: string): Promise<void>;
  close(): Promise<void>;
}

export async function openVisit(options: VisitOptions = {}): Promise<Visit> {
  const home = mkdtempSync(join(tmpdir(), "skerry-visit-"));
  const env = options.env ?? (options.model ? modelEnv(options.model) : {});
  const start = (more: Pick<SkerryOptions, "port" | "root"> = {}) => startSkerry({ stateDir: join(home, "state"), env, ...more });
  let skerry: Skerry | undefined;
  let browser: Browser | undefined;
  const close = async () => {
    await browser?.close();
    await skerry?.stop();
    await options.model?.stop();
    rmSync(home, { recursive: true, force: true });
  };
  try {
    let running = await start();
    skerry = running;
    browser = await launchBrowser();
    const { context, outside } = await openProfile(browser, options.profile);
    await options.prepare?.(running, context);
    const { page, complaints } = await openChat(context, running.loginLink);
    return {
      browser,
      context,
      page,
      complaints,
      outside,
      get skerry() {
        return running;
      },
      async restart(root) {
        running = await start({ port: running.port, ...(root === undefined ? {} : { root }) });
        skerry = running;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A login link for one more browser, at the address it shall use: the computer's own, or that of a wire to it. */
export async function mintLink(skerry: Pick<Skerry, "url" | "token">, url = skerry.url): Promise<string> {
  const answer = await fetch(`${skerry.url}/auth/link`, {
    method: "POST",
    headers: { authorization: `Bearer ${skerry.token}` },
  });
  if (!answer.ok) throw new Error(`No login link: ${answer.status} ${await answer.text()}`);
  const { code } = (await answer.json()) as { code: string };
  return `${url}/#code=${code}`;
}

/** What a phone is to a browser. */
export const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

/** Skerry's variables with which the scripted model answers as Anthropic's does. */
export function modelEnv(model: ModelServer): Record<string, string> {
  return { ANTHROPIC_API_KEY: "key", ANTHROPIC_BASE_URL: model.url };
}

export interface TaughtModel {
  model: ModelServer;
  /** What the model does when these words are said last; answers the words. */
  teach(words: string, script: Script): string;
}

/** A model that understands everything, and does what it was taught. */
export async function startTaughtModel(): Promise<TaughtModel> {
  const scripts = new Map<string, Script>();
  const model = await ModelServer.start({
    handler: ({ said }) => [...scripts].findLast(([words]) => said.includes(words))?.[1] ?? { say: "Understood." },
  });
  return {
    model,
    teach(words, script) {
      scripts.set(words, script);
      return words;
    },
  };
}
