// A WhatsApp that others wrote (crabline): its real handshake and cipher, which the real library speaks. It has no way to link a device, so
// the driver's memory is given one that is linked. A gate before it takes the connection away and gives it back.
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type StartedWhatsAppServer, startWhatsAppServer } from "@openclaw/crabline";
import * as library from "@whiskeysockets/baileys";
import { openKeys } from "../../../src/bridge/channels/whatsapp/auth.ts";
import { WhatsAppMemory } from "../../../src/bridge/channels/whatsapp/memory.ts";

export const OWN = "15550000000";

interface Recorded {
  tag?: string;
  attrs?: Record<string, string>;
  content?: unknown;
  key?: { id: string; remoteJid: string };
  message?: { conversation?: string };
}

export class WhatsAppPeer {
  readonly recorded: Recorded[] = [];
  readonly folder = mkdtempSync(join(tmpdir(), "whatsapp-"));
  readonly #sockets = new Set<Socket>();
  #server: StartedWhatsAppServer | undefined;
  #gate: Server | undefined;
  #port = 0;
  #isDown = false;

  static async start(): Promise<WhatsAppPeer> {
    const peer = new WhatsAppPeer();
    peer.#server = await startWhatsAppServer({
      selfJid: `${OWN}@s.whatsapp.net`,
      recorderPath: join(peer.folder, "recorded.jsonl"),
      onEvent: (event) => {
        peer.recorded.push((event as { body?: Recorded }).body ?? {});
      },
    });
    const target = new URL(peer.#manifest.baseUrl);
    peer.#gate = createServer((near) => {
      if (peer.#isDown) return void near.destroy();
      const far = connect(Number(target.port), target.hostname);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        peer.#sockets.add(one);
        one.pipe(other);
        one.once("error", () => other.destroy());
        one.once("close", () => {
          peer.#sockets.delete(one);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => peer.#gate?.listen(0, "127.0.0.1", resolve));
    const address = peer.#gate.address();
    peer.#port = typeof address === "object" && address ? address.port : 0;
    return peer;
  }

  get #manifest() {
    if (!this.#server) throw new Error("The server is not started.");
    return this.#server.manifest;
  }

  get url(): string {
    const { pathname, search } = new URL(this.#manifest.endpoints.baileysWebSocketUrl);
    return `ws://127.0.0.1:${this.#port}${pathname}${search}`;
  }

  /** Makes `dir` that of a device which a phone has taken. */
  linkDevice(dir: string): void {
    const memory = new WhatsAppMemory(dir);
    const keys = openKeys(library, memory);
    Object.assign(keys.state.creds, { me: { id: `${OWN}:1@s.whatsapp.net`, name: "bot" }, account: {}, accountSyncCounter: 1 });
    keys.save();
    memory.close();
  }

  async says(from: string, more: { text?: string; audio?: object; chat?: string; name?: string; id?: string }): Promise<void> {
    const { endpoints, adminToken } = this.#manifest;
    const senderJid = `${from}@s.whatsapp.net`;
    const answer = await fetch(endpoints.adminInboundUrl, {
      method: "POST",
      headers: { "content-type": "application/json", "x-crabline-admin-token": adminToken },
      body: JSON.stringify({
        chatJid: more.chat ?? senderJid,
        senderJid,
        ...(more.text === undefined ? {} : { text: more.text }),
        ...(more.audio === undefined ? {} : { audio: more.audio }),
        ...(more.name === undefined ? {} : { pushName: more.name }),
        ...(more.id === undefined ? {} : { messageId: more.id }),
      }),
    });
    if (!answer.ok) throw new Error(`The peer did not take it: ${answer.status} ${await answer.text()}`);
  }

  /** Texts that were taken, deciphered, oldest first. */
  textsTo(number: string): string[] {
    return this.recorded
      .filter(({ key }) => key?.remoteJid.startsWith(`${number}@`))
      .map(({ message }) => message?.conversation ?? "");
  }

  idsTo(number: string): string[] {
    return this.recorded.flatMap(({ key }) => (key?.remoteJid.startsWith(`${number}@`) ? [key.id] : []));
  }

  /** What came by the wire under this name. */
  nodes(tag: string): Recorded[] {
    return this.recorded.filter((one) => one.tag === tag);
  }

  goDown(): void {
    this.#isDown = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  comeUp(): void {
    this.#isDown = false;
  }

  async stop(): Promise<void> {
    this.goDown();
    await new Promise((resolve) => this.#gate?.close(resolve));
    await this.#server?.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
