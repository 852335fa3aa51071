// Brings a style sheet into the page when its room is first opened, so that the chat's first load stays what it is.
// The import of the whole page fetches nothing, the page is there: it keeps the build from cutting what page and rooms
// share into a file for each set of rooms that uses it.
/// <reference path="./text.d.ts" />
import "../../components/frame/app.ts";

export function adopt(text: string): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`@layer rooms {${text}}`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}
