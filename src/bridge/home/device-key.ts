// The bridge's own key: an Ed25519 pair whose fingerprint is the machine's id at Skerry. In a file for its owner's eyes alone;
// a copy of it on another machine is noticed there by `instanceId`.
import { spawnSync } from "node:child_process";
import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { chmodSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BridgeRefused } from "../../contract/errors.ts";
import type { ConnectParams } from "../../contract/gateway.ts";
import { signedTexts } from "../../contract/home/device-signature.ts";

export interface DeviceKey {
  /** Hex of the SHA-256 of the public key. */
  deviceId: string;
  /** Of this installation on this machine. */
  instanceId: string;
  /** Signs the challenge of a connection. */
  sign(client: ConnectParams["client"], nonce: string, token: string): NonNullable<ConnectParams["device"]>;
}

interface KeyFile {
  version: 1;
  /** PKCS#8, base64url. */
  privateKey: string;
  install: string;
}

const NAME = "device-key.json";

/** Reads the key of the state folder, or makes one. @throws BridgeRefused when the file cannot be used. */
export function openDeviceKey(stateDir: string, mark = markOfMachine(THIS_MACHINE)): DeviceKey {
  const path = join(stateDir, NAME);
  const file = existsSync(path) ? readKeyFile(path) : writeKeyFile(path);
  const key = readPrivateKey(file, path);
  const raw = publicBytes(key);
  const deviceId = createHash("sha256").update(raw).digest("hex");
  const publicKey = raw.toString("base64url");
  return {
    deviceId,
    instanceId: createHash("sha256").update(`${file.install}|${mark}`).digest("hex").slice(0, 32),
    sign(client, nonce, token) {
      const signedAt = Date.now();
      const { v3 } = signedTexts({
        deviceId,
        clientId: client.id,
        clientMode: client.mode,
        role: "node",
        scopes: [],
        signedAt,
        token,
        nonce,
        platform: client.platform,
        deviceFamily: client.deviceFamily,
      });
      const signature = sign(null, Buffer.from(v3), key).toString("base64url");
      return { id: deviceId, publicKey, signature, signedAt, nonce };
    },
  };
}

/** Puts the key away; the next start makes a new one, which has to be approved anew. */
export function retireDeviceKey(stateDir: string): void {
  const path = join(stateDir, NAME);
  if (existsSync(path)) renameSync(path, `${path}.retired`);
}

function writeKeyFile(path: string): KeyFile {
  const { privateKey } = generateKeyPairSync("ed25519");
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "der" }).toString("base64url");
  const file: KeyFile = { version: 1, privateKey: pkcs8, install: randomUUID() };
  writeFileSync(`${path}.new`, `${JSON.stringify(file)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return file;
}

function readKeyFile(path: string): KeyFile {
  if (process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  let file: unknown;
  try {
    file = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    throw new BridgeRefused({ kind: "bad-key", path });
  }
  if (isKeyFile(file)) return file;
  throw new BridgeRefused({ kind: "bad-key", path });
}

function isKeyFile(file: unknown): file is KeyFile {
  return (
    typeof file === "object" &&
    file !== null &&
    "version" in file &&
    file.version === 1 &&
    "privateKey" in file &&
    typeof file.privateKey === "string" &&
    "install" in file &&
    typeof file.install === "string"
  );
}

function readPrivateKey(file: KeyFile, path: string): KeyObject {
  try {
    const key = createPrivateKey({ key: Buffer.from(file.privateKey, "base64url"), format: "der", type: "pkcs8" });
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Told below.
  }
  throw new BridgeRefused({ kind: "bad-key", path });
}

function publicBytes(key: KeyObject): Buffer {
  const jwk = key.export({ format: "jwk" });
  return Buffer.from(jwk.x ?? "", "base64url");
}

export interface MachineFacts {
  platform: NodeJS.Platform;
  /** Undefined: there is no such file. */
  readText(path: string): string | undefined;
  /** What a Mac says of its hardware. */
  readHardware(): string;
}

const THIS_MACHINE: MachineFacts = {
  platform: process.platform,
  readText: (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined),
  readHardware: () => {
    const words = ["-rd1", "-c", "IOPlatformExpertDevice"];
    return spawnSync("/usr/sbin/ioreg", words, { encoding: "utf8", timeout: 5_000 }).stdout ?? "";
  },
};

/**
 * What another machine has differently, and this one keeps for as long as it lives. Empty where there is nothing of the kind: a
 * name of the machine changes with the network, and with it the machine would lock itself out.
 */
export function markOfMachine({ platform, readText, readHardware }: MachineFacts): string {
  if (platform === "darwin") return /"IOPlatformUUID" = "([^"]+)"/.exec(readHardware())?.[1] ?? "";
  const marks = ["/etc/machine-id", "/var/lib/dbus/machine-id"].map((path) => readText(path)?.trim() ?? "");
  return marks.find((mark) => /^[0-9a-f]{32}$/i.test(mark)) ?? "";
}
