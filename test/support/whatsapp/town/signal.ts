// The Signal side of one phone: its identity, its keys in memory, and what it seals and opens. The library's own repository does the
// ratchets; what a device proves of itself is checked here by our own arithmetic.
import {
  addTransactionCapability,
  type BinaryNode,
  BufferJSON,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  encodeBigEndian,
  encodeWAMessage,
  generateSignalPubKey,
  getBinaryNodeChild,
  getBinaryNodeChildBuffer,
  getBinaryNodeChildUInt,
  initAuthCreds,
  proto,
  type SignalDataSet,
  type SignalDataTypeMap,
  unpadRandomMax16,
  xmppPreKey,
  xmppSignedPreKey,
} from "@whiskeysockets/baileys";
import { SILENT } from "../../../../src/bridge/channels/whatsapp/library.ts";

export interface Sealed {
  type: "pkmsg" | "msg";
  ciphertext: Uint8Array;
}

export class SignalSide {
  readonly creds = initAuthCreds();
  /** As text: what is read is nobody's to change. */
  readonly #kept = new Map<string, string>();
  readonly #repository;
  #preKeys = 0;

  constructor() {
    const kept = this.#kept;
    const keys = addTransactionCapability(
      {
        get<T extends keyof SignalDataTypeMap>(type: T, ids: string[]) {
          const found: Record<string, SignalDataTypeMap[T]> = {};
          for (const id of ids) {
            const value = kept.get(`${type} ${id}`);
            if (value !== undefined) found[id] = JSON.parse(value, BufferJSON.reviver);
          }
          return found;
        },
        set(data: SignalDataSet) {
          for (const [type, values] of Object.entries(data)) {
            for (const [id, value] of Object.entries(values ?? {})) {
              if (value) kept.set(`${type} ${id}`, write(value));
              else kept.delete(`${type} ${id}`);
            }
          }
        },
      },
      SILENT,
      { maxCommitRetries: 1, delayBetweenTriesMs: 1 },
    );
    this.#repository = DEFAULT_CONNECTION_CONFIG.makeSignalRepository({ creds: this.creds, keys }, SILENT, async () => []);
  }

  get identity() {
    return this.creds.signedIdentityKey;
  }

  /** What somebody needs who writes to this phone first. */
  bundle(jid: string): BinaryNode {
    const id = ++this.#preKeys;
    const preKey = Curve.generateKeyPair();
    this.#kept.set(`pre-key ${id}`, write(preKey));
    const { registrationId, signedPreKey } = this.creds;
    return bundleNode(jid, registrationId, this.identity.public, [xmppSignedPreKey(signedPreKey), xmppPreKey(preKey, id)]);
  }

  /** `find` asks for the keys of a device that this phone has not written to before. */
  async seal(jid: string, message: proto.IMessage, find: () => BinaryNode | undefined): Promise<Sealed> {
    if (!(await this.#repository.validateSession(jid)).exists) await this.begin(jid, find());
    return this.#repository.encryptMessage({ jid, data: encodeWAMessage(message) });
  }

  async open(jid: string, { type, ciphertext }: Sealed): Promise<proto.Message> {
    const plain = await this.#repository.decryptMessage({ jid, type, ciphertext });
    const message = proto.Message.decode(unpadRandomMax16(plain));
    const { senderKeyDistributionMessage: item } = message;
    if (item) await this.#repository.processSenderKeyDistributionMessage({ item, authorJid: jid });
    return message;
  }

  /** With a key of its own for the group, which the first message brings along. */
  async sealForGroup(group: string, meId: string, message: proto.IMessage) {
    const sealed = await this.#repository.encryptGroupMessage({ group, meId, data: encodeWAMessage(message) });
    return { ciphertext: sealed.ciphertext, key: sealed.senderKeyDistributionMessage };
  }

  async openFromGroup(group: string, authorJid: string, msg: Uint8Array): Promise<proto.Message> {
    return proto.Message.decode(unpadRandomMax16(await this.#repository.decryptGroupMessage({ group, authorJid, msg })));
  }

  /** As a phone that was set up anew. */
  lose(jid: string): Promise<void> {
    return this.#repository.deleteSession([jid]);
  }

  /** With what that device offers; what was sealed by the one before can still be opened. */
  async begin(jid: string, node: BinaryNode | undefined): Promise<void> {
    const [signed, once] = [node && getBinaryNodeChild(node, "skey"), node && getBinaryNodeChild(node, "key")];
    const identity = node && getBinaryNodeChildBuffer(node, "identity");
    const registrationId = node && getBinaryNodeChildUInt(node, "registration", 4);
    if (!signed || !identity || registrationId === undefined) throw new Error(`${jid} has no keys at this WhatsApp.`);
    await this.#repository.injectE2ESession({
      jid,
      session: {
        registrationId,
        identityKey: generateSignalPubKey(identity),
        signedPreKey: { ...keyIn(signed), signature: bytesIn(signed, "signature") },
        ...(once ? { preKey: keyIn(once) } : {}),
      },
    });
  }
}

export function bundleNode(jid: string, registrationId: number, identity: Uint8Array, keys: BinaryNode[]): BinaryNode {
  const content = [
    { tag: "registration", attrs: {}, content: encodeBigEndian(registrationId) },
    { tag: "type", attrs: {}, content: Buffer.from([5]) },
    { tag: "identity", attrs: {}, content: identity },
    ...keys,
  ];
  return { tag: "user", attrs: { jid }, content };
}

function write(value: unknown): string {
  return JSON.stringify(value, BufferJSON.replacer);
}

export function bytesIn(node: BinaryNode | undefined, tag: string): Buffer {
  const found = node && getBinaryNodeChildBuffer(node, tag);
  if (!found) throw new Error(`There is no <${tag}> in <${node?.tag}>.`);
  return Buffer.from(found);
}

function keyIn(node: BinaryNode) {
  const keyId = getBinaryNodeChildUInt(node, "id", 3) ?? 0;
  return { keyId, publicKey: generateSignalPubKey(bytesIn(node, "value")) };
}
