// Who may in, and with which scopes: the one place where a proof becomes an authority. A proof is the owner's
// token, a browser's login, an assertion of Cloudflare Access, a device's token or its signature alone once it is
// paired. Everything wrong counts toward the guess limit; everything missing closes.
import type { GatewayErrorData } from "../../../contract/errors.ts";
import { type ConnectParams, type Role, SCOPES, type Scope } from "../../../contract/gateway.ts";
import { codeOfDevice } from "../../../contract/home/code.ts";
import type { DoorAnswer, DoorPort, DoorProof } from "../../../contract/ports/gateway.ts";
import type { Sql } from "../../storage/sql.ts";
import { readAccessGate } from "./access-gate.ts";
import { type Assertion, AssertionReader } from "./assertion.ts";
import { proveDevice } from "./device-auth.ts";
import { type Device, Devices, type PairRequest } from "./devices.ts";
import { GuessLimit } from "./guess-limit.ts";
import { Logins } from "./logins.ts";
import { isSameSecret } from "./secrets.ts";

export interface Authority {
  role: Role;
  scopes: Scope[];
  method: "token" | "login" | "access" | "device-token" | "device";
  deviceId?: string;
  /** Of the login, or of the assertion: what ends when its owner logs out. */
  loginId?: string;
  /** When the authority is over by itself. */
  endsAt?: number;
  /** Handed to the client, to come back with. */
  deviceToken?: string;
}

export type Entry =
  | { outcome: "welcome"; authority: Authority }
  | { outcome: "refused"; error: GatewayErrorData; asked?: PairRequest };

export interface Visitor {
  params: ConnectParams;
  nonce: string;
  /** Network address. */
  client: string;
  /** Secret of a login cookie that came with the upgrade from our own page. */
  loginId?: string | undefined;
  /** What Cloudflare Access said at the upgrade from our own page. */
  assertion?: Assertion | undefined;
}

/** With the owner's token and Cloudflare Access as the variables say; what is half set up is complained of. */
export function openAccess(sql: Sql, variables: Record<string, unknown>, complain: (text: string) => void): Access {
  const gate = readAccessGate(variables);
  if (gate.state === "incomplete") complain(gate.reason);
  const token = variables["SKERRY_TOKEN"];
  return new Access(sql, () => (typeof token === "string" ? token : ""), new AssertionReader(gate));
}

export class Access {
  readonly devices: Devices;
  readonly logins: Logins;
  readonly #assertions: AssertionReader;
  readonly #limit: GuessLimit;
  readonly #ownerToken: () => string;

  constructor(sql: Sql, ownerToken: () => string, assertions = new AssertionReader({ state: "off" })) {
    this.#ownerToken = ownerToken;
    this.#assertions = assertions;
    this.devices = new Devices(sql, ownerToken);
    this.logins = new Logins(sql, ownerToken);
    this.#limit = new GuessLimit(sql);
  }

  // ── HTTP ──

