// The account's secret storage: opened by its recovery key (or the phrase it was made of), it holds the keys by which the account's
// devices trust each other. They are read, used and not kept here.
import { createDecipheriv, createHmac, hkdfSync, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { HomeRefused } from "../../../../contract/errors.ts";
import { type Homeserver, MatrixNo } from "../homeserver.ts";
import { type Json, numberIn, objectIn, textIn } from "../wire.ts";

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const PREFIX = Buffer.from([0x8b, 0x01]);
const KEY_BYTES = 32;
const MOST_ROUNDS = 5_000_000;
const WRONG = "MATRIX_RECOVERY_KEY is not the recovery key of this account; look it up in Element under Settings, Encryption.";

export interface SigningSecrets {
  master: string;
  selfSigning: string;
  userSigning: string;
}

/** @throws HomeRefused when the key is not the account's. Undefined: the account has no secret storage, or these are not in it. */
export async function readSigningSecrets(
  server: Homeserver,
  userId: string,
  recoveryKey: string,
): Promise<SigningSecrets | undefined> {
  const read = (type: string) => accountData(server, userId, type);
  const id = textIn(await read("m.secret_storage.default_key"), "key");
  const about = id === undefined ? undefined : await read(`m.secret_storage.key.${id}`);
  if (id === undefined || !about) return undefined;
  const key = await openKey(recoveryKey, about);
  const secret = async (name: string) => {
    const sealed = objectIn(objectIn(await read(name), "encrypted"), id);
    return sealed && openSecret(key, name, sealed);
  };
  const [master, selfSigning, userSigning] = [
    await secret("m.cross_signing.master"),
    await secret("m.cross_signing.self_signing"),
    await secret("m.cross_signing.user_signing"),
  ];
  return master && selfSigning && userSigning ? { master, selfSigning, userSigning } : undefined;
}

/** The 32 bytes, or undefined: it is no recovery key. */
export function decodeRecoveryKey(text: string): Buffer | undefined {
  let value = 0n;
  const letters = text.replace(/\s/g, "");
  for (const letter of letters) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0 || letters.length > 100) return undefined;
    value = value * 58n + BigInt(digit);
  }
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  if (bytes.length !== PREFIX.length + KEY_BYTES + 1 || !bytes.subarray(0, 2).equals(PREFIX)) return undefined;
  if (bytes.reduce((parity, byte) => parity ^ byte, 0) !== 0) return undefined;
  return bytes.subarray(2, 2 + KEY_BYTES);
}

/** @throws HomeRefused */
export async function openKey(words: string, about: Json): Promise<Buffer> {
  if (textIn(about, "algorithm") !== "m.secret_storage.v1.aes-hmac-sha2") {
    throw new HomeRefused("INVALID_REQUEST", "The account's secret storage is of a kind this version cannot open.");
  }
  const key = decodeRecoveryKey(words) ?? (await keyOfPhrase(words, objectIn(about, "passphrase")));
  const [iv, mac] = [textIn(about, "iv"), textIn(about, "mac")];
  if (!key) throw new HomeRefused("INVALID_REQUEST", WRONG);
  if (iv === undefined || mac === undefined) return key;
  const { aes, hmac } = deriveKeys(key, "");
  // CTR is the same both ways: opening zeros is sealing them.
  const sealed = createDecipheriv("aes-256-ctr", aes, Buffer.from(iv, "base64")).update(Buffer.alloc(KEY_BYTES));
  if (!isMac(hmac, sealed, mac)) throw new HomeRefused("INVALID_REQUEST", WRONG);
  return key;
}

export function openSecret(key: Buffer, name: string, sealed: Json): string | undefined {
  const [iv, ciphertext, mac] = [textIn(sealed, "iv"), textIn(sealed, "ciphertext"), textIn(sealed, "mac")];
  if (iv === undefined || ciphertext === undefined || mac === undefined) return undefined;
  const { aes, hmac } = deriveKeys(key, name);
  const bytes = Buffer.from(ciphertext, "base64");
  if (!isMac(hmac, bytes, mac)) return undefined;
  return createDecipheriv("aes-256-ctr", aes, Buffer.from(iv, "base64")).update(bytes).toString("utf8");
}

async function keyOfPhrase(words: string, about: Json | undefined): Promise<Buffer | undefined> {
  const [salt, rounds] = [textIn(about, "salt"), numberIn(about, "iterations")];
  if (textIn(about, "algorithm") !== "m.pbkdf2" || salt === undefined || !rounds || rounds > MOST_ROUNDS) return undefined;
  return promisify(pbkdf2)(words, salt, rounds, KEY_BYTES, "sha512");
}

function deriveKeys(key: Buffer, info: string): { aes: Buffer; hmac: Buffer } {
  const bytes = Buffer.from(hkdfSync("sha256", key, Buffer.alloc(KEY_BYTES), info, 2 * KEY_BYTES));
  return { aes: bytes.subarray(0, KEY_BYTES), hmac: bytes.subarray(KEY_BYTES) };
}

function isMac(key: Buffer, bytes: Buffer, mac: string): boolean {
  const [own, given] = [createHmac("sha256", key).update(bytes).digest(), Buffer.from(mac, "base64")];
  return own.length === given.length && timingSafeEqual(own, given);
}

async function accountData(server: Homeserver, userId: string, type: string): Promise<Json | undefined> {
  try {
    return await server.ask(`/_matrix/client/v3/user/${encodeURIComponent(userId)}/account_data/${encodeURIComponent(type)}`);
  } catch (error) {
    if (error instanceof MatrixNo && error.status === 404) return undefined;
    throw error;
  }
}
