// The design page: every component in every state, drawn by the components themselves from made-up data. It is built apart
// from the page (scripts/bundles.ts) and asks no server for anything. What keeps it to itself comes before any component.
import "./private.ts";
import "./sheets.ts";
import { applyTheme, readTheme } from "../state/theme.ts";

const TITLE = "Design system · Skerry";

applyTheme(readTheme());
// Rooms that are shown name the tab after themselves.
const title = document.querySelector("title");
if (title) {
  new MutationObserver(() => {
    if (document.title !== TITLE) document.title = TITLE;
  }).observe(title, { childList: true });
}
// In a file of its own: what is imported at the top may be run before what stands above it.
void import("./page.ts");
