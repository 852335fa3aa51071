// Pages for a browser that an agent drives: a shop with a login, forms, frames, files, and pages that mean harm. Served on this
// machine by two servers, which are two origins to a browser; a third listens only to hear who calls it although nobody may.

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSocketServer } from "node:net";
import { join } from "node:path";

const FOLDER = join(import.meta.dirname, "../pages");
export const SHOP_LOGIN = { name: "ann", password: "tide-4711" };
export const INVOICE = "item;pieces;price\nrope;3;12.50\ntar;1;4.00\n";
export const ORDERS = [
  ["1001", "Rope, 20 m", "Bremen", "37.50"],
  ["1002", "Tar, one keg", "Hamburg", "4.00"],
  ["1003", "Sail cloth", "Husum", "118.20"],
];

export interface Pages {
  /** `http://127.0.0.1:port`, and the same pages under another origin. */
  origin: string;
  otherOrigin: string;
  /** What the owner has to allow for them. */
  hosts: string[];
  /** A place on this machine that nobody may reach. */
  trap: { host: string; port: number; calls: string[] };
  /** What forms brought. */
  orders: Record<string, string[]>[];
  files: { name: string; type: string; text: string }[];
  /** Paths that were asked for. */
  asked: string[];
  close(): Promise<void>;
}

export async function servePages(): Promise<Pages> {
  const trap = await openTrap();
  const pages: Omit<Pages, "close"> = { origin: "", otherOrigin: "", hosts: [], trap, orders: [], files: [], asked: [] };
  const listener = (request: IncomingMessage, response: ServerResponse) =>
    void answer(pages, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  const servers = [createServer(listener), createServer(listener)];
  const [origin, otherOrigin] = await Promise.all(
    servers.map(async (server, place) => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      const address = server.address();
      // Another name is another site: its frames get a process of their own.
      return `http://${place === 0 ? "127.0.0.1" : "localhost"}:${typeof address === "object" && address ? address.port : 0}`;
    }),
  );
  pages.origin = origin ?? "";
  pages.otherOrigin = otherOrigin ?? "";
  pages.hosts = [pages.origin, pages.otherOrigin].map((one) => new URL(one).host);
  return Object.assign(pages, {
    async close() {
      for (const server of servers) {
        server.closeAllConnections();
        server.close();
      }
      trap.close();
    },
  });
}

async function openTrap() {
  const calls: string[] = [];
  const server = createSocketServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      calls.push(chunk.toString("latin1").split("\r\n")[0] ?? "");
      socket.end(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/plain\r\naccess-control-allow-origin: *\r\ncontent-length: 6\r\n\r\nsecret",
      );
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const datagrams = createSocket("udp4", () => void calls.push("UDP"));
  datagrams.bind(port, "127.0.0.1");
  await once(datagrams, "listening");
  const close = () => {
    server.close();
    datagrams.close();
  };
  return { host: "127.0.0.1", port, calls, close };
}

