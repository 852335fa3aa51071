// Keys that are tried, files that are fetched, messages that are read back; and the manifest that people paste.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { Address, RemoteMedia } from "../../../../src/contract/message.ts";
import { SCOPES } from "../../../../src/worker/channels/slack/setup.ts";
import { slack } from "../../../../src/worker/channels/slack/slack.ts";
import { type Play, type SlackServer, slackLine, startSlack } from "../../../support/slack.ts";

let server: SlackServer;
let line: ReturnType<typeof slackLine>;
beforeEach(async () => {
  server = await startSlack();
  line = slackLine(server.base);
});
afterEach(() => server.stop());

describe("probe", () => {
  it("names the bot and its workspace", async () => {
    expect(await slack.probe(line)).toEqual({ ok: true, value: "@skerry of home.slack.com." });
  });

  it("names the scopes that the token lacks", async () => {
    const usual = JSON.stringify({
      ok: true,
      url: "https://home.slack.com/",
      user: "skerry",
      team_id: "T0HOME",
      user_id: "U0BOT",
    });
    const scopes = SCOPES.filter((scope) => scope !== "files:read").join(",");
    server.play = { "auth.test": () => ({ status: 200, headers: { "x-oauth-scopes": scopes }, body: usual }) };
    expect(await slack.probe(line)).toMatchObject({ ok: true, value: expect.stringMatching(/lacks the scopes files:read: /) });
  });

  it.each<[string, Play[string] | undefined, string]>([
    ["a token that Slack does not know", () => ({ ok: false, error: "invalid_auth" }), "FORBIDDEN"],
    ["a service that is down", () => ({ status: 503 }), "UNAVAILABLE"],
    ["too many requests", () => ({ status: 429, headers: { "retry-after": "9" } }), "UNAVAILABLE"],
    ["an answer that is none", () => ({ status: 200, body: "<html>" }), "UNAVAILABLE"],
    ["an address that is not Slack's", () => ({ status: 404 }), "INVALID_REQUEST"],
  ])("of %s", async (_name, answer, code) => {
    server.play = answer ? { "auth.test": answer } : {};
    expect(await slack.probe(line)).toMatchObject({ ok: false, error: { code } });
  });

  it("of nobody", async () => {
    expect(await slack.probe(slackLine("http://127.0.0.1:9/api"))).toMatchObject({ ok: false, error: { code: "UNAVAILABLE" } });
  });
});

describe("connect", () => {
  it("tries the keys and says what is to be done by hand, with the address", async () => {
    const steps = await slack.connect?.("https://skerry.example/channels/slack", line);
    expect(steps?.map(({ state }) => state)).toEqual(["done", "by-hand", "by-hand"]);
    expect(steps?.[1]?.text).toContain("https://skerry.example/channels/slack");
  });

  it("says that Slack does not reach this machine", async () => {
    const steps = await slack.connect?.("http://127.0.0.1:18789/channels/slack", line);
    expect(steps?.some(({ state, text }) => state === "failed" && text.includes("cannot reach"))).toBe(true);
  });

  it("says what is wrong with the keys", async () => {
    server.play = { "auth.test": () => ({ ok: false, error: "invalid_auth" }) };
    const [first] = (await slack.connect?.("https://skerry.example/channels/slack", line)) ?? [];
    expect(first).toEqual({ state: "failed", text: expect.stringContaining("skerry channels add slack") });
  });

  it("is undone by hand", async () => {
    expect(await slack.disconnect?.(line)).toMatchObject([{ state: "by-hand" }]);
  });
});

