// A server in a platform's place: keeps every request as it came and answers what a test asks for. It knows no platform.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  /** With its query. */
  path: string;
  headers: IncomingMessage["headers"];
  text: string;
  /** The body read as JSON; undefined when it is none. */
  json: unknown;
}

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** The connection breaks instead. */
  isBroken?: boolean;
}

export interface PlatformServer {
  url: string;
  asked: Asked[];
  /** Answers of the next requests, in order; afterwards `otherwise` answers. */
  next(...replies: Reply[]): void;
  close(): Promise<void>;
}

export async function startPlatform(otherwise: (asked: Asked) => Reply): Promise<PlatformServer> {
  const asked: Asked[] = [];
  const waiting: Reply[] = [];
  const server = createServer((request, response) => {
    readAsked(request).then((one) => {
      asked.push(one);
      answer(response, waiting.shift() ?? otherwise(one));
    }, response.destroy.bind(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    next: (...replies) => void waiting.push(...replies),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readAsked(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const { method = "", url = "", headers } = request;
  return { method, path: url, headers, text, json: parse(text) };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function answer(response: ServerResponse, { status = 200, headers = {}, body, isBroken }: Reply): void {
  if (isBroken) {
    response.destroy();
    return;
  }
  const isBytes = body instanceof Uint8Array;
  response.writeHead(status, { "content-type": isBytes ? "application/octet-stream" : "application/json", ...headers });
  response.end(isBytes ? body : body === undefined ? "" : JSON.stringify(body));
}