async function answer(pages: Omit<Pages, "close">, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", pages.origin);
  const path = url.pathname;
  pages.asked.push(`${request.method} ${path}`);
  const html = (text: string, headers: Record<string, string> = {}) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
    response.end(text);
  };
  const page = (name: string) => html(readFileSync(join(FOLDER, `${name}.html`), "utf8").replaceAll("OTHER", pages.otherOrigin));
  const redirect = (to: string, cookie?: string) =>
    response.writeHead(303, { location: to, ...(cookie ? { "set-cookie": cookie } : {}) }).end();
  const attach = (name: string, type: string, body: string | Buffer) =>
    response.writeHead(200, { "content-type": type, "content-disposition": `attachment; filename="${name}"` }).end(body);

  const isIn = /(^|;\s*)shop=open/.test(request.headers.cookie ?? "");
  if (path.startsWith("/shop/") && !isIn) return void redirect("/login");
  const hostile = hostilePage(pages, url);
  if (hostile !== undefined) return hostile === "" ? undefined : html(hostile);
  switch (`${request.method} ${path}`) {
    case "GET /login":
      return page("login");
    case "POST /login": {
      const form = new URLSearchParams(await textOf(request));
      const isRight = form.get("name") === SHOP_LOGIN.name && form.get("password") === SHOP_LOGIN.password;
      if (!isRight) return html(`<title>Sign in</title><p role="alert">Wrong name or password.</p><a href="/login">Again</a>`);
      return void redirect("/shop/orders", "shop=open; Path=/; HttpOnly; Max-Age=86400");
    }
    case "GET /shop/orders":
      return html(ordersPage());
    case "POST /shop/orders": {
      const form = new URLSearchParams(await textOf(request));
      pages.orders.push(Object.fromEntries([...new Set(form.keys())].map((name) => [name, form.getAll(name)])));
      return void redirect("/shop/thanks");
    }
    case "GET /shop/thanks":
      return html(
        `<title>Thank you</title><h1>Order placed</h1><p>Number ${pages.orders.length}</p><a href="/shop/files">Files</a>`,
      );
    case "GET /shop/form":
      return page("form");
    case "GET /shop/files":
      return page("files");
    case "POST /shop/files": {
      const form = await new Response(await bytesOf(request), {
        headers: { "content-type": request.headers["content-type"] ?? "" },
      }).formData();
      const file = form.get("list");
      if (file instanceof File) pages.files.push({ name: file.name, type: file.type, text: await file.text() });
      return html(
        `<title>Received</title><p>Received ${file instanceof File ? `${file.name}, ${file.size} bytes` : "nothing"}.</p>`,
      );
    }
    case "GET /shop/invoice.csv":
      return void attach("invoice-1001.csv", "text/csv", INVOICE);
    case "GET /shop/slow.csv":
      await new Promise((resolve) => setTimeout(resolve, 700));
      return void attach("invoice-1001.csv", "text/csv", INVOICE);
    case "GET /shop/invoice.txt":
      return void response.writeHead(200, { "content-type": "text/plain" }).end(INVOICE);
    case "GET /shop/big.bin":
      return void attach("big.bin", "application/octet-stream", Buffer.alloc(21 * 1024 * 1024));
    case "GET /slow":
      await new Promise((resolve) => setTimeout(resolve, Number(url.searchParams.get("ms") ?? 1000)));
      return html("<title>Slow</title><p>Slow but here</p>");
    case "GET /live.html":
    case "GET /frames.html":
    case "GET /inner.html":
    case "GET /hostile.html":
      return page(path.slice(1, -5));
    default:
      return void response.writeHead(404, { "content-type": "text/html" }).end("<title>Nothing here</title><p>404</p>");
  }

  /** Its text; "": it is answered. */
  function hostilePage({ trap }: Pick<Pages, "trap">, { pathname, searchParams }: URL): string | undefined {
    const to = searchParams.get("to") ?? `${trap.host}:${trap.port}`;
    switch (pathname) {
      case "/written":
        return searchParams.get("html") ?? "nothing";
      case "/redirect":
        response.writeHead(302, { location: to }).end();
        return "";
      case "/redirect-by-hand":
        return `<title>By hand</title><a href="${to.replaceAll('"', "&quot;")}">Go there</a>`;
      case "/endless":
        response.writeHead(302, { location: `/endless?${Number(searchParams.get("n") ?? 0) + 1}` }).end();
        return "";
      case "/huge":
        return `<title>Huge</title><button>First</button>${'<div><span class="x">word</span><button>b</button></div>'.repeat(17_000)}`;
      case "/reach":
        return reachingPage(to);
      case "/popups":
        return `<title>Popups</title><button id="b" onclick="for (let i = 0; i < 30; i++) window.open('/inner.html?' + i)">Open many</button>`;
      case "/dialogs":
        return `<title>Dialogs</title><button onclick="this.textContent = confirm('Delete the order?') ? 'deleted' : 'kept'">Delete</button>`;
      case "/stay":
        return `<title>Stay</title><button onclick="void 0">Touch me</button><script>addEventListener("beforeunload", (e) => { e.preventDefault(); e.returnValue = "x"; })</script>`;
      case "/auto-download":
        return `<title>Auto</title><p>Taking your disk</p><script>for (let i = 0; i < 5; i++) { const f = document.createElement("iframe"); f.src = "/attached?" + i; document.body.append(f); }</script>`;
      case "/attached":
        attach("virus.exe", "application/octet-stream", "MZ");
        return "";
      case "/frame-bomb":
        return `<title>Bomb</title><p>Deeper and deeper</p><iframe src="/frame-bomb?${Math.random()}"></iframe>`;
      case "/hang":
        return `<title>Hang</title><button onclick="for (;;);">Hang</button>`;
      default:
        return undefined;
    }
  }
}

