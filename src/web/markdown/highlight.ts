// Colours for code. The highlighter and each language are fetched when the first block in that language is finished;
// a language that is not on the list stays plain. Output passes sanitize.ts like everything else.
import type { LanguageFn } from "highlight.js";
import { cleanHtml } from "./sanitize.ts";

type Loader = () => Promise<{ default: LanguageFn }>;

const LANGUAGES: Record<string, Loader> = {
  bash: () => import("highlight.js/lib/languages/bash"),
  c: () => import("highlight.js/lib/languages/c"),
  cpp: () => import("highlight.js/lib/languages/cpp"),
  csharp: () => import("highlight.js/lib/languages/csharp"),
  css: () => import("highlight.js/lib/languages/css"),
  diff: () => import("highlight.js/lib/languages/diff"),
  dockerfile: () => import("highlight.js/lib/languages/dockerfile"),
  go: () => import("highlight.js/lib/languages/go"),
  ini: () => import("highlight.js/lib/languages/ini"),
  java: () => import("highlight.js/lib/languages/java"),
  javascript: () => import("highlight.js/lib/languages/javascript"),
  json: () => import("highlight.js/lib/languages/json"),
  kotlin: () => import("highlight.js/lib/languages/kotlin"),
  lua: () => import("highlight.js/lib/languages/lua"),
  markdown: () => import("highlight.js/lib/languages/markdown"),
  php: () => import("highlight.js/lib/languages/php"),
  python: () => import("highlight.js/lib/languages/python"),
  ruby: () => import("highlight.js/lib/languages/ruby"),
  rust: () => import("highlight.js/lib/languages/rust"),
  sql: () => import("highlight.js/lib/languages/sql"),
  swift: () => import("highlight.js/lib/languages/swift"),
  typescript: () => import("highlight.js/lib/languages/typescript"),
  xml: () => import("highlight.js/lib/languages/xml"),
  yaml: () => import("highlight.js/lib/languages/yaml"),
};

const ALIASES: Record<string, string> = {
  "c#": "csharp",
  "c++": "cpp",
  console: "bash",
  cs: "csharp",
  docker: "dockerfile",
  golang: "go",
  html: "xml",
  js: "javascript",
  jsonc: "json",
  jsx: "javascript",
  kt: "kotlin",
  md: "markdown",
  patch: "diff",
  py: "python",
  rb: "ruby",
  rs: "rust",
  sh: "bash",
  shell: "bash",
  svg: "xml",
  toml: "ini",
  ts: "typescript",
  tsx: "typescript",
  yml: "yaml",
  zsh: "bash",
};

/** Longer code is left plain: colouring it would hold up the page. */
const MAX_COLOURED = 20_000;
/** Grammars that read some texts again from each of their words. */
const MAX_COLOURED_SLOWLY = 8_000;
const SLOW_GRAMMARS = new Set(["csharp", "ini"]);
/** Grammars look for the end of a call through all of a line, and try a name again from each of its letters. */
const MAX_COLOURED_LINE = 1_000;
const LONG_WORD = /\w{200}/;

/** Colours the code elements below `root`; those already coloured, or changed meanwhile, are left alone. */
export async function highlightCode(root: ParentNode): Promise<void> {
  for (const code of root.querySelectorAll<HTMLElement>("code[data-lang]:not(.is-coloured)")) {
    const name = code.dataset["lang"] ?? "";
    const language = ALIASES[name] ?? name;
    const load = Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : undefined;
    const text = code.textContent;
    if (load === undefined || !isQuickToColour(text, language)) continue;
    try {
      const [{ default: highlighter }, { default: grammar }] = await Promise.all([import("highlight.js/lib/core"), load()]);
      if (highlighter.getLanguage(language) === undefined) highlighter.registerLanguage(language, grammar);
      if (code.textContent !== text) continue;
      code.replaceChildren(cleanHtml(highlighter.highlight(text, { language, ignoreIllegals: true }).value));
      code.classList.add("is-coloured");
    } catch {
      // A chunk that cannot be fetched (offline) costs the colours, never the code.
      return;
    }
  }
}

function isQuickToColour(text: string, language: string): boolean {
  if (text.length > (SLOW_GRAMMARS.has(language) ? MAX_COLOURED_SLOWLY : MAX_COLOURED) || LONG_WORD.test(text)) return false;
  return text.split("\n").every((line) => line.length <= MAX_COLOURED_LINE);
}
