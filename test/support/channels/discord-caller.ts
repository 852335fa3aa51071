// People who use the bot's commands, buttons and forms at Discord: their interactions are signed as Discord signs them, and
// posted to a started Skerry; what it then does is asked of a server that refuses what Discord's published schemas refuse.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { vi } from "vitest";
import { APP, makeSigner, payload, type Signer } from "../../worker/channels/discord/rig.ts";
import { DiscordStandIn } from "../../worker/channels/discord/stand-in.ts";
import { PATIENCE } from "./house.ts";

const EPOCH_MS = 1_420_070_400_000;
const EPHEMERAL = 64;
const LOADING = 128;

/** What Skerry answered the interaction itself with. */
export interface Heard {
  type: number;
  data?: { content?: string; flags?: number; components?: unknown[] };
}

export interface Called {
  heard: Heard;
  token: string;
  /** Interaction as it was posted. */
  body: object;
}

export interface DiscordCaller {
  discord: DiscordStandIn;
  /** Variables of a Skerry that speaks to it. */
  env: Record<string, string>;
  /** An address at which it hands out these bytes. */
  addFile(name: string, bytes: Uint8Array): string;
  /** A recorded interaction with changes, as if it were made now; Discord hears the answer so much later. */
  interact(recorded: string, change?: object, hearAfterMs?: number): Promise<Called>;
  post(body: object, signer?: Signer): Promise<Response>;
  /** What stands in the place of "is thinking"; "" while it thinks. */
  answer(called: Called): string;
  answered(called: Called, text: unknown): Promise<void>;
  stop(): Promise<void>;
}

export async function startDiscordCaller(skerry: () => string): Promise<DiscordCaller> {
  const discord = new DiscordStandIn();
  const signer = await makeSigner();
  const files = new Map<string, Uint8Array>();
  const server = createServer(async (request, response) => {
    const { method = "GET", url = "/", headers } = request;
    const file = files.get(url);
    if (file) {
      response.writeHead(200).end(file);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const init = {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    };
    // The stand-in throws where a connection breaks.
    const answer = await discord.fetch(`http://127.0.0.1${url}`, init).catch(() => undefined);
    if (!answer) response.destroy();
    else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let count = 0;
  const post: DiscordCaller["post"] = async (body, by = signer) => {
    const signed = await by.sign(body, Math.floor(Date.now() / 1000));
    return fetch(`${skerry()}/channels/discord`, { method: "POST", headers: signed.headers, body: signed.text });
  };
  const answer: DiscordCaller["answer"] = ({ token }) => {
    const original = discord.messages.get(discord.originals.get(token) ?? "");
    return original && (original.flags & LOADING) === 0 ? String(original.body["content"] ?? "") : "";
  };
  return {
    discord,
    env: {
      DISCORD_API_URL: `${url}/api/v10`,
      DISCORD_BOT_TOKEN: "bot-token",
      DISCORD_PUBLIC_KEY: signer.publicKey,
      DISCORD_APPLICATION_ID: APP,
    },
    addFile(name, bytes) {
      files.set(`/files/${name}`, bytes);
      return `${url}/files/${name}`;
    },
    async interact(recorded, change = {}, hearAfterMs = 0) {
      count += 1;
      const id = String((BigInt(Date.now() - EPOCH_MS) << 22n) + BigInt(count));
      const body = { ...payload<object>(`interactions/${recorded}`), id, token: `token-${count}`, ...change };
      const { token } = body;
      const said = await post(body);
      if (said.status !== 200) throw new Error(`The interaction was answered with ${said.status}: ${await said.text()}`);
      const heard = (await said.json()) as Heard;
      if (hearAfterMs > 0) await new Promise((done) => setTimeout(done, hearAfterMs));
      discord.hear(token, heard);
      return { heard, token, body };
    },
    post,
    answer,
    answered: (called, text) =>
      vi.waitFor(() => {
        const said = answer(called);
        if (typeof text === "string" ? said !== text : !(text as RegExp).test(said))
          throw new Error(`It says "${said}", not ${String(text)}.`);
      }, PATIENCE),
    stop: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

/** `/ask` with these words. */
export function ask(text: string): object {
  return { data: { id: "1", name: "ask", type: 1, options: [{ name: "message", type: 3, value: text }] } };
}

/** A command by its name alone. */
export function command(name: string): object {
  return { data: { id: "1", name, type: 1 } };
}

export function isForSenderAlone({ heard }: Called): boolean {
  return heard.type === 4 && ((heard.data?.flags ?? 0) & EPHEMERAL) !== 0;
}