/** Tries every way it has to reach an address, and writes down what it got. */
function reachingPage(to: string): string {
  return `<title>Reach</title><pre id="got"></pre><script type="module">
  const got = (how, what) => { document.querySelector("#got").textContent += how + ":" + what + "\\n"; };
  const to = ${JSON.stringify(to)};
  const tryIt = (how, work) => work().then((what) => got(how, "REACHED " + what), (error) => got(how, "no"));
  const element = (name, props) => new Promise((resolve, reject) => {
    const made = Object.assign(document.createElement(name), props, { onload: () => resolve(name), onerror: () => reject(name) });
    document.body.append(made);
  });
  const worker = (text) => new Promise((resolve, reject) => {
    const made = new Worker(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
    made.onmessage = ({ data }) => data ? resolve(data) : reject();
  });
  const socket = "new Promise((resolve, reject) => { const s = new WebSocket('ws://" + to + "/socket'); s.onopen = () => resolve('open'); s.onerror = () => reject(); })";
  await Promise.all([
    tryIt("fetch", () => fetch("http://" + to + "/fetch").then((r) => r.text())),
    tryIt("no-cors", () => fetch("http://" + to + "/no-cors", { mode: "no-cors" })),
    tryIt("beacon", async () => { navigator.sendBeacon("http://" + to + "/beacon", "x"); throw 0; }),
    tryIt("image", () => element("img", { src: "http://" + to + "/image" })),
    tryIt("script", () => element("script", { src: "http://" + to + "/script" })),
    tryIt("style", () => element("link", { rel: "stylesheet", href: "http://" + to + "/style" })),
    tryIt("prefetch", () => element("link", { rel: "prefetch", href: "http://" + to + "/prefetch" })),
    tryIt("preconnect", async () => { document.head.append(Object.assign(document.createElement("link"), { rel: "preconnect", href: "http://" + to })); throw 0; }),
    tryIt("hop", () => fetch("/redirect?to=" + encodeURIComponent("http://" + to + "/hop"), { mode: "no-cors" })),
    tryIt("worker", () => worker("fetch('http://" + to + "/worker').then((r) => r.text()).then(postMessage, () => postMessage(''))")),
    tryIt("event source", () => new Promise((resolve, reject) => { const s = new EventSource("http://" + to + "/events"); s.onopen = () => resolve("open"); s.onerror = () => { s.close(); reject(); }; })),
    tryIt("socket", () => eval(socket)),
    tryIt("worker socket", () => worker("(" + socket + ").then(postMessage, () => postMessage(''))")),
  ]);
  document.body.append(Object.assign(document.createElement("iframe"), { src: "http://" + to + "/frame" }));
  const form = Object.assign(document.createElement("form"), { action: "http://" + to + "/form", method: "post", target: "f" });
  document.body.append(Object.assign(document.createElement("iframe"), { name: "f" }), form);
  form.submit();
  window.open("http://" + to + "/window");
  try { new RTCPeerConnection({ iceServers: [{ urls: "stun:" + to }] }).createDataChannel("x"); } catch {}
  setTimeout(() => got("all", "done"), 700);
</script>`;
}

function ordersPage(): string {
  const rows = ORDERS.map((row) => `<tr>${row.map((cell) => `<td>${cell}</td>`).join("")}</tr>`).join("");
  const head = ["Number", "Goods", "Harbour", "Price"].map((cell) => `<th scope="col">${cell}</th>`).join("");
  return `<!doctype html><title>Orders</title><h1>Your orders</h1><p>Signed in as ann</p>
<table><caption>Open orders</caption><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>
<nav><a href="/shop/form">New order</a> <a href="/shop/files">Files</a></nav>`;
}

async function bytesOf(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

async function textOf(request: IncomingMessage): Promise<string> {
  return (await bytesOf(request)).toString("utf8");
}
