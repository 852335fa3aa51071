// This device of the account: opens and seals messages by the protocol's own library (matrix-sdk-crypto, in WebAssembly), and brings the
// homeserver what the library wants it to have. Its keys are on disk before they are used (kept-keys.ts). Keys of a room go to every device
// of its members; whether a device is verified is theirs to judge.
import type * as Crypto from "@matrix-org/matrix-sdk-crypto-wasm";
import { HomeRefused } from "../../../../contract/errors.ts";
import { type Homeserver, MatrixNo } from "../homeserver.ts";
import type { RoomFacts } from "../state.ts";
import { type Json, objectIn, type RoomEvent, roomEvent, type SyncAnswer, textIn } from "../wire.ts";
import { readSigningSecrets } from "./vault.ts";

export type CryptoPackage = typeof Crypto;

const KEYS = "/_matrix/client/v3/keys";
const STORE = "skerry";

export interface DeviceRequest {
  crypto: CryptoPackage;
  server: Homeserver;
  userId: string;
  deviceId: string;
  /** Whether the store held nothing: the homeserver must not know keys of this device then. */
  isNew: boolean;
}

type Outgoing = { id: string | undefined; type: Crypto.RequestType; body: string; event_type?: string; txn_id?: string };

export class MatrixDevice {
  readonly #crypto: CryptoPackage;
  readonly #machine: Crypto.OlmMachine;
  readonly #server: Homeserver;
  readonly #userId: string;
  readonly #deviceId: string;
  #sealing: Promise<unknown> = Promise.resolve();
  #sending: Promise<unknown> = Promise.resolve();

  private constructor({ crypto, server, userId, deviceId }: DeviceRequest, machine: Crypto.OlmMachine) {
    this.#crypto = crypto;
    this.#machine = machine;
    this.#server = server;
    this.#userId = userId;
    this.#deviceId = deviceId;
  }

  /** @throws HomeRefused when the homeserver knows other keys of this device. */
  static async open(request: DeviceRequest): Promise<MatrixDevice> {
    const { crypto, server, userId, deviceId, isNew } = request;
    await crypto.initAsync();
    if (isNew && (await hasKeys(server, userId, deviceId))) {
      throw new HomeRefused(
        "CONFLICT",
        `The device ${deviceId} has keys that are not on this machine: another program uses this login, or its files here were deleted. Make a new login for Skerry and give its access token, or the password.`,
      );
    }
    const machine = await crypto.OlmMachine.initialize(new crypto.UserId(userId), new crypto.DeviceId(deviceId), STORE);
    const device = new MatrixDevice(request, machine);
    await device.sendOutgoing();
    return device;
  }

  close(): void {
    this.#machine.close();
  }

  // ── Trust ──

