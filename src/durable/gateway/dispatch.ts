// A request after hello: read the frame, find the method, check scope and parameters, run it, answer. Requests run
// side by side and are answered as they finish; a repeated idempotency key gets the first answer again.
import { GatewayError, type GatewayErrorData, readStateTooNew } from "../../contract/errors.ts";
import { MAX_FRAME_BYTES, type RequestFrame, requestFrame } from "../../contract/gateway.ts";
import { isMethodName, METHODS, type MethodName } from "../../contract/methods.ts";
import { satisfies } from "./access/access.ts";
import { runMethod } from "./methods/list.ts";
import { FirstOfTwo, type House, LATER } from "./methods/method.ts";
import type { Repeats } from "./repeats.ts";
import type { Screen } from "./screen.ts";

const MAX_IN_FLIGHT = 64;

export async function dispatch(screen: Screen, text: string, house: House, repeats: Repeats): Promise<void> {
  if (text.length > MAX_FRAME_BYTES) {
    screen.close(1009, "message too big: at most 25 MiB");
    return;
  }
  const frame = readFrame(text);
  if (frame === undefined) return;
  const { id } = frame;
  if ("error" in frame) {
    screen.refuse(id, frame.error, house.now());
    return;
  }
  if (screen.inFlight.has(id)) {
    screen.refuse(id, { code: "INVALID_REQUEST", message: `request id "${id}" is in use: wait for its answer` }, house.now());
    return;
  }
  if (screen.inFlight.size >= MAX_IN_FLIGHT) {
    const message = `More than ${MAX_IN_FLIGHT} requests wait for answers; send the next ones a little later.`;
    screen.refuse(id, { code: "UNAVAILABLE", message, retryable: true, retryAfterMs: 250 }, house.now());
    return;
  }
  screen.inFlight.add(id);
  try {
    await answer(screen, frame.request, house, repeats);
  } catch (error) {
    screen.refuse(id, readError(error, frame.request.method, house), house.now());
  } finally {
    screen.inFlight.delete(id);
  }
}

async function answer(screen: Screen, request: RequestFrame, house: House, repeats: Repeats): Promise<void> {
  const { id, method } = request;
  if (!isMethodName(method)) throw new GatewayError({ code: "INVALID_REQUEST", message: `unknown method: ${method}` });
  const { scope, params: schema } = METHODS[method];
  if ((screen.state.role === "node") !== (scope === "node")) {
    throw new GatewayError({ code: "FORBIDDEN", message: `unauthorized role: ${screen.state.role}` });
  }
  if (scope !== "node" && !satisfies(screen.state.scopes, scope)) {
    const details = { code: "MISSING_SCOPE", missingScope: scope, requiredScopes: [scope] };
    throw new GatewayError({ code: "FORBIDDEN", message: `missing scope: ${scope}`, details });
  }
  const params = schema.safeParse(request.params ?? {});
  if (!params.success) {
    const issues = params.error.issues.map((issue) => ({ path: pathOf(issue.path), reason: issue.message }));
    const message = `invalid ${method} params: ${describeIssues(params.error.issues)}`;
    throw new GatewayError({ code: "INVALID_REQUEST", message, details: { code: "INVALID_PARAMS", issues } });
  }
  const answered = await runOnce(method, params.data, screen, id, house, repeats);
  if (answered === LATER) return;
  if (!(answered instanceof FirstOfTwo)) {
    screen.respond(id, answered, house.now());
    return;
  }
  screen.respond(id, answered.payload, house.now());
  const { runId, sessionKey } = answered;
  await house.waitFor({ connId: screen.id, frameId: id, runId, sessionKey, kind: "final", dueAt: 0 });
}

async function runOnce(method: MethodName, params: object, screen: Screen, frameId: string, house: House, repeats: Repeats) {
  const key = "idempotencyKey" in params && typeof params.idempotencyKey === "string" ? params.idempotencyKey : undefined;
  const work = async () => runMethod(method, params, { house, screen, frameId });
  return key === undefined ? work() : repeats.once(`${method}:${sessionNamed(params)}:${key}`, house.now(), work);
}

/** The same key in another session is another request. */
function sessionNamed(params: object): string {
  const named = "sessionKey" in params ? params.sessionKey : "key" in params ? params.key : undefined;
  return typeof named === "string" ? named : "";
}

type ReadFrame = { id: string; request: RequestFrame } | { id: string; error: GatewayErrorData } | undefined;

/** What is no JSON, or has no id to answer to, is passed over. */
function readFrame(text: string): ReadFrame {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return undefined;
  }
  const frame = requestFrame.safeParse(json);
  if (frame.success) return { id: frame.data.id, request: frame.data };
  const id = typeof json === "object" && json !== null && "id" in json ? json.id : undefined;
  if (typeof id !== "string" || id === "") return undefined;
  return {
    id: id.slice(0, 256),
    error: { code: "INVALID_REQUEST", message: `invalid request frame: ${describeIssues(frame.error.issues)}` },
  };
}

interface Issue {
  path: readonly PropertyKey[];
  message: string;
}

function pathOf(path: readonly PropertyKey[]): string {
  return path.map(String).join(".");
}

export function describeIssues(issues: readonly Issue[]): string {
  return issues
    .slice(0, 5)
    .map((issue) => `at /${issue.path.map(String).join("/")}: ${issue.message}`)
    .join("; ");
}

function readError(error: unknown, method: string, house: House): GatewayErrorData {
  if (error instanceof GatewayError) return error.data;
  house.log.add("error", `${method} failed`, { error: error instanceof Error ? error.message : String(error) });
  const tooNew = readStateTooNew(error);
  if (tooNew) return { code: "UNAVAILABLE", message: tooNew, details: { code: "STATE_TOO_NEW" } };
  return {
    code: "UNAVAILABLE",
    message: `${method} could not be done just now; try again. If it stays so, look at logs.tail.`,
    retryable: true,
    retryAfterMs: 1000,
  };
}
