// A server of somebody else on this machine: answers every path with an empty page under its own origin, notes what browsers
// tell it, and is reached under any host name that is led to 127.0.0.1.
import { createServer, type Server } from "node:http";

export interface SeenVisit {
  url: string;
  referer: string | undefined;
  cookie: string | undefined;
}

export class ForeignPage {
  readonly seen: SeenVisit[] = [];
  readonly port: number;
  readonly #server: Server;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
    server.on("request", (request, response) => {
      this.seen.push({ url: request.url ?? "", referer: request.headers.referer, cookie: request.headers.cookie });
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      response.end("<!doctype html><title>Elsewhere</title><body></body>");
    });
  }

  static start(): Promise<ForeignPage> {
    const server = createServer();
    return new Promise((done, fail) => {
      server.once("error", fail);
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        done(new ForeignPage(server, typeof address === "object" && address !== null ? address.port : 0));
      });
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
