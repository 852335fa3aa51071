// A device as clients make one: an Ed25519 key pair whose fingerprint is the id, and the signature of a connect.
import { GatewayClient } from "../../src/client/gateway-client.ts";
import type { ConnectParams } from "../../src/contract/gateway.ts";
import { signedTexts } from "../../src/contract/home/device-signature.ts";

import { hashBytes, toBase64Url } from "../../src/durable/gateway/access/secrets.ts";

export interface TestDevice {
  id: string;
  publicKey: string;
  /** `params` with a signed device in it. */
  sign(params: ConnectParams, nonce: string, options?: { version?: "v2" | "v3"; signedAt?: number }): Promise<ConnectParams>;
}

export async function makeDevice(): Promise<TestDevice> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const raw = Uint8Array.from(new Uint8Array((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer));
  const id = await hashBytes(raw);
  const publicKey = toBase64Url(raw);
  return {
    id,
    publicKey,
    async sign(params, nonce, { version = "v3", signedAt = Date.now() } = {}) {
      const texts = signedTexts({
        deviceId: id,
        clientId: params.client.id,
        clientMode: params.client.mode,
        role: params.role,
        scopes: params.scopes ?? [],
        signedAt,
        token: params.auth?.token ?? params.auth?.deviceToken ?? "",
        nonce,
        platform: params.client.platform,
        deviceFamily: params.client.deviceFamily,
      });
      const bytes = new TextEncoder().encode(texts[version]);
      const signature = toBase64Url(new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, bytes)));
      return { ...params, device: { id, publicKey, signature, signedAt, nonce } };
    },
  };
}

export function makeConnect(change: Partial<ConnectParams> = {}): ConnectParams {
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client: { id: "test", version: "1", platform: "Linux", deviceFamily: "Linux", mode: "test" },
    role: "operator",
    scopes: ["operator.read", "operator.write"],
    caps: [],
    commands: [],
    ...change,
  };
}

/** A program with a key of its own and no token asks to come in. */
export async function knock(skerry: { url: string }, name: string): Promise<void> {
  const device = await makeDevice();
  const about = { id: "test", displayName: name, version: "1", platform: "linux", mode: "test" };
  const scopes = ["operator.read", "operator.write"];
  const client = new GatewayClient({
    url: `${skerry.url.replace("http", "ws")}/ws`,
    client: about,
    scopes,
    isLasting: false,
    async device(nonce) {
      const connect = makeConnect({ client: about, scopes, caps: ["delta-text", "tool-events"] });
      const { device: signed } = await device.sign(connect, nonce);
      if (!signed) throw new Error("nothing signed");
      return signed;
    },
  });
  await client.connect().then(
    () => Promise.reject(new Error("let in unasked")),
    () => undefined,
  );
  client.close();
}
