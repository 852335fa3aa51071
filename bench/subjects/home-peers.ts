// The platforms of the channels with a line at home, as their tests have them: started on this machine, written to, taken away and given
// back. Discord, Matrix (without encryption), Signal and WhatsApp are others' (crabline); BlueBubbles is written from its interface.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { startDiscordServer, startMatrixServer, startSignalServer } from "@openclaw/crabline";
import { BlueBubblesServer } from "../../test/support/channels/home/blue-bubbles.ts";
import { OWN, WhatsAppPeer } from "../../test/support/whatsapp/peer.ts";
import { Wire } from "../../test/support/wire.ts";
import { pickPort } from "./subject.ts";

export interface HomePeer {
  /** That name the account and the platform's address. */
  variables: Record<string, string>;
  /** Of the channel, beside that everybody is let in. */
  settings?: Record<string, unknown>;
  /** What a person does to the account's folder by linking it. */
  link?(dir: string): void;
  /** Somebody writes to the assistant. */
  say(text: string): Promise<void> | void;
  goAway(): Promise<void> | void;
  comeBack(): Promise<void> | void;
  stop(): Promise<void>;
}

const NUMBER = "+15550001111";
const ROOM = "!room:crabline.test";
const ANN = "+15550002222";

export const HOME_PEERS: Record<string, (folder: string) => Promise<HomePeer>> = {
  async whatsapp() {
    // The library of its cipher writes sessions down, in this process.
    console.info = () => undefined;
    console.warn = () => undefined;
    const peer = await WhatsAppPeer.start();
    return {
      variables: { WHATSAPP_NUMBER: `+${OWN}`, WHATSAPP_WEB_URL: peer.url },
      link: (dir) => peer.linkDevice(dir),
      say: (text) => peer.says(ANN.slice(1), { text }),
      goAway: () => peer.goDown(),
      comeBack: () => peer.comeUp(),
      stop: () => peer.stop(),
    };
  },

  async signal(folder) {
    const server = await startSignalServer({ account: NUMBER, recorderPath: join(folder, "signal.jsonl") });
    const wire = await Wire.start(portOf(server.manifest.baseUrl));
    return {
      variables: { SIGNAL_NUMBER: NUMBER, SIGNAL_HTTP_URL: wire.url },
      say: (text) =>
        admit(server.manifest, {
          sourceNumber: ANN,
          sourceUuid: "aaaaaaaa-1111-4222-8333-444444444444",
          sourceName: "Ann",
          text,
        }),
      goAway: () => wire.cut(),
      comeBack: () => wire.mend(),
      stop: () => stopAll(wire, server),
    };
  },

  async imessage() {
    const server = await new BlueBubblesServer("bench-password").start();
    return {
      variables: { BLUEBUBBLES_URL: server.url, BLUEBUBBLES_PASSWORD: "bench-password" },
      say: (text) => void server.receive(text, ANN),
      goAway: () => server.stop(),
      comeBack: async () => {
        await server.start();
      },
      stop: () => server.stop(),
    };
  },

  async matrix(folder) {
    const server = await startMatrixServer({
      host: "127.0.0.1",
      recorderPath: join(folder, "matrix.jsonl"),
      roomId: ROOM,
      roomName: "Club",
      serverName: "crabline.test",
    });
    const wire = await Wire.start(portOf(server.manifest.baseUrl));
    const { MATRIX_ACCESS_TOKEN, MATRIX_USER_ID } = server.manifest.env;
    return {
      variables: { MATRIX_ACCESS_TOKEN, MATRIX_USER_ID, MATRIX_HOMESERVER_URL: wire.url },
      settings: { line: { encryption: false } },
      say: (text) => admit(server.manifest, { roomId: ROOM, sender: "@ann:crabline.test", senderName: "Ann", text }),
      goAway: () => wire.cut(),
      comeBack: () => wire.mend(),
      stop: () => stopAll(wire, server),
    };
  },

  async discord(folder) {
    const port = await pickPort();
    const start = (known: { adminToken?: string; botToken?: string; applicationId?: string; botUserId?: string }) =>
      startDiscordServer({ ...known, host: "127.0.0.1", port, recorderPath: join(folder, "discord.jsonl") });
    let server = await start({});
    const { manifest } = server;
    const { adminToken, botToken, applicationId, botUserId, fixture } = manifest;
    return {
      variables: {
        DISCORD_API_URL: `${manifest.endpoints.apiRoot}/v10`,
        DISCORD_BOT_TOKEN: botToken,
        DISCORD_APPLICATION_ID: applicationId,
        DISCORD_PUBLIC_KEY: "0".repeat(64),
      },
      say: (content) =>
        admit(server.manifest, {
          senderId: "135000000000000012",
          senderName: "Ann",
          content: `<@${botUserId}> ${content}`,
          channelId: fixture.channelId,
          guildId: fixture.guildId,
        }),
      goAway: () => server.close(),
      comeBack: async () => {
        server = await start({ adminToken, botToken, applicationId, botUserId });
      },
      stop: () => server.close(),
    };
  },
};

/** Puts what a linked account needs where the bridge looks for it. */
export function linkAccount(peer: HomePeer, channel: string, channels: string): void {
  const dir = join(channels, channel, "default");
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  peer.link?.(dir);
}

async function admit(
  { endpoints, adminToken }: { endpoints: { adminInboundUrl: string }; adminToken: string },
  body: Record<string, unknown>,
): Promise<void> {
  const answer = await fetch(endpoints.adminInboundUrl, {
    method: "POST",
    headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`The platform took no message: ${answer.status} ${(await answer.text()).slice(0, 200)}`);
  await answer.arrayBuffer();
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function stopAll(wire: Wire, server: { close(): Promise<void> }): Promise<void> {
  await wire.stop();
  await server.close();
}
