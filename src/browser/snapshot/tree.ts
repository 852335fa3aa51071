// What a page says and offers, from the browser's accessibility tree: frames inside one another, shadow trees as they are seen.
// Elements that can be acted on get a ref. Bounded: a page of any size costs only so much.
import type { Protocol } from "devtools-protocol/types/protocol.d.ts";
import { plain } from "../answer.ts";
import { type Frame, isStale, type Page } from "../page/page.ts";
import { COUNT } from "../page/scripts.ts";
import { RefBook } from "../state.ts";

type AxNode = Protocol.Accessibility.AXNode;

export interface Twig {
  role: string;
  name: string;
  ref?: string;
  facts: string[];
  children: Twig[];
}

export interface Grown {
  roots: Twig[];
  /** Says what was left out. */
  notes: string[];
}

const MOST_FRAMES = 30;
/** Above these the tree is read in pieces, and clicks by script alone are not looked for. */
const LARGE = 12_000;
const MOST_PIECES = 1500;
const ACTIVE =
  /^(button|link|textbox|searchbox|checkbox|radio|switch|combobox|listbox|option|menuitem(checkbox|radio)?|tab|slider|spinbutton|treeitem|PopUpButton|MenuListPopup|Date|DateTime|InputTime|ColorWell|Video|Audio|DisclosureTriangle|MenuListOption)$/i;
const NAMELESS = /^(none|generic|presentation|InlineTextBox|LineBreak|LabelText|ListMarker|Pre|Unknown)$/;
const ROLES: Record<string, string> = {
  RootWebArea: "document",
  StaticText: "text",
  PopUpButton: "combobox",
  MenuListOption: "option",
  Date: "datefield",
  DateTime: "datefield",
  InputTime: "timefield",
  ColorWell: "colorfield",
  Iframe: "frame",
  LabelText: "label",
  LayoutTable: "group",
  LayoutTableRow: "group",
  LayoutTableCell: "group",
  DisclosureTriangle: "button",
};

export async function grow(page: Page, scope?: { session: string; node: number; frame: Frame }): Promise<Grown> {
  const frames = await page.frames();
  const book = new RefBook(page.tab);
  book.keepOnly(new Set(frames.map(({ loader }) => loader)));
  const grower = new Grower(page, frames, book);
  const main = frames[0];
  if (!main) return { roots: [], notes: ["The page is empty."] };
  const roots = scope ? await grower.growPart(scope.frame, scope.node) : await grower.growFrame(main, 0);
  return { roots, notes: grower.notes };
}

class Grower {
  readonly #page: Page;
  readonly #frames: Frame[];
  readonly #book: RefBook;
  readonly notes: string[] = [];
  #clickable = new Map<string, Set<number>>();
  #grown = 0;

  constructor(page: Page, frames: Frame[], book: RefBook) {
    this.#page = page;
    this.#frames = frames;
    this.#book = book;
  }

