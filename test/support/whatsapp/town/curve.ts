// What this WhatsApp checks by its own arithmetic: signatures over Curve25519 (XEdDSA), by Node's Ed25519. The library's own check
// says yes to any signature, so it would prove nothing here.
import { createPublicKey, verify } from "node:crypto";

const P = 2n ** 255n - 19n;
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

/** Whether the owner of this Curve25519 key signed it. */
export function isSignedBy(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  // The same point as Ed25519 names it: y = (u - 1) / (u + 1); its sign stands in the signature's last bit.
  const u = fromLittle(publicKey) & (2n ** 255n - 1n);
  const y = mod((u - 1n) * power(mod(u + 1n), P - 2n));
  const key = toLittle(y);
  const last = signature[63] ?? 0;
  key[31] = (key[31] ?? 0) | (last & 0x80);
  const plain = Buffer.from(signature);
  plain[63] = last & 0x7f;
  try {
    return verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" }), plain);
  } catch {
    return false;
  }
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base, left = exponent; left > 0n; left >>= 1n, square = mod(square * square)) {
    if (left & 1n) result = mod(result * square);
  }
  return result;
}

function fromLittle(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString("hex")}`);
}

function toLittle(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex").reverse();
}
