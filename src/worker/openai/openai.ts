// The OpenAI door: /v1/chat/completions, /v1/responses and /v1/models, so that programs made for OpenAI can talk to
// an agent. The key is the owner's token or a paired device's; a cookie alone proves nothing here, and there is no CORS.
import { type Context, Hono, type Next } from "hono";
import { ApiRefused } from "../../contract/errors.ts";
import { MAX_MEDIA_BYTES, storeMedia } from "../../durable/media.ts";
import { directoryOf, gatewayOf, sessionOf } from "../../durable/stubs.ts";
import { addressOf, bearerOf, type Door } from "../door.ts";
import { followAnswer } from "./answer.ts";
import { completeChat, streamChat } from "./chat-answer.ts";
import { readChatRequest } from "./chat-request.ts";
import { findModel, listModels } from "./models.ts";
import { answerProof, answerRefusal, invalid } from "./refusals.ts";
import { completeResponse, streamResponse } from "./responses-answer.ts";
import { readResponsesRequest } from "./responses-request.ts";
import { streamEvents } from "./sse.ts";
import { beginTurn, type Headers, type House, type Turn } from "./turn.ts";

const MAX_BODY_BYTES = MAX_MEDIA_BYTES;
const MOST_BYTES_READ = 5 * MAX_BODY_BYTES;

export const openai = new Hono<Door>();

for (const path of ["/models/*", "/chat/completions", "/responses"]) openai.use(path, prove);

openai.get("/models", async (c) => c.json(await listModels(directoryOf(c.env))));
openai.get("/models/:id{.+}", async (c) => c.json(await findModel(directoryOf(c.env), c.req.param("id"))));

openai.post("/chat/completions", async (c) => {
  const asked = readChatRequest(await readJson(c));
  const house = houseOf(c);
  const turn = await beginTurn(house, asked, headersOf(c));
  const pieces = followAnswer(house, turn, asked.stop);
  if (asked.isStream) return streamEvents(streamChat(pieces, asked, turn.id), namesOf(turn));
  return c.json(await completeChat(pieces, asked, turn.id), 200, namesOf(turn));
});

openai.post("/responses", async (c) => {
  const asked = readResponsesRequest(await readJson(c));
  const house = houseOf(c);
  const turn = await beginTurn(house, asked, headersOf(c));
  const pieces = followAnswer(house, turn, asked.stop);
  if (asked.isStream) return streamEvents(streamResponse(pieces, asked, turn), namesOf(turn));
  return c.json(await completeResponse(pieces, asked, turn), 200, namesOf(turn));
});

openai.onError((error, c) => {
  if (error instanceof ApiRefused) return answerRefusal(c, error);
  console.error("request failed", c.req.path, error);
  const message = "Something broke inside; try again in a moment.";
  return answerRefusal(c, new ApiRefused({ status: 500, code: "server_error", message }));
});

async function prove(c: Context<Door>, next: Next): Promise<Response | undefined> {
  const token = bearerOf(c);
  const proof = { client: addressOf(c), ...(token === undefined ? {} : { token, deviceToken: token }) };
  const answer = await gatewayOf(c.env).check(proof);
  if (answer.outcome !== "welcome") return answerProof(c, answer);
  await next();
  return undefined;
}

async function readJson(c: Context<Door>): Promise<unknown> {
  const text = await readText(c);
  if (text === undefined) {
    const message = "The request is larger than 20 MB; send less or smaller pictures.";
    throw new ApiRefused({ status: 413, code: "request_too_large", message });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw invalid("The body is no JSON; send a JSON object with content-type application/json.", undefined, "invalid_json");
  }
}

/** The body, unless it is too large. Read on all the same, as a client that is cut off while it sends hears no answer. */
async function readText(c: Context<Door>): Promise<string | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    else chunks.length = 0;
    if (size > MOST_BYTES_READ) break;
  }
  return size > MAX_BODY_BYTES ? undefined : new Blob(chunks).text();
}

function houseOf(c: Context<Door>): House {
  return {
    directory: directoryOf(c.env),
    session: (sessionKey) => sessionOf(c.env, sessionKey),
    store: (bytes, name) => storeMedia(c.env.MEDIA, bytes, name),
  };
}

function headersOf(c: Context<Door>): Headers {
  const sessionKey = c.req.header("x-session-key");
  const idempotencyKey = c.req.header("idempotency-key");
  return { ...(sessionKey ? { sessionKey: decode(sessionKey) } : {}), ...(idempotencyKey ? { idempotencyKey } : {}) };
}

/** What a client may keep: the run's name for questions, the session's to go on with. */
function namesOf(turn: Turn): Record<string, string> {
  return { "cache-control": "no-store", "x-request-id": turn.runId, "x-session-key": encodeURI(turn.sessionKey) };
}

/** Headers are ASCII; keys need not be. */
function decode(header: string): string {
  try {
    return decodeURI(header);
  } catch {
    return header;
  }
}
