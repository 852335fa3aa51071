// Who may knock as Google Chat: tokens of a real issuer, good ones in every form that Google uses, and each attack.
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Line, Post } from "../../../../src/worker/channels/channel.ts";
import { googleChat } from "../../../../src/worker/channels/google-chat/google-chat.ts";
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";
import { startIssuer, type TokenIssuer } from "../../../support/channels/token-issuer.ts";

const CHAT = "chat@system.gserviceaccount.com";
const ADD_ON = "service-1234567890@gcp-sa-gsuiteaddons.iam.gserviceaccount.com";
const ADDRESS = "https://skerry.example/channels/google-chat";
const NUMBER = "1234567890";
const SIGNER_KEYS = `/service_accounts/v1/jwk/${CHAT}`;
const PATHS = [SIGNER_KEYS, `/service_accounts/v1/jwk/${ADD_ON}`, "/oauth2/v3/certs"];

let issuer: TokenIssuer;
let stranger: TokenIssuer;

beforeAll(async () => {
  issuer = await startIssuer(PATHS);
  stranger = await startIssuer();
});
afterAll(async () => {
  await Promise.all([issuer.close(), stranger.close()]);
});

function lineFor(keys: Record<string, string>, wishes: Partial<Parameters<typeof lineTo>[0]> = {}): Line {
  return lineTo({
    channel: "google-chat",
    base: "http://127.0.0.1:1",
    keys,
    variables: { GOOGLE_KEYS_URL: issuer.url },
    ...wishes,
  });
}

const byNumber = () => lineFor({ GOOGLE_CHAT_AUDIENCE: NUMBER });
const byAddress = () => lineFor({ GOOGLE_CHAT_AUDIENCE: ADDRESS, GOOGLE_CHAT_PROJECT_NUMBER: NUMBER });
const request = (token: string): Post => postOf({}, { authorization: `Bearer ${token}` });
const google = (email: string, more: object = {}) => ({
  iss: "https://accounts.google.com",
  aud: ADDRESS,
  email,
  email_verified: true,
  ...more,
});

describe("lets in", () => {
  it("a token for the project's number, signed by Chat", async () => {
    const token = await issuer.sign({ iss: CHAT, aud: NUMBER });
    expect(await googleChat.prove(request(token), byNumber())).toEqual({ ok: true });
  });

  it("a token for the project's number, signed by the project's add-on account", async () => {
    const token = await issuer.sign({ iss: ADD_ON, aud: NUMBER });
    expect(await googleChat.prove(request(token), byNumber())).toEqual({ ok: true });
  });

  it.each([CHAT, ADD_ON])("a token for the address that names %s", async (email) => {
    expect(await googleChat.prove(request(await issuer.sign(google(email))), byAddress())).toEqual({ ok: true });
  });

  it("a token of a key that was published a moment ago", async () => {
    // Keys are asked for again half a minute after they were read, so the first look is a while ago here.
    const rotating = await startIssuer([SIGNER_KEYS]);
    const line = lineTo({
      channel: "google-chat",
      base: "http://127.0.0.1:1",
      keys: { GOOGLE_CHAT_AUDIENCE: NUMBER },
      variables: { GOOGLE_KEYS_URL: rotating.url },
    });
    try {
      expect((await googleChat.prove(request(await rotating.sign({ iss: CHAT, aud: NUMBER })), line)).ok).toBe(true);
      const kid = await rotating.addKey();
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 31_000 });
      expect((await googleChat.prove(request(await rotating.sign({ iss: CHAT, aud: NUMBER }, { kid })), line)).ok).toBe(true);
      expect(rotating.asked.get(SIGNER_KEYS)).toBe(2);
    } finally {
      vi.useRealTimers();
      await rotating.close();
    }
  });
});

