// What tools are called with and what they bring back: JSON, terminal output, pages, logs, very long lines.
const DEEP = `${'{"a":'.repeat(2_000)}1${"}".repeat(2_000)}`;

export const TOOL_RESULTS: readonly string[] = [
  '{"__proto__":{"isOpen":true,"innerHTML":"<img src=x onerror=ran()>"}}',
  '{"constructor":{"prototype":{"polluted":"ran()"}}}',
  '{"toString":"x","valueOf":"y","hasOwnProperty":"<img src=x onerror=ran()>"}',
  '{"html":"<img src=x onerror=ran()>","then":"ran()"}',
  '{"title":"</summary></details><script>ran()</script>","state":"done\\" onclick=\\"ran()"}',
  '["<svg onload=ran()>",{"<img src=x onerror=ran()>":"key"}]',
  DEEP,
  "\u001b[31m<img src=x onerror=ran()>\u001b[0m",
  "\u001b]8;;javascript:ran()\u0007click\u001b]8;;\u0007",
  "\u001b]0;<script>ran()</script>\u0007\u001b[2J\u001b[H",
  "\u009b31m\u0007\u0008\u0008<img src=x onerror=ran()>\r\u001b[Kdone",
  "<!doctype html><html><body onload=ran()><script>ran()</script></body></html>",
  "</pre></div></details><img src=x onerror=ran()>",
  "</sk-tool-call><sk-tool-call><img src=x onerror=ran()>",
  "<!--?lit$123$--><img src=x onerror=ran()><!--/-->",
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is meant as it is written.
  "${html`<img src=x onerror=ran()>`} {{lit-0}} <?lit$000000000$>",
  "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<script>ran()</script>",
  'data: {"choices":[{"delta":{"content":"<img src=x onerror=ran()>"}}]}\n\ndata: [DONE]',
  "diff --git a/<img src=x onerror=ran()> b/x\n+<script>ran()</script>\n-javascript:ran()",
  '=cmd|\'/c calc\'!A0\n+HYPERLINK("https://evil.example","x")\n@SUM(<img src=x onerror=ran()>)',
  "\u202egpj.exe\u202c \u2066<img src=x onerror=ran()>",
  "BEGIN:VCARD\nURL:javascript:ran()\nPHOTO:https://evil.example/p.png",
  '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "https://evil.example/e">]><x>&a;</x>',
  `${"W".repeat(20_000)}<img src=x onerror=ran()>`,
  `${"line\n".repeat(5_000)}<svg onload=ran()>`,
  `${"<b>".repeat(3_000)}<img src=x onerror=ran()>`,
];
