// The browser of this machine, as the bridge has it: how long a page takes from its address to a snapshot, and how large snapshots
// of five shapes of pages are.
import { once } from "node:events";
import { createServer } from "node:http";
import { findChrome } from "../../src/bridge/browser/chrome-search.ts";
import { openBrowserRoom } from "../../src/bridge/browser/room.ts";
import { type BrowserDone, type BrowserInput, browserDo } from "../../src/contract/home/browser.ts";
import { PAGE_SHAPES } from "../page-shapes.ts";
import { count, repeat, type Scenario, type Scene } from "./scenario.ts";

export const browser: Scenario = {
  name: "browser",
  figures: ["browser-start", "browser-open"],
  isShared: false,
  async run(scene) {
    const pages = await servePages();
    const room = openBrowserRoom({
      stateDir: scene.makeFolder(),
      environment: process.env,
      config: { path: findChrome({ environment: process.env }), sandbox: process.getuid?.() !== 0 },
      log: () => undefined,
    });
    const act = async (input: BrowserInput): Promise<BrowserDone> => {
      const run = room.commands["browser.do"];
      if (!run) throw new Error("There is no Chrome or Chromium on this machine.");
      const params = browserDo.parse({ sessionKey: "bench", profile: "bench", policy: { allowedHosts: [pages.host] }, input });
      const transfer = { give: refuse, take: refuse };
      return run(params, {
        callId: "bench",
        signal: new AbortController().signal,
        progress: () => undefined,
        transfer,
        now: Date.now,
      });
    };
    const time = async (input: BrowserInput) => {
      const from = performance.now();
      await act(input);
      return performance.now() - from;
    };
    try {
      const [first = ""] = Object.keys(PAGE_SHAPES);
      scene.tell("a browser's start with its first page");
      const start = await time({ action: "open", url: pages.urlOf(first) });
      scene.tell("pages from address to snapshot");
      const opens = await repeat(count(scene, 40), scene.limitMs, (index) =>
        time({ action: "navigate", url: pages.urlOf(Object.keys(PAGE_SHAPES)[index % 5] ?? first) }),
      );
      await showSizes(scene, act, pages.urlOf);
      return [
        { figure: "browser-start", samples: [start / 1000] },
        { figure: "browser-open", samples: opens },
      ];
    } finally {
      await room.close();
      pages.close();
    }
  },
};

/** Bytes as the model reads them, with nothing cut off. */
async function showSizes(scene: Scene, act: (input: BrowserInput) => Promise<BrowserDone>, urlOf: (shape: string) => string) {
  const modes = ["interactive", "compact", "full"] as const;
  const rows: string[] = [];
  for (const [shape, html] of Object.entries(PAGE_SHAPES)) {
    await act({ action: "navigate", url: urlOf(shape) });
    const sizes: number[] = [];
    for (const mode of modes) {
      const { content = "" } = await act({ action: "snapshot", mode, maxChars: 80_000 });
      sizes.push(Buffer.byteLength(content));
    }
    rows.push(`| ${[shape, Buffer.byteLength(html), ...sizes].join(" | ")} |`);
  }
  const head = `| page | HTML | ${modes.join(" | ")} |\n| --- | ---: | ---: | ---: | ---: |`;
  scene.show({ heading: "Snapshots of pages, bytes", text: `${head}\n${rows.join("\n")}` });
}

async function servePages() {
  const names = Object.keys(PAGE_SHAPES);
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(PAGE_SHAPES[names[Number(request.url?.slice(1))] ?? ""] ?? "");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const host = `127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return {
    host,
    urlOf: (shape: string) => `http://${host}/${names.indexOf(shape)}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function refuse(): never {
  throw new Error("No file is passed on in this scenario.");
}
