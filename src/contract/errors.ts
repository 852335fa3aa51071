// Every error class of Skerry. Built from data, never from sentences, and written for two readers: `message` is
// one sentence toward a person that says what to do; `data` is for code. "It said no" is not "nobody answered".

/** Failure of a model, classified in one place (models/failure.ts). */
export type ModelFailureKind =
  | "overloaded"
  | "limited"
  | "refused"
  | "auth"
  | "billing"
  | "too-long"
  | "timeout"
  | "cut"
  | "bad-request"
  | "not-found"
  | "unknown";

export interface ModelFailureData {
  kind: ModelFailureKind;
  model: string;
  status?: number;
  /** ms the provider asked to wait. */
  retryAfterMs?: number;
  /** What the provider said, shortened, without secrets. */
  said?: string;
}

const MODEL_FAILURE_ADVICE: Record<ModelFailureKind, string> = {
  overloaded: "is overloaded; try again in a moment or choose another model with /model",
  limited: "has reached its rate limit; wait a little or choose another model with /model",
  refused: "declined to answer this request; rephrase it",
  auth: "did not accept the key; check the provider's key under “Models and keys” or in the environment",
  billing: "asks for payment; check the balance of the provider's account or choose another model with /model",
  "too-long": "cannot take a conversation this long; use /compact or /new",
  timeout: "did not answer in time; try again or choose another model with /model",
  cut: "broke off its answer; try again",
  "bad-request": "could not read the request; choose another model with /model",
  "not-found": "is not known to its provider; check the name with /model",
  unknown: "failed; try again or choose another model with /model",
};

/** A model could not answer. `isRetryable` says whether asking again may help. */
export class ModelFailure extends Error {
  override readonly name = "ModelFailure";
  readonly data: ModelFailureData;
  constructor(data: ModelFailureData, cause?: unknown) {
    const said = data.said ? ` (${data.said})` : "";
    super(`${data.model} ${MODEL_FAILURE_ADVICE[data.kind]}${said}.`, { cause });
    this.data = data;
  }
  get isRetryable(): boolean {
    switch (this.data.kind) {
      case "overloaded":
      case "limited":
      case "timeout":
      case "cut":
      case "unknown":
        return true;
      case "refused":
      case "auth":
      case "billing":
      case "too-long":
      case "bad-request":
      case "not-found":
        return false;
      default:
        return this.data.kind satisfies never;
    }
  }
}

/** Codes of the Gateway protocol. */
export type GatewayErrorCode =
  | "INVALID_REQUEST"
  | "NOT_PAIRED"
  | "NOT_LINKED"
  | "FORBIDDEN"
  | "UNAVAILABLE"
  | "AGENT_TIMEOUT"
  | "NOT_FOUND"
  | "CONFLICT";

export interface GatewayErrorData {
  code: GatewayErrorCode;
  message: string;
  details?: Record<string, unknown>;
  retryable?: boolean;
  retryAfterMs?: number;
}

/** A request over the socket or over HTTP that cannot be served; the frame or body is its `data`. */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  readonly data: GatewayErrorData;
  constructor(data: GatewayErrorData) {
    super(data.message);
    this.data = data;
  }
}

export interface ApiRefusedData {
  /** HTTP status. */
  status: 400 | 401 | 404 | 413 | 429 | 500 | 503;
  /** As OpenAI's clients know it, for example `model_not_found`. */
  code: string;
  message: string;
  /** The field that is wrong. */
  param?: string;
}

/** A request at the OpenAI door that cannot be served. */
export class ApiRefused extends Error {
  override readonly name = "ApiRefused";
  readonly data: ApiRefusedData;
  constructor(data: ApiRefusedData) {
    super(data.message);
    this.data = data;
  }
}

/** A tool could not do what it was asked; the model reads `message` as the result. */
export class ToolFailure extends Error {
  override readonly name = "ToolFailure";
}

/** An address that the agent's tools must not reach (browser/address-guard.ts). */
export class AddressRefused extends ToolFailure {
  readonly url: string;
  constructor(url: string, reason: string) {
    super(`Not fetched: ${url} ${reason}. Only public web addresses can be fetched.`);
    this.url = url;
  }
}

export type HomeRefusal =
  | "INVALID_REQUEST"
  | "NOT_FOUND"
  | "FORBIDDEN"
  | "UNAVAILABLE"
  | "TIMEOUT"
  | "CONFLICT"
  | "TOO_LARGE"
  | "NO_ENGINE"
  | "NO_IMAGE"
  | "DISK_FULL";

