// A tab that the agent handed over, on a page of its own: its picture, the person's hands in it, the time left, and Done. It shares
// nothing with Skerry's page but the look, and needs no login: whoever has the link has the tab.
import { applyTheme, readTheme } from "../state/theme.ts";
import { followKeyboard } from "./keyboard.ts";
import { HandOffLine, type Shown } from "./line.ts";
import { followPointer } from "./pointer.ts";

applyTheme(readTheme());

const picture = find(".handed-picture", HTMLImageElement);
const keys = find(".handed-keys", HTMLTextAreaElement);
const note = find(".handed-note:not(.handed-asked)", HTMLElement);
const asked = find(".handed-asked", HTMLElement);
const left = find(".handed-left", HTMLElement);
const address = find(".handed-address", HTMLElement);
const wish = find(".handed-wish", HTMLElement);
let endsAt = 0;

const line = new HandOffLine(location.pathname, { show, say, end });
followPointer(
  picture,
  (event) => line.do(event),
  // A mouse has a keyboard beside it; on a phone it would cover the page with every touch.
  () => keys.focus({ preventScroll: true }),
);
followKeyboard(
  keys,
  (event) => line.do(event),
  () => button("done").focus(),
);
button("back").addEventListener("click", () => line.do({ kind: "back" }));
button("reload").addEventListener("click", () => line.do({ kind: "reload" }));
button("keyboard").addEventListener("click", () => keys.focus({ preventScroll: true }));
button("done").addEventListener("click", async ({ currentTarget }) => {
  const pressed = currentTarget as HTMLButtonElement;
  pressed.disabled = true;
  if (!(await line.done())) pressed.disabled = false;
});
setInterval(showTime, 1000);
void line.watch();

function show(shown: Shown): void {
  endsAt = Date.now() + shown.leftMs;
  if (shown.wish !== "") wish.textContent = shown.wish;
  address.textContent = shown.url;
  address.title = shown.url;
  if (shown.picture !== undefined) picture.src = `data:image/jpeg;base64,${shown.picture}`;
  picture.hidden = false;
  showAsked(shown.asked ?? "");
  showTime();
}

/** In the page's words: others wrote them. */
function showAsked(text: string): void {
  if (asked.textContent !== text) asked.textContent = text;
}

function say(text: string): void {
  if (note.textContent !== text) note.textContent = text;
}

function end(text: string): void {
  document.body.classList.add("is-over");
  wish.textContent = "The browser";
  picture.removeAttribute("src");
  picture.hidden = true;
  showAsked("");
  say(text);
}

function showTime(): void {
  if (endsAt === 0) return;
  const seconds = Math.max(0, Math.round((endsAt - Date.now()) / 1000));
  left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left`;
}

function button(name: string): HTMLButtonElement {
  return find(`[data-do="${name}"]`, HTMLButtonElement);
}

function find<T extends HTMLElement>(selector: string, kind: new () => T): T {
  const found = document.querySelector(selector);
  if (found instanceof kind) return found;
  throw new Error(`The page has no ${selector}.`);
}
