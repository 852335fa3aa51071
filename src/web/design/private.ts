// Keeps this page to itself: what its components keep (drafts, messages on their way, the theme) stays in memory, beside
// what the real page of the same address keeps in this browser; leaving it never asks about drafts; and a case that is
// brought into its state (specimen.ts) does not move the page.
import * as z from "zod";
import { recall } from "../state/shelf.ts";

// The policy of the page forbids functions made of text, which zod would try for speed when the first schema is made.
z.config({ jitless: true });

const theme = recall("theme");

// A browser without storage is a case the shelf knows: it keeps everything for the life of the page.
Object.defineProperty(window, "localStorage", {
  configurable: true,
  get(): Storage {
    throw new DOMException("This page keeps nothing.", "SecurityError");
  },
});
if (theme !== undefined) document.documentElement.dataset["theme"] = theme;

addEventListener("beforeunload", (event) => event.stopImmediatePropagation(), { capture: true });

// A dozen pages stand on this one: none of them is the one whose keys are meant. What is focused has heard the key already.
addEventListener("keydown", (event) => event.stopImmediatePropagation());

const scroll = Element.prototype.scrollIntoView;
Element.prototype.scrollIntoView = function (how) {
  if (this.closest("[inert]") === null) scroll.call(this, how);
};
