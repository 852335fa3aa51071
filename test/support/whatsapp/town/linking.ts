// What a phone does to take a device in: by the code on the screen, or by eight letters typed on the phone. It believes nothing that it
// cannot check: whose keys the code names, and that the device signs with them.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, pbkdf2Sync, randomBytes } from "node:crypto";
import { Curve, proto, WA_ADV_ACCOUNT_SIG_PREFIX, WA_ADV_DEVICE_SIG_PREFIX } from "@whiskeysockets/baileys";
import { isSignedBy } from "./curve.ts";

type Pair = { public: Uint8Array; private: Uint8Array };

/** What a code on a screen says. */
export interface Scanned {
  ref: string;
  noiseKey: Buffer;
  identity: Buffer;
  secret: Buffer;
}

export function readScanned(text: string): Scanned {
  const [, said = ""] = /^https:\/\/wa\.me\/settings\/linked_devices#(.+)$/.exec(text) ?? [];
  const [ref = "", noise = "", identity = "", secret = ""] = said.split(",");
  const bytes = (part: string) => Buffer.from(part, "base64");
  const scanned = { ref, noiseKey: bytes(noise), identity: bytes(identity), secret: bytes(secret) };
  if (ref === "" || [scanned.noiseKey, scanned.identity, scanned.secret].some(({ length }) => length !== 32)) {
    throw new Error(`That is no code of WhatsApp: ${text}`);
  }
  return scanned;
}

export interface Vouched {
  /** For the device, sealed with the secret that both know. */
  sealed: Uint8Array;
  /** What the device has to sign in its turn. */
  details: Uint8Array;
}

/** The phone's word that this device is one of its own. */
export function vouch(phone: Pair, device: Uint8Array, secret: Uint8Array, keyIndex: number): Vouched {
  const timestamp = Math.floor(Date.now() / 1000);
  const details = proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp, keyIndex, accountType: 0, deviceType: 0 }).finish();
  const accountSignature = Curve.sign(phone.private, Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, device]));
  const identity = proto.ADVSignedDeviceIdentity.encode({
    details,
    accountSignatureKey: phone.public,
    accountSignature,
  }).finish();
  const hmac = createHmac("sha256", secret).update(identity).digest();
  return { sealed: proto.ADVSignedDeviceIdentityHMAC.encode({ details: identity, hmac }).finish(), details };
}

/** Whether the device has signed what this phone vouched for, with the key that it showed. */
export function hasSigned(answer: Uint8Array, { details }: Vouched, phone: Uint8Array, device: Uint8Array): boolean {
  const signed = proto.ADVSignedDeviceIdentity.decode(answer);
  if (!Buffer.from(signed.details ?? []).equals(Buffer.from(details))) return false;
  const message = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, device, phone]);
  return isSignedBy(device, message, signed.deviceSignature ?? new Uint8Array());
}

/** Whether what came along with a first message is the word of this account's phone for that device. */
export function isVouchedFor(identity: Uint8Array, device: Uint8Array): boolean {
  const { details, accountSignature, accountSignatureKey, deviceSignature } = proto.ADVSignedDeviceIdentity.decode(identity);
  if (!details || !accountSignature || !accountSignatureKey || !deviceSignature) return false;
  const byPhone = Buffer.concat([WA_ADV_ACCOUNT_SIG_PREFIX, details, device]);
  const byDevice = Buffer.concat([WA_ADV_DEVICE_SIG_PREFIX, details, device, accountSignatureKey]);
  return isSignedBy(accountSignatureKey, byPhone, accountSignature) && isSignedBy(device, byDevice, deviceSignature);
}

/** The phone's half of linking by letters that are typed. */
export class TypedCode {
  readonly #code: string;
  readonly #phone: Pair;
  readonly #own = Curve.generateKeyPair();
  readonly #theirs: Buffer;

  constructor(phone: Pair, code: string, wrapped: Buffer) {
    this.#phone = phone;
    this.#code = code;
    const key = stretch(code, wrapped.subarray(0, 32));
    const decipher = createDecipheriv("aes-256-ctr", key, wrapped.subarray(32, 48));
    this.#theirs = Buffer.concat([decipher.update(wrapped.subarray(48, 80)), decipher.final()]);
  }

  /** Our own key for this talk, which only whoever knows the code can read. */
  wrap(): Buffer {
    const [salt, iv] = [randomBytes(32), randomBytes(16)];
    const cipher = createCipheriv("aes-256-ctr", stretch(this.#code, salt), iv);
    return Buffer.concat([salt, iv, cipher.update(this.#own.public), cipher.final()]);
  }

  /** The secret that both know now. @throws when the device does not know the code, or is not the one it says it is. */
  finish(bundle: Buffer, identity: Buffer): Buffer {
    const shared = Curve.sharedKey(this.#own.private, this.#theirs);
    const info = "link_code_pairing_key_bundle_encryption_key";
    const key = Buffer.from(hkdfSync("sha256", shared, bundle.subarray(0, 32), info, 32));
    const sealed = bundle.subarray(44);
    const decipher = createDecipheriv("aes-256-gcm", key, bundle.subarray(32, 44)).setAuthTag(sealed.subarray(-16));
    let plain: Buffer;
    try {
      plain = Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]);
    } catch {
      throw new Error("The code is not the one that the device shows.");
    }
    if (!plain.subarray(0, 32).equals(identity)) throw new Error("The device showed another identity than it sealed.");
    if (!plain.subarray(32, 64).equals(Buffer.from(this.#phone.public))) throw new Error("The device meant another phone.");
    const between = Curve.sharedKey(this.#phone.private, identity);
    return Buffer.from(hkdfSync("sha256", Buffer.concat([shared, between, plain.subarray(64)]), "", "adv_secret", 32));
  }
}

function stretch(code: string, salt: Uint8Array): Buffer {
  return pbkdf2Sync(code, salt, 2 << 16, 32, "sha256");
}
