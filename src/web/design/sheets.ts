// The style sheets of the page for inside the frames, as they were written: those that the page links to, and those that
// rooms bring along. States that only a pointer or the keyboard brings about get a class beside them (`as-hover`,
// `as-focus` …), to be shown at rest. Must be imported before any room.
import specimen from "./specimen.css" with { type: "text" };

const FORCED: readonly (readonly [state: string, name: string])[] = [
  ["hover", "as-hover"],
  ["focus-visible", "as-focus"],
  ["focus-within", "as-within"],
  ["active", "as-active"],
];

/** What was written into a sheet; the browser's own account of it leaves out what it could not resolve yet. */
const written = new WeakMap<CSSStyleSheet, string>();
const replaceSync = CSSStyleSheet.prototype.replaceSync;
CSSStyleSheet.prototype.replaceSync = function (text) {
  written.set(this, text);
  replaceSync.call(this, text);
};

let made: Promise<CSSStyleSheet[]> | undefined;

export function frameSheets(): Promise<CSSStyleSheet[]> {
  made ??= readSheets();
  return made;
}

async function readSheets(): Promise<CSSStyleSheet[]> {
  const linked = await Promise.all(
    Array.from(document.styleSheets, async ({ href }) => (href === null ? "" : (await fetch(href)).text())),
  );
  const adopted = document.adoptedStyleSheets.map((sheet) => written.get(sheet) ?? "");
  return [...linked, ...adopted].map((text) => sheetOf(showStates(text))).concat(sheetOf(specimen));
}

function showStates(text: string): string {
  return FORCED.reduce(
    (shown, [state, name]) => shown.replaceAll(new RegExp(`:${state}(?![\\w-])`, "g"), `:is(:${state}, .${name})`),
    text,
  );
}

function sheetOf(text: string): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
}
