// The only way from text that others wrote to elements of the page: HTML in, a fragment of harmless elements out.
// What is not on the lists is dropped. Nothing here, and nothing elsewhere in the page, assigns innerHTML.
import createDOMPurify from "dompurify";

const TAGS = [
  ..."p br hr h3 h4 h5 h6 strong em b i del s u mark sub sup kbd code pre blockquote ul ol li".split(" "),
  ..."table thead tbody tr th td a span img".split(" "),
];
const ATTRIBUTES = ["href", "title", "class", "start", "align", "alt", "src"];
const LINK = /^(?:https?:\/\/|mailto:)/i;
/** Pictures that are ours (stored media, no other path) or travel inside the text; nothing is fetched from elsewhere. */
export const PICTURE = /^(?:\/media\/[0-9a-f]{64}(?:\?[\w.%=&+-]*)?$|data:image\/(?:png|jpeg|gif|webp);base64,)/i;
/** Not the items of a list: a list is read in one direction, and what has its own is not asked for the list's. */
const BLOCKS = new Set(["P", "H3", "H4", "H5", "H6", "UL", "OL", "TH", "TD"]);

const purifier = createDOMPurify(window);

purifier.addHook("uponSanitizeAttribute", (element, data) => {
  const tag = element.tagName;
  if (data.attrName === "href") data.keepAttr = tag === "A" && LINK.test(data.attrValue);
  if (data.attrName === "src") data.keepAttr = tag === "IMG" && PICTURE.test(data.attrValue);
});

purifier.addHook("afterSanitizeAttributes", (element) => {
  if (element.tagName === "A" && element.hasAttribute("href")) {
    element.setAttribute("target", "_blank");
    element.setAttribute("rel", "noopener noreferrer");
    // A title of the text's own may claim another address: the true one comes first.
    element.setAttribute("title", [element.getAttribute("href"), element.getAttribute("title")].filter(Boolean).join("\n"));
  }
  if (element.tagName === "IMG") {
    element.setAttribute("loading", "lazy");
    if (!element.hasAttribute("alt")) element.setAttribute("alt", "");
  }
  if (BLOCKS.has(element.tagName)) element.setAttribute("dir", "auto");
});

/** Cleans HTML. The fragment holds only listed elements and attributes; links open elsewhere, texts find their direction. */
export function cleanHtml(html: string): DocumentFragment {
  return purifier.sanitize(html, {
    ALLOWED_TAGS: TAGS,
    ALLOWED_ATTR: ATTRIBUTES,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOW_UNKNOWN_PROTOCOLS: false,
    ALLOWED_URI_REGEXP: /^(?:https?:\/\/|mailto:|\/media\/|data:image\/(?:png|jpeg|gif|webp);base64,)/i,
    // Their values are no addresses, and are not measured as such.
    ADD_URI_SAFE_ATTR: ["align", "start"],
    SANITIZE_DOM: true,
    RETURN_DOM_FRAGMENT: true,
  });
}
