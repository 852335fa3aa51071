// Who may speak as Slack: whoever signs with the app's secret, now, for our workspace. Everybody else is told nothing.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import {
  eventPost,
  NOW,
  pressPost,
  recorded,
  type SlackServer,
  signatureOf,
  slackLine,
  slackPost,
  slashPost,
  startSlack,
} from "../../../support/slack.ts";

let server: SlackServer;
beforeAll(async () => {
  server = await startSlack();
});
afterAll(() => server.stop());

const body = JSON.stringify(recorded("message-direct"));
const stamp = String(NOW / 1000);

describe("a request of Slack's", () => {
  it.each([
    ["an event", () => eventPost("message-direct")],
    ["a press", () => pressPost("block-actions")],
    ["a slash command", () => slashPost("slash-text")],
    ["the check of the address", () => eventPost("url-verification")],
    ["an event of a channel shared with another organisation", () => eventPost("message-shared-channel")],
    ["one that took four minutes", () => slackPost(body, {}, NOW - 240_000)],
    ["one of a clock that is ahead", () => slackPost(body, {}, NOW + 240_000)],
  ])("is taken: %s", async (_name, post) => {
    expect(await slack.prove(post(), slackLine(server.base))).toEqual({ ok: true });
  });

  it("is checked byte by byte, also where the bytes are no text", async () => {
    const bytes = Uint8Array.from([0x7b, 0xff, 0xfe, 0x7d]);
    const post = { ...slackPost("x"), body: bytes, text: new TextDecoder().decode(bytes) };
    post.headers.set("x-slack-signature", signatureOf(bytes, stamp));
    expect(await slack.prove(post, slackLine(server.base))).toEqual({ ok: true });
    post.headers.set("x-slack-signature", signatureOf(post.text, stamp));
    expect((await slack.prove(post, slackLine(server.base))).ok).toBe(false);
  });
});

describe("a request that is not Slack's", () => {
  it.each([
    ["without a signature", { "x-slack-signature": "" }],
    ["with the signature of another body", { "x-slack-signature": signatureOf(`${body} `, stamp) }],
    ["with another app's secret", { "x-slack-signature": signatureOf(body, stamp, "another secret") }],
    ["with an empty secret's signature", { "x-slack-signature": signatureOf(body, stamp, " ") }],
    ["signed for another time", { "x-slack-request-timestamp": String(NOW / 1000 + 1) }],
    ["with another version", { "x-slack-signature": signatureOf(body, stamp).replace("v0=", "v1=") }],
    ["with a short signature", { "x-slack-signature": signatureOf(body, stamp).slice(0, -1) }],
    ["with a long signature", { "x-slack-signature": `${signatureOf(body, stamp)}0` }],
    ["with a signature in capitals", { "x-slack-signature": signatureOf(body, stamp).toUpperCase() }],
    ["with a signature of other characters", { "x-slack-signature": `v0=${"g".repeat(64)}` }],
    ["with no time", { "x-slack-request-timestamp": "" }],
    ["with a time that is no number", { "x-slack-request-timestamp": "now", "x-slack-signature": signatureOf(body, "now") }],
    ["with a negative time", { "x-slack-request-timestamp": "-1", "x-slack-signature": signatureOf(body, "-1") }],
    ["with a time in hex", { "x-slack-request-timestamp": "0x1", "x-slack-signature": signatureOf(body, "0x1") }],
    ["with two times", { "x-slack-request-timestamp": `${stamp}, ${stamp}` }],
  ])("is refused %s", async (_name, headers) => {
    const proof = await slack.prove(slackPost(body, headers), slackLine(server.base));
    expect(proof).toEqual({ ok: false, reason: expect.stringMatching(/\w/) });
  });

  it("is refused when it is replayed after five minutes, and when it comes from the future", async () => {
    for (const at of [NOW - 301_000, NOW + 301_000, 0]) {
      expect(await slack.prove(slackPost(body, {}, at), slackLine(server.base))).toEqual({
        ok: false,
        reason: "it was signed too long ago",
      });
    }
  });

  it("is refused when both headers are missing, or it is no POST", async () => {
    const post = slackPost(body);
    expect((await slack.prove({ ...post, headers: new Headers() }, slackLine(server.base))).ok).toBe(false);
    expect((await slack.prove({ ...post, method: "GET" }, slackLine(server.base))).ok).toBe(false);
  });

  it("is refused when there is no signing secret, even if it is signed with none", async () => {
    const line = slackLine(server.base, {}, { SLACK_SIGNING_SECRET: "" });
    expect((await slack.prove(slackPost(body), line)).ok).toBe(false);
  });

  it("is refused when it comes from another workspace, though the app is the same", async () => {
    const posts = [
      eventPost("message-other-workspace"),
      slashPost("slash-text", { team_id: "T0EVIL" }),
      slackPost(
        new URLSearchParams({
          payload: JSON.stringify({ ...recorded("block-actions"), team: { id: "T0EVIL" } }),
        }).toString(),
        { "content-type": "application/x-www-form-urlencoded" },
      ),
    ];
    for (const post of posts) {
      expect(await slack.prove(post, slackLine(server.base))).toEqual({
        ok: false,
        reason: "it comes from another workspace, T0EVIL",
      });
    }
  });

  it("never makes the check throw, whatever it brings", async () => {
    const bodies = ["", "null", "[]", "7", '"x"', "{", "payload=", "payload=%7B", "command=", "\u0000", '{"authorizations":7}'];
    for (const text of bodies) {
      for (const type of ["application/json", "application/x-www-form-urlencoded", "text/plain", ""]) {
        const signed = slackPost(text, { "content-type": type });
        const unsigned = slackPost(text, { "content-type": type, "x-slack-signature": "v0=" });
        await expect(slack.prove(signed, slackLine(server.base))).resolves.toHaveProperty("ok");
        expect((await slack.prove(unsigned, slackLine(server.base))).ok).toBe(false);
      }
    }
  });
});

describe("a request that cannot be read", () => {
  it.each(["", "{", "null", "7"])("is told so: %j", async (text) => {
    await expect(slack.translate(slackPost(text), slackLine(server.base))).rejects.toThrow(SyntaxError);
  });

  it("is asked for again when Slack does not say who we are", async () => {
    const down = slackLine("http://127.0.0.1:9/api");
    expect(await slack.prove(eventPost("message-direct"), down)).toEqual({ ok: true });
    await expect(slack.translate(eventPost("message-direct"), down)).rejects.toMatchObject({ data: { code: "UNAVAILABLE" } });
  });

  it("is asked for again when the token is no longer good, and says why", async () => {
    const refusing = await startSlack({ "auth.test": () => ({ ok: false, error: "token_revoked" }) });
    try {
      await expect(slack.translate(eventPost("message-direct"), slackLine(refusing.base))).rejects.toThrow(/token_revoked/);
    } finally {
      await refusing.stop();
    }
  });
});

it("answers the check of the address with its challenge, without asking Slack anything", async () => {
  const line = slackLine("http://127.0.0.1:9/api");
  const { inbound, reply } = await slack.translate(eventPost("url-verification"), line);
  expect(inbound).toEqual([]);
  expect(await reply?.([]).text()).toBe(recorded("url-verification")["challenge"]);
});
