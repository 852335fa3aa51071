// The signature where it is really checked: workerd's own Ed25519.
import { expect, test } from "vitest";
import { discord } from "../../../../src/worker/channels/discord/discord.ts";

const NOW = 1_761_028_800;

test("workerd proves what was signed with the application's key, and nothing else", async () => {
  const pair = (await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = toHex((await crypto.subtle.exportKey("raw", pair.publicKey)) as ArrayBuffer);
  const text = JSON.stringify({ id: "1430000000000000001", type: 1 });
  const signature = toHex(await crypto.subtle.sign("Ed25519", pair.privateKey, new TextEncoder().encode(`${NOW}${text}`)));
  const prove = (said: string, signed: string) =>
    discord.prove(
      {
        method: "POST",
        url: new URL("https://skerry.test/channels/discord"),
        headers: new Headers({ "x-signature-ed25519": signed, "x-signature-timestamp": String(NOW) }),
        body: Uint8Array.from(new TextEncoder().encode(said)),
        text: said,
      },
      {
        account: {
          channel: "discord",
          account: "default",
          isEnabled: true,
          keys: { DISCORD_PUBLIC_KEY: publicKey },
          missing: [],
          mediaMaxMb: 10,
          version: 1,
        },
        base: "",
        variables: {},
        fetch,
        now: () => NOW * 1000,
        readMedia: async () => undefined,
      },
    );
  expect(await prove(text, signature)).toEqual({ ok: true });
  expect((await prove(`${text} `, signature)).ok).toBe(false);
  expect(
    (
      await prove(
        text,
        signature.replace(/^../, (byte) => (byte === "00" ? "01" : "00")),
      )
    ).ok,
  ).toBe(false);
});

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
