// A port nobody listens on: the wanted one, or the next free one after it.
import { createServer } from "node:net";

const MOST_TRIES = 50;

/** Answers the first free port from `wanted` upward; 0 lets the machine choose. Undefined: none of them is free. */
export async function findFreePort(host: string, wanted: number): Promise<number | undefined> {
  for (let port = wanted; port < wanted + MOST_TRIES && port <= 65_535; port++) {
    const free = await tryPort(host, port);
    if (free !== undefined) return free;
  }
  return undefined;
}

function tryPort(host: string, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") resolve(undefined);
      else reject(error);
    });
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : undefined));
    });
  });
}