/** A home could not do what it was asked; `message` says why and what to do, toward the model and the owner. */
export class HomeRefused extends Error {
  override readonly name = "HomeRefused";
  readonly code: HomeRefusal;
  constructor(code: HomeRefusal, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

export type BridgeRefusal =
  | { kind: "bad-key"; path: string }
  | { kind: "running"; dir: string }
  | { kind: "unwritable"; dir: string; reason: string }
  | { kind: "bad-config"; path: string; reason: string }
  | { kind: "no-address" };

/** The bridge cannot start on this machine. */
export class BridgeRefused extends Error {
  override readonly name = "BridgeRefused";
  readonly data: BridgeRefusal;
  constructor(data: BridgeRefusal) {
    super(explainBridgeRefusal(data));
    this.data = data;
  }
}

function explainBridgeRefusal(data: BridgeRefusal): string {
  switch (data.kind) {
    case "bad-key":
      return `The key in ${data.path} cannot be read. Make a new one with skerry bridge pair --new; it has to be approved again.`;
    case "running":
      return `A bridge already runs on ${data.dir}. Stop it first, or give another folder with --state-dir.`;
    case "unwritable":
      return `The folder ${data.dir} cannot be written (${data.reason}). Make it writable, or give another one with --state-dir.`;
    case "bad-config":
      return `${data.path} is no bridge configuration: ${data.reason}. docs/bridge.md shows one.`;
    case "no-address":
      return "Where is Skerry? Give its address with --url or SKERRY_URL, for example https://skerry.example.workers.dev.";
    default:
      return data satisfies never;
  }
}

/** A settings document that does not fit its schema; the old one is kept. */
export class SettingsRefused extends Error {
  override readonly name = "SettingsRefused";
  readonly issues: { path: string; reason: string }[];
  constructor(issues: { path: string; reason: string }[]) {
    super(`Settings not changed. ${issues.map((issue) => `${issue.path || "(root)"}: ${issue.reason}`).join("; ")}`);
    this.issues = issues;
  }
}

/** State written by a newer version of Skerry. */
export class StateTooNew extends Error {
  override readonly name = "StateTooNew";
  constructor(store: string, found: number, known: number) {
    super(
      `The stored ${store} has schema ${found}, but this version of Skerry knows up to ${known}. Install the newer version again (npm run upgrade), or start with another SKERRY_STATE_DIR.`,
    );
  }
}

/** The sentence of a StateTooNew, also of one that lost its class between two objects. */
export function readStateTooNew(error: unknown): string | undefined {
  const message = error instanceof Error ? error.message : "";
  return /The stored .+ has schema \d+, but this version of Skerry knows up to \d+\..*/.exec(message)?.[0];
}

export type StartRefusal =
  | { kind: "unwritable"; dir: string; reason: string }
  | { kind: "running"; dir: string; url: string | undefined; pid: number }
  | { kind: "bad-port"; value: string }
  | { kind: "no-port"; from: number }
  | { kind: "build"; said: string }
  | { kind: "runtime"; said: string };

/** Skerry cannot start on this machine. */
export class StartRefused extends Error {
  override readonly name = "StartRefused";
  readonly data: StartRefusal;
  constructor(data: StartRefusal) {
    super(explainStartRefusal(data));
    this.data = data;
  }
}

function explainStartRefusal(data: StartRefusal): string {
  switch (data.kind) {
    case "unwritable":
      return `The state folder ${data.dir} cannot be written (${data.reason}). Make it writable, or set SKERRY_STATE_DIR to another folder.`;
    case "running":
      return `Skerry already runs on this state folder${data.url ? ` at ${data.url}` : ""} (process ${data.pid}). Use that one, stop it first, or set SKERRY_STATE_DIR to another folder.`;
    case "bad-port":
      return `PORT is "${data.value}", which is no port. Use a number from 1 to 65535, or leave it out.`;
    case "no-port":
      return `No port is free from ${data.from} upward. Set PORT to a free one.`;
    case "build":
      return `Skerry could not be built. ${data.said}`;
    case "runtime":
      return `The local runtime did not start. ${data.said}`;
    default:
      return data satisfies never;
  }
}

/**
 * Errors lose their class when they cross from one object to another. Ports that can refuse therefore answer
 * with an Outcome instead of throwing.
 */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: GatewayErrorData };
