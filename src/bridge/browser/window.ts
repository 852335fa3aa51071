// A person takes over at this machine: the page is put into a window. A browser that runs without one is started anew with it, and
// takes its cookies along, those too that end with a browser; what a page had not sent is lost.
import { hostname } from "node:os";
import type { BrowserAnswer } from "../../browser/answer.ts";
import { heldMs } from "../../browser/hand-off/time.ts";
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserDo } from "../../contract/home/browser.ts";
import type { Running } from "./running.ts";

export function hasDisplay(environment: NodeJS.ProcessEnv): boolean {
  return process.platform !== "linux" || Boolean(environment["DISPLAY"] || environment["WAYLAND_DISPLAY"]);
}

/** `restart` starts the same profile anew, with a window. */
export async function handOver(running: Running, request: BrowserDo, restart: () => Promise<Running>): Promise<BrowserAnswer> {
  const { sessionKey, policy, input } = request;
  const tabs = running.tabsOf(sessionKey);
  const tab = tabs.find(({ id, isCurrent }) => (input.tab === undefined ? isCurrent : id === input.tab));
  if (!tab) throw new ToolFailure("No page is open that could be handed over; open it first.");
  const forMs = heldMs(input);
  if (!running.isHeadless) {
    await running.work(sessionKey, policy, (talk) => talk.focus(tab.id));
    running.hold(sessionKey, forMs);
    return { notes: [`The page is in the window of the browser on ${hostname()}.`], url: tab.url, tab: tab.id };
  }
  const cookies = await running.readCookies();
  await running.close("The browser was started anew with a window, for a person to take over; open the page again.");
  const next = await restart();
  await next.writeCookies(cookies);
  await next.do({ ...request, input: { action: "open", url: tab.url } }, []);
  next.hold(sessionKey, forMs);
  const { id = "" } = next.tabsOf(sessionKey).find(({ isCurrent }) => isCurrent) ?? {};
  return { notes: [`The page was opened anew, as ${id}, in a window of the browser on ${hostname()}.`], url: tab.url, tab: id };
}
