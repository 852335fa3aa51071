// What a person would do on a page: click, type, choose, wait. Every act says what it did; what the page made of it is told after.
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserInput } from "../../contract/home/browser.ts";
import { type BrowserFile, base64Of, plain } from "../answer.ts";
import { type Page, pause } from "../page/page.ts";
import { CHOOSE, HAS, INTO_VIEW, IS_FILE_INPUT, IS_THERE, PUT, PUT_FILES, SAYS, SCROLL } from "../page/scripts.ts";
import { type Found, find, pointAt, resolve } from "./element.ts";
import * as hands from "./hands.ts";

const WAIT_S = 10;
const MOST_WAIT_S = 60;

/** Says in words what was done. */
export async function act(page: Page, input: BrowserInput, files: readonly BrowserFile[]): Promise<string> {
  switch (input.kind) {
    case undefined:
      throw new ToolFailure("act needs a kind: click, type, fill, press, select, upload, wait …");
    case "click":
    case "double": {
      const found = await find(page, input);
      await hands.click(page, await pointAt(page, found), input.kind === "double" ? 2 : 1);
      return `Clicked ${found.name}.`;
    }
    case "hover": {
      const found = await find(page, input);
      await hands.hover(page, await pointAt(page, found));
      return `The mouse is over ${found.name}.`;
    }
    case "type":
      return typeInto(page, input);
    case "fill":
      return fill(page, input);
    case "press": {
      if (!input.text) throw new ToolFailure("press needs the key in text, such as Enter.");
      if (input.ref !== undefined || input.selector !== undefined) {
        const { spot } = await find(page, input);
        await page.call(spot, "function () { this.focus?.(); }");
      }
      await hands.press(page, input.text);
      return `Pressed ${input.text}.`;
    }
    case "drag": {
      if (!input.to) throw new ToolFailure("drag needs two refs: ref and to.");
      const [from, to] = [await find(page, input), await find(page, { ref: input.to })];
      const target = await pointAt(page, to);
      await hands.drag(page, await pointAt(page, from), target);
      return `Dragged ${from.name} to ${to.name}.`;
    }
    case "select": {
      const found = await find(page, input);
      await choose(page, found, input.values ?? (input.text === undefined ? [] : [input.text]));
      return `Chose ${(input.values ?? [input.text]).join(", ")} in ${found.name}.`;
    }
    case "upload":
      return upload(page, input, files);
    case "wait":
      return wait(page, input);
    case "scroll":
      return scroll(page, input);
    default:
      return input.kind satisfies never;
  }
}

async function typeInto(page: Page, input: BrowserInput): Promise<string> {
  const { text = "" } = input;
  if (input.ref === undefined && input.selector === undefined) {
    await hands.type(page, text);
    if (input.submit) await hands.press(page, "Enter");
    return "Typed where the cursor is.";
  }
  const found = await find(page, input);
  await put(page, found, text);
  if (input.submit) await hands.press(page, "Enter");
  return `Typed into ${found.name}${input.submit ? " and pressed Enter" : ""}.`;
}

async function fill(page: Page, { fields = [] }: BrowserInput): Promise<string> {
  if (fields.length === 0) throw new ToolFailure("fill needs fields: a list of ref and text.");
  const done: string[] = [];
  for (const { ref, text } of fields) {
    try {
      await put(page, await find(page, { ref }), text);
      done.push(ref);
    } catch (error) {
      if (!(error instanceof ToolFailure) || done.length === 0) throw error;
      throw new ToolFailure(`${error.message} Filled before that: ${done.join(", ")}.`);
    }
  }
  return `Filled ${done.join(", ")}.`;
}

async function put(page: Page, found: Found, text: string): Promise<void> {
  const what = await page.call<string>(found.spot, PUT, [text]);
  switch (what) {
    case "done":
      return;
    case "type":
      return hands.type(page, text);
    case "click":
      return hands.click(page, await pointAt(page, found));
    case "select":
      return choose(page, found, [text]);
    case "gone":
      throw new ToolFailure(`${found.name} is not on this page any more; take a new snapshot.`);
    default:
      throw new ToolFailure(`Not filled: ${found.name} ${what}.`);
  }
}

