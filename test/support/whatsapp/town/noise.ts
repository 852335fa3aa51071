// WhatsApp's side of Noise XX (25519, AES-GCM, SHA-256), as its clients speak it: a hello, an answer with a certificate, a finish; after that
// frames with a counter each way. The certificate is of a root of this server's own.
import { createCipheriv, createDecipheriv, createHash, hkdfSync } from "node:crypto";
import { Curve, NOISE_MODE, NOISE_WA_HEADER, proto } from "@whiskeysockets/baileys";

const NONE = Buffer.alloc(0);

export interface Hello {
  /** Of the client's device: the same as when it was linked. */
  noiseKey: Buffer;
  payload: proto.ClientPayload;
}

export class Noise {
  readonly #own = Curve.generateKeyPair();
  #hash: Buffer = Buffer.from(NOISE_MODE);
  #salt: Buffer = this.#hash;
  #key: Buffer = this.#hash;
  #count = 0;
  #seal: Counted | undefined;
  #unseal: Counted | undefined;

  constructor() {
    this.#mix(NOISE_WA_HEADER);
  }

  get isOpen(): boolean {
    return this.#seal !== undefined;
  }

  answer(message: Uint8Array): Uint8Array {
    const theirs = proto.HandshakeMessage.decode(message).clientHello?.ephemeral;
    if (!theirs) throw new Error("The client said no hello.");
    const fixed = Curve.generateKeyPair();
    this.#mix(theirs);
    this.#mix(this.#own.public);
    this.#mixKey(Curve.sharedKey(this.#own.private, theirs));
    const ephemeral = this.#own.public;
    const fixedSealed = this.#encrypt(fixed.public);
    this.#mixKey(Curve.sharedKey(fixed.private, theirs));
    const payload = this.#encrypt(certify(fixed.public));
    return proto.HandshakeMessage.encode({ serverHello: { ephemeral, static: fixedSealed, payload } }).finish();
  }

  finish(message: Uint8Array): Hello {
    const finish = proto.HandshakeMessage.decode(message).clientFinish;
    if (!finish?.static || !finish.payload) throw new Error("The client did not finish its handshake.");
    const noiseKey = this.#decrypt(finish.static);
    this.#mixKey(Curve.sharedKey(this.#own.private, noiseKey));
    const payload = proto.ClientPayload.decode(this.#decrypt(finish.payload));
    const [theirs, ours] = this.#derive(NONE);
    this.#seal = new Counted(ours);
    this.#unseal = new Counted(theirs);
    return { noiseKey, payload };
  }

  seal(plain: Uint8Array): Buffer {
    if (!this.#seal) throw new Error("The handshake is not done.");
    return encrypt(plain, this.#seal.key, this.#seal.next(), NONE);
  }

  unseal(sealed: Uint8Array): Buffer {
    if (!this.#unseal) throw new Error("The handshake is not done.");
    return decrypt(sealed, this.#unseal.key, this.#unseal.next(), NONE);
  }

  #encrypt(plain: Uint8Array): Buffer {
    const sealed = encrypt(plain, this.#key, nonce(this.#count++), this.#hash);
    this.#mix(sealed);
    return sealed;
  }

  #decrypt(sealed: Uint8Array): Buffer {
    const plain = decrypt(sealed, this.#key, nonce(this.#count++), this.#hash);
    this.#mix(sealed);
    return plain;
  }

  #mix(data: Uint8Array): void {
    this.#hash = createHash("sha256").update(this.#hash).update(data).digest();
  }

  #mixKey(secret: Uint8Array): void {
    [this.#salt, this.#key] = this.#derive(secret);
    this.#count = 0;
  }

  #derive(secret: Uint8Array): [Buffer, Buffer] {
    const both = Buffer.from(hkdfSync("sha256", secret, this.#salt, "", 64));
    return [both.subarray(0, 32), both.subarray(32)];
  }
}

class Counted {
  readonly key: Buffer;
  #count = 0;

  constructor(key: Buffer) {
    this.key = key;
  }

  next(): Buffer {
    return nonce(this.#count++);
  }
}

function certify(key: Uint8Array): Uint8Array {
  const [root, between] = [Curve.generateKeyPair(), Curve.generateKeyPair()];
  const sign = (by: { private: Uint8Array }, details: Uint8Array) => ({ details, signature: Curve.sign(by.private, details) });
  const { Details } = proto.CertChain.NoiseCertificate;
  return proto.CertChain.encode({
    intermediate: sign(root, Details.encode({ serial: 1, issuerSerial: 0, key: between.public }).finish()),
    leaf: sign(between, Details.encode({ serial: 2, issuerSerial: 1, key }).finish()),
  }).finish();
}

function nonce(count: number): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(count, 8);
  return bytes;
}

function encrypt(plain: Uint8Array, key: Buffer, iv: Buffer, beside: Buffer): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(beside);
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(sealed: Uint8Array, key: Buffer, iv: Buffer, beside: Buffer): Buffer {
  const decipher = createDecipheriv("aes-256-gcm", key, iv).setAAD(beside).setAuthTag(sealed.subarray(-16));
  return Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
}
