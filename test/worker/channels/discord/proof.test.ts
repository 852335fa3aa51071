// Who may speak as Discord: only who holds the key of this application, about now, with these very bytes.
import { beforeAll, describe, expect, test } from "vitest";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";
import { makeRig, makeSigner, NOW, payload, postOf, type Signer } from "./rig.ts";

const ask = payload("interactions/ask");
let ours: Signer;
let other: Signer;

beforeAll(async () => {
  ours = await makeSigner();
  other = await makeSigner();
});

function lineWith(key = ours.publicKey) {
  return makeRig({ DISCORD_PUBLIC_KEY: key }).line;
}

test("a request that Discord signed is proven, key in either case", async () => {
  expect(await discord.prove(await ours.sign(ask), lineWith())).toEqual({ ok: true });
  expect(await discord.prove(await ours.sign(ask), lineWith(` ${ours.publicKey.toUpperCase()} `))).toEqual({ ok: true });
});

test("the clocks may differ by five minutes, not more", async () => {
  const at = NOW / 1000;
  for (const shift of [-300, 300]) expect((await discord.prove(await ours.sign(ask, at + shift), lineWith())).ok).toBe(true);
  for (const shift of [-301, 301, -86_400 * 365]) {
    const proof = await discord.prove(await ours.sign(ask, at + shift), lineWith());
    expect(proof).toEqual({ ok: false, reason: expect.stringContaining("five minutes") });
  }
});

describe("refused, with a reason for the log", () => {
  const attacks: [string, () => Promise<ReturnType<typeof postOf>>, RegExp][] = [
    ["signed for another application", () => other.sign(ask), /does not fit/],
    [
      "body changed after signing",
      async () => {
        const { headers } = await ours.sign(ask);
        return { ...postOf({ ...ask, type: 1 }), headers };
      },
      /does not fit/,
    ],
    [
      "time changed after signing",
      async () => {
        const post = await ours.sign(ask);
        post.headers.set("x-signature-timestamp", String(NOW / 1000 + 1));
        return post;
      },
      /does not fit/,
    ],
    ["no headers at all", async () => postOf(ask), /no signature/],
    [
      "no time",
      async () => {
        const post = await ours.sign(ask);
        post.headers.delete("x-signature-timestamp");
        return post;
      },
      /no signature/,
    ],
    ["a time that is none", () => ours.sign(ask, "tomorrow"), /no time/],
    ["a time with a sign", () => ours.sign(ask, "-5"), /no time/],
    ["a time in milliseconds", () => ours.sign(ask, NOW), /no time/],
    ["an HMAC where Ed25519 belongs", async () => postOf(ask, signed("ab".repeat(32))), /none of Ed25519/],
    ["a signature that is not hexadecimal", async () => postOf(ask, signed("zz".repeat(64))), /none of Ed25519/],
    ["a signature of zeros", async () => postOf(ask, signed("00".repeat(64))), /does not fit/],
    ["an empty signature", async () => postOf(ask, signed("")), /none of Ed25519/],
    ["a GET", async () => ({ ...(await ours.sign(ask)), method: "GET" }), /no POST/],
  ];

  test.each(attacks)("%s", async (_name, attack, reason) => {
    const proof = await discord.prove(await attack(), lineWith());
    expect(proof).toEqual({ ok: false, reason: expect.stringMatching(reason) });
  });

  test.each(["", "abc", "zz".repeat(32), "00".repeat(32), "ff".repeat(32)])("a public key that is none: %j", async (key) => {
    expect((await discord.prove(await ours.sign(ask), lineWith(key))).ok).toBe(false);
  });
});

test("the same request sent again is the same message, so that it is answered once", async () => {
  const [once, twice] = await Promise.all([1, 2].map(async () => discord.translate(await ours.sign(ask), lineWith())));
  expect(once?.inbound[0]?.message.id).toBe(`discord:default:${ask["id"]}`);
  expect(twice?.inbound[0]?.message.id).toBe(once?.inbound[0]?.message.id);
});

function signed(signature: string): Record<string, string> {
  return { "x-signature-ed25519": signature, "x-signature-timestamp": String(NOW / 1000) };
}
