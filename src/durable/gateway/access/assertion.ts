// What Cloudflare Access says of whoever comes: a JWT that it adds to each request it lets through. It counts only when
// the team's key signed it, for this application, now, and names a person or service that the owner listed. The team's
// keys are kept; an unknown one is looked up at most once a minute, and a failed look-up rests for some seconds.
import type { AccessGate } from "./access-gate.ts";
import { hashText } from "./secrets.ts";

/** Longer ones are nobody's: headers of an honest one have a few hundred bytes. */
export const MAX_ASSERTION_CHARS = 16 * 1024;
const KEY_PAUSE_MS = 60_000;
const KEYS_KEPT_MS = 3_600_000;
const FAILURE_PAUSE_MS = 5000;
const CLOCK_SKEW_S = 30;

export type Assertion =
  | { outcome: "proven"; id: string; who: string; expiresAt: number }
  /** `isForged`: the team signed nothing like it, so it counts as a guess. */
  | { outcome: "refused"; reason: string; isForged: boolean };

type Jose = typeof import("jose");
type Gate = Extract<AccessGate, { state: "on" }>;

export class AssertionReader {
  readonly gate: AccessGate;
  readonly #fetch: typeof fetch;
  #keys: ReturnType<Jose["createRemoteJWKSet"]> | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;

  constructor(gate: AccessGate, fetchKeys: typeof fetch = (input, init) => fetch(input, init)) {
    this.gate = gate;
    this.#fetch = fetchKeys;
  }

  /** Undefined when there is nothing to read, or Access is not set up: then the header means nothing. */
  async read(jwt: string | undefined, now: number): Promise<Assertion | undefined> {
    const { gate } = this;
    if (jwt === undefined || jwt === "" || gate.state === "off") return undefined;
    if (gate.state === "incomplete") return { outcome: "refused", reason: gate.reason, isForged: false };
    if (jwt.length > MAX_ASSERTION_CHARS) return forged();
    // Loaded only where Access is in use.
    const jose = await import("jose");
    try {
      const header = jose.decodeProtectedHeader(jwt);
      if (header.alg !== "RS256" || typeof header.kid !== "string" || header.kid === "") return forged();
      const { payload } = await jose.jwtVerify(jwt, this.#keysOf(gate, jose), {
        algorithms: ["RS256"],
        issuer: gate.issuer,
        audience: gate.audience,
        requiredClaims: ["exp", "iat"],
        clockTolerance: CLOCK_SKEW_S,
        currentDate: new Date(now),
      });
      const id = `access:${await hashText(jwt)}`;
      return recognise(gate, payload, id);
    } catch (error) {
      return explain(error, gate, jose);
    }
  }

  #keysOf(gate: Gate, jose: Jose): ReturnType<Jose["createRemoteJWKSet"]> {
    this.#keys ??= jose.createRemoteJWKSet(gate.certs, {
      cooldownDuration: KEY_PAUSE_MS,
      cacheMaxAge: KEYS_KEPT_MS,
      [jose.customFetch]: (url: string, init: RequestInit) => this.#fetchKeys(url, init),
    });
    return this.#keys;
  }

  async #fetchKeys(url: string, init: RequestInit): Promise<Response> {
    if (Date.now() - this.#failedAt < FAILURE_PAUSE_MS) throw new Error("The keys could not be fetched a moment ago.");
    try {
      const response = await this.#fetch(url, init);
      if (!response.ok) this.#failedAt = Date.now();
      return response;
    } catch (error) {
      this.#failedAt = Date.now();
      throw error;
    }
  }
}

function recognise(gate: Gate, payload: Record<string, unknown>, id: string): Assertion {
  const { email, common_name: service, exp } = payload;
  const expiresAt = Number(exp) * 1000;
  if (typeof email === "string" && email !== "") {
    const who = email.trim().toLowerCase();
    if (gate.emails.has(who)) return { outcome: "proven", id, who, expiresAt };
    return refuse(`Cloudflare Access knows you as ${who}, who is not among the owners of this Skerry (CF_ACCESS_EMAILS).`);
  }
  if (typeof service === "string" && gate.services.has(service)) return { outcome: "proven", id, who: service, expiresAt };
  return refuse("This service token of Cloudflare Access is not among those that the owner listed (CF_ACCESS_SERVICES).");
}

function explain(error: unknown, gate: Gate, { errors }: Jose): Assertion {
  if (error instanceof errors.JWTExpired) return refuse("Your time with Cloudflare Access is over; load the page again.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    // The team's key signed it: an honest one for another purpose, or settings that do not fit.
    if (error.claim === "aud") return refuse("Cloudflare Access speaks for another application; compare CF_ACCESS_AUD.");
    if (error.claim === "iss") return refuse("Cloudflare Access speaks for another team; compare CF_ACCESS_TEAM_DOMAIN.");
    return refuse("What Cloudflare Access says of you does not hold now; load the page again.");
  }
  const isKnownFault =
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JOSEAlgNotAllowed ||
    error instanceof errors.JOSENotSupported ||
    error instanceof TypeError;
  if (isKnownFault && !(error instanceof TypeError && /fetch/i.test(error.message))) return forged();
  return refuse(`The keys of ${new URL(gate.issuer).host} cannot be fetched just now; try again in a moment.`);
}

function refuse(reason: string): Assertion {
  return { outcome: "refused", reason, isForged: false };
}

function forged(): Assertion {
  const reason = "This is no assertion of Cloudflare Access for this Skerry; log in with the owner's token.";
  return { outcome: "refused", reason, isForged: true };
}