  async login(proof: DoorProof, now: number): Promise<DoorAnswer<{ secret: string; expiresAt: number }>> {
    const locked = this.#limit.lockedForMs(proof.client, now);
    if (locked > 0) return { outcome: "locked", retryAfterMs: locked };
    const isGood = proof.code ? await this.logins.spendCode(proof.code, now) : await this.#isOwner(proof.token);
    if (isGood) return { outcome: "welcome", ...(await this.logins.create(now, proof)) };
    return this.#refuseGuess(
      proof.client,
      now,
      proof.code
        ? "This login link was used before or is too old. Make a new one, or log in with the token."
        : "This is not the owner's token.",
    );
  }

  async check(proof: DoorProof, now: number): ReturnType<DoorPort["check"]> {
    const login = proof.login === undefined ? undefined : await this.logins.find(proof.login, now, proof.client);
    if (login) return { outcome: "welcome", by: "login", expiresAt: login.expiresAt };
    const locked = this.#limit.lockedForMs(proof.client, now);
    if (locked > 0) return { outcome: "locked", retryAfterMs: locked };
    if (await this.#isOwner(proof.token)) return { outcome: "welcome", by: "token" };
    if (proof.deviceToken !== undefined && (await this.#isWriter(proof.deviceToken))) return { outcome: "welcome", by: "device" };
    const homeId = proof.homeToken === undefined ? undefined : await this.#homeOf(proof.homeToken);
    if (homeId !== undefined) return { outcome: "welcome", by: "home", homeId };
    const isSilent = [proof.token, proof.deviceToken, proof.homeToken].every((token) => token === undefined);
    const assertion = isSilent ? await this.readAssertion(proof.assertion, proof.client, now) : undefined;
    if (assertion?.outcome === "proven") return { outcome: "welcome", by: "access", expiresAt: assertion.expiresAt };
    if (isSilent) return { outcome: "refused", reason: assertion?.reason ?? "Log in first, or send the owner's token." };
    return this.#refuseGuess(proof.client, now, "This is not the owner's token.");
  }

  async mintCode(proof: DoorProof, now: number): ReturnType<DoorPort["mintCode"]> {
    const checked = await this.check(proof, now);
    return checked.outcome === "welcome" ? { outcome: "welcome", ...(await this.logins.createCode(now)) } : checked;
  }

  /** What an assertion is worth. A forged one counts as a wrong guess, and a locked address is not listened to. */
  async readAssertion(jwt: string | undefined, client: string, now: number): Promise<Assertion | undefined> {
    if (jwt === undefined || this.#limit.lockedForMs(client, now) > 0) return undefined;
    const assertion = await this.#assertions.read(jwt, now);
    if (assertion?.outcome === "refused" && assertion.isForged) this.#limit.noteFailure(client, now);
    return assertion;
  }

  /** What our own page brought to its socket; whether it opens it is decided at `enter`. */
  async atUpgrade(secret: string | undefined, jwt: string | undefined, client: string, now: number) {
    const login = secret === undefined ? undefined : await this.logins.find(secret, now, client);
    const assertion = login ? undefined : await this.readAssertion(jwt, client, now);
    return { ...(login ? { loginId: login.id } : {}), ...(assertion ? { assertion } : {}) };
  }

  /** Ends what there is to end, and answers which sockets go with it. */
  async logout(proof: DoorProof, now: number): Promise<{ by: "access" | "login" | "none"; ids: string[] }> {
    const login = proof.login === undefined ? undefined : await this.logins.end(proof.login);
    const assertion = await this.readAssertion(proof.assertion, proof.client, now);
    if (assertion?.outcome === "proven") return { by: "access", ids: [assertion.id, ...(login ? [login] : [])] };
    return { by: login ? "login" : "none", ids: login ? [login] : [] };
  }

  #refuseGuess(client: string, now: number, reason: string): DoorAnswer<never> {
    const retryAfterMs = this.#limit.noteFailure(client, now);
    return retryAfterMs > 0 ? { outcome: "locked", retryAfterMs } : { outcome: "refused", reason };
  }

  async #isOwner(token: string | undefined): Promise<boolean> {
    const owner = this.#ownerToken();
    return owner !== "" && token !== undefined && token !== "" && (await isSameSecret(token, owner));
  }

  /** Whether a paired device that may write has this token. */
  async #isWriter(token: string): Promise<boolean> {
    const mayWrite = ({ role, scopes }: Device) => role === "operator" && satisfies(scopes.filter(isScope), "operator.write");
    return (await this.#deviceOf(token, mayWrite)) !== undefined;
  }

  async #homeOf(token: string): Promise<string | undefined> {
    return (await this.#deviceOf(token, ({ role }) => role === "node"))?.id;
  }

  async #deviceOf(token: string, isMeant: (device: Device) => boolean): Promise<Device | undefined> {
    const meant = this.devices.list().filter((device) => !device.isRevoked && isMeant(device));
    const matches = await Promise.all(meant.map(({ id, role }) => this.devices.isToken(id, role, token)));
    return meant[matches.indexOf(true)];
  }

  // ── Socket ──

  async enter(visitor: Visitor, now: number): Promise<Entry> {
    const { params, client } = visitor;
    if (this.#ownerToken() === "") {
      return refuse("AUTH_TOKEN_NOT_CONFIGURED", "Set SKERRY_TOKEN; without it nobody can connect.", "update_auth_configuration");
    }
    const locked = this.#limit.lockedForMs(client, now);
    if (locked > 0) return refuseLocked(locked);
    const role = params.role === "operator" || params.role === "node" ? params.role : undefined;
    if (!role) return { outcome: "refused", error: { code: "INVALID_REQUEST", message: "invalid role" } };

    const proof = params.device ? await proveDevice(params, visitor.nonce, now) : undefined;
    if (proof?.outcome === "refused") {
      const details = { code: proof.code, reason: proof.reason };
      return { outcome: "refused", error: { code: "INVALID_REQUEST", message: proof.message, details } };
    }
    const { token, password, deviceToken, bootstrapToken } = params.auth ?? {};
    const isOwner = (await this.#isOwner(token)) || (await this.#isOwner(password));
    const page = isOwner || role !== "operator" ? undefined : provePage(visitor, now);
    if (isOwner || page) {
      const scopes = role === "operator" ? grant(params.scopes, SCOPES) : [];
      const authority: Authority = { role, scopes, ...(page ?? { method: "token" }) };
      // Whoever is paired stays: that takes the token itself, and no login that ends.
      if (!proof || !isOwner) return { outcome: "welcome", authority };
      const { deviceId: id, publicKey } = proof;
      await this.devices.pair({ id, publicKey, role, scopes, client: params.client, address: client }, now);
      return { outcome: "welcome", authority: await this.#withToken(authority, proof.deviceId) };
    }

    const guesses = [deviceToken, token, password].filter((guess): guess is string => guess !== undefined && guess !== "");
    if (proof) {
      const matches = await Promise.all(guesses.map((guess) => this.devices.isToken(proof.deviceId, role, guess)));
      const known = this.devices.find(proof.deviceId, role);
      const isKnown = known?.isRevoked === false && known.ownerMark === (await this.devices.ownerMark());
      if (matches.includes(true) || (isKnown && guesses.length === 0 && !bootstrapToken)) {
        return this.#enterDevice(visitor, role, proof.deviceId, proof.publicKey, guesses.length > 0, now);
      }
    }
    if (guesses.length > 0 || bootstrapToken) {
      const lockedMs = this.#limit.noteFailure(client, now);
      if (lockedMs > 0) return refuseLocked(lockedMs);
      if (token === undefined && password === undefined) {
        return deviceToken === undefined
          ? refuse("AUTH_BOOTSTRAP_TOKEN_INVALID", "unauthorized: bootstrap token invalid", "update_auth_credentials")
          : refuse("AUTH_DEVICE_TOKEN_MISMATCH", "unauthorized: device token mismatch", "update_auth_credentials");
      }
      const code = token === undefined ? "AUTH_PASSWORD_MISMATCH" : "AUTH_TOKEN_MISMATCH";
      return refuse(code, "unauthorized: gateway token mismatch (use the value of SKERRY_TOKEN)", "update_auth_credentials");
    }
    if (proof) return this.#ask(visitor, role, proof.deviceId, proof.publicKey, "not-paired", now);
    if (visitor.assertion?.outcome === "refused") {
      const details = { code: "ACCESS_REFUSED", recommendedNextStep: "update_auth_credentials" };
      return { outcome: "refused", error: { code: "NOT_PAIRED", message: visitor.assertion.reason, details } };
    }
    const details = { code: "DEVICE_IDENTITY_REQUIRED" };
    return { outcome: "refused", error: { code: "NOT_PAIRED", message: "device identity required", details } };
  }

  async #enterDevice(visitor: Visitor, role: Role, id: string, key: string, hasToken: boolean, now: number): Promise<Entry> {
    const device = this.devices.find(id, role);
    const approved = SCOPES.filter((scope) => device?.scopes.includes(scope));
    const wanted = visitor.params.scopes ?? approved;
    if (wanted.some((scope) => isScope(scope) && !satisfies(approved, scope))) {
      return this.#ask(visitor, role, id, key, "scope-upgrade", now);
    }
    this.devices.noteSeen(id, role, visitor, now);
    const scopes = SCOPES.filter((scope) => wanted.includes(scope));
    const authority: Authority = { role, scopes, method: hasToken ? "device-token" : "device" };
    return { outcome: "welcome", authority: await this.#withToken(authority, id) };
  }

  async #withToken(authority: Authority, deviceId: string): Promise<Authority> {
    const deviceToken = await this.devices.token(deviceId, authority.role);
    return { ...authority, deviceId, ...(deviceToken === undefined ? {} : { deviceToken }) };
  }

  #ask(visitor: Visitor, role: Role, deviceId: string, publicKey: string, reason: string, now: number): Entry {
    const { params, client } = visitor;
    const scopes = grant(params.scopes, ["operator.read", "operator.write"]);
    const commands = role === "node" ? params.commands : [];
    const asked = this.devices.ask({ deviceId, publicKey, role, scopes, client: params.client, address: client, commands }, now);
    if (asked.outcome === "rejected") {
      const details = { code: "PAIRING_REJECTED", deviceId, recommendedNextStep: "wait_then_retry" };
      const message = "The owner turned this device away; it may ask again an hour after it first did.";
      return { outcome: "refused", error: { code: "NOT_PAIRED", message, details } };
    }
    const isWaiting = asked.outcome === "waits";
    const message = isWaiting
      ? "pairing required: approve this device in Skerry, then connect again"
      : "pairing required, but too many devices are waiting; approve or reject those first";
    const error: GatewayErrorData = {
      code: "NOT_PAIRED",
      message,
      details: {
        code: "PAIRING_REQUIRED",
        reason,
        deviceId,
        pairingCode: codeOfDevice(deviceId),
        requestedRole: role,
        requestedScopes: scopes,
        recommendedNextStep: "wait_then_retry",
        ...(isWaiting ? { requestId: asked.request.id } : {}),
      },
    };
    return { outcome: "refused", error, ...(isWaiting && asked.isNew ? { asked: asked.request } : {}) };
  }
}

