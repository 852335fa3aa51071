// A Slack to test against: recorded requests, signed as Slack signs them, and the Web API played by a server that writes
// down what it is asked and answers what a test says. What it does not know it refuses as Slack does.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import type { Line, Post } from "../../src/worker/channels/channel.ts";

export const SECRET = "a-signing-secret-for-tests";
export const NOW = 1_763_900_100_000;
const FIXTURES = join(import.meta.dirname, "../fixtures/channels/slack");

export function recorded(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8"));
}

export function signatureOf(body: string | Uint8Array, stamp: number | string, secret = SECRET): string {
  return `v0=${createHmac("sha256", secret).update(`v0:${stamp}:`).update(body).digest("hex")}`;
}

/** A request of Slack's; `headers` go over those it would bring. */
export function slackPost(body: string, headers: Record<string, string> = {}, at = NOW): Post {
  const stamp = String(Math.floor(at / 1000));
  const bytes = new TextEncoder().encode(body);
  return {
    method: "POST",
    url: new URL("https://skerry.example/channels/slack"),
    headers: new Headers({
      "content-type": "application/json",
      "x-slack-request-timestamp": stamp,
      "x-slack-signature": signatureOf(bytes, stamp),
      ...headers,
    }),
    body: Uint8Array.from(bytes),
    text: body,
  };
}

export function eventPost(name: string): Post {
  return slackPost(JSON.stringify(recorded(name)));
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };

export function pressPost(name: string): Post {
  return slackPost(new URLSearchParams({ payload: JSON.stringify(recorded(name)) }).toString(), FORM);
}

export function slashPost(name: string, over: Record<string, string> = {}): Post {
  return slackPost(new URLSearchParams({ ...(recorded(name) as Record<string, string>), ...over }).toString(), FORM);
}

export interface Asked {
  method: string;
  args: Record<string, string>;
  authorization: string | undefined;
  body: Buffer;
}

type Answer = Record<string, unknown> | { status: number; headers?: Record<string, string>; body?: string };
export type Play = Record<string, (args: Record<string, string>, asked: Asked) => Answer>;

const PEOPLE: Record<string, string> = { U0ANN: "Ann", U0BEN: "Ben", U0GUEST: "Gil" };

const USUAL: Play = {
  "auth.test": () => ({
    ok: true,
    url: "https://home.slack.com/",
    team: "Home",
    user: "skerry",
    team_id: "T0HOME",
    user_id: "U0BOT",
    bot_id: "B0BOT",
    is_enterprise_install: false,
  }),
  "users.info": ({ user = "" }) =>
    PEOPLE[user] === undefined
      ? { ok: false, error: "user_not_found" }
      : { ok: true, user: { id: user, name: PEOPLE[user].toLowerCase(), profile: { display_name: PEOPLE[user] } } },
  "conversations.info": ({ channel = "" }) => ({ ok: true, channel: { id: channel, name: channel.slice(2).toLowerCase() } }),
  "conversations.open": ({ users = "" }) => ({ ok: true, channel: { id: `D${users.slice(1)}` } }),
};

export interface SlackServer {
  base: string;
  asked: Asked[];
  /** Of these methods, in order, without what only asks who somebody is. */
  acts(): Asked[];
  play: Play;
  stop(): Promise<void>;
}

/** Answers on 127.0.0.1 until it is stopped. */
export async function startSlack(play: Play = {}): Promise<SlackServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const method = (request.url ?? "").replace(/^\/api\//, "").replace(/^\//, "");
      const isJson = request.headers["content-type"] === "application/json";
      const args = isJson ? JSON.parse(body.toString()) : Object.fromEntries(new URLSearchParams(body.toString()));
      const one = { method, args, authorization: request.headers.authorization, body };
      asked.push(one);
      const answer = (handle.play[method] ?? USUAL[method])?.(args, one) ?? { ok: false, error: "unknown_method" };
      if (typeof answer["status"] === "number") {
        const raw = answer as { status: number; headers?: Record<string, string>; body?: string };
        response.writeHead(raw.status, raw.headers).end(raw.body ?? "");
      } else {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const handle: SlackServer = {
    base: `http://127.0.0.1:${port}/api`,
    asked,
    acts: () => asked.filter(({ method }) => !(method in USUAL)),
    play,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return handle;
}

let count = 0;

/** A line with a token of its own, so that nothing an earlier test learnt is still known. */
export function slackLine(base: string, over: Partial<Line> = {}, keys: Record<string, string> = {}): Line {
  count += 1;
  return {
    account: {
      channel: "slack",
      account: "default",
      isEnabled: true,
      keys: { SLACK_BOT_TOKEN: `xoxb-test-${process.pid}-${count}`, SLACK_SIGNING_SECRET: SECRET, ...keys },
      missing: [],
      mediaMaxMb: 20,
      version: 1,
    },
    base,
    variables: {},
    fetch: (input, init) => fetch(input, init),
    now: () => NOW,
    readMedia: async () => undefined,
    ...over,
  };
}
