// Assertions of Cloudflare Access: honest ones, and everything that somebody could show instead. Keys come over HTTP.
import { createHmac, createPublicKey, createSign, generateKeyPairSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readAccessGate } from "../../../../src/durable/gateway/access/access-gate.ts";
import { AssertionReader, MAX_ASSERTION_CHARS } from "../../../../src/durable/gateway/access/assertion.ts";
import { AccessTeam, AUD, type CertsServer, serveCerts } from "../../../support/access-team.ts";

const EMAIL = "ada@example.org";
const base64Url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

let team: AccessTeam;
let certs: CertsServer;
let variables: Record<string, string>;

beforeEach(async () => {
  team = await AccessTeam.found();
  certs = await serveCerts(team);
  variables = {
    CF_ACCESS_TEAM_DOMAIN: "ada",
    CF_ACCESS_AUD: AUD,
    CF_ACCESS_EMAILS: EMAIL,
    CF_ACCESS_CERTS_URL: certs.url,
  };
});
afterEach(() => {
  vi.useRealTimers();
  return certs.stop();
});

const makeReader = () => new AssertionReader(readAccessGate(variables));
const read = (jwt: string | undefined) => makeReader().read(jwt, Date.now());

describe("an honest assertion", () => {
  test("names the owner, however the address is written, and when it is over", async () => {
    const now = Date.now();
    const assertion = await makeReader().read(await team.sign({ email: "Ada@Example.org", lastsS: 600 }, now), now);
    expect(assertion).toMatchObject({ outcome: "proven", who: EMAIL, expiresAt: Math.floor(now / 1000 + 600) * 1000 });
  });

  test("of a service counts when the owner listed it, and not otherwise", async () => {
    const jwt = await team.sign({ common_name: "abc.access", aud: AUD });
    expect(await read(jwt)).toMatchObject({ outcome: "refused", reason: expect.stringContaining("CF_ACCESS_SERVICES") });
    variables["CF_ACCESS_SERVICES"] = "other.access, abc.access";
    expect(await read(jwt)).toMatchObject({ outcome: "proven", who: "abc.access" });
  });

  test("of a person who is not listed is refused by name, and is no forgery", async () => {
    expect(await read(await team.sign({ email: "eve@example.org" }))).toEqual({
      outcome: "refused",
      isForged: false,
      reason: expect.stringContaining("eve@example.org"),
    });
    variables["CF_ACCESS_SERVICES"] = "abc.access";
    expect(await read(await team.sign({ email: "eve@example.org", common_name: "abc.access" }))).toMatchObject({
      outcome: "refused",
    });
  });

  test("means nothing where Access is not set up", async () => {
    variables = {};
    expect(await read(await team.sign({ email: EMAIL }))).toBeUndefined();
    expect(certs.asked()).toBe(0);
  });
});

describe("what is refused", () => {
  const header = (changes: object = {}) => base64Url({ alg: "RS256", typ: "JWT", kid: team.keys[0]?.kid, ...changes });
  const body = () =>
    base64Url({ iss: team.issuer, aud: [AUD], email: EMAIL, iat: Date.now() / 1000 - 5, exp: Date.now() / 1000 + 600 });
  const FORGED = { outcome: "refused", isForged: true };

  test("no signature at all", async () => {
    expect(await read(`${header({ alg: "none" })}.${body()}.`)).toMatchObject(FORGED);
    const honest = await team.sign({ email: EMAIL });
    expect(await read(honest.replace(/\.[^.]*$/, "."))).toMatchObject(FORGED);
  });

  test("a keyed hash with the public key as its secret", async () => {
    const key = team.keys[0];
    if (!key) throw new Error("no key");
    const pem = createPublicKey({ key: { ...key }, format: "jwk" }).export({ type: "spki", format: "pem" });
    const text = `${header({ alg: "HS256" })}.${body()}`;
    expect(await read(`${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`)).toMatchObject(FORGED);
    const relabelled = `${header()}.${body()}`;
    const code = createHmac("sha256", pem).update(relabelled).digest("base64url");
    expect(await read(`${relabelled}.${code}`)).toMatchObject(FORGED);
  });

  test("a key that the token itself brings along", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const text = `${header({ jwk: publicKey.export({ format: "jwk" }), jku: "https://evil.example/certs" })}.${body()}`;
    const signature = createSign("sha256").update(text).sign(privateKey, "base64url");
    expect(await read(`${text}.${signature}`)).toMatchObject(FORGED);
  });

  test("a body that was changed after it was signed", async () => {
    const [head, , signature] = (await team.sign({ email: "eve@example.org" })).split(".");
    expect(await read(`${head}.${body()}.${signature}`)).toMatchObject(FORGED);
  });

  test("no key id, or one that nobody has", async () => {
    expect(await read(await team.sign({ email: EMAIL }, Date.now(), null))).toMatchObject(FORGED);
    expect(await read(await team.sign({ email: EMAIL }, Date.now(), "made-up"))).toMatchObject(FORGED);
  });

  test("another application, another team, and a team that names itself ours", async () => {
    expect(await read(await team.sign({ email: EMAIL, aud: ["another"] }))).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("CF_ACCESS_AUD"),
    });
    expect(await read(await team.sign({ email: EMAIL, iss: "https://eve.cloudflareaccess.com" }))).toMatchObject({
      outcome: "refused",
      reason: expect.stringContaining("CF_ACCESS_TEAM_DOMAIN"),
    });
    const eve = await AccessTeam.found("eve");
    expect(await read(await eve.sign({ email: EMAIL, iss: team.issuer }))).toMatchObject(FORGED);
  });

  test("one that is over, one that has not begun, and one without an end", async () => {
    expect(await read(await team.sign({ email: EMAIL, lastsS: -60, beginsS: -600 }))).toMatchObject({
      outcome: "refused",
      isForged: false,
      reason: expect.stringContaining("load the page again"),
    });
    expect(await read(await team.sign({ email: EMAIL, beginsS: 600 }))).toMatchObject({ outcome: "refused", isForged: false });
  });

  test("one that is too long is not even looked at", async () => {
    expect(await read(`${header()}.${"A".repeat(MAX_ASSERTION_CHARS)}.A`)).toMatchObject(FORGED);
    expect(certs.asked()).toBe(0);
  });

  test.each(["x", "..", "a.b.c", "{}", "null.null.null", "é.é.é"])("what is no token: %s", async (jwt) => {
    expect(await read(jwt)).toMatchObject(FORGED);
  });
});

