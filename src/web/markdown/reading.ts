// All that is needed to show Markdown, in one piece that is fetched when the first answer is to be shown: the page can be
// written in before that.
export { BlockReader } from "./blocks.ts";
export { highlightCode } from "./highlight.ts";
export { renderBlock } from "./render.ts";
