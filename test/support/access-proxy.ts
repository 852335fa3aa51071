// What stands in front when Cloudflare Access does: it takes away what a visitor claims to be, adds the assertion of
// whoever is logged in there, lets nobody else through, and ends the session at its own address.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";

export interface AccessProxy {
  url: string;
  stop(): Promise<void>;
}

export interface Visitors {
  /** The assertion of the person at the browser; undefined: not logged in at Access. */
  assertion(): Promise<string | undefined>;
  logOut(): void;
}

export async function startAccessProxy(target: string, visitors: Visitors): Promise<AccessProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Duplex>();
  const forward = (incoming: IncomingMessage, assertion: string) => {
    const headers: IncomingHttpHeaders = { ...incoming.headers, "cf-access-jwt-assertion": assertion };
    return request({ hostname, port, method: incoming.method, path: incoming.url, headers });
  };

  const server = createServer(async (incoming, response) => {
    if (incoming.url === "/cdn-cgi/access/logout") {
      visitors.logOut();
      response.setHeader("content-type", "text/html").end("<h1>You are logged out of Access</h1>");
      return;
    }
    const assertion = await visitors.assertion();
    if (assertion === undefined) {
      response.writeHead(403, { "content-type": "text/html" }).end("<h1>Log in at Access</h1>");
      return;
    }
    const outgoing = forward(incoming, assertion);
    outgoing.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on("error", () => response.destroy());
    incoming.pipe(outgoing);
  });
  server.on("upgrade", async (incoming: IncomingMessage, socket: Duplex) => {
    sockets.add(socket);
    socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    const assertion = await visitors.assertion();
    if (assertion === undefined) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const outgoing = forward(incoming, assertion);
    outgoing.on("error", () => socket.destroy());
    outgoing.on("response", (answer) => socket.end(`HTTP/1.1 ${answer.statusCode} Refused\r\n\r\n`));
    outgoing.on("upgrade", (answer, behind, first) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`);
      // The first frame may have come along with the answer.
      socket.write(first);
      behind.on("error", () => socket.destroy()).on("close", () => socket.destroy());
      socket.on("close", () => behind.destroy());
      behind.pipe(socket).pipe(behind);
    });
    outgoing.end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const own = typeof address === "object" && address ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    stop: () =>
      new Promise((done) => {
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
        server.close(() => done());
      }),
  };
}