describe("fetchMedia", () => {
  const remote: RemoteMedia = { handle: "F0PIC", kind: "image" };
  const file = (more: object) => () => ({ ok: true, file: { id: "F0PIC", name: "boat.png", mimetype: "image/png", ...more } });
  const here = () => `${server.base.replace("/api", "")}/files-pri/F0PIC`;

  it("brings the file, with the token and byte by byte", async () => {
    server.play = {
      "files.info": file({ url_private_download: here() }),
      "files-pri/F0PIC": () => ({ status: 200, headers: { "content-type": "image/png" }, body: "\u0089PNG" }),
    };
    const fetched = await slack.fetchMedia?.(remote, line);
    expect(fetched).toMatchObject({ ok: true, value: { name: "boat.png" } });
    expect(fetched?.ok && new TextDecoder().decode(fetched.value.bytes)).toBe("\u0089PNG");
    expect(server.asked.at(-1)?.authorization).toBe(`Bearer ${line.account.keys["SLACK_BOT_TOKEN"]}`);
  });

  it.each([
    "https://docs.google.com/d/1",
    "https://evil.example/files.slack.com",
    "http://files.slack.com/x",
    "file:///etc/passwd",
    "no address",
  ])("takes the token nowhere but to Slack: %s", async (address) => {
    const reached: string[] = [];
    line = slackLine(server.base, {
      fetch: (input, init) => {
        reached.push(String(input));
        return fetch(input, init);
      },
    });
    server.play = { "files.info": file({ url_private: address }) };
    expect(await slack.fetchMedia?.(remote, line)).toMatchObject({ ok: false, error: { code: "NOT_FOUND" } });
    expect(reached).toEqual([`${server.base}/files.info`]);
  });

  it.each<[string, Play[string], string]>([
    ["a page for logging in", () => ({ status: 200, headers: { "content-type": "text/html" }, body: "<html>" }), "FORBIDDEN"],
    ["a way to it", () => ({ status: 302, headers: { location: "https://home.slack.com/" } }), "FORBIDDEN"],
    ["nothing", () => ({ status: 503 }), "UNAVAILABLE"],
  ])("says so when Slack hands out %s", async (_name, answer, code) => {
    server.play = { "files.info": file({ url_private: here() }), "files-pri/F0PIC": answer };
    expect(await slack.fetchMedia?.(remote, line)).toMatchObject({ ok: false, error: { code } });
  });

  it("says why Slack does not know the file", async () => {
    server.play = { "files.info": () => ({ ok: false, error: "file_deleted" }) };
    await expect(slack.fetchMedia?.(remote, line)).rejects.toMatchObject({ data: { code: "NOT_FOUND" } });
    server.play = { "files.info": () => ({ status: 503 }) };
    await expect(slack.fetchMedia?.(remote, line)).rejects.toMatchObject({ data: { code: "UNAVAILABLE" } });
  });
});

describe("read", () => {
  const place: Address = { channel: "slack", peer: "C0TOWN", kind: "group" };
  const said = [
    { type: "message", user: "U0BEN", ts: "3.0", text: "third &amp; last" },
    { type: "message", bot_id: "B0WATCH", username: "Harbour watch", ts: "2.0", text: "second" },
    { type: "message", user: "U0ANN", ts: "1.0", text: "first, <@U0BEN>" },
  ];

  it("brings the latest messages of a channel, oldest first, by name", async () => {
    server.play = { "conversations.history": () => ({ ok: true, messages: said }) };
    expect(await slack.read?.(place, 3, line)).toEqual({
      ok: true,
      value: [
        { platformId: "1.0", author: "Ann", authorId: "U0ANN", text: "first, @Ben", at: 1000 },
        { platformId: "2.0", author: "Harbour watch", authorId: "B0WATCH", isFromBot: true, text: "second", at: 2000 },
        { platformId: "3.0", author: "Ben", authorId: "U0BEN", text: "third & last", at: 3000 },
      ],
    });
  });

  it("brings the message that a thread hangs on, and the latest of it", async () => {
    server.play = { "conversations.replies": () => ({ ok: true, messages: said.toReversed() }) };
    const answer = await slack.read?.({ ...place, thread: "1.0" }, 2, line);
    expect(answer?.ok && answer.value.map(({ platformId }) => platformId)).toEqual(["1.0", "3.0"]);
  });

  it("says why it cannot", async () => {
    server.play = { "conversations.history": () => ({ ok: false, error: "not_in_channel" }) };
    expect(await slack.read?.(place, 2, line)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining("/invite") },
    });
    server.play = { "conversations.history": () => ({ status: 503 }) };
    expect(await slack.read?.(place, 2, line)).toMatchObject({ ok: false, error: { code: "UNAVAILABLE", retryable: true } });
  });
});

describe("the manifest in the docs", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../../docs/channels/slack.md"), "utf8");
  const manifest = parse(/```yaml\n([\s\S]*?)\n *```/.exec(text)?.[1] ?? "");

  it("asks for exactly the scopes that are checked", () => {
    expect(manifest.oauth_config.scopes.bot.toSorted()).toEqual([...SCOPES].toSorted());
  });

  it("sends everything to one address", () => {
    const { event_subscriptions, interactivity } = manifest.settings;
    const [command] = manifest.features.slash_commands;
    const addresses = [event_subscriptions.request_url, interactivity.request_url, command.url];
    expect(new Set(addresses).size).toBe(1);
    expect(addresses[0]).toMatch(/^https:\/\/.*\/channels\/slack$/);
  });
});
