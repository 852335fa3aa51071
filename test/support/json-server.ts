// A server that keeps what it was asked and answers what a test wants: for the answers of a platform that no emulator gives.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface AskedOf {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

export interface JsonAnswer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

export interface JsonServer {
  url: string;
  asked: AskedOf[];
  /** The next answers, in order; afterwards the last one again. */
  answers: JsonAnswer[];
  close(): Promise<void>;
}

export async function startJsonServer(answers: JsonAnswer[] = [{}]): Promise<JsonServer> {
  const asked: AskedOf[] = [];
  const server: JsonServer = { url: "", asked, answers, close: async () => undefined };
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      asked.push({
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        text: Buffer.concat(chunks).toString(),
      });
      const [first = {}] = server.answers;
      if (server.answers.length > 1) server.answers.shift();
      const { status = 200, body = {}, headers = {} } = first;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(body instanceof Uint8Array ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  server.url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  server.close = () =>
    new Promise((resolve) => {
      http.closeAllConnections();
      http.close(() => resolve());
    });
  return server;
}
