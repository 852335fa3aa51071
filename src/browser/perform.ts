// One thing done in a browser, the same for every back end: from the tool's words to words, page text and files.
import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import { ToolFailure } from "../contract/errors.ts";
import type { BrowserInput, BrowserPolicy } from "../contract/home/browser.ts";
import { act } from "./acting/act.ts";
import { find, pointAt } from "./acting/element.ts";
import { click } from "./acting/hands.ts";
import { type BrowserAnswer, type BrowserFile, bounded, boundedFailure, plain } from "./answer.ts";
import type { Result } from "./line.ts";
import { download } from "./page/download.ts";
import { emulate } from "./page/emulation.ts";
import { isStale, type Page } from "./page/page.ts";
import { print, screenshot } from "./page/pictures.ts";
import { cookies, storage } from "./page/storage.ts";
import { changes, cut, type Mode, narrow, render } from "./snapshot/text.ts";
import { grow } from "./snapshot/tree.ts";
import type { Talk } from "./talk.ts";

export interface Task {
  input: BrowserInput;
  policy: BrowserPolicy;
  /** For upload. */
  files: readonly BrowserFile[];
}

/** What each back end does by itself: it knows its own state, its profiles, its ways to a person. */
export type SharedAction = Exclude<BrowserInput["action"], "status" | "profiles" | "handoff">;

const OPENED_CHARS = 6000;
const CHANGED_CHARS = 2500;
const SNAPSHOT_CHARS = 20_000;
const RESULT_CHARS = 20_000;
const EVALUATE_MS = 10_000;

export async function perform(talk: Talk, { input, policy, files }: Task): Promise<BrowserAnswer> {
  try {
    const answer = await dispatch(talk, input, policy, files);
    return bounded({ ...answer, notes: [...answer.notes, ...talk.takeNotes(), ...talk.connection.guard.takeNotes()] });
  } catch (error) {
    const notes = [...talk.takeNotes(), ...talk.connection.guard.takeNotes()];
    const failure = isStale(error) ? new ToolFailure("The page changed or closed meanwhile; take a new snapshot.") : error;
    // Why it failed often stands in what happened beside it: a dialog, a blocked address.
    throw failure instanceof ToolFailure ? new ToolFailure(boundedFailure(failure.message, notes)) : failure;
  }
}

async function dispatch(
  talk: Talk,
  input: BrowserInput,
  policy: BrowserPolicy,
  files: readonly BrowserFile[],
): Promise<BrowserAnswer> {
  const action = input.action as SharedAction;
  switch (action) {
    case "open":
      return open(talk, input);
    case "navigate": {
      const page = talk.state.tabs.length === 0 ? await talk.open() : await talk.page(input.tab);
      await navigate(page, input.url);
      return look(page, { mode: "interactive", maxChars: input.maxChars ?? OPENED_CHARS });
    }
    case "back":
      return back(await talk.page(input.tab), input);
    case "tabs":
      return listTabs(talk);
    case "focus": {
      if (!input.tab) throw new ToolFailure("focus needs tab, such as t2.");
      await talk.focus(input.tab);
      return { ...listTabs(talk), notes: [`${input.tab} is the current tab.`] };
    }
    case "close":
      return { notes: [`Closed ${await talk.close(input.tab)}.`] };
    case "snapshot":
      return snapshot(await talk.page(input.tab), input);
    case "screenshot": {
      const page = await talk.page(input.tab);
      const { file, notes } = await screenshot(page, input);
      return { notes, files: [file], url: (await page.main()).url };
    }
    case "act":
      return actOn(await talk.page(input.tab), input, files);
    case "evaluate":
      return evaluate(await talk.page(input.tab), input, policy);
    case "console":
    case "requests":
    case "errors": {
      const page = await talk.page(input.tab);
      const lines = page.tab[action]
        .filter((line) => !input.query || line.toLowerCase().includes(input.query.toLowerCase()))
        .slice(-50);
      return { notes: lines.length === 0 ? ["There is nothing."] : [], content: lines.join("\n"), url: (await page.main()).url };
    }
    case "pdf": {
      const page = await talk.page(input.tab);
      return { notes: [], files: [await print(page)], url: (await page.main()).url };
    }
    case "download":
      return fetchFile(talk, input);
    case "dialog": {
      const { tab } = await talk.page(input.tab);
      tab.dialog = { accept: input.accept ?? true, text: input.text ?? "" };
      return {
        notes: [`The next dialog of ${tab.id} will be ${tab.dialog.accept ? "accepted" : "dismissed"}. Now do what opens it.`],
      };
    }
    case "cookies":
    case "storage": {
      const page = await talk.page(input.tab);
      const show = action === "cookies" ? cookies : storage;
      return { notes: [], content: await show(page, input, policy.mayEvaluate), url: (await page.main()).url };
    }
    case "emulate":
      return { notes: await emulate(await talk.page(input.tab), input.set) };
    default:
      return action satisfies never;
  }
}

