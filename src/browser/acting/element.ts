// From a ref or a selector to the element, and to the point of the page where a hand would touch it.
import { ToolFailure } from "../../contract/errors.ts";
import type { BrowserInput } from "../../contract/home/browser.ts";
import { plain } from "../answer.ts";
import { type Frame, isStale, type Page, type Spot } from "../page/page.ts";
import { FIND, INNER_CORNER, POINT } from "../page/scripts.ts";

export interface Found {
  spot: Spot & { objectId: string };
  frame: Frame;
  node: number;
  /** As it was asked for. */
  name: string;
}

export interface Point {
  x: number;
  y: number;
}

/** @throws ToolFailure when it is not there any more. */
export async function find(page: Page, wanted: Pick<BrowserInput, "ref" | "selector">): Promise<Found> {
  if (wanted.ref !== undefined) return findRef(page, wanted.ref);
  if (wanted.selector !== undefined) return findSelector(page, wanted.selector);
  throw new ToolFailure("Say which element: a ref from a snapshot, or a selector.");
}

async function findRef(page: Page, written: string): Promise<Found> {
  const name = written.replace(/^[[@]|\]$/g, "");
  const row = page.tab.refs[name];
  const gone = new ToolFailure(
    `${name} is not on this page (any more): pages change and refs die with them. Take a new snapshot.`,
  );
  if (!row) throw gone;
  const frame = (await page.frames()).find(({ id, loader }) => id === row.frame && loader === row.loader);
  if (!frame) throw gone;
  try {
    const spot = await resolve(page, frame, row.node);
    return { spot, frame, node: row.node, name };
  } catch (error) {
    throw isStale(error) ? gone : error;
  }
}

async function findSelector(page: Page, selector: string): Promise<Found> {
  for (const frame of await page.frames()) {
    const { session, ...on } = await page.worldOf(frame);
    const params = { ...on, functionDeclaration: FIND, arguments: [{ value: selector }] };
    const { result, exceptionDetails } = await page.send("Runtime.callFunctionOn", params, session);
    if (exceptionDetails) throw new ToolFailure(`${selector} is no CSS selector that can be read.`);
    if (!result.objectId) continue;
    const { objectId } = result;
    const { node } = await page.send("DOM.describeNode", { objectId }, session);
    return { spot: { session, objectId }, frame, node: node.backendNodeId, name: selector };
  }
  throw new ToolFailure(`Nothing on the page matches ${selector}; take a snapshot to see what is there.`);
}

export async function resolve(page: Page, frame: Frame, node: number): Promise<Spot & { objectId: string }> {
  const world = await page.worldOf(frame);
  const executionContextId = "executionContextId" in world ? world.executionContextId : 0;
  const { object } = await page.send("DOM.resolveNode", { backendNodeId: node, executionContextId }, frame.session);
  if (!object.objectId) throw new ToolFailure("The element is gone; take a new snapshot.");
  return { session: frame.session, objectId: object.objectId };
}

/** Brings it into view. @throws ToolFailure when it is hidden or something lies over it. */
export async function pointAt(page: Page, found: Found): Promise<Point> {
  const look = () => page.call<{ x: number; y: number; over?: string; hidden?: true; gone?: true }>(found.spot, POINT);
  let at = await look();
  // What slides or fades in is there a moment later.
  for (let again = 0; again < 10 && (at.hidden || at.over); again++) {
    await new Promise((done) => setTimeout(done, 100));
    at = await look();
  }
  if (at.gone) throw new ToolFailure(`${found.name} is not on this page any more; take a new snapshot.`);
  if (at.hidden) throw new ToolFailure(`${found.name} is there but not visible; scroll, open what hides it, or wait.`);
  if (at.over) throw new ToolFailure(`${found.name} is covered by ${plain(at.over, 250)}; close that first.`);
  const corner = await cornerOf(page, found.frame, await page.frames());
  return { x: at.x + corner.x, y: at.y + corner.y };
}

/** Where a frame begins in the tab. */
export async function cornerOf(page: Page, frame: Frame, frames: readonly Frame[]): Promise<Point> {
  const parent = frames.find(({ id }) => id === frame.parent);
  if (!parent) return { x: 0, y: 0 };
  const { backendNodeId } = await page.send("DOM.getFrameOwner", { frameId: frame.id }, parent.session);
  const owner = await resolve(page, parent, backendNodeId);
  const inner = await page.call<Point>(owner, INNER_CORNER);
  const outer = await cornerOf(page, parent, frames);
  return { x: inner.x + outer.x, y: inner.y + outer.y };
}
