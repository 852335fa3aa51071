// What the eye would find wrong with a page as it stands: wider than the screen, text cut off, something lying over what
// one wants to press, targets too small for a thumb. Looks at what is drawn, in few words for each finding.
import type { Page } from "playwright-core";

/** Lines that end in an ellipsis on purpose: the whole text is one step away. */
const SHORTENED = [
  ".side-title", // the open session's name, and its room in Control
  ".room-title",
  ".room-name",
  ".session-row .row-title", // the session that opens
  ".session-last",
  ".call-title", // the card's arguments
  ".call-progress",
  ".picker-name", // the list that opens
  ".file-name", // the address that opens
  ".composer-hint",
  ".handed-address", // its title
];

/** What one presses most on a phone: as large as a thumb. */
const MAIN_TARGETS = [
  "#message",
  ".send",
  ".stop",
  ".attach",
  ".picker-button",
  ".room-head .icon-button",
  ".search .icon-button",
  ".side-new",
  ".side-link",
  ".side-control",
  ".side-foot .icon-button",
  ".menu-item",
  ".session-row",
  ".file-link",
  ".login button",
  ".field",
  ".button:not(.button-small)",
];

const THUMB_PX = 44;
const LEAST_PX = 24;

export async function findFlaws(page: Page, { isPhone }: { isPhone: boolean }): Promise<string[]> {
  // Names that the compiler gives to functions are not there in the page.
  await page.evaluate("globalThis.__name ??= (named) => named");
  return page.evaluate(look, {
    isPhone,
    shortened: SHORTENED.join(),
    main: MAIN_TARGETS.join(),
    thumb: THUMB_PX,
    least: LEAST_PX,
  });
}

interface Measures {
  isPhone: boolean;
  shortened: string;
  main: string;
  thumb: number;
  least: number;
}

