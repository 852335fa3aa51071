// What a method gets to work with, and how a handler looks. Handlers answer the payload, or throw GatewayError.
import type { Brief } from "../../../contract/admission.ts";
import type { PlatformPort } from "../../../contract/channels/channel.ts";
import type { DeliveryPort } from "../../../contract/channels/delivery.ts";
import { GatewayError, type Outcome } from "../../../contract/errors.ts";
import type { TurnWishes } from "../../../contract/event.ts";
import type { MediaRef, Message } from "../../../contract/message.ts";
import type { EventName, MethodName, MethodParams } from "../../../contract/methods.ts";
import type { DirectoryPort, DirectoryStorage, Wanted } from "../../../contract/ports/directory.ts";
import type { SessionPort } from "../../../contract/ports/session.ts";
import type { WorkspacePort, WorkspaceStorage } from "../../../contract/ports/workspace.ts";
import { formatSessionKey, mainSessionKey, parseSessionKey } from "../../../contract/session-key.ts";
import type { Intake } from "../../intake.ts";
import type { ModelChoice } from "../../models/choice.ts";
import type { KeyTest } from "../../models/key-test.ts";
import type { ModelInfo } from "../../models/port.ts";
import type { Access } from "../access/access.ts";
import type { HomesDesk } from "../homes/desk.ts";
import type { Audience } from "../live/translation.ts";
import type { LogRing } from "../log-ring.ts";
import type { Presence } from "../presence.ts";
import type { Screen } from "../screen.ts";
import type { Wait } from "../waits.ts";

/** Everything behind the socket, as methods see it. Contract: no method reaches storage or bindings in another way. */
export interface House {
  now(): number;
  version: string;
  startedAt: number;
  directory: DirectoryPort;
  session(key: string): SessionPort;
  workspace(agentId: string): WorkspacePort;
  /** What is done with a channel at its platform. */
  platform: PlatformPort;
  delivery: Pick<DeliveryPort, "send">;
  intake(message: Message, wishes: TurnWishes, wanted: Wanted): Promise<Intake>;
  storeMedia(bytes: Uint8Array<ArrayBuffer>, name?: string): Promise<MediaRef>;
  chooseModels(brief: Brief): ModelChoice;
  listModels(brief: Brief): (ModelInfo & { isAvailable: boolean })[];
  /** The model a session would ask now: its own, else the first of its agent. */
  sessionModel(brief: Brief, override: string | undefined): ModelInfo | undefined;
  /** Every provider there could be, with how many of its models are known. */
  listProviders(brief: Brief): ProviderFacts[];
  /** The key that a variable or secret holds. */
  variableKey(provider: string, brief: Brief): string | undefined;
  testKey(provider: string, key: string, brief: Brief): Promise<KeyTest>;
  access: Access;
  homes: HomesDesk;
  presence: Presence;
  log: LogRing;
  /** Of the Gateway's own database. */
  storedBytes(): number;
  /** What is stored where; counted anew at most every ten minutes where counting costs. */
  countStored(): Promise<StoredCounts>;
  screenCount(): number;
  tell(event: EventName, payload: Record<string, unknown>, audience: Audience | "pairing" | "all"): void;
  /** Tells those who follow the session, but for one; answers how many they are. */
  tellOthers(connId: string, event: EventName, payload: Record<string, unknown>, sessionKey: string): number;
  /** The session of a run that was heard of lately. */
  sessionOfRun(runId: string): string | undefined;
  /** Answers the request when the run ends. */
  waitFor(wait: Wait): Promise<void>;
  /** Closes the live sockets of a device or a login. */
  dropDevice(id: string, reason: string): void;
  /** Closes the other sockets of a device: the one that came last counts. */
  dropOthers(deviceId: string, connId: string): void;
}

/** Bytes and counts of all that is kept. */
export interface StoredCounts {
  directory: DirectoryStorage | undefined;
  gateway: { bytes: number };
  workspaces: (WorkspaceStorage & { agentId: string })[];
  /** Objects in R2; with `isMore` there are more than were counted. */
  objects: { count: number; bytes: number; isMore: boolean };
  /** On the owner's machine nothing but the disk bounds it. */
  isLocal: boolean;
}

export interface ProviderFacts {
  id: string;
  name: string;
  models: number;
  /** Variable that may hold its key; absent: it needs none. */
  apiKeyEnv?: string;
  isVariableSet: boolean;
}

export interface Call {
  house: House;
  screen: Screen;
  frameId: string;
}

export type Handler<M extends MethodName> = (params: MethodParams<M>, call: Call) => unknown;
export type Handlers<M extends MethodName = MethodName> = { [Name in M]: Handler<Name> };

/** A handler that answers this has no answer yet; `house.waitFor` gives it later. */
export const LATER = Symbol("answered later");

/** A payload that goes out at once, while a second answer follows. */
export class FirstOfTwo {
  readonly payload: unknown;
  readonly runId: string;
  readonly sessionKey: string;
  constructor(payload: unknown, runId: string, sessionKey: string) {
    this.payload = payload;
    this.runId = runId;
    this.sessionKey = sessionKey;
  }
}

export interface SessionName {
  key: string;
  agentId: string;
}

/** The whole key of what a client calls a session. @throws GatewayError when it can name none. */
export function nameSession(key: string | undefined, agentId: string | undefined): SessionName {
  const agent = agentId?.toLowerCase();
  if (key === undefined) return { key: mainSessionKey(agent), agentId: agent ?? "main" };
  const parts = parseSessionKey(key, agent);
  if (!parts) throw invalid(`"${key.slice(0, 80)}" cannot be a session key; use agent:<agent>:<name> or a plain name.`);
  return { key: formatSessionKey(parts), agentId: parts.agentId };
}

export function invalid(message: string, details?: Record<string, unknown>): GatewayError {
  return new GatewayError({ code: "INVALID_REQUEST", message, ...(details ? { details } : {}) });
}

export function notFound(message: string): GatewayError {
  return new GatewayError({ code: "NOT_FOUND", message });
}

/** The value of an outcome. @throws GatewayError with what was refused. */
export function unwrap<T>(outcome: Outcome<T>): T {
  if (!outcome.ok) throw new GatewayError(outcome.error);
  return outcome.value;
}