async function choose(page: Page, found: Found, values: readonly string[]): Promise<void> {
  if (values.length === 0) throw new ToolFailure("select needs values: what to choose.");
  const { reason, gone } = await page.call<{ reason?: string; gone?: true }>(found.spot, CHOOSE, [values]);
  if (gone) throw new ToolFailure(`${found.name} is not on this page any more; take a new snapshot.`);
  if (reason) throw new ToolFailure(`Nothing chosen: ${found.name} ${plain(reason, 2500)}.`);
}

/** Into a file field, or through the button that would ask a person for files. */
async function upload(page: Page, input: BrowserInput, files: readonly BrowserFile[]): Promise<string> {
  if (files.length === 0) throw new ToolFailure("upload needs values: paths of files in the workspace.");
  const found = await find(page, input);
  let { spot } = found;
  if (!(await page.call<boolean>(spot, IS_FILE_INPUT))) {
    const point = await pointAt(page, found);
    const asked = await page.catchChooser(() => hands.click(page, point));
    if (!asked)
      throw new ToolFailure(`${found.name} takes no files and does not ask for any; name the file field or its button.`);
    const frame = (await page.frames()).find(({ session }) => session === asked.session) ?? found.frame;
    spot = await resolve(page, frame, asked.node);
  }
  const given = files.map(({ name, type, bytes }) => ({ name, type, base64: base64Of(bytes) }));
  const what = await page.call<string>(spot, PUT_FILES, [given]);
  if (what !== "done") throw new ToolFailure(`Not uploaded: ${found.name} ${what}.`);
  return `Gave ${files.map(({ name }) => name).join(", ")} to ${found.name}.`;
}

async function wait(page: Page, input: BrowserInput): Promise<string> {
  const { text, url, gone: isGone = false, seconds = WAIT_S } = input;
  const until = Date.now() + Math.min(seconds, MOST_WAIT_S) * 1000;
  const hasElement = input.ref !== undefined || input.selector !== undefined;
  if (text === undefined && url === undefined && !hasElement) {
    if (input.seconds !== undefined) await pause(until - Date.now());
    const isLoaded = await page.waitLoaded(Math.max(0, until - Date.now()));
    return isLoaded ? "Waited; the page is loaded." : "Waited; the page is still loading.";
  }
  for (;;) {
    if (await isMet(page, input)) return "It is so.";
    if (Date.now() >= until) break;
    await pause(150);
  }
  const what = text ?? url ?? input.ref ?? input.selector ?? "";
  throw new ToolFailure(
    `Waited ${Math.min(seconds, MOST_WAIT_S)} seconds, but ${what} ${isGone ? "is still there" : "did not come"}.`,
  );
}

/** Whether the page is as it is waited for. */
export async function isMet(page: Page, { text, url, ref, selector, gone = false }: BrowserInput): Promise<boolean> {
  if (url !== undefined) {
    const now = (await page.main()).url;
    if (now.includes(url) === gone) return false;
  }
  if (text !== undefined && (await isAnywhere(page, SAYS, text)) === gone) return false;
  if (selector !== undefined && (await isAnywhere(page, HAS, selector)) === gone) return false;
  if (ref !== undefined) {
    const isThere = await find(page, { ref })
      .then(({ spot }) => page.call<boolean>(spot, IS_THERE))
      .catch(() => false);
    if (isThere === gone) return false;
  }
  return true;
}

async function isAnywhere(page: Page, script: string, wanted: string): Promise<boolean> {
  for (const frame of await page.frames()) {
    // A page that is just being left answers nothing; the next look finds the next one.
    const is = await page
      .worldOf(frame)
      .then((world) => page.call<boolean>(world, script, [wanted]))
      .catch(() => false);
    if (is) return true;
  }
  return false;
}

async function scroll(page: Page, input: BrowserInput): Promise<string> {
  if (input.ref !== undefined || input.selector !== undefined) {
    const found = await find(page, input);
    if (await page.call<boolean>(found.spot, INTO_VIEW)) return `${found.name} is in view.`;
    throw new ToolFailure(`${found.name} is not on this page any more; take a new snapshot.`);
  }
  const to = input.to ?? "down";
  if (!/^(up|down|top|bottom)$/.test(to)) throw new ToolFailure("scroll goes to up, down, top or bottom, or to a ref.");
  const { at, most, moved } = await page.call<{ at: number; most: number; moved: number }>(
    await page.worldOf(await page.main()),
    SCROLL,
    [to],
  );
  await pause(200);
  return moved === 0 ? `The page does not go further ${to}.` : `Scrolled to ${at} of ${most}.`;
}
