// Whether a bearer token is one that a platform signed for us: by its published keys, for our audience, now. Keys are
// kept in the isolate and fetched again when an unknown one is named, at most twice a minute: anybody can name one.
import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JSONWebKeySet, type JWTPayload, jwtVerify } from "jose";
import type { Line } from "../channel.ts";

const KEYS_KEPT_MS = 6 * 60 * 60 * 1000;
const ASK_AGAIN_MS = 30_000;
const CLOCK_SKEW_S = 60;
const PATIENCE_MS = 5_000;
const MAX_TOKEN = 16_384;

type KeySet = ReturnType<typeof createRemoteJWKSet>;
const keySets = new Map<string, KeySet>();

export interface BearerRules {
  /** Where the keys of this issuer are published; undefined: nobody we listen to. Asked before keys are fetched. */
  keysOf(issuer: string): string | undefined | Promise<string>;
  audience: string | string[];
}

export type Bearer =
  | { ok: true; claims: JWTPayload; keyId: string; keys: JSONWebKeySet | undefined }
  | { ok: false; reason: string };

/** Never throws. `header`: what stands in Authorization. */
export async function checkBearer(header: string | null, rules: BearerRules, line: Line): Promise<Bearer> {
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header ?? "")?.[1];
  if (token === undefined || token.length > MAX_TOKEN) return { ok: false, reason: "it brings no signed token" };
  try {
    const { iss = "" } = decodeJwt(token);
    const address = await rules.keysOf(iss);
    if (address === undefined) return { ok: false, reason: `its token was issued by somebody else (${iss.slice(0, 100)})` };
    const keys = keySetAt(address, line);
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      algorithms: ["RS256"],
      issuer: iss,
      audience: rules.audience,
      requiredClaims: ["exp", "aud"],
      clockTolerance: CLOCK_SKEW_S,
      currentDate: new Date(line.now()),
    });
    return { ok: true, claims: payload, keyId: protectedHeader.kid ?? "", keys: keys.jwks() };
  } catch (error) {
    return { ok: false, reason: reasonOf(error) };
  }
}

const discovered = new Map<string, { keys: string; until: number }>();

/** Where an OpenID configuration says that the keys are. Throws when it cannot be read. */
export async function discoverKeys(configuration: string, line: Line): Promise<string> {
  const known = discovered.get(configuration);
  if (known && line.now() < known.until) return known.keys;
  const answer = await line.fetch(configuration, { signal: AbortSignal.timeout(PATIENCE_MS) });
  const { jwks_uri: keys } = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok || typeof keys !== "string") throw new Error(`${new URL(configuration).host} did not say where they are`);
  discovered.set(configuration, { keys, until: line.now() + KEYS_KEPT_MS });
  return keys;
}

function keySetAt(address: string, line: Line): KeySet {
  const known = keySets.get(address);
  if (known) return known;
  const made = createRemoteJWKSet(new URL(address), {
    cacheMaxAge: KEYS_KEPT_MS,
    cooldownDuration: ASK_AGAIN_MS,
    timeoutDuration: PATIENCE_MS,
    [customFetch]: (url, init) => line.fetch(url, init),
  });
  keySets.set(address, made);
  return made;
}

function reasonOf(error: unknown): string {
  if (error instanceof errors.JWTExpired) return "its token has expired";
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "aud" ? "its token is for somebody else (audience)" : `its token's ${error.claim} does not hold`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return "its token's signature is wrong";
  if (error instanceof errors.JWKSNoMatchingKey) return "its token is signed by no published key";
  if (error instanceof errors.JOSEAlgNotAllowed) return "its token is signed by another method";
  if (error instanceof errors.JWTInvalid || error instanceof errors.JWSInvalid) return "its token is malformed";
  return `the published keys could not be read (${error instanceof Error ? error.message : String(error)})`;
}