async function open(talk: Talk, input: BrowserInput): Promise<BrowserAnswer> {
  if (!input.url) throw new ToolFailure("open needs a url.");
  await talk.connection.guard.check(input.url);
  const page = await talk.open();
  await navigate(page, input.url);
  return look(page, { mode: "interactive", maxChars: input.maxChars ?? OPENED_CHARS });
}

async function navigate(page: Page, written: string | undefined): Promise<void> {
  if (!written) throw new ToolFailure("navigate needs a url.");
  const { href } = await page.connection.guard.check(written);
  const { errorText } = await page.send("Page.navigate", { url: href });
  if (errorText) throw new ToolFailure(explainError(errorText, written));
  if (!(await page.waitLoaded())) page.notes.push("The page is still loading; wait for what you need.");
}

async function back(page: Page, input: BrowserInput): Promise<BrowserAnswer> {
  const { currentIndex, entries } = await page.send("Page.getNavigationHistory");
  const before = entries[currentIndex - 1];
  if (!before || before.url === "about:blank") throw new ToolFailure("There is no page before this one.");
  await page.send("Page.navigateToHistoryEntry", { entryId: before.id });
  await page.settle();
  return look(page, { mode: "interactive", maxChars: input.maxChars ?? OPENED_CHARS });
}

function listTabs(talk: Talk): BrowserAnswer {
  const lines = talk
    .tabs()
    .map(
      ({ tab, title, url, isCurrent }) => `${tab.id}${isCurrent ? " (current)" : ""}: ${plain(title, 100)} ${plain(url, 300)}`,
    );
  return lines.length === 0 ? { notes: ["No page is open."] } : { notes: [], content: lines.join("\n"), url: "tabs" };
}

async function snapshot(page: Page, input: BrowserInput): Promise<BrowserAnswer> {
  const { mode = "compact", maxChars = SNAPSHOT_CHARS } = input;
  if (!input.diff) return look(page, { mode, maxChars, depth: input.depth, query: input.query }, input);
  const before = page.tab.seen;
  const { lines, notes, head } = await read(page, before ? "compact" : mode, input.depth, input);
  if (!before) return { notes: ["There was no snapshot before this one.", ...notes], ...body(head, cut(lines, maxChars).text) };
  const changed = changes(before.lines, lines);
  if (!changed) return { notes: ["Nothing has changed since the last snapshot.", ...notes] };
  const { text, note } = cut(changed, maxChars);
  return { notes: [...notes, ...(note ? [note] : [])], ...body(head, text) };
}

async function look(
  page: Page,
  view: { mode: Mode; maxChars: number; depth?: number | undefined; query?: string | undefined },
  scope: Pick<BrowserInput, "ref" | "selector"> = {},
): Promise<BrowserAnswer> {
  const { lines, notes, head } = await read(page, view.mode, view.depth, scope);
  // A page without anything to act on is there to be read.
  if (view.mode === "interactive" && lines.length === 0) return look(page, { ...view, mode: "compact" }, scope);
  const shown = view.query ? narrow(lines, view.query) : lines;
  const { text, note } = cut(shown, view.maxChars);
  const said = shown.length > 0 ? [] : [view.query ? "No line has these words." : "The page shows nothing that can be read."];
  return { notes: [...said, ...notes, ...(note ? [note] : [])], ...body(head, text) };
}

async function read(
  page: Page,
  mode: Mode,
  depth: number | undefined,
  scope: Pick<BrowserInput, "ref" | "selector">,
): Promise<{ lines: string[]; notes: string[]; head: { url: string; title: string } }> {
  const part = scope.ref !== undefined || scope.selector !== undefined ? await find(page, scope) : undefined;
  const { roots, notes } = await grow(page, part && { session: part.spot.session, node: part.node, frame: part.frame });
  const lines = render(roots, mode, depth);
  // What an act changes is often said in plain words (a wrong password, a count): those have to be in the difference.
  if (!part && depth === undefined) {
    const whole = mode === "compact" ? lines : render(roots, "compact");
    page.tab.seen = { lines: cut(whole, 60_000).text.split("\n") };
  }
  const main = await page.main();
  return { lines, notes, head: { url: main.url, title: plain(roots[0]?.role === "document" ? roots[0].name : "", 200) } };
}

