// Sessions: the list, one of them, following them, changing them.
import { newId } from "../../../contract/id.ts";
import { textOf } from "../../../contract/message.ts";
import type { MethodParams } from "../../../contract/methods.ts";
import type { SessionListRequest } from "../../../contract/ports/directory.ts";
import type { SessionPatch } from "../../../contract/ports/session.ts";
import { tellSession } from "../live/translation.ts";
import { textFor, type View, viewSession } from "../live/views.ts";
import { viewDefaults } from "./catalogue.ts";
import { mayApprove, newMessageId, say } from "./chat.ts";
import { type Call, type Handlers, invalid, nameSession, notFound, unwrap } from "./method.ts";

type SessionsMethod =
  | "sessions.list"
  | "sessions.subscribe"
  | "sessions.unsubscribe"
  | "sessions.describe"
  | "sessions.preview"
  | "sessions.resolve"
  | "sessions.create"
  | "sessions.send"
  | "sessions.abort"
  | "sessions.patch"
  | "sessions.reset"
  | "sessions.delete"
  | "sessions.compact"
  | "sessions.messages.subscribe"
  | "sessions.messages.unsubscribe";

export const sessions: Handlers<SessionsMethod> = {
  "sessions.list": (params, call) => listSessions(params, call),

  "sessions.subscribe": async (params, call) => {
    call.screen.change({ followsLists: true });
    return { subscribed: true, ...(Object.keys(params).length === 0 ? {} : await listSessions(params, call)) };
  },

  "sessions.unsubscribe": (_params, call) => {
    call.screen.change({ followsLists: false });
    return { subscribed: false };
  },

  "sessions.describe": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const row = await call.house.session(name.key).row();
    return { session: row ? viewSession(row) : null };
  },

  "sessions.preview": async (params, call) => ({
    ts: call.house.now(),
    previews: await Promise.all(params.keys.map((key) => previewSession(call, key, params.limit ?? 12, params.maxChars ?? 240))),
  }),

  "sessions.resolve": async (params, call) => {
    const { house } = call;
    if (params.key !== undefined) {
      const name = nameSession(params.key, params.agentId);
      const row = await house.session(name.key).row();
      if (row || params.allowMissing)
        return { ok: true, key: name.key, agentId: name.agentId, ...(row ? { sessionId: row.sessionId } : {}) };
      throw notFound(`There is no session ${name.key}.`);
    }
    const { rows } = await house.directory.sessions({ limit: 1000 });
    const row = rows.find((candidate) =>
      params.sessionId === undefined ? candidate.label === params.label : candidate.sessionId === params.sessionId,
    );
    if (params.sessionId === undefined && params.label === undefined) throw invalid("Give a key, a sessionId or a label.");
    if (row) return { ok: true, key: row.key, agentId: row.agentId, sessionId: row.sessionId };
    if (params.allowMissing) return { ok: true, key: null };
    throw notFound("There is no such session.");
  },

  "sessions.create": async (params, call) => {
    const fresh = `web-${newId("conn").slice(5)}`;
    const name = nameSession(params.key ?? fresh, params.agentId);
    const session = call.house.session(name.key);
    const patch: SessionPatch = {
      ...(params.label === undefined ? {} : { label: params.label }),
      ...(params.model === undefined ? {} : { model: params.model }),
    };
    const row = unwrap(await session.patch(patch));
    await call.house.directory.noteSession(row);
    tellChange(call, row, "create");
    const first = params.message ?? params.task;
    const answer = { ok: true, key: name.key, agentId: name.agentId, sessionId: row.sessionId, entry: viewSession(row) };
    if (first === undefined || first.trim() === "") return { ...answer, runStarted: false };
    const { receipt } = await say(call, { message: first }, name, params.idempotencyKey ?? newMessageId(), {});
    return { ...answer, runStarted: true, runId: receipt.runId };
  },

  "sessions.send": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const { receipt } = await say(call, params, name, params.idempotencyKey ?? newMessageId(), {});
    return { runId: receipt.runId, status: receipt.status === "duplicate" ? "in_flight" : "started", state: receipt.state };
  },

  "sessions.abort": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const stopped = await call.house.session(name.key).stop(params.runId);
    return { ok: true, status: stopped.stopped ? "aborted" : "no-active-run", abortedRunId: stopped.runIds[0] ?? null };
  },

  "sessions.patch": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const row = unwrap(await call.house.session(name.key).patch(readPatch(params)));
    await call.house.directory.noteSession(row);
    tellChange(call, row, "patch");
    const entry = viewSession(row);
    return { ok: true, key: name.key, entry, resolved: { modelProvider: entry["modelProvider"], model: entry["model"] } };
  },

  "sessions.reset": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const row = await call.house.session(name.key).reset();
    tellChange(call, row, params.reason ?? "reset");
    return { ok: true, key: name.key, entry: viewSession(row) };
  },

  "sessions.delete": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const session = call.house.session(name.key);
    const row = await session.row();
    // The object ends itself as its last act, and the call to it breaks off: whether it is gone is asked afterwards.
    await session.destroy().catch(() => undefined);
    await call.house.directory.forgetSession(name.key);
    if (row) {
      call.house.tell(
        "sessions.changed",
        { sessionKey: name.key, agentId: name.agentId, reason: "delete", ts: call.house.now() },
        "lists",
      );
    }
    return { ok: true, key: name.key, deleted: row !== undefined };
  },

  "sessions.compact": async (params, call) => {
    const name = nameSession(params.key, params.agentId);
    const brief = await call.house.directory.brief(name.key);
    const done = unwrap(await call.house.session(name.key).compact(brief, params.focus ?? params.instructions));
    return { ok: true, key: name.key, ...done };
  },

  "sessions.messages.subscribe": (params, call) => {
    const { key } = nameSession(params.key, params.agentId);
    call.screen.follow(key);
    return { subscribed: true, key };
  },

  "sessions.messages.unsubscribe": (params, call) => {
    const { key } = nameSession(params.key, params.agentId);
    call.screen.unfollow(key);
    return { subscribed: false, key };
  },
};

