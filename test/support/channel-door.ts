// A door for one channel over real HTTP: what an emulator posts is proved, translated and kept, as the Worker's webhook does.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Inbound } from "../../src/contract/channels/channel.ts";
import type { Channel, Line } from "../../src/worker/channels/channel.ts";

export interface ChannelDoor {
  url: string;
  heard: Inbound[];
  troubles: string[];
  /** Status of every answer, in order. */
  answered: number[];
  close(): Promise<void>;
}

export async function openChannelDoor(channel: Channel, line: () => Line): Promise<ChannelDoor> {
  const door: ChannelDoor = { url: "", heard: [], troubles: [], answered: [], close: async () => undefined };
  const answer = async (method: string, path: string, headers: Headers, body: Uint8Array<ArrayBuffer>): Promise<Response> => {
    const post = { method, url: new URL(path, door.url), headers, body, text: new TextDecoder().decode(body) };
    const proof = await channel.prove(post, line());
    if (!proof.ok) {
      door.troubles.push(proof.reason);
      return new Response(null, { status: 401 });
    }
    const { inbound, trouble, reply } = await channel.translate(post, line());
    door.heard.push(...inbound);
    if (trouble) door.troubles.push(trouble);
    return reply?.([]) ?? new Response(null);
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const headers = new Headers(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string]),
      );
      const said = await answer(request.method ?? "", request.url ?? "", headers, Uint8Array.from(Buffer.concat(chunks)));
      door.answered.push(said.status);
      response.writeHead(said.status, Object.fromEntries(said.headers));
      response.end(await said.text());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  door.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  door.close = () =>
    new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    });
  return door;
}