function body({ url, title }: { url: string; title: string }, text: string): Pick<BrowserAnswer, "content" | "url"> {
  return { url, content: `${title === "" ? "" : `# ${title}\n`}${text === "" ? "(nothing)" : text}` };
}

async function actOn(page: Page, input: BrowserInput, files: readonly BrowserFile[]): Promise<BrowserAnswer> {
  const before = page.tab.seen;
  const from = await page.main();
  const done = await act(page, input, files);
  await page.settle();
  if (page.isGone) return { notes: [done, "The tab closed itself."] };
  const now = await page.main();
  if (now.loader !== from.loader) {
    const shown = await look(page, { mode: "interactive", maxChars: OPENED_CHARS });
    return { ...shown, notes: [done, `The page is now ${plain(now.url, 300)}.`, ...shown.notes] };
  }
  const moved = now.url === from.url ? [] : [`The address is now ${plain(now.url, 300)}.`];
  const { lines, notes, head } = await read(page, "compact", undefined, {});
  const changed = before ? changes(before.lines, lines) : undefined;
  if (!changed)
    return { notes: [done, ...moved, ...(before ? ["Nothing on the page changed by it."] : []), ...notes], url: head.url };
  const { text, note } = cut(changed, input.maxChars ?? CHANGED_CHARS);
  return {
    notes: [done, ...moved, ...notes, ...(note ? ["More changed than is shown; take a snapshot."] : [])],
    ...body(head, text),
  };
}

async function evaluate(page: Page, input: BrowserInput, policy: BrowserPolicy): Promise<BrowserAnswer> {
  if (!policy.mayEvaluate) throw new ToolFailure("Scripts are not allowed here; the owner can allow them (browser.evaluate).");
  if (!input.text)
    throw new ToolFailure("evaluate needs JavaScript in text: an expression, or a function that gets the element of ref.");
  const isFunction = /^\s*(async\s+)?(function\b|\(?[\w\s,{}]*\)?\s*=>)/.test(input.text);
  const { url } = await page.main();
  if (input.ref !== undefined || input.selector !== undefined) {
    const { frame, node } = await find(page, input);
    // In the page's own world, as whoever wrote the script expects.
    const { object } = await page.send("DOM.resolveNode", { backendNodeId: node }, frame.session);
    const script = `async function () { return await (${isFunction ? input.text : `(element) => (${input.text})`})(this); }`;
    return {
      notes: [],
      content: show(await page.call({ session: frame.session, objectId: object.objectId ?? "" }, script, [], EVALUATE_MS)),
      url,
    };
  }
  const expression = isFunction ? `(${input.text})()` : input.text;
  const params = { expression, awaitPromise: true, replMode: !isFunction, userGesture: true, timeout: EVALUATE_MS };
  const first = await page.send("Runtime.evaluate", params, undefined, EVALUATE_MS + 1000);
  const { result, exceptionDetails } = first.exceptionDetails ? first : await readValue(page, first.result);
  if (exceptionDetails) throw new ToolFailure(plain(exceptionDetails.exception?.description ?? exceptionDetails.text, 1000));
  await page.settle();
  return { notes: [], content: show(result.value ?? result.description), url };
}

/** An object as plain data; a promise's is waited for, which the console's own way of reading does not do. */
async function readValue(page: Page, result: Protocol.Runtime.RemoteObject): Promise<Result<"Runtime.awaitPromise">> {
  const { objectId, subtype } = result;
  if (objectId === undefined) return { result };
  if (subtype === "promise") {
    return page.send("Runtime.awaitPromise", { promiseObjectId: objectId, returnByValue: true }, undefined, EVALUATE_MS);
  }
  const params = { objectId, functionDeclaration: "function () { return this; }", returnByValue: true };
  return page.send("Runtime.callFunctionOn", params);
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value, undefined, 1) ?? "undefined");
  return text.length <= RESULT_CHARS ? text : `${text.slice(0, RESULT_CHARS).toWellFormed()}…`;
}

async function fetchFile(talk: Talk, input: BrowserInput): Promise<BrowserAnswer> {
  const { url } = input;
  if (url !== undefined) {
    await talk.connection.guard.check(url);
    const page = talk.state.tabs.length === 0 ? await talk.open() : await talk.page(input.tab);
    const file = await download(page, async () => {
      const { errorText } = await page.send("Page.navigate", { url });
      if (errorText) throw new ToolFailure(explainError(errorText, url));
      throw new ToolFailure(`${plain(url, 200)} is shown as a page and is no download; use snapshot or pdf.`);
    });
    return { notes: [], files: [file], url };
  }
  const page = await talk.page(input.tab);
  const found = await find(page, input);
  const point = await pointAt(page, found);
  const file = await download(page, () => click(page, point));
  return { notes: [], files: [file], url: (await page.main()).url };
}

/** What the browser says of an address it did not get to, in words. */
function explainError(said: string, url: string): string {
  const where = plain(url, 200);
  if (/BLOCKED_BY_CLIENT|TUNNEL_CONNECTION_FAILED|PROXY/.test(said)) return `${where} was not opened.`;
  if (/ABORTED/.test(said)) return `${where} is no page but a download; use action download with this url.`;
  if (/TOO_MANY_REDIRECTS/.test(said)) return `${where} redirects without end.`;
  if (/NAME_NOT_RESOLVED/.test(said)) return `${where} was not found: there is no such name.`;
  if (/CONNECTION|TIMED_OUT|EMPTY_RESPONSE|ADDRESS_UNREACHABLE/.test(said))
    return `${where} did not answer (${said.replace("net::", "")}).`;
  if (/CERT|SSL/.test(said)) return `${where} has no certificate that can be trusted (${said.replace("net::", "")}).`;
  if (/INTERNET_DISCONNECTED/.test(said))
    return `${where} was not reached: this tab is offline (emulate offline false ends that).`;
  return `${where} could not be opened (${said.replace("net::", "")}).`;
}