describe("keeps out", () => {
  const refused = async (token: string, line: Line, reason: RegExp) =>
    expect(await googleChat.prove(request(token), line)).toEqual({ ok: false, reason: expect.stringMatching(reason) });

  it("a token for another project's number or another address", async () => {
    await refused(await issuer.sign({ iss: CHAT, aud: "999" }), byNumber(), /audience/);
    await refused(await issuer.sign(google(CHAT, { aud: "https://elsewhere.example/" })), byAddress(), /audience/);
  });

  it("a token that another account of Google's had made for our address", async () => {
    await refused(await issuer.sign(google("mallory@gmail.com")), byAddress(), /names somebody else \(mallory/);
    await refused(await issuer.sign(google(CHAT, { email_verified: false })), byAddress(), /names somebody else/);
    await refused(await issuer.sign({ iss: "https://accounts.google.com", aud: ADDRESS }), byAddress(), /nobody/);
  });

  it("another project's add-on, and says what to set when it may be ours", async () => {
    const other = "service-77@gcp-sa-gsuiteaddons.iam.gserviceaccount.com";
    await refused(await issuer.sign(google(other)), byAddress(), /GOOGLE_CHAT_PROJECT_NUMBER/);
    await refused(await issuer.sign({ iss: other, aud: NUMBER }), byNumber(), /issued by somebody else/);
  });

  it("a token of the other form than the one that was set up", async () => {
    await refused(await issuer.sign({ ...google(CHAT), aud: NUMBER }), byNumber(), /issued by somebody else/);
    await refused(await issuer.sign({ iss: CHAT, aud: ADDRESS }), byAddress(), /issued by somebody else/);
  });

  it("a token of a stranger's key", async () => {
    await refused(await stranger.sign({ iss: CHAT, aud: NUMBER }), byNumber(), /no published key/);
  });

  it("a token whose words were changed after signing", async () => {
    const [head, , signature] = (await issuer.sign({ iss: CHAT, aud: "999" })).split(".");
    const body = btoa(JSON.stringify({ iss: CHAT, aud: NUMBER, exp: Math.floor(Date.now() / 1000) + 3600 }));
    await refused(`${head}.${body.replace(/=+$/, "")}.${signature}`, byNumber(), /signature is wrong/);
  });

  it("an expired token, an hour after it was good", async () => {
    const token = await issuer.sign({ iss: CHAT, aud: NUMBER });
    await refused(token, lineFor({ GOOGLE_CHAT_AUDIENCE: NUMBER }, { now: () => Date.now() + 3_700_000 }), /expired/);
  });

  it("a token that says nothing of its end", async () => {
    await refused(await issuer.sign({ iss: CHAT, aud: NUMBER, exp: undefined }), byNumber(), /exp/);
  });

  it("a token signed by a shared word, or by nothing", async () => {
    const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
    const claims = part({ iss: CHAT, aud: NUMBER, exp: Math.floor(Date.now() / 1000) + 600 });
    await refused(`${part({ alg: "HS256" })}.${claims}.c2ln`, byNumber(), /another method/);
    await refused(`${part({ alg: "none" })}.${claims}.c2ln`, byNumber(), /another method|malformed/);
  });

  it.each([
    undefined,
    "",
    "Bearer",
    "Bearer ",
    "Basic YTpi",
    "Bearer a.b",
    "Bearer a.b.c",
    "Bearer ....",
    `Bearer ${"x".repeat(20_000)}.y.z`,
  ])("a header of the wrong form: %.20s", async (authorization) => {
    const proof = await googleChat.prove(postOf({}, authorization === undefined ? {} : { authorization }), byNumber());
    expect(proof).toEqual({ ok: false, reason: expect.any(String) });
  });

  it("everybody when no audience is set, and whoever only looks", async () => {
    const token = await issuer.sign({ iss: CHAT, aud: "" });
    await refused(token, lineFor({}), /GOOGLE_CHAT_AUDIENCE/);
    expect(await googleChat.prove({ ...request(token), method: "GET" }, byNumber())).toMatchObject({ ok: false });
  });

  it("everybody while the keys cannot be read, without breaking", async () => {
    const line = lineFor({ GOOGLE_CHAT_AUDIENCE: NUMBER }, { variables: { GOOGLE_KEYS_URL: "http://127.0.0.1:9" } });
    await refused(await issuer.sign({ iss: CHAT, aud: NUMBER }), line, /keys could not be read/);
  });

  it("a flood of unknown keys without asking Google each time", async () => {
    const before = issuer.asked.get(SIGNER_KEYS) ?? 0;
    for (let count = 0; count < 20; count += 1) {
      expect((await googleChat.prove(request(await stranger.sign({ iss: CHAT, aud: NUMBER })), byNumber())).ok).toBe(false);
    }
    expect((issuer.asked.get(SIGNER_KEYS) ?? 0) - before).toBeLessThanOrEqual(1);
  });
});
