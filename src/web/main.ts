// The page's beginning: theme first, then the code of a login link (gone from the address before anything is sent), then
// the desk and the components that read it.
import { fetchReading } from "./components/chat/markdown.ts";
import { App } from "./components/frame/app.ts";
import { Desk } from "./state/desk.ts";
import { takeCode } from "./state/login.ts";
import { applyTheme, readTheme } from "./state/theme.ts";

const VERSION = "0.1.0";

applyTheme(readTheme());
const code = takeCode();
const desk = new Desk(VERSION);
const app = document.querySelector("sk-app");
// The questions to the server are on their way before the first picture is made, which is a piece of work of its own.
void desk.start(code);
setTimeout(() => {
  if (app instanceof App) app.desk = desk;
});
addEventListener("load", () => setTimeout(fetchReading, 200));