/** Runs in the page. */
function look({ isPhone, shortened, main, thumb, least }: Measures): string[] {
  interface Box {
    left: number;
    top: number;
    right: number;
    bottom: number;
  }
  const flaws = new Set<string>();
  const root: Element = document.querySelector("dialog[open]") ?? document.body;
  const nameOf = (element: Element) => {
    const words = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    const kind = element.id === "" ? [...element.classList].map((one) => `.${one}`).join("") : `#${element.id}`;
    return `${element.localName}${kind}${words === "" ? "" : ` “${words}”`}`;
  };
  const isDrawn = (element: Element) =>
    !element.matches(".skip:not(:focus)") &&
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true }) &&
    element.closest(".unseen, [aria-hidden=true], [inert], dialog:not([open])") === null;
  const chain = (element: Element | null) => {
    const all: Element[] = [];
    for (let one = element; one && one !== document.documentElement; one = one.parentElement) {
      all.push(one);
      if (getComputedStyle(one).position === "fixed") break;
    }
    return all;
  };

  const findWide = () => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) flaws.add(`the page is ${scrollWidth - clientWidth} px wider than the screen`);
    for (const box of document.querySelectorAll(".transcript, .page-scroll, .side-list, .menu, dialog[open], .login")) {
      if (!isDrawn(box) || box.scrollWidth <= box.clientWidth + 1) continue;
      const edge = box.getBoundingClientRect().right;
      const isWide = (element: Element) => element.getBoundingClientRect().right > edge + 1;
      const cause = [...box.querySelectorAll("*")].findLast((one) => isWide(one) && one.closest(".code-body, .table") === null);
      flaws.add(
        `${nameOf(box).slice(0, 40)} scrolls sideways by ${box.scrollWidth - box.clientWidth} px${cause ? `: ${nameOf(cause)}` : ""}`,
      );
    }
  };

  const findCut = (holder: Element, box: Box) => {
    let isFreeAcross = false;
    let isFreeDown = false;
    for (const around of chain(holder)) {
      const style = getComputedStyle(around);
      const edge = around.getBoundingClientRect();
      if (/auto|scroll/.test(style.overflowX)) isFreeAcross = true;
      if (/auto|scroll/.test(style.overflowY)) isFreeDown = true;
      const isOnPurpose = around.matches(shortened) && style.textOverflow === "ellipsis";
      const isCutAcross =
        !isFreeAcross && /hidden|clip/.test(style.overflowX) && (box.right > edge.right + 1 || box.left < edge.left - 1);
      const isCutDown =
        !isFreeDown && /hidden|clip/.test(style.overflowY) && (box.bottom > edge.bottom + 4 || box.top < edge.top - 4);
      if (isOnPurpose) return;
      if (isCutAcross || isCutDown) {
        flaws.add(`cut off: ${nameOf(holder)} by ${around === holder ? "itself" : nameOf(around).slice(0, 40)}`);
        return;
      }
    }
    if (!isFreeAcross && (box.right > innerWidth + 1 || box.left < -1)) flaws.add(`out of the screen: ${nameOf(holder)}`);
  };

  const findCutTexts = () => {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const holder = node.parentElement;
      if (!holder || (node.textContent ?? "").trim() === "" || /^(SCRIPT|STYLE|TEXTAREA)$/.test(holder.tagName)) continue;
      if (!isDrawn(holder)) continue;
      range.selectNodeContents(node);
      const box = range.getBoundingClientRect();
      if (box.width > 0 && box.height > 0) findCut(holder, box);
    }
    for (const field of root.querySelectorAll<HTMLInputElement>("input:placeholder-shown")) {
      if (!isDrawn(field) || field.placeholder === "") continue;
      const style = getComputedStyle(field);
      const pen = document.createElement("canvas").getContext("2d");
      if (!pen) continue;
      pen.font = style.font;
      const room = field.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
      if (pen.measureText(field.placeholder).width > room + 2) flaws.add(`cut off: the hint “${field.placeholder}”`);
    }
  };

  /** The part of an element that is in sight. */
  const seenOf = (element: Element): Box | undefined => {
    const first = element.getClientRects()[0];
    if (!first) return undefined;
    const seen: Box = { left: first.left, top: first.top, right: first.right, bottom: first.bottom };
    for (const around of chain(element.parentElement)) {
      const style = getComputedStyle(around);
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const edge = around.getBoundingClientRect();
      seen.left = Math.max(seen.left, edge.left);
      seen.right = Math.min(seen.right, edge.right);
      seen.top = Math.max(seen.top, edge.top);
      seen.bottom = Math.min(seen.bottom, edge.bottom);
    }
    seen.left = Math.max(seen.left, 0);
    seen.top = Math.max(seen.top, 0);
    seen.right = Math.min(seen.right, innerWidth);
    seen.bottom = Math.min(seen.bottom, innerHeight);
    const share = ((seen.right - seen.left) * (seen.bottom - seen.top)) / (first.width * first.height);
    return seen.right > seen.left && seen.bottom > seen.top && share > 0.5 ? seen : undefined;
  };

  const isInText = (element: Element) => element.matches("a") && getComputedStyle(element).display === "inline";

  const checkTarget = (target: HTMLElement) => {
    const seen = seenOf(target);
    if (!seen) return;
    const hit = document.elementFromPoint((seen.left + seen.right) / 2, (seen.top + seen.bottom) / 2);
    const isOwnLabel = hit?.closest("label")?.contains(target) === true;
    // A menu that was opened lies above on purpose.
    const isUnderMenu = hit?.closest(".menu") != null;
    if (hit && !isUnderMenu && hit !== target && !target.contains(hit) && !isOwnLabel)
      flaws.add(`covered: ${nameOf(target)} by ${nameOf(hit).slice(0, 60)}`);
    if (!isPhone || isInText(target)) return;
    const label = target.closest("label") ?? target;
    const { width, height } = label.getBoundingClientRect();
    const needed = target.matches(main) ? thumb : least;
    if (Math.round(height) < needed || Math.round(width) < Math.min(needed, thumb))
      flaws.add(`too small for a thumb: ${nameOf(target)} is ${Math.round(width)} × ${Math.round(height)}, not ${needed}`);
  };

  findWide();
  findCutTexts();
  const targets = root.querySelectorAll<HTMLElement>(
    "a[href], button, input, textarea, select, summary, [role=option], [role=slider]",
  );
  for (const target of targets) {
    const isOff = target.matches(":disabled, [type=file], [type=hidden]");
    if (!isOff && isDrawn(target)) checkTarget(target);
  }
  return [...flaws];
}
