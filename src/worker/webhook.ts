// Where platforms knock: prove, translate, admit, receive. Answered with success only when everything said is stored; a
// failure answers 503, so that the platform tries again. Who may not know that an account exists learns nothing.
import { type Context, Hono } from "hono";
import type { Inbound } from "../contract/channels/channel.ts";
import { DEFAULT_ACCOUNT } from "../contract/channels/facts.ts";
import { GatewayError } from "../contract/errors.ts";
import { type Intake, intake } from "../durable/intake.ts";
import { directoryOf, sessionOf } from "../durable/stubs.ts";
import type { Channel, Line, Post, Translation } from "./channels/channel.ts";
import { openLine } from "./channels/line.ts";
import { findChannel } from "./channels/list.ts";
import type { Door } from "./door.ts";
import { refuse } from "./errors.ts";

const ACCOUNT = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SAY_TROUBLE_EVERY_MS = 60_000;
/** A proof that failed asks for the keys again, but not for every request that anybody sends. */
const ASK_AGAIN_MS = 3_000;
const MOST_PROOFS = 3;
const toldAt = new Map<string, number>();

export const webhook = new Hono<Door>();

webhook.on(["GET", "POST"], ["/:channel", "/:channel/:account"], async (c) => {
  const id = c.req.param("channel");
  const account = c.req.param("account") ?? DEFAULT_ACCOUNT;
  const channel = ACCOUNT.test(account) ? await findChannel(id) : undefined;
  const line = channel && (await openLine(c.env, id, account));
  if (!channel || !line) return refuseAddress(c);
  const post = await readPost(c, channel.maxBodyBytes);
  if (!post) return refuse(c, 413, "TOO_LARGE", "The request is larger than this channel's requests are.");
  const proven = await prove(c, channel, line, post);
  if (!proven) return refuseProof(c);
  // Goes on when the platform hangs up: what was begun is stored, and its next try finds it there.
  const answer = answerPost(c, channel, proven, post);
  c.executionCtx.waitUntil(answer.catch(() => undefined));
  return answer;
});

async function answerPost(c: Context<Door>, channel: Channel, line: Line, post: Post, proofs = 1): Promise<Response> {
  const translation = await read(c, channel, line, post);
  if (translation instanceof Response) return translation;
  if (translation.trouble) tellTrouble(c, channel.id, line.account.account, translation.trouble);
  const heard: Intake[] = [];
  try {
    // In order: two messages of one request stay in the order in which they were written.
    for (const inbound of translation.inbound) {
      const taken = await takeIn(c, inbound, line);
      if (taken.outcome === "ignored" && taken.isOutdated) return proveAgain(c, channel, line, post, proofs);
      heard.push(taken);
    }
  } catch (error) {
    console.error(`${channel.id}: a message was not stored`, error);
    return refuse(c, 503, "NOT_STORED", "The message could not be stored; send it again in a moment.");
  }
  const greeted = translation.greets ? [] : heard.flatMap((one, index) => greetingOf(one, translation.inbound[index]));
  for (const { reply, to, id } of greeted) {
    const item = { id, sessionKey: "", agentId: "", runId: id, to, act: { type: "text" as const, text: reply }, part: 0 };
    c.executionCtx.waitUntil(channel.deliver(item, line).then(() => undefined));
  }
  return translation.reply?.(heard) ?? c.body(null, 200);
}

/** A proven request that cannot be read now never can be: asking for it again would only stop up the platform's queue. */
async function read(c: Context<Door>, channel: Channel, line: Line, post: Post): Promise<Translation | Response> {
  try {
    return await channel.translate(post, line);
  } catch (error) {
    if (error instanceof SyntaxError) return refuse(c, 400, "INVALID_REQUEST", "The request is not in the platform's format.");
    if (error instanceof GatewayError) return refuse(c, 503, error.data.code, error.message);
    console.error(`${channel.id}: a request could not be read`, error);
    const reason = error instanceof Error ? error.message : String(error);
    tellTrouble(c, channel.id, line.account.account, `A request could not be read and was left out: ${reason}`);
    return { inbound: [] };
  }
}

function takeIn(c: Context<Door>, inbound: Inbound, line: Line): Promise<Intake> {
  const ports = { directory: directoryOf(c.env), session: (key: string) => sessionOf(c.env, key) };
  const wanted = { isNotice: inbound.kind === "notice", accountVersion: line.account.version };
  return intake(ports, inbound.message, {}, wanted);
}

/** The account was changed or taken away while its keys were remembered here. What is stored already is known by its id. */
async function proveAgain(c: Context<Door>, channel: Channel, line: Line, post: Post, proofs: number): Promise<Response> {
  if (proofs >= MOST_PROOFS) return refuse(c, 503, "UNAVAILABLE", "The channel is being changed; send it again in a moment.");
  const renewed = await openLine(c.env, channel.id, line.account.account, 0);
  if (!renewed) return refuseAddress(c);
  if ((await channel.prove(post, renewed)).ok) return answerPost(c, channel, renewed, post, proofs + 1);
  return refuseProof(c);
}

function refuseAddress(c: Context<Door>): Response {
  return refuse(c, 404, "NOT_FOUND", "There is nothing at this address.");
}

function refuseProof(c: Context<Door>): Response {
  return refuse(c, 401, "UNAUTHORIZED", "The request does not prove that it comes from the platform.");
}

/** What a stranger is told, and where. */
function greetingOf(heard: Intake, inbound: Inbound | undefined) {
  if (heard.outcome !== "pair" || heard.reply === undefined || !inbound) return [];
  return [{ reply: heard.reply, to: inbound.message.from, id: `pair:${inbound.message.id}` }];
}

/** The line on which the proof holds; keys that were changed a moment ago are asked for once more. */
async function prove(c: Context<Door>, channel: Channel, line: Line, post: Post): Promise<Line | undefined> {
  const first = await channel.prove(post, line);
  if (first.ok) return line;
  const { channel: id, account, version } = line.account;
  const renewed = await openLine(c.env, id, account, ASK_AGAIN_MS);
  if (renewed && renewed.account.version !== version && (await channel.prove(post, renewed)).ok) return renewed;
  tellTrouble(c, id, account, `A request did not prove that it comes from the platform: ${first.reason}`);
  return undefined;
}

/** The channel's health says so, once a minute at most: anybody can send such requests. */
function tellTrouble(c: Context<Door>, channel: string, account: string, text: string): void {
  const now = Date.now();
  const name = `${channel}/${account}`;
  if (now - (toldAt.get(name) ?? 0) < SAY_TROUBLE_EVERY_MS) return;
  toldAt.set(name, now);
  console.warn(`${name}: ${text}`);
  const told = directoryOf(c.env).noteChannel({ channel, account, at: now, note: { kind: "error", text } });
  c.executionCtx.waitUntil(told.catch(() => undefined));
}

/** The request with its body, unless that is longer than `max`: then it is not read to its end. */
async function readPost(c: Context<Door>, max: number): Promise<Post | undefined> {
  if (Number(c.req.header("content-length") ?? 0) > max) return undefined;
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.length;
    if (size > max) return undefined;
    chunks.push(chunk);
  }
  const body = new Uint8Array(await new Blob(chunks).arrayBuffer());
  return {
    method: c.req.method,
    url: new URL(c.req.url),
    headers: c.req.raw.headers,
    body,
    text: new TextDecoder().decode(body),
  };
}
