// Proof of a device: an Ed25519 signature over what it asks for and over the nonce of this very socket.
// The device's id is the SHA-256 of its raw public key.

import type { ConnectParams } from "../../../contract/gateway.ts";
import { signedTexts } from "../../../contract/home/device-signature.ts";
import { fromBase64Url, hashBytes, toBase64Url } from "./secrets.ts";

export const SIGNATURE_SKEW_MS = 120_000;

export type DeviceProof =
  | { outcome: "proven"; deviceId: string; publicKey: string }
  | { outcome: "refused"; code: string; reason: string; message: string };

function refuse(code: string, reason: string, message: string): DeviceProof {
  return { outcome: "refused", code: `DEVICE_AUTH_${code}`, reason, message };
}

/** The token that a client signs along: whichever it sends. */
export function signedTokens(auth: ConnectParams["auth"]): string[] {
  const sent = [auth?.token, auth?.deviceToken, auth?.bootstrapToken].filter((token) => token !== undefined);
  return [...new Set([...sent, ""])];
}

export async function proveDevice(params: ConnectParams, nonce: string, now: number): Promise<DeviceProof> {
  const device = params.device;
  if (!device) return refuse("INVALID", "device-missing", "device identity required");
  const raw = fromBase64Url(device.publicKey);
  if (raw?.length !== 32) return refuse("PUBLIC_KEY_INVALID", "device-public-key", "device public key invalid");
  if ((await hashBytes(raw)) !== device.id) return refuse("DEVICE_ID_MISMATCH", "device-id-mismatch", "device identity mismatch");
  if (Math.abs(now - device.signedAt) > SIGNATURE_SKEW_MS) {
    return refuse("SIGNATURE_EXPIRED", "device-signature-stale", "device signature expired");
  }
  if (device.nonce.trim() === "") return refuse("NONCE_REQUIRED", "device-nonce-missing", "device nonce required");
  if (device.nonce.trim() !== nonce) return refuse("NONCE_MISMATCH", "device-nonce-mismatch", "device nonce mismatch");
  const signature = fromBase64Url(device.signature);
  if (signature?.length === 64) {
    const key = await crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
    for (const token of signedTokens(params.auth)) {
      const texts = signedTexts({
        deviceId: device.id,
        clientId: params.client.id,
        clientMode: params.client.mode,
        role: params.role,
        scopes: params.scopes ?? [],
        signedAt: device.signedAt,
        token,
        nonce,
        platform: params.client.platform,
        deviceFamily: params.client.deviceFamily,
      });
      for (const text of [texts.v3, texts.v2]) {
        if (await crypto.subtle.verify({ name: "Ed25519" }, key, signature, new TextEncoder().encode(text))) {
          return { outcome: "proven", deviceId: device.id, publicKey: toBase64Url(raw) };
        }
      }
    }
  }
  return refuse("SIGNATURE_INVALID", "device-signature", "device signature invalid");
}
