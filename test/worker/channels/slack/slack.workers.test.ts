// The channel in real workerd, with Slack's own client: its requests are such as a Worker may send.
import { describe, expect, it } from "vitest";
import type { Line, Post } from "../../../../src/worker/channels/channel.ts";
import { findChannel } from "../../../../src/worker/channels/list.ts";

const SECRET = "a-signing-secret-for-tests";
const NOW = 1_763_900_100_000;
const asked: { url: string; body: string }[] = [];

const line: Line = {
  account: {
    channel: "slack",
    account: "default",
    isEnabled: true,
    keys: { SLACK_BOT_TOKEN: "xoxb-workerd", SLACK_SIGNING_SECRET: SECRET },
    missing: [],
    mediaMaxMb: 20,
    version: 1,
  },
  base: "https://slack.example/api",
  variables: {},
  // The request is made, so that workerd says what it does not take.
  fetch: async (input, init) => {
    const request = new Request(input, init);
    const method = new URL(request.url).pathname.replace("/api/", "");
    asked.push({ url: request.url, body: new TextDecoder().decode(await request.arrayBuffer()) });
    if (method === "auth.test")
      return Response.json({ ok: true, url: "https://home.slack.com/", user: "skerry", team_id: "T0HOME", user_id: "U0BOT" });
    if (method === "chat.postMessage") return Response.json({ ok: true, ts: "9.9" });
    if (method === "files.getUploadURLExternal")
      return Response.json({ ok: true, file_id: "F1", upload_url: "https://slack.example/put" });
    return Response.json({ ok: true });
  },
  now: () => NOW,
  readMedia: async () => Uint8Array.from([1, 2, 3]),
};

async function post(body: object): Promise<Post> {
  const text = JSON.stringify(body);
  const stamp = String(NOW / 1000);
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", encoder.encode(SECRET), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const code = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(`v0:${stamp}:${text}`)));
  const signature = `v0=${Array.from(code, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  return {
    method: "POST",
    url: new URL("https://skerry.example/channels/slack"),
    headers: new Headers({ "x-slack-request-timestamp": stamp, "x-slack-signature": signature }),
    body: Uint8Array.from(encoder.encode(text)),
    text,
  };
}

describe("Slack in a Worker", () => {
  it("proves, hears and answers", async () => {
    const slack = await findChannel("slack");
    if (!slack) throw new Error("there is no Slack");
    const event = { type: "message", channel: "D0ANN", user: "U0ANN", text: "Hi", ts: "1.1", channel_type: "im" };
    const told = await post({ type: "event_callback", event_id: "Ev1", team_id: "T0HOME", event });
    expect(await slack.prove(told, line)).toEqual({ ok: true });
    const { inbound } = await slack.translate(told, line);
    const to = inbound[0]?.message.from;
    if (!to) throw new Error("nothing was heard");
    const item = { id: "t:0", sessionKey: "s", agentId: "main", runId: "r", part: 0, to };
    expect(await slack.deliver({ ...item, act: { type: "text", text: "**Hi**" } }, line)).toEqual({
      outcome: "sent",
      platformId: "9.9",
    });
    expect(await slack.deliver({ ...item, act: { type: "react", message: "1.1", emoji: "🎉" } }, line)).toEqual({
      outcome: "sent",
    });
    const media = [{ key: "k", type: "image/png", size: 3, name: "dot.png" }];
    expect((await slack.deliver({ ...item, act: { type: "media", media } }, line)).outcome).toBe("sent");
    expect(asked.map(({ url }) => new URL(url).pathname)).toEqual([
      "/api/auth.test",
      "/api/users.info",
      "/api/chat.postMessage",
      "/api/reactions.add",
      "/api/files.getUploadURLExternal",
      "/put",
      "/api/files.completeUploadExternal",
    ]);
    expect(new URLSearchParams(asked[3]?.body).get("name")).toBe("tada");
  });
});