describe("the team's keys", () => {
  test("are fetched once for many assertions, and again when the team has a new one", async () => {
    const reader = makeReader();
    for (let times = 0; times < 5; times += 1) await reader.read(await team.sign({ email: EMAIL }), Date.now());
    expect(certs.asked()).toBe(1);
  });

  test("are looked up at most once a minute, however many unknown ones are shown", async () => {
    const reader = makeReader();
    await reader.read(await team.sign({ email: EMAIL }), Date.now());
    for (let times = 0; times < 5; times += 1) {
      await reader.read(await team.sign({ email: EMAIL }, Date.now(), `made-up-${times}`), Date.now());
    }
    expect(certs.asked()).toBe(1);
  });

  test("may change: the new one counts once the old list is a minute old, and the one before it still does", async () => {
    const reader = makeReader();
    const before = await team.sign({ email: EMAIL });
    expect(await reader.read(before, Date.now())).toMatchObject({ outcome: "proven" });
    await team.rotate();
    const after = await team.sign({ email: EMAIL });
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 61_000 });
    expect(await reader.read(after, Date.now())).toMatchObject({ outcome: "proven" });
    expect(await reader.read(before, Date.now())).toMatchObject({ outcome: "proven" });
    expect(certs.asked()).toBe(2);
  });

  test("that cannot be had refuse for the moment, without asking again at once", async () => {
    await certs.stop();
    const reader = makeReader();
    const jwt = await team.sign({ email: EMAIL });
    expect(await reader.read(jwt, Date.now())).toMatchObject({
      outcome: "refused",
      isForged: false,
      reason: expect.stringContaining("cannot be fetched"),
    });
    certs = await serveCerts(team);
    expect(await reader.read(jwt, Date.now())).toMatchObject({ outcome: "refused" });
    expect(certs.asked()).toBe(0);
  });
});

describe("the variables", () => {
  test.each([
    ["CF_ACCESS_TEAM_DOMAIN", ""],
    ["CF_ACCESS_TEAM_DOMAIN", "not a host"],
    ["CF_ACCESS_AUD", " "],
    ["CF_ACCESS_EMAILS", ""],
  ])("close the door and say what to set when %s is “%s”", async (name, value) => {
    variables[name] = value;
    expect(readAccessGate(variables)).toMatchObject({ state: "incomplete", reason: expect.stringContaining(name) });
    expect(await read(await team.sign({ email: EMAIL }))).toMatchObject({
      outcome: "refused",
      isForged: false,
      reason: expect.stringContaining("half set up"),
    });
  });

  test.each(["ada", "ADA.cloudflareaccess.com", "https://ada.cloudflareaccess.com/"])("take the team as %s", (name) => {
    const { CF_ACCESS_CERTS_URL: _unused, ...rest } = variables;
    const gate = readAccessGate({ ...rest, CF_ACCESS_TEAM_DOMAIN: name });
    expect(gate).toMatchObject({ state: "on", issuer: "https://ada.cloudflareaccess.com" });
    expect(gate.state === "on" && gate.certs.href).toBe("https://ada.cloudflareaccess.com/cdn-cgi/access/certs");
  });
});
