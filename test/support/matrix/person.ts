// Somebody with an app of Matrix: matrix-js-sdk, which is not ours, with its own encryption in memory.
import {
  createClient,
  EventType,
  type ICreateClientOpts,
  type MatrixClient,
  type MatrixEvent,
  MatrixEventEvent,
  MsgType,
  RoomEvent,
} from "matrix-js-sdk";
import { type Logger, logger } from "matrix-js-sdk/lib/logger.js";
import { vi } from "vitest";
import type { MatrixAccount } from "./synapse.ts";

export interface Seen {
  room: string;
  sender: string;
  type: string;
  content: Record<string, unknown>;
  wireType: string;
  id: string;
}

/** The library writes down every step. */
const SILENT: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => SILENT };
const PATIENCE = { timeout: 45_000, interval: 50 };

export class MatrixPerson {
  readonly client: MatrixClient;
  readonly #seen = new Map<string, MatrixEvent>();

  private constructor(client: MatrixClient) {
    this.client = client;
    const see = (event: MatrixEvent) => void this.#seen.set(event.getId() ?? "", event);
    client.on(RoomEvent.Timeline, see);
    client.on(MatrixEventEvent.Decrypted, see);
  }

  static async start(
    url: string,
    { userId, token, deviceId }: MatrixAccount,
    more: Partial<Pick<ICreateClientOpts, "cryptoCallbacks">> = {},
  ): Promise<MatrixPerson> {
    // Its type does not say that it can be told to be silent.
    if ("setLevel" in logger && typeof logger.setLevel === "function") logger.setLevel("silent");
    const client = createClient({ baseUrl: url, userId, accessToken: token, deviceId, logger: SILENT, ...more });
    await client.initRustCrypto({ useIndexedDB: false });
    const person = new MatrixPerson(client);
    await client.startClient({ initialSyncLimit: 20 });
    await vi.waitFor(() => {
      if (!client.isInitialSyncComplete()) throw new Error("not there yet");
    }, PATIENCE);
    return person;
  }

  get id(): string {
    return this.client.getSafeUserId();
  }

  /** Of others, in their order. */
  seen(room: string): Seen[] {
    return [...this.#seen.values()]
      .filter((event) => event.getRoomId() === room && event.getSender() !== this.id)
      .map((event) => ({
        room,
        sender: event.getSender() ?? "",
        type: event.getType(),
        content: event.getContent(),
        wireType: event.getWireType(),
        id: event.getId() ?? "",
      }));
  }

  /** The last words of each message of others. */
  texts(room: string): string[] {
    const texts = new Map<string, string>();
    for (const { type, content, id } of this.seen(room)) {
      if (type !== "m.room.message") continue;
      const relation = content["m.relates_to"] as { rel_type?: string; event_id?: string } | undefined;
      const fresh = content["m.new_content"] as { body?: string } | undefined;
      if (relation?.rel_type === "m.replace" && fresh) texts.set(relation.event_id ?? "", fresh.body ?? "");
      else texts.set(id, String(content["body"] ?? ""));
    }
    return [...texts.values()];
  }

  async openRoom(
    invite: string[],
    { name, isEncrypted = true, isDirect = name === undefined } = {} as RoomWish,
  ): Promise<string> {
    const { room_id: room } = await this.client.createRoom({
      preset: (isDirect ? "trusted_private_chat" : "private_chat") as never,
      is_direct: isDirect,
      invite,
      ...(name === undefined ? {} : { name }),
      initial_state: isEncrypted
        ? [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }]
        : [],
    });
    return room;
  }

  /** Until they are in it: keys go to those whom the app knows there. */
  async waitForMember(room: string, person: string): Promise<void> {
    await vi.waitFor(() => {
      const member = this.client.getRoom(room)?.getMember(person);
      if (member?.membership !== "join") throw new Error(`${person} is not in ${room}`);
    }, PATIENCE);
  }

  async say(room: string, body: string, more: Record<string, unknown> = {}): Promise<string> {
    const content = { msgtype: MsgType.Text, body, "m.mentions": {}, ...more };
    const { event_id: id } = await this.client.sendEvent(room, EventType.RoomMessage, content as never);
    return id;
  }

  stop(): void {
    this.client.stopClient();
  }
}

interface RoomWish {
  name?: string;
  isEncrypted?: boolean;
  isDirect?: boolean;
}
