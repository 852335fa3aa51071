// Watches a running page for anything that hostile text could do to it: a script that runs, a request to elsewhere, a
// dialog, a way out of the page, elements and attributes that no text may bring in.
import type { BrowserContext, Page } from "playwright-core";

/** What stands in the page that only hostile text can have put there; empty when all is well. */
const FIND_HARM = `(() => {
  const harm = globalThis.ranCount > 0 ? ["a script ran " + globalThis.ranCount + " times"] : [];
  const isFine = (element) => {
    const at = (name) => element.getAttribute(name) ?? "";
    switch (element.localName) {
      case "a": return !element.hasAttribute("href") || /^(\\/design$|#\\/|https?:\\/\\/|mailto:|\\/media\\/|blob:)/.test(at("href"));
      case "img": return /^(\\/media\\/|data:image\\/(png|jpeg|gif|webp);|blob:)/.test(at("src")) && !element.srcset;
      case "form": return !element.hasAttribute("action");
      case "button": case "input": return !element.hasAttribute("formaction") && !element.hasAttribute("src");
      default: return !["iframe", "object", "embed", "base", "template", "frame", "area", "foreignobject", "animate", "use", "image", "math"].includes(element.localName);
    }
  };
  const known = new Set(["script", "style", "link", "meta"]);
  for (const element of document.body.querySelectorAll("*")) {
    const handlers = [...element.attributes].filter(({ name }) => name.startsWith("on") || name === "srcdoc");
    if (handlers.length > 0 || known.has(element.localName) || !isFine(element)) harm.push(element.outerHTML.slice(0, 160));
  }
  if (({}).polluted !== undefined || ({}).isOpen !== undefined) harm.push("a prototype was changed");
  return harm;
})()`;

export interface HarmWatch {
  /** Everything that happened so far and should not have. */
  find(page: Page): Promise<string[]>;
}

/** Sets the trap in every page of the context. Call before a page is opened. */
export async function watchForHarm(context: BrowserContext, outside: readonly string[]): Promise<HarmWatch> {
  const happened: string[] = [];
  await context.addInitScript(`
    globalThis.ranCount = 0;
    globalThis.ran = globalThis.alert = globalThis.print = () => { globalThis.ranCount++; };
    addEventListener("securitypolicyviolation", (event) => console.error("policy: " + event.violatedDirective + " " + event.blockedURI));
  `);
  context.on("page", (page) => {
    page.on("dialog", (dialog) => {
      happened.push(`dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    page.on("pageerror", (error) => happened.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // What the policy had to stop was let in by the page.
      if (/policy|refused to|trustedtypes|trusted type/i.test(message.text())) happened.push(message.text());
    });
    page.on("framenavigated", (frame) => {
      if (!/^(about:blank|http:\/\/127\.0\.0\.1:\d+\/(#.*)?)$/.test(frame.url())) happened.push(`went to ${frame.url()}`);
    });
  });
  return {
    find: async (page) => [
      ...happened,
      ...outside.map((url) => `asked for ${url}`),
      ...(await page.evaluate<string[]>(FIND_HARM)),
    ],
  };
}