  /** Makes other devices trust this one, as far as it can. Answers what is missing, in words; undefined: it is trusted. */
  async gainTrust(recoveryKey: string | undefined, password: string | undefined): Promise<string | undefined> {
    const { UserId, DeviceId } = this.#crypto;
    const self = () => new UserId(this.#userId);
    await this.#send(this.#machine.queryKeysForUsers([self()]));
    const own = await this.#machine.getDevice(self(), new DeviceId(this.#deviceId));
    if (own?.isCrossSignedByOwner()) return undefined;
    const identity = await this.#machine.getIdentity(self());
    if (!identity) return this.#makeIdentity(password);
    const status = await this.#machine.crossSigningStatus();
    if (!status.hasSelfSigning) {
      if (recoveryKey === undefined) {
        return "Other people's apps warn of this device, since it is not verified: give the account's recovery key.";
      }
      const secrets = await readSigningSecrets(this.#server, this.#userId, recoveryKey);
      if (!secrets)
        return "The account's secret storage holds no keys for verifying: set up recovery in Element, then give its key.";
      await this.#machine.importCrossSigningKeys(secrets.master, secrets.selfSigning, secrets.userSigning);
    }
    const device = await this.#machine.getDevice(self(), new DeviceId(this.#deviceId));
    if (!device) return "The homeserver does not know this device's keys yet; restart the bridge.";
    await this.#send(await device.verify());
    return undefined;
  }

  /** The account has never verified anything: this device is its first. */
  async #makeIdentity(password: string | undefined): Promise<string | undefined> {
    const made = await this.#machine.bootstrapCrossSigning(false);
    const keys: Json = JSON.parse(made.uploadSigningKeysRequest.body);
    const upload = (auth?: Json) =>
      this.#server.ask(`${KEYS}/device_signing/upload`, { method: "POST", body: auth ? { ...keys, auth } : keys });
    try {
      await upload().catch((error: unknown) => {
        const session = error instanceof MatrixNo && error.status === 401 ? textIn(error.body, "session") : undefined;
        if (session === undefined || password === undefined) throw error;
        return upload({ type: "m.login.password", identifier: { type: "m.id.user", user: this.#userId }, password, session });
      });
      await this.#send(made.uploadSignaturesRequest);
      return undefined;
    } catch (error) {
      if (!(error instanceof MatrixNo)) throw error;
      return `Other people's apps warn of this device, since the homeserver did not let it verify itself (${error.message}).`;
    }
  }

  // ── What the homeserver brings, and gets ──

  async receive(answer: SyncAnswer): Promise<void> {
    const { UserId, DeviceLists } = this.#crypto;
    const { device_lists: lists = {}, to_device: toDevice, device_unused_fallback_key_types: fallback } = answer;
    const users = (ids: readonly string[] = []) => ids.flatMap((id) => this.#made(() => new UserId(id)));
    await this.#machine.receiveSyncChanges(
      JSON.stringify(toDevice?.events ?? []),
      new DeviceLists(users(lists.changed), users(lists.left)),
      new Map(Object.entries(answer.device_one_time_keys_count ?? {})),
      fallback === undefined ? undefined : new Set(fallback),
      this.#settings(),
    );
  }

  /** One after the other: the library answers the same requests until they are marked. */
  sendOutgoing(): Promise<void> {
    const sending = this.#sending.then(async () => {
      for (const request of await this.#machine.outgoingRequests()) await this.#send(request);
    });
    this.#sending = sending.catch(() => undefined);
    return sending;
  }

  async #send(request: Outgoing): Promise<void> {
    const { RequestType } = this.#crypto;
    const { body } = request;
    const post = (path: string) => this.#server.ask(path, { method: "POST", body });
    const answer = await (async () => {
      switch (request.type) {
        case RequestType.KeysUpload:
          return post(`${KEYS}/upload`);
        case RequestType.KeysQuery:
          return post(`${KEYS}/query`);
        case RequestType.KeysClaim:
          return post(`${KEYS}/claim`);
        case RequestType.SignatureUpload:
          return post(`${KEYS}/signatures/upload`);
        case RequestType.ToDevice: {
          const path = `${encodeURIComponent(request.event_type ?? "")}/${encodeURIComponent(request.txn_id ?? "")}`;
          return this.#server.ask(`/_matrix/client/v3/sendToDevice/${path}`, { method: "PUT", body });
        }
        default:
          // Verification in rooms and backups are not begun by this device.
          return undefined;
      }
    })();
    if (answer && request.id !== undefined) {
      await this.#machine.markRequestAsSent(request.id, request.type, JSON.stringify(answer));
    }
  }

  // ── Messages ──

  /** As it was written; undefined: it cannot be opened, or not yet. */
  async open(room: string, event: RoomEvent): Promise<RoomEvent | undefined> {
    const { RoomId } = this.#crypto;
    try {
      const text = JSON.stringify({ ...event, room_id: room });
      const opened = await this.#machine.decryptRoomEvent(text, new RoomId(room), this.#settings());
      const read = roomEvent.safeParse(JSON.parse(opened.event));
      // Whoever sealed it must be who sent it, and the id stays that of the event.
      if (!read.success || opened.sender.toString() !== event.sender) return undefined;
      return { ...read.data, event_id: event.event_id, sender: event.sender, origin_server_ts: event.origin_server_ts };
    } catch {
      return undefined;
    }
  }

  /** The code by which whoever sealed it keeps its key from this device; undefined: it says nothing of that. */
  async withheld(room: string, event: RoomEvent): Promise<string | undefined> {
    const { RoomId, MegolmDecryptionError } = this.#crypto;
    try {
      const text = JSON.stringify({ ...event, room_id: room });
      await this.#machine.decryptRoomEvent(text, new RoomId(room), this.#settings());
      return undefined;
    } catch (error) {
      return error instanceof MegolmDecryptionError ? error.withheldCode : undefined;
    }
  }

  /** The content of the sealed event. One at a time, so that a room's key is made and shared once. */
  seal(room: string, type: string, content: Json, members: readonly string[], facts: RoomFacts): Promise<Json> {
    const sealing = this.#sealing.then(async () => {
      const { UserId, RoomId, EncryptionSettings, CollectStrategy } = this.#crypto;
      const users = () => members.flatMap((id) => this.#made(() => new UserId(id)));
      await this.#machine.updateTrackedUsers(users());
      await this.sendOutgoing();
      const claim = await this.#machine.getMissingSessions(users());
      if (claim) await this.#send(claim);
      const settings = new EncryptionSettings();
      settings.sharingStrategy = CollectStrategy.allDevices();
      if (facts.rotationMs !== undefined) settings.rotationPeriod = BigInt(facts.rotationMs) * 1000n;
      if (facts.rotationMessages !== undefined) settings.rotationPeriodMessages = BigInt(facts.rotationMessages);
      for (const request of await this.#machine.shareRoomKey(new RoomId(room), users(), settings)) await this.#send(request);
      const sealed: Json = JSON.parse(await this.#machine.encryptRoomEvent(new RoomId(room), type, JSON.stringify(content)));
      return sealed;
    });
    this.#sealing = sealing.catch(() => undefined);
    return sealing;
  }

  #settings(): Crypto.DecryptionSettings {
    return new this.#crypto.DecryptionSettings(this.#crypto.TrustRequirement.Untrusted);
  }

  /** An id that the library does not take says nothing. */
  #made<T>(make: () => T): T[] {
    try {
      return [make()];
    } catch {
      return [];
    }
  }
}

async function hasKeys(server: Homeserver, userId: string, deviceId: string): Promise<boolean> {
  const answer = await server.ask(`${KEYS}/query`, { method: "POST", body: { device_keys: { [userId]: [deviceId] } } });
  return objectIn(objectIn(objectIn(answer, "device_keys"), userId), deviceId) !== undefined;
}