/** What our own page brings along without a word: its login, or what Cloudflare Access said of it. */
function provePage(visitor: Visitor, now: number): Pick<Authority, "method" | "loginId" | "endsAt"> | undefined {
  const { loginId, assertion } = visitor;
  if (loginId !== undefined) return { method: "login", loginId };
  if (assertion?.outcome !== "proven" || assertion.expiresAt <= now) return undefined;
  return { method: "access", loginId: assertion.id, endsAt: assertion.expiresAt };
}

function isScope(scope: string): scope is Scope {
  return SCOPES.some((known) => known === scope);
}

/** The known scopes among those asked for; all of `most` when nothing was said. */
function grant(wanted: readonly string[] | undefined, most: readonly Scope[]): Scope[] {
  return wanted === undefined ? [...most] : SCOPES.filter((scope) => wanted.includes(scope));
}

/** Admin satisfies every scope; write satisfies read and talk. */
export function satisfies(scopes: readonly Scope[], needed: Scope): boolean {
  if (scopes.includes(needed) || scopes.includes("operator.admin")) return true;
  return scopes.includes("operator.write") && (needed === "operator.read" || needed === "operator.talk");
}

function refuse(code: string, message: string, recommendedNextStep: string): Entry {
  const details = { code, recommendedNextStep, canRetryWithDeviceToken: false };
  return { outcome: "refused", error: { code: "INVALID_REQUEST", message, details } };
}

function refuseLocked(retryAfterMs: number): Entry {
  return {
    outcome: "refused",
    error: {
      code: "INVALID_REQUEST",
      message: "unauthorized: too many failed authentication attempts (retry later)",
      details: { code: "AUTH_RATE_LIMITED", recommendedNextStep: "wait_then_retry", retryAfterMs },
      retryable: true,
      retryAfterMs,
    },
  };
}
