// The page's files on this machine: what the ASSETS binding is when deployed. Answers GET and HEAD of a built file with
// its type and an entity tag; everything else is 404. Runs in workerd, reads through a read-only disk service.

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
  json: "application/json",
  webmanifest: "application/manifest+json",
  svg: "image/svg+xml",
  png: "image/png",
  jpg: "image/jpeg",
  webp: "image/webp",
  ico: "image/x-icon",
  woff2: "font/woff2",
  txt: "text/plain; charset=utf-8",
};

interface Disk {
  fetch(request: Request): Promise<Response>;
}

interface AssetsEnv {
  FILES: Disk;
  /** The same paths, by Brotli; texts only. */
  COMPRESSED: Disk;
}

export default {
  async fetch(request: Request, env: AssetsEnv): Promise<Response> {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Method not allowed.\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const path = filePath(new URL(request.url).pathname);
    const type = TYPES[path.slice(path.lastIndexOf(".") + 1)];
    if (type === undefined) return notFound();
    const wanted = new Request(`http://files${path}`, { method: request.method });
    const compressed = takesBrotli(request) ? await env.COMPRESSED.fetch(wanted) : undefined;
    const isCompressed = compressed?.ok === true;
    const file = isCompressed ? compressed : await env.FILES.fetch(wanted);
    if (!file.ok) return notFound();

    const version = `${file.headers.get("content-length") ?? "0"}-${Date.parse(file.headers.get("last-modified") ?? "") || 0}`;
    const etag = `"${version}${isCompressed ? "-br" : ""}"`;
    const headers = { etag, vary: "accept-encoding", "cache-control": "public, max-age=0, must-revalidate" };
    if (request.headers.get("if-none-match") === etag) {
      await file.body?.cancel();
      return new Response(null, { status: 304, headers });
    }
    const encoding = isCompressed ? { "content-encoding": "br" } : {};
    // The bytes are encoded already: the runtime must not encode them again.
    const init = {
      headers: { ...headers, ...encoding, "content-type": type },
      encodeBody: isCompressed ? "manual" : "automatic",
    };
    return new Response(file.body, init);
  },
};

function takesBrotli(request: Request): boolean {
  return /\bbr\b/.test(request.headers.get("accept-encoding") ?? "");
}

/** "/" is its index; a path without an ending means the page of that name. */
function filePath(pathname: string): string {
  if (pathname.endsWith("/")) return `${pathname}index.html`;
  return pathname.slice(pathname.lastIndexOf("/")).includes(".") ? pathname : `${pathname}.html`;
}

function notFound(): Response {
  return new Response("Not found.\n", { status: 404 });
}