  async growFrame(frame: Frame, depth: number): Promise<Twig[]> {
    if (++this.#grown > MOST_FRAMES || depth > 8) {
      if (this.#grown === MOST_FRAMES + 1) this.notes.push(`Only the first ${MOST_FRAMES} frames were read.`);
      return [];
    }
    try {
      const count = await this.#page.call<number>(await this.#page.worldOf(frame), COUNT);
      if (count > LARGE) return await this.#growLarge(frame, count);
      await this.#findClickable(frame.session);
      const { nodes } = await this.#page.send("Accessibility.getFullAXTree", { frameId: frame.id }, frame.session);
      return await this.#graft(nodes, nodes[0]?.nodeId, frame, depth);
    } catch (error) {
      if (depth === 0 && !isStale(error)) throw error;
      return [];
    }
  }

  async growPart(frame: Frame, node: number): Promise<Twig[]> {
    await this.#findClickable(frame.session);
    // What was asked for by itself can be named from then on, whatever it is.
    this.#clickable.get(frame.session)?.add(node);
    const { nodes } = await this.#page.send("Accessibility.queryAXTree", { backendNodeId: node }, frame.session);
    const own = nodes.find((one) => one.backendDOMNodeId === node);
    return this.#graft(nodes, own?.nodeId ?? nodes[0]?.nodeId, frame, 0);
  }

  /** Reads from the top, child by child, until enough was read: the whole tree of such a page would be tens of megabytes. */
  async #growLarge(frame: Frame, count: number): Promise<Twig[]> {
    this.notes.push(`The page is very large (${count} elements): only its beginning was read; use selector to read a part.`);
    // Without it the browser gives whole trees alone; left on, it would slow the page down.
    await this.#page.send("Accessibility.enable", undefined, frame.session);
    const nodes = await this.#readPieces(frame).finally(() => {
      this.#page.connection.cdp.tell("Accessibility.disable", undefined, frame.session);
    });
    return this.#graft(nodes, nodes[0]?.nodeId, frame, MOST_FRAMES);
  }

  async #readPieces(frame: Frame): Promise<AxNode[]> {
    const { node } = await this.#page.send("Accessibility.getRootAXNode", { frameId: frame.id }, frame.session);
    const known = new Map<string, AxNode>([[node.nodeId, node]]);
    const waiting = [node.nodeId];
    let kept = 0;
    for (let asked = 0; waiting.length > 0 && asked < MOST_PIECES && kept < MOST_PIECES * 2; asked++) {
      const id = waiting.shift() ?? "";
      const { nodes } = await this.#page.send("Accessibility.getChildAXNodes", { id, frameId: frame.id }, frame.session);
      for (const child of nodes) if (!known.has(child.nodeId)) known.set(child.nodeId, child);
      const next = nodes
        .filter((child) => child.parentId === id || known.get(id)?.childIds?.includes(child.nodeId))
        .slice(0, MOST_PIECES);
      kept += next.length;
      waiting.unshift(
        ...next
          .filter((child) => (child.childIds?.length ?? 0) > 0 && child.role?.value !== "StaticText")
          .map((child) => child.nodeId),
      );
    }
    return [...known.values()];
  }

  async #graft(nodes: readonly AxNode[], root: string | undefined, frame: Frame, depth: number): Promise<Twig[]> {
    const byId = new Map(nodes.map((node) => [node.nodeId, node]));
    const inner: Promise<void>[] = [];
    const visit = (id: string, level: number): Twig[] => {
      const node = byId.get(id);
      if (!node) return [];
      const children = () => (level > 300 ? [] : (node.childIds ?? []).flatMap((child) => visit(child, level + 1)));
      const role = String(node.role?.value ?? "");
      const isClickable = this.#clickable.get(frame.session)?.has(node.backendDOMNodeId ?? -1) === true;
      if (node.ignored && !isClickable) return children();
      if (role === "InlineTextBox" || role === "ListMarker") return [];
      const twig: Twig = {
        role: ROLES[role] ?? role,
        name: plain(String(node.name?.value ?? ""), 1000),
        facts: factsOf(node),
        children: [],
      };
      const isActive = ACTIVE.test(role) || isClickable || (propertyOf(node, "focusable") === true && role !== "RootWebArea");
      if (role === "Iframe" && node.backendDOMNodeId !== undefined && depth < MOST_FRAMES) {
        inner.push(this.#growInner(twig, node.backendDOMNodeId, frame, depth));
        return [twig];
      }
      twig.children = children();
      // The field that a label is for is there itself.
      if (role === "LabelText" && twig.children.some(hasRef)) return twig.children;
      if (isActive && node.backendDOMNodeId !== undefined) {
        const ref = this.#book.nameOf({ node: node.backendDOMNodeId, frame: frame.id, loader: frame.loader });
        if (ref) twig.ref = ref;
      }
      if (!twig.ref && NAMELESS.test(role)) return twig.children;
      if (twig.role === "generic" || twig.role === "none") twig.role = "clickable";
      return [twig];
    };
    const roots = root === undefined ? [] : visit(root, 0);
    await Promise.all(inner);
    return roots;
  }

  async #growInner(twig: Twig, backendNodeId: number, frame: Frame, depth: number): Promise<void> {
    const { node } = await this.#page.send("DOM.describeNode", { backendNodeId }, frame.session);
    const inner = this.#frames.find(({ id }) => id === node.frameId);
    if (inner) twig.children = await this.growFrame(inner, depth + 1);
  }

  /** What answers to clicks without saying so by its role. */
  async #findClickable(session: string): Promise<void> {
    if (this.#clickable.has(session)) return;
    const found = new Set<number>();
    this.#clickable.set(session, found);
    try {
      const { documents, strings } = await this.#page.send(
        "DOMSnapshot.captureSnapshot",
        { computedStyles: ["cursor"] },
        session,
      );
      for (const { nodes, layout } of documents) {
        const ids = nodes.backendNodeId ?? [];
        const hasHand = new Set(layout.nodeIndex.filter((_, place) => strings[layout.styles[place]?.[0] ?? -1] === "pointer"));
        for (const index of nodes.isClickable?.index ?? []) if (nodes.nodeType?.[index] === 1) found.add(ids[index] ?? -1);
        // A hand that the element above has too is only inherited.
        for (const index of hasHand) {
          if (nodes.nodeType?.[index] === 1 && !hasHand.has(nodes.parentIndex?.[index] ?? -1)) found.add(ids[index] ?? -1);
        }
        // Whole pages listen for clicks; that makes nothing a button.
        nodes.nodeName?.forEach((name, index) => {
          if (/^(html|body|main|form|#document)$/i.test(strings[name] ?? "")) found.delete(ids[index] ?? -1);
        });
      }
    } catch (error) {
      if (!isStale(error)) this.notes.push("Elements that only a script makes clickable were not looked for.");
    }
  }
}

function hasRef({ ref, children }: Twig): boolean {
  return ref !== undefined || children.some(hasRef);
}

function propertyOf(node: AxNode, name: string): unknown {
  return node.properties?.find((property) => property.name === name)?.value.value;
}

function factsOf(node: AxNode): string[] {
  const facts: string[] = [];
  const level = propertyOf(node, "level");
  if (level !== undefined) facts.push(`level ${level}`);
  const checked = propertyOf(node, "checked");
  if (checked !== undefined) facts.push(checked === "true" ? "checked" : checked === "mixed" ? "half checked" : "not checked");
  const pressed = propertyOf(node, "pressed");
  if (pressed === "true") facts.push("pressed");
  const expanded = propertyOf(node, "expanded");
  if (expanded !== undefined) facts.push(expanded === true ? "open" : "folded");
  for (const name of ["disabled", "required", "selected", "readonly", "focused"] as const) {
    if (propertyOf(node, name) === true) facts.push(name);
  }
  const invalid = propertyOf(node, "invalid");
  if (invalid !== undefined && invalid !== "false") facts.push("invalid");
  const value = node.value?.value;
  const said = plain(String(value ?? ""), 300);
  if (said !== "" && said !== node.name?.value) facts.push(`= "${said}"`);
  const url = propertyOf(node, "url");
  if (typeof url === "string" && node.role?.value === "link") facts.push(`-> ${plain(url, 200)}`);
  return facts;
}
