// From a request to a turn: which session it belongs to, what stands before it, and the message itself by the one
// front door. A request that names no session gets one of its own, which ends with whoever asked.
import { newId } from "../../contract/id.ts";
import type { DirectoryPort } from "../../contract/ports/directory.ts";
import type { SessionPort } from "../../contract/ports/session.ts";
import { DEFAULT_AGENT_ID, formatSessionKey, parseSessionKey, programSessionKey } from "../../contract/session-key.ts";
import { hashText } from "../../durable/gateway/access/secrets.ts";
import { intake } from "../../durable/intake.ts";
import { type Store, storeParts } from "./content.ts";
import type { Asked } from "./fields.ts";
import { agentOf } from "./models.ts";
import { invalid } from "./refusals.ts";
import { formatResponseId, unknownResponse } from "./responses-request.ts";

/** A program that asks over HTTP is not there any more when a model's limit ends in ten minutes. */
const PATIENCE_MS = 60_000;

export interface House {
  directory: Pick<DirectoryPort, "admit" | "agents">;
  /** A fresh face each time: one that broke does not heal. */
  session(sessionKey: string): SessionPort;
  store: Store;
}

/** What a request's headers say. */
export interface Headers {
  sessionKey?: string;
  idempotencyKey?: string;
}

export interface Turn {
  /** Ends the ids of what is answered. */
  id: string;
  sessionKey: string;
  runId: string;
  /** Nobody comes back for it: the turn ends when its client hangs up. */
  isOneOff: boolean;
  /** A slash command was answered at once. */
  reply?: string;
}

/** @throws ApiRefused when the request cannot become a turn. */
export async function beginTurn(house: House, asked: Asked, headers: Headers): Promise<Turn> {
  const agentId = await agentOf(house.directory, asked.model);
  const id = headers.idempotencyKey ? (await hashText(headers.idempotencyKey)).slice(0, 24) : newId("msg").slice("msg_".length);
  const runId = `openai-${id}`;
  const named = await nameSession(house, asked, headers, agentId);
  const sessionKey = named ?? programSessionKey(agentId ?? DEFAULT_AGENT_ID, id);
  const parts = await storeParts(asked.last, house.store);
  if (named === undefined && asked.earlier.length > 0) {
    const earlier = asked.earlier.map(async ({ role, parts }) => ({ role, parts: await storeParts(parts, house.store) }));
    await house.session(sessionKey).seed(await Promise.all(earlier));
  }
  const message = {
    id: runId,
    from: { channel: "openai", peer: asked.user ?? "api" },
    sender: { id: "owner", isOwner: true },
    parts,
    sentAt: Date.now(),
  };
  const system = asked.system.join("\n\n");
  // Each request is answered by a turn of its own, however busy the session is.
  const wishes = {
    ...asked.wishes,
    queueMode: "followup" as const,
    patienceMs: PATIENCE_MS,
    ...(system === "" ? {} : { extraSystemPrompt: system }),
  };
  const taken = await intake(house, message, wishes, { sessionKey });
  switch (taken.outcome) {
    case "received": {
      const { reply } = taken.receipt;
      return {
        id,
        sessionKey: taken.sessionKey,
        runId,
        isOneOff: named === undefined && headers.idempotencyKey === undefined,
        ...(reply === undefined ? {} : { reply }),
      };
    }
    case "pair":
      throw invalid(taken.reply ?? "Not paired: the owner must approve this sender first.");
    case "ignored":
      throw invalid(taken.reason);
    default:
      return taken satisfies never;
  }
}

/** The session that the request names, if it names one. */
async function nameSession(
  house: House,
  asked: Asked,
  headers: Headers,
  agentId: string | undefined,
): Promise<string | undefined> {
  const { previous } = asked;
  if (previous) {
    const { status } = await house.session(previous.sessionKey).run(previous.runId);
    if (status === "unknown") throw unknownResponse(formatResponseId(previous.sessionKey, previous.runId));
    return keyFor(previous.sessionKey, agentId, "previous_response_id");
  }
  if (headers.sessionKey) return keyFor(headers.sessionKey, agentId, "x-session-key");
  return asked.user ? keyFor(`openai:${asked.user}`, agentId, "user") : undefined;
}

function keyFor(name: string, agentId: string | undefined, param: string): string {
  const parts = parseSessionKey(name, agentId);
  if (!parts) throw invalid(`"${name}" cannot name a session; use letters, digits and signs, at most 512 characters.`, param);
  if (agentId !== undefined && parts.agentId !== agentId) {
    const message = `This session belongs to the agent ${parts.agentId}; ask for the model skerry/${parts.agentId} or name another session.`;
    throw invalid(message, param);
  }
  return formatSessionKey(parts);
}
