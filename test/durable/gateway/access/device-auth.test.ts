import { expect, test } from "vitest";
import { signedTexts } from "../../../../src/contract/home/device-signature.ts";
import { proveDevice, SIGNATURE_SKEW_MS } from "../../../../src/durable/gateway/access/device-auth.ts";
import { makeConnect, makeDevice } from "../../../support/device.ts";

const NONCE = "nonce-1";
const params = makeConnect({ auth: { token: "secret" } });

test("the signed text binds what the client asks for, in the order that clients write it", () => {
  const texts = signedTexts({
    deviceId: "d1",
    clientId: "openclaw-tui",
    clientMode: "ui",
    role: "operator",
    scopes: ["operator.admin", "operator.read"],
    signedAt: 1795344686942,
    token: "tok",
    nonce: "n1",
    platform: " Linux ",
    deviceFamily: undefined,
  });
  const body = "d1|openclaw-tui|ui|operator|operator.admin,operator.read|1795344686942|tok|n1";
  expect(texts).toEqual({ v2: `v2|${body}`, v3: `v3|${body}|linux|` });
});

test.each(["v2", "v3"] as const)("a %s signature proves the device", async (version) => {
  const device = await makeDevice();
  const signed = await device.sign(params, NONCE, { version });
  expect(await proveDevice(signed, NONCE, Date.now())).toEqual({
    outcome: "proven",
    deviceId: device.id,
    publicKey: device.publicKey,
  });
});

test("a signature over another scope list is refused", async () => {
  const device = await makeDevice();
  const signed = await device.sign(params, NONCE);
  const changed = { ...signed, scopes: ["operator.admin"] };
  expect(await proveDevice(changed, NONCE, Date.now())).toMatchObject({ code: "DEVICE_AUTH_SIGNATURE_INVALID" });
});

test("a signature for another socket's nonce is refused", async () => {
  const device = await makeDevice();
  const signed = await device.sign(params, "another");
  expect(await proveDevice(signed, NONCE, Date.now())).toMatchObject({ code: "DEVICE_AUTH_NONCE_MISMATCH" });
});

test("an old signature is refused", async () => {
  const device = await makeDevice();
  const signed = await device.sign(params, NONCE, { signedAt: Date.now() - SIGNATURE_SKEW_MS - 1000 });
  expect(await proveDevice(signed, NONCE, Date.now())).toMatchObject({ code: "DEVICE_AUTH_SIGNATURE_EXPIRED" });
});

test("an id that is not the key's fingerprint is refused", async () => {
  const [device, other] = await Promise.all([makeDevice(), makeDevice()]);
  const signed = await device.sign(params, NONCE);
  const changed = { ...signed, device: { ...signed.device, id: other.id } } as typeof signed;
  expect(await proveDevice(changed, NONCE, Date.now())).toMatchObject({ code: "DEVICE_AUTH_DEVICE_ID_MISMATCH" });
});

test("a key of the wrong length is refused and not imported", async () => {
  const device = await makeDevice();
  const signed = await device.sign(params, NONCE);
  const changed = { ...signed, device: { ...signed.device, publicKey: "AAAA" } } as typeof signed;
  expect(await proveDevice(changed, NONCE, Date.now())).toMatchObject({ code: "DEVICE_AUTH_PUBLIC_KEY_INVALID" });
});
