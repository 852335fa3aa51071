// One visit to a browser that is not at home: a line, what is done over it, and the line dropped again, the tabs left where they are.
// Loaded at the first visit. While nobody is at the line nothing holds a page back, so a page that went meanwhile where it may not go
// is closed before anything of it is read.
import { isMet } from "../../../browser/acting/act.ts";
import type { BrowserAnswer } from "../../../browser/answer.ts";
import { Connection } from "../../../browser/connection.ts";
import { nextFrame, pageOf, takeFrame } from "../../../browser/hand-off/frames.ts";
import { handle } from "../../../browser/hand-off/hands.ts";
import { Cdp, lineOverSocket, type Result } from "../../../browser/line.ts";
import { perform } from "../../../browser/perform.ts";
import type { BrowserState } from "../../../browser/state.ts";
import { Talk } from "../../../browser/talk.ts";
import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserPolicy, HandedTab } from "../../../contract/home/browser.ts";
import type { BrowserFrame, HandEvent } from "../../../contract/home/hand-off.ts";
import type { BrowserTask } from "../../tools/port.ts";
import type { LineSocket } from "./edge.ts";
import { isHandoffOver, showLive } from "./live-view.ts";

export interface VisitOptions {
  policy: BrowserPolicy;
  resolveHost?: ((name: string) => Promise<string[]>) | undefined;
  /** Cuts the visit short. */
  signal: AbortSignal;
}

type Cookies = Result<"Storage.getCookies">["cookies"];

const MOST_COOKIE_CHARS = 500_000;
const NO_PAGE = /^(about|data|blob|chrome-error):|^$/;

/** Changes `state`, also when it fails. */
export async function visit<T>(
  socket: LineSocket,
  state: BrowserState,
  options: VisitOptions,
  work: (talk: Talk) => Promise<T>,
): Promise<T> {
  const { talk, leave } = await openTalk(socket, state, options);
  try {
    return await work(talk);
  } finally {
    leave();
  }
}

/** A line that stays for as long as somebody looks; whoever opens it leaves it. Without `signal` nothing else ends it. */
export async function openTalk(
  socket: LineSocket,
  state: BrowserState,
  { policy, resolveHost, signal }: Omit<VisitOptions, "signal"> & { signal?: AbortSignal },
): Promise<{ talk: Talk; leave(): void }> {
  const cdp = new Cdp(lineOverSocket(socket));
  const cut = () => cdp.close();
  const end = () => {
    signal?.removeEventListener("abort", cut);
    cut();
  };
  signal?.addEventListener("abort", cut);
  try {
    signal?.throwIfAborted();
    const talk = new Talk(await Connection.open(cdp, { policy, resolveHost, hasProxy: false }), state);
    const leave = () => {
      talk.leave();
      end();
    };
    return { talk, leave };
  } catch (error) {
    end();
    throw error;
  }
}

/** What every back end does alike. */
export async function act(talk: Talk, task: BrowserTask): Promise<BrowserAnswer> {
  const notes = await closeStrayed(talk, task.input.tab);
  const answer = await perform(talk, task).catch((error: unknown) => {
    throw error instanceof ToolFailure && notes.length > 0 ? new ToolFailure([...notes, error.message].join(" ")) : error;
  });
  return { ...answer, notes: [...notes, ...answer.notes] };
}

/** A way for a person to the page. */
export async function openToPerson(
  talk: Talk,
  { input }: BrowserTask,
  place: "edge" | "cdp",
  forMs: number,
): Promise<BrowserAnswer> {
  const page = await talk.page(input.tab);
  if (place === "edge") {
    const words = await showLive(page, input.text, forMs);
    if (words !== undefined) return { notes: [words] };
    await page.send("Page.bringToFront");
    return { notes: [], handed: { tab: page.tab.id, nextTab: talk.state.nextTab } };
  }
  await page.send("Page.bringToFront");
  return {
    notes: [`The page is the front tab of the browser at the DevTools address: ${(await page.main()).url.slice(0, 300)}`],
  };
}

/** Whether they are done: they said so, or the page is as it is waited for. */
export async function isGivenBack(talk: Talk, { input }: BrowserTask, place: "edge" | "cdp"): Promise<boolean> {
  const { ref, selector, url } = input;
  const page = await talk.page(input.tab);
  const hasCondition = input.action === "act" && (ref !== undefined || selector !== undefined || url !== undefined);
  if (hasCondition && (await isMet(page, input))) return true;
  return place === "edge" && (await isHandoffOver(page));
}

/** What is seen of a tab that was handed over, as soon as that is not `since`. */
export function lookAt(
  talk: Talk,
  handed: HandedTab,
  { since, waitMs, signal }: { since: string | undefined; waitMs: number; signal: AbortSignal },
): Promise<BrowserFrame> {
  return nextFrame(async () => takeFrame(await pageOf(talk, handed), since), since, waitMs, signal);
}

export async function handleIn(talk: Talk, handed: HandedTab, events: readonly HandEvent[]): Promise<void> {
  await handle(await pageOf(talk, handed), events);
}

export async function takeCookies(talk: Talk): Promise<string | undefined> {
  const { cookies } = await talk.connection.cdp.send("Storage.getCookies", {});
  const text = JSON.stringify(cookies);
  return text.length <= MOST_COOKIE_CHARS ? text : undefined;
}

export async function giveCookies(talk: Talk, text: string): Promise<void> {
  // Written by takeCookies.
  const known = (JSON.parse(text) as Cookies).map(({ size: _size, session, expires, ...cookie }) => ({
    ...cookie,
    ...(session ? {} : { expires }),
  }));
  if (known.length > 0) await talk.connection.cdp.send("Storage.setCookies", { cookies: known });
}

async function closeStrayed(talk: Talk, wanted: string | undefined): Promise<string[]> {
  const notes: string[] = [];
  const { guard } = talk.connection;
  const reasonOf = (url: string) =>
    NO_PAGE.test(url)
      ? Promise.resolve(undefined)
      : guard.check(url).then(
          () => undefined,
          (error: unknown) => (error instanceof Error ? error.message.replace(/^Not opened: /, "") : "it cannot be checked"),
        );
  const close = async (id: string, reason: string) => {
    await talk.close(id);
    notes.push(`${id} went meanwhile where it may not go and was closed: ${reason}`);
  };
  for (const { tab, url } of talk.tabs()) {
    const reason = await reasonOf(url);
    if (reason !== undefined) await close(tab.id, reason);
  }
  const current = talk.state.tabs.find(({ id }) => id === (wanted ?? talk.state.current));
  if (!current) return notes;
  const page = await talk.page(current.id);
  for (const { url } of await page.frames()) {
    const reason = await reasonOf(url);
    if (reason === undefined) continue;
    await close(current.id, reason);
    break;
  }
  return notes;
}
