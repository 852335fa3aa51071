// Tokens in workerd itself: keys that are read there, signatures that are checked and made there.
import { exportJWK, exportPKCS8, generateKeyPair, type JWK, jwtVerify, SignJWT } from "jose";
import { beforeAll, describe, expect, it } from "vitest";
import { googleChat } from "../../../../src/worker/channels/google-chat/google-chat.ts";
import { teams } from "../../../../src/worker/channels/teams/teams.ts";
import activities from "../../../fixtures/channels/teams/activities.json" with { type: "json" };
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";

const CHAT = "chat@system.gserviceaccount.com";
const APP = "99999999-8888-7777-6666-555555555555";
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let published: JWK;

beforeAll(async () => {
  keys = await generateKeyPair("RS256", { extractable: true });
  published = { ...(await exportJWK(keys.publicKey)), kid: "k1", alg: "RS256", endorsements: ["msteams"] } as JWK;
});

function sign(claims: Record<string, unknown>): Promise<string> {
  const at = Math.floor(Date.now() / 1000);
  return new SignJWT({ iat: at, exp: at + 600, ...claims }).setProtectedHeader({ alg: "RS256", kid: "k1" }).sign(keys.privateKey);
}

const publish: typeof fetch = async (input) =>
  Response.json(String(input).endsWith("/configuration") ? { jwks_uri: "https://keys.example/keys" } : { keys: [published] });

describe("in workerd", () => {
  it("Google Chat's tokens are checked", async () => {
    const line = lineTo({
      channel: "google-chat",
      base: "https://chat.example",
      keys: { GOOGLE_CHAT_AUDIENCE: "42" },
      variables: { GOOGLE_KEYS_URL: "https://google.example" },
      fetch: publish,
    });
    const prove = async (claims: Record<string, unknown>) =>
      googleChat.prove(postOf({}, { authorization: `Bearer ${await sign(claims)}` }), line);
    expect(await prove({ iss: CHAT, aud: "42" })).toEqual({ ok: true });
    expect(await prove({ iss: CHAT, aud: "43" })).toMatchObject({ ok: false });
  });

  it("Teams' tokens are checked", async () => {
    const line = lineTo({
      channel: "teams",
      base: "https://smba.trafficmanager.net/teams",
      keys: { TEAMS_APP_ID: APP },
      variables: { TEAMS_OPENID_URL: "https://keys.example/configuration" },
      fetch: publish,
    });
    const activity = activities.personal;
    const claims = { iss: "https://api.botframework.com", aud: APP, serviceurl: activity.serviceUrl };
    const prove = async (body: unknown) => teams.prove(postOf(body, { authorization: `Bearer ${await sign(claims)}` }), line);
    expect(await prove(activity)).toEqual({ ok: true });
    expect(await prove({ ...activity, serviceUrl: "https://evil.example/" })).toMatchObject({ ok: false });
  });

  it("a service account's word is signed", async () => {
    const words: string[] = [];
    const line = lineTo({
      channel: "google-chat",
      base: "https://chat.example",
      keys: {
        GOOGLE_CHAT_SERVICE_ACCOUNT: JSON.stringify({
          client_email: "a@b.example",
          private_key: await exportPKCS8(keys.privateKey),
        }),
      },
      fetch: async (input, init) => {
        if (!String(input).includes("oauth2")) return Response.json({ name: "spaces/A/messages/T.M" });
        words.push(new URLSearchParams(String(init?.body)).get("assertion") ?? "");
        return Response.json({ access_token: "t", expires_in: 3600 });
      },
    });
    const to = { channel: "google-chat", peer: "spaces/A" };
    const item = {
      id: "o",
      sessionKey: "s",
      agentId: "main",
      runId: "r",
      to,
      act: { type: "text" as const, text: "x" },
      part: 0,
    };
    expect(await googleChat.deliver(item, line)).toEqual({ outcome: "sent", platformId: "T.M" });
    expect((await jwtVerify(words[0] ?? "", keys.publicKey)).payload.iss).toBe("a@b.example");
  });
});
