// Who may knock as the Bot Connector: tokens of a real issuer with its published configuration and keys, and each attack.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Line } from "../../../../src/worker/channels/channel.ts";
import { teams } from "../../../../src/worker/channels/teams/teams.ts";
import activities from "../../../fixtures/channels/teams/activities.json" with { type: "json" };
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";
import { type PlatformServer, startPlatform } from "../../../support/channels/platform-server.ts";
import { startIssuer, type TokenIssuer } from "../../../support/channels/token-issuer.ts";

const APP = "99999999-8888-7777-6666-555555555555";
const TENANT = "11111111-2222-3333-4444-555555555555";
const activity = activities.personal;

let issuer: TokenIssuer;
let stranger: TokenIssuer;
const servers: PlatformServer[] = [];

beforeAll(async () => {
  issuer = await startIssuer();
  stranger = await startIssuer();
});
afterAll(async () => {
  await Promise.all([issuer.close(), stranger.close(), ...servers.map((server) => server.close())]);
});

const claims = { iss: "https://api.botframework.com", aud: APP, serviceurl: activity.serviceUrl };
const configuration = () => `${issuer.url}/.well-known/openid-configuration`;

function lineFor(keys: Record<string, string> = {}, wishes: Partial<Parameters<typeof lineTo>[0]> = {}): Line {
  return lineTo({
    channel: "teams",
    base: "https://smba.trafficmanager.net/teams",
    keys: { TEAMS_APP_ID: APP, TEAMS_TENANT_ID: TENANT, ...keys },
    variables: { TEAMS_OPENID_URL: configuration() },
    ...wishes,
  });
}

const request = (token: string, body: unknown = activity) => postOf(body, { authorization: `Bearer ${token}` });

describe("lets in", () => {
  it("an activity whose token is for this bot and this service", async () => {
    expect(await teams.prove(request(await issuer.sign(claims)), lineFor())).toEqual({ ok: true });
  });

  it("any tenant's people when the bot is for all tenants", async () => {
    const foreign = { ...activity, channelData: { tenant: { id: "other" } } };
    expect(await teams.prove(request(await issuer.sign(claims), foreign), lineFor({ TEAMS_TENANT_ID: "" }))).toEqual({
      ok: true,
    });
  });

  it("a key that is endorsed for Teams, and not one that is for other channels", async () => {
    const { keys } = (await (await fetch(`${issuer.url}/jwks`)).json()) as { keys: object[] };
    for (const [endorsements, isIn] of [
      [["webchat", "msteams"], true],
      [["webchat"], false],
    ] as const) {
      const server = await startPlatform(({ path }) => ({
        body: path === "/keys" ? { keys: keys.map((key) => ({ ...key, endorsements })) } : { jwks_uri: `${server.url}/keys` },
      }));
      servers.push(server);
      const line = lineFor({}, { variables: { TEAMS_OPENID_URL: `${server.url}/configuration` } });
      expect((await teams.prove(request(await issuer.sign(claims)), line)).ok).toBe(isIn);
    }
  });
});

describe("keeps out", () => {
  const refused = async (token: string, reason: RegExp, body: unknown = activity, line = lineFor()) =>
    expect(await teams.prove(request(token, body), line)).toEqual({ ok: false, reason: expect.stringMatching(reason) });

  it("another bot's token", async () => {
    await refused(await issuer.sign({ ...claims, aud: "00000000-1111-2222-3333-444444444444" }), /audience/);
  });

  it("the emulator's token, and everybody else's", async () => {
    const emulator = "https://sts.windows.net/d6d49420-f39b-4df7-a1dc-d59a935871db/";
    await refused(await issuer.sign({ ...claims, iss: emulator }), /issued by somebody else/);
    await refused(
      await issuer.sign({ ...claims, iss: `https://login.microsoftonline.com/${TENANT}/v2.0` }),
      /issued by somebody else/,
    );
  });

  it("a token that was made for another service address, or for none", async () => {
    const token = await issuer.sign(claims);
    await refused(token, /another service/, { ...activity, serviceUrl: "https://evil.example/" });
    await refused(await issuer.sign({ iss: claims.iss, aud: APP }), /another service/);
  });

  it("another tenant's people, and those of no tenant", async () => {
    const token = await issuer.sign(claims);
    await refused(token, /another tenant \(other\)/, { ...activity, channelData: { tenant: { id: "other" } } });
    const nowhere = { ...activity, channelData: {}, conversation: { id: "a:1", conversationType: "personal" } };
    await refused(token, /another tenant \(none\)/, nowhere);
  });

  it("other channels of the same bot", async () => {
    await refused(await issuer.sign(claims), /by webchat, not by Teams/, { ...activity, channelId: "webchat" });
  });

  it("a body that is no activity", async () => {
    for (const body of ["", "no json", "[]", {}]) await refused(await issuer.sign(claims), /no activity/, body);
  });

  it("a stranger's key, a changed token, an old one, one without an end", async () => {
    await refused(await stranger.sign(claims), /no published key/);
    const [head, , signature] = (await issuer.sign({ ...claims, aud: "x" })).split(".");
    const body = btoa(JSON.stringify({ ...claims, exp: Math.floor(Date.now() / 1000) + 600 })).replace(/=+$/, "");
    await refused(`${head}.${body}.${signature}`, /signature is wrong/);
    await refused(await issuer.sign(claims), /expired/, activity, lineFor({}, { now: () => Date.now() + 3_700_000 }));
    await refused(await issuer.sign({ ...claims, exp: undefined }), /exp/);
  });

  it("a token signed by a shared word", async () => {
    const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
    await refused(`${part({ alg: "HS256" })}.${part({ ...claims, exp: 9e9 })}.c2ln`, /another method/);
  });

  it.each([undefined, "", "Bearer", "Basic YTpi", "Bearer a.b", "Bearer a.b.c"])(
    "a header of the wrong form: %s",
    async (authorization) => {
      const proof = await teams.prove(postOf(activity, authorization === undefined ? {} : { authorization }), lineFor());
      expect(proof).toEqual({ ok: false, reason: expect.any(String) });
    },
  );

  it("everybody when no id is set, when somebody only looks, and while the keys cannot be read", async () => {
    const token = await issuer.sign(claims);
    await refused(token, /TEAMS_APP_ID/, activity, lineFor({ TEAMS_APP_ID: "" }));
    expect(await teams.prove({ ...request(token), method: "GET" }, lineFor())).toMatchObject({ ok: false });
    const silent = lineFor({}, { variables: { TEAMS_OPENID_URL: "http://127.0.0.1:9/configuration" } });
    await refused(token, /keys could not be read/, activity, silent);
  });
});
