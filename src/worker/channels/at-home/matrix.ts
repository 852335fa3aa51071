// Matrix by a device of its own at home, since encrypted rooms want one. A text goes out twice: as words, and as HTML.
import { PLAIN, renderMarkdown } from "../text/render.ts";
import { makeHomeChannel } from "./at-home.ts";
import { renderMatrixHtml } from "./matrix-html.ts";

export const matrix = makeHomeChannel({
  id: "matrix",
  label: "Matrix",
  maxText: 16_000,
  render: (markdown) => ({ text: renderMarkdown(markdown, PLAIN), html: renderMatrixHtml(markdown) }),
  cannot: {},
});