async function listSessions(params: MethodParams<"sessions.list">, call: Call): Promise<View> {
  const limit = params.limit ?? 100;
  const offset = params.offset ?? 0;
  const request: SessionListRequest = {
    limit,
    offset,
    ...(params.agentId === undefined ? {} : { agentId: params.agentId.toLowerCase() }),
    ...(params.search ? { search: params.search } : {}),
    ...(params.activeMinutes === undefined ? {} : { activeMinutes: params.activeMinutes }),
    kind: params.programs ? ("programs" as const) : ("talks" as const),
  };
  const [{ rows, total, programs = 0 }, defaults] = await Promise.all([
    call.house.directory.sessions(request),
    viewDefaults(call, nameSession(undefined, params.agentId)),
  ]);
  const hasMore = offset + rows.length < total;
  return {
    ts: call.house.now(),
    count: rows.length,
    totalCount: total,
    programCount: programs,
    limitApplied: limit,
    hasMore,
    nextOffset: hasMore ? offset + rows.length : null,
    defaults,
    sessions: rows.map(viewSession),
  };
}

function readPatch(params: MethodParams<"sessions.patch">): SessionPatch {
  return {
    ...(params.label === undefined ? {} : { label: params.label }),
    ...(params.model === undefined ? {} : { model: params.model }),
    ...(params.thinkingLevel === undefined ? {} : { thinking: params.thinkingLevel }),
    ...(params.queueMode === undefined ? {} : { queueMode: params.queueMode }),
    ...(params.verboseLevel === undefined ? {} : { verbose: params.verboseLevel }),
  };
}

function tellChange(call: Call, row: Parameters<typeof tellSession>[0], reason: string): void {
  const { event, payload, audience } = tellSession(row, { reason }, call.house.now());
  call.house.tell(event, payload, audience);
}

async function previewSession(call: Call, key: string, limit: number, maxChars: number): Promise<View> {
  const name = nameSession(key, undefined);
  const history = await call.house.session(name.key).history({ limit });
  if (history.row.sessionId === "") return { key, status: "missing", items: [] };
  const items = history.entries.flatMap((entry) => {
    const text = entry.kind === "user" ? textOf(entry.parts) : textFor(entry, mayApprove(call));
    if (text.trim() === "" || entry.kind === "summary") return [];
    const role = entry.kind === "user" ? "user" : entry.kind === "result" ? "tool" : "assistant";
    return [{ role, text: text.length > maxChars ? `${text.slice(0, maxChars)}…` : text }];
  });
  return { key, status: items.length === 0 ? "empty" : "ok", items };
}
