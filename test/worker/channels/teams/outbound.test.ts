// What goes out to Teams, request by request: a real token endpoint, and a server in the connector's place.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeliveryAct, OutboxItem } from "../../../../src/contract/channels/delivery.ts";
import { type Address, textOf } from "../../../../src/contract/message.ts";
import type { Line } from "../../../../src/worker/channels/channel.ts";
import { teams } from "../../../../src/worker/channels/teams/teams.ts";
import activities from "../../../fixtures/channels/teams/activities.json" with { type: "json" };
import { lineTo, postOf } from "../../../support/channels/platform-line.ts";
import { type PlatformServer, startPlatform } from "../../../support/channels/platform-server.ts";
import { startIssuer, type TokenIssuer } from "../../../support/channels/token-issuer.ts";

const TENANT = "11111111-2222-3333-4444-555555555555";
const PERSONAL: Address = { channel: "teams", peer: "a:1PersonalTalkId", kind: "direct" };
const GROUP: Address = { channel: "teams", peer: "19:groupchat01@thread.v2", kind: "group" };
const POST: Address = { channel: "teams", peer: "19:channel01@thread.tacv2", kind: "group", thread: "1763630000000" };
const PICTURE = new Uint8Array([137, 80, 78, 71]);

let issuer: TokenIssuer;
let connector: PlatformServer;
/** Every address that was asked for, even those that no server of ours stands for. */
let reached: string[] = [];
let stored: { url: string; init: RequestInit | undefined }[] = [];
let line: Line;
let apps = 0;
let now = 0;

beforeAll(async () => {
  // Microsoft's token endpoint has the tenant in its path; the issuer's is /token.
  issuer = await startIssuer();
  connector = await startPlatform(({ method }) =>
    method === "POST" ? { status: 201, body: { id: "1763639999999" } } : { body: { id: "x" } },
  );
});
afterAll(async () => {
  await Promise.all([issuer.close(), connector.close()]);
});
beforeEach(() => {
  apps += 1;
  now = 1_763_640_000_000;
  reached = [];
  stored = [];
  connector.asked.length = 0;
  issuer.traded.length = 0;
  line = lineTo({
    channel: "teams",
    base: connector.url,
    keys: { TEAMS_APP_ID: `app-${apps}`, TEAMS_APP_PASSWORD: "secret", TEAMS_TENANT_ID: TENANT },
    variables: { TEAMS_LOGIN_URL: "https://login.microsoftonline.com" },
    now: () => now,
    files: { "media/boat": PICTURE, "media/notes": new Uint8Array([1, 2, 3]) },
    fetch: reach,
  });
});

/** Microsoft's names lead to the servers here; the file store answers by itself. */
const reach: typeof fetch = async (input, init) => {
  const url = String(input);
  reached.push(url);
  if (url === `https://login.microsoftonline.com/${TENANT}/oauth2/v2.0/token`) return fetch(`${issuer.url}/token`, init);
  if (url.startsWith("https://smba.trafficmanager.net/"))
    return fetch(url.replace("https://smba.trafficmanager.net", connector.url), init);
  if (url.includes(".sharepoint.com/")) {
    stored.push({ url, init });
    return new Response(new Uint8Array([7, 8]), { status: 200 });
  }
  return fetch(url, init);
};

function itemOf(act: DeliveryAct, to: Address): OutboxItem {
  return { id: "out_1", sessionKey: "s", agentId: "main", runId: "r", to, act, part: 0 };
}
const deliver = (act: DeliveryAct, to: Address = GROUP) => teams.deliver(itemOf(act, to), line);
const refusal = (status: number, message = "said no") => ({ status, body: { error: { code: "X", message } } });
const last = () => connector.asked.at(-1);
const bodies = () => connector.asked.map(({ json }) => json as Record<string, unknown>);

describe("as its app", () => {
  it("asks its tenant for an access token, once", async () => {
    await deliver({ type: "text", text: "one" });
    await deliver({ type: "text", text: "two" });
    expect(issuer.traded).toEqual([
      {
        grant_type: "client_credentials",
        client_id: `app-${apps}`,
        client_secret: "secret",
        scope: "https://api.botframework.com/.default",
      },
    ]);
    expect(connector.asked.map(({ headers }) => headers.authorization?.slice(0, 9))).toEqual(["Bearer ey", "Bearer ey"]);
  });

  it("answers by the service that the place was heard by, when it is Microsoft's", async () => {
    await deliver({ type: "text", text: "x" }, { ...GROUP, route: { serviceUrl: "https://smba.trafficmanager.net/emea/t1/" } });
    expect(reached.at(-1)).toBe(
      `https://smba.trafficmanager.net/emea/t1/v3/conversations/${encodeURIComponent(GROUP.peer)}/activities`,
    );
  });

  it.each([
    "https://evil.example/",
    "https://evil.trafficmanager.net/",
    "https://smba.trafficmanager.net.evil.example/",
    "https://smba.trafficmanager.net:8443/",
    "http://smba.trafficmanager.net/",
    "https://user:pass@smba.trafficmanager.net/",
    "https://evil.example/?x=.botframework.com",
    "http://169.254.169.254/latest/",
    "file:///etc/passwd",
    "no address",
  ])("never takes its token to %s", async (serviceUrl) => {
    expect((await deliver({ type: "text", text: "x" }, { ...GROUP, route: { serviceUrl } })).outcome).toBe("sent");
    expect(reached.at(-1)?.startsWith(`${connector.url}/v3/conversations/`)).toBe(true);
    expect(reached).toHaveLength(2);
  });
});

describe("text", () => {
  it("is a message with tags", async () => {
    expect(await deliver({ type: "text", text: "**Hello** <at>you</at>" })).toEqual({
      outcome: "sent",
      platformId: "1763639999999",
    });
    expect(last()).toMatchObject({
      method: "POST",
      path: `/v3/conversations/${encodeURIComponent(GROUP.peer)}/activities`,
      json: {
        type: "message",
        text: "<strong>Hello</strong> &lt;at&gt;you&lt;/at&gt;",
        textFormat: "xml",
        from: { id: `28:app-${apps}` },
        conversation: { id: GROUP.peer },
      },
    });
    expect(last()?.json).not.toHaveProperty("entities");
  });

  it("goes into its post in a channel, and may hang on a message", async () => {
    await deliver({ type: "text", text: "x", replyTo: "1763630300000" }, POST);
    expect(decodeURIComponent(last()?.path ?? "")).toBe(
      "/v3/conversations/19:channel01@thread.tacv2;messageid=1763630000000/activities/1763630300000",
    );
    expect(last()?.json).toMatchObject({ replyToId: "1763630300000" });
  });

  it("has its buttons on a card, each with its value", async () => {
    await deliver({ type: "text", text: "Shall I?", buttons: [[{ label: "Yes", value: "do it" }]] });
    expect(last()?.json).toMatchObject({
      attachments: [
        {
          contentType: "application/vnd.microsoft.card.adaptive",
          content: {
            type: "AdaptiveCard",
            body: [{ type: "ActionSet", actions: [{ type: "Action.Submit", title: "Yes", data: { skerry: "do it" } }] }],
          },
        },
      ],
    });
  });

  it("goes as plain words when Teams cannot read the tags or the card", async () => {
    connector.next(refusal(400, "Bad format"));
    await deliver({ type: "text", text: "**Hello**", buttons: [[{ label: "Yes", value: "y" }]] });
    expect(last()?.json).toMatchObject({ type: "message", text: "Hello\n• Yes", textFormat: "plain" });
  });
});

describe("a growing answer", () => {
  it("is a stream in a personal chat: numbers that rise, the whole text so far, an end", async () => {
    const begun = await deliver({ type: "draft", text: "I am **loo" }, PERSONAL);
    expect(begun).toEqual({ outcome: "sent", platformId: "stream:1763640000000:1763639999999" });
    const message = "stream:1763640000000:1763639999999";
    now += 1500;
    connector.next({ status: 202, body: {} });
    expect(await deliver({ type: "draft", text: "I am **looking**", message }, PERSONAL)).toEqual({
      outcome: "sent",
      platformId: message,
    });
    now += 1500;
    connector.next({ status: 202, body: {} });
    await deliver({ type: "draft", text: "I am **looking** it up", message }, PERSONAL);
    connector.next({ status: 202, body: {} });
    const done = await deliver({ type: "text", text: "Here: **it**", replaces: message }, PERSONAL);
    expect(done).toEqual({ outcome: "sent", platformId: "1763639999999" });
    const streamId = "1763639999999";
    expect(bodies()).toMatchObject([
      { type: "typing", text: "I am **loo", entities: [{ type: "streaminfo", streamType: "streaming", streamSequence: 1 }] },
      { type: "typing", text: "I am looking", entities: [{ streamId, streamType: "streaming", streamSequence: 17 }] },
      { type: "typing", channelData: { streamId, streamSequence: 32 } },
      { type: "message", text: "Here: <strong>it</strong>", entities: [{ type: "streaminfo", streamId, streamType: "final" }] },
    ]);
    expect(bodies()[3]?.["channelData"]).toEqual({ streamId, streamType: "final" });
  });

  it("that takes longer than Teams streams goes on as a message that is changed", async () => {
    const message = "stream:1763640000000:77";
    now += 130_000;
    connector.next(refusal(403, "Content stream finished due to exceeded streaming time."));
    expect(await deliver({ type: "draft", text: "still", message }, PERSONAL)).toEqual({ outcome: "sent", platformId: message });
    connector.next(refusal(403, "Content stream is not allowed on an already completed streamed message"));
    expect(await deliver({ type: "text", text: "done", replaces: message }, PERSONAL)).toEqual({
      outcome: "sent",
      platformId: "77",
    });
    expect(connector.asked.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`)).toEqual([
      "POST activities",
      "PUT 77",
      "POST activities",
      "PUT 77",
    ]);
  });

  it("is a message that is changed where streams are not allowed, and in groups", async () => {
    connector.next(refusal(403, "Content stream is not allowed"));
    expect(await deliver({ type: "draft", text: "a" }, PERSONAL)).toEqual({ outcome: "sent", platformId: "1763639999999" });
    expect(last()?.json).toMatchObject({ type: "message", text: "a" });
    await deliver({ type: "draft", text: "a" }, GROUP);
    expect(last()?.json).toMatchObject({ type: "message" });
    await deliver({ type: "draft", text: "ab", message: "1763639999999" }, GROUP);
    expect(last()).toMatchObject({ method: "PUT", json: { text: "ab", id: "1763639999999" } });
  });

  it("gives way to the answer, which comes as a message of its own when the draft is gone", async () => {
    connector.next(refusal(404, "Activity not found"));
    expect(await deliver({ type: "text", text: "done", replaces: "1763631111111" })).toEqual({
      outcome: "sent",
      platformId: "1763639999999",
    });
    expect(connector.asked.map(({ method }) => method)).toEqual(["PUT", "POST"]);
  });
});

describe("the other acts", () => {
  it("edit and delete, streamed ones too, and what is gone is deleted", async () => {
    await deliver({ type: "edit", message: "stream:1:77", text: "new" });
    connector.next(refusal(404));
    expect(await deliver({ type: "delete", message: "stream:1:77" })).toEqual({ outcome: "sent" });
    expect(connector.asked.map(({ method, path }) => `${method} ${path.split("/").at(-1)}`)).toEqual(["PUT 77", "DELETE 77"]);
  });

  it("show that it is writing", async () => {
    expect((await deliver({ type: "typing" })).outcome).toBe("sent");
    expect(last()?.json).toMatchObject({ type: "typing" });
  });

  it("open a thread as a post in a channel, and nowhere else", async () => {
    expect(await deliver({ type: "thread", name: "Plans" }, POST)).toEqual({ outcome: "sent", platformId: "1763639999999" });
    expect(decodeURIComponent(last()?.path ?? "")).toBe("/v3/conversations/19:channel01@thread.tacv2/activities");
    expect(await deliver({ type: "thread", name: "Plans" })).toMatchObject({ outcome: "refused" });
  });

  it.each<DeliveryAct>([
    { type: "poll", question: "?", options: ["a", "b"] },
    { type: "react", message: "1", emoji: "👍" },
    { type: "pin", message: "1", isPinned: true },
  ])("that Teams lets no bot do are refused in a sentence: $type", async (act) => {
    expect(await deliver(act)).toEqual({ outcome: "refused", reason: expect.stringMatching(/^Teams .*\.$/) });
  });

  it("never leave the conversation: names that lead elsewhere are refused or quoted", async () => {
    for (const peer of ["", ".", ".."])
      expect((await deliver({ type: "text", text: "x" }, { ...GROUP, peer })).outcome).toBe("refused");
    for (const message of ["../../x", "a/b", "x?y", ""])
      expect((await deliver({ type: "edit", message, text: "x" })).outcome).toBe("refused");
    expect(connector.asked).toEqual([]);
    await deliver({ type: "text", text: "x" }, { ...GROUP, peer: "../../v3/attachments" });
    expect(last()?.path).toBe("/v3/conversations/..%2F..%2Fv3%2Fattachments/activities");
  });
});

describe("what became of it", () => {
  it.each([
    [403, "refused"],
    [404, "refused"],
    [412, "unanswered"],
    [413, "refused"],
    [429, "unanswered"],
    [502, "unanswered"],
    [504, "unknown"],
  ])("%i is %s", async (status, outcome) => {
    connector.next(refusal(status));
    expect((await deliver({ type: "text", text: "x" })).outcome).toBe(outcome);
  });

  it("a send that broke off may have happened; a change is simply made again", async () => {
    connector.next({ isBroken: true });
    expect((await deliver({ type: "text", text: "x" })).outcome).toBe("unknown");
    connector.next({ isBroken: true });
    expect((await deliver({ type: "edit", message: "1", text: "x" })).outcome).toBe("unanswered");
  });

  it("waits as long as Teams asks", async () => {
    connector.next({ ...refusal(429), headers: { "retry-after": "3" } });
    expect(await deliver({ type: "text", text: "x" })).toMatchObject({ retryAfterMs: 3000 });
  });
});

describe("files", () => {
  const picture = { key: "media/boat", type: "image/png", size: 4, name: "boat.png" };
  const notes = { key: "media/notes", type: "application/pdf", size: 3, name: "notes.pdf" };

  it("that are small pictures stand in the message", async () => {
    await deliver({ type: "media", media: [picture], caption: "Look" });
    const url = `data:image/png;base64,${btoa(String.fromCharCode(...PICTURE))}`;
    expect(last()?.json).toMatchObject({
      text: "Look",
      attachments: [{ contentType: "image/png", name: "boat.png", contentUrl: url }],
    });
  });

  it("of other kinds cannot be sent to groups, and what is gone cannot be sent at all", async () => {
    expect(await deliver({ type: "media", media: [notes] })).toMatchObject({
      outcome: "refused",
      reason: expect.stringMatching(/personal chats/),
    });
    expect(await deliver({ type: "media", media: [{ ...picture, key: "gone" }] })).toMatchObject({
      reason: expect.stringMatching(/no longer stored/),
    });
    expect(connector.asked).toEqual([]);
  });

  async function offered() {
    await deliver({ type: "media", media: [notes], caption: "Your notes" }, PERSONAL);
    const [card] = (bodies().at(-1)?.["attachments"] ?? []) as { contentType: string; content: Record<string, unknown> }[];
    if (!card) throw new Error("nothing was offered");
    return card;
  }
  const answerOf = (action: string, context: unknown, uploadUrl = "https://ann-my.sharepoint.com/upload?x=1") => ({
    ...activities.personal,
    type: "invoke",
    name: "fileConsent/invoke",
    value: {
      type: "fileUpload",
      action,
      context,
      uploadInfo: {
        uploadUrl,
        contentUrl: "https://ann-my.sharepoint.com/notes.pdf",
        name: "notes.pdf",
        uniqueId: "U1",
        fileType: "pdf",
      },
    },
  });
  const hear = async (activity: unknown) => {
    const { inbound, reply } = await teams.translate(postOf(activity), line);
    expect(reply).toBeUndefined();
    return inbound.map(({ kind, message }) => [kind, textOf(message.parts)]);
  };

  it("are offered in a personal chat, handed over when they are taken, and shown", async () => {
    const card = await offered();
    expect(card).toMatchObject({
      contentType: "application/vnd.microsoft.teams.card.file.consent",
      content: { description: "Your notes", sizeInBytes: 3 },
    });
    expect(await hear(answerOf("accept", card.content["acceptContext"]))).toEqual([
      ["notice", "[Ann Example took the file notes.pdf]"],
    ]);
    expect(stored).toHaveLength(1);
    expect(stored[0]?.init).toMatchObject({
      method: "PUT",
      headers: { "content-range": "bytes 0-2/3" },
      body: new Uint8Array([1, 2, 3]),
    });
    expect(last()?.json).toMatchObject({
      attachments: [{ contentType: "application/vnd.microsoft.teams.card.file.info", content: { uniqueId: "U1" } }],
    });
  });

  it("are not handed over when they are declined", async () => {
    const card = await offered();
    expect(await hear(answerOf("decline", card.content["declineContext"]))).toEqual([
      ["notice", "[Ann Example declined the file notes.pdf]"],
    ]);
    expect(stored).toEqual([]);
  });

  it("that were never offered, or to somebody else, are not handed over", async () => {
    const card = await offered();
    const context = card.content["acceptContext"] as { key: string; name: string; signature: string };
    const tries = [
      answerOf("accept", { ...context, key: "media/boat" }),
      answerOf("accept", { ...context, signature: "" }),
      { ...answerOf("accept", context), conversation: { ...activities.personal.conversation, id: "a:1Mallory" } },
    ];
    for (const one of tries) expect(await hear(one)).toEqual([["notice", expect.stringContaining("could not be given")]]);
    expect(stored).toEqual([]);
  });

  it.each([
    "https://evil.example/upload",
    "http://ann-my.sharepoint.com/x",
    "https://sharepoint.com.evil.example/x",
    "http://127.0.0.1:9/",
  ])("never go to %s", async (address) => {
    const card = await offered();
    const before = reached.length;
    expect(await hear(answerOf("accept", card.content["acceptContext"], address))).toEqual([
      ["notice", expect.stringContaining("could not be given")],
    ]);
    expect(reached).toHaveLength(before);
  });

  it("are fetched from the connector with the token, from the file store without", async () => {
    connector.next({ body: new Uint8Array([5]) });
    expect(
      await teams.fetchMedia?.({ handle: `${connector.url}/v3/attachments/1/views/original`, kind: "image" }, line),
    ).toMatchObject({ ok: true });
    expect(last()?.headers.authorization).toMatch(/^Bearer /);
    const fetched = await teams.fetchMedia?.({ handle: "https://ann-my.sharepoint.com/x?tempauth=1", kind: "file" }, line);
    expect(fetched).toEqual({ ok: true, value: { bytes: new Uint8Array([7, 8]) } });
    expect(new Headers(stored[0]?.init?.headers).has("authorization")).toBe(false);
  });

  it.each(["https://evil.example/x", "http://127.0.0.1:9/x", "file:///etc/passwd", "data:text/plain,x", ""])(
    "are not fetched from %s",
    async (handle) => {
      expect(await teams.fetchMedia?.({ handle, kind: "file" }, line)).toMatchObject({
        ok: false,
        error: { code: "INVALID_REQUEST" },
      });
      expect(reached).toEqual([]);
    },
  );
});

describe("setting up", () => {
  it("tries the id and the secret, and says the rest with the address to paste", async () => {
    const address = "https://skerry.example/channels/teams";
    const steps = (await teams.connect?.(address, line)) ?? [];
    expect(steps[0]).toEqual({ state: "done", text: `The app's id and secret work: app app-${apps} of the tenant ${TENANT}.` });
    expect(steps.slice(1).every(({ state }) => state === "by-hand")).toBe(true);
    expect(steps[1]?.text).toContain(address);
  });

  it("says what to compare when Microsoft says no, and tells it from nobody answering", async () => {
    const login = await startPlatform(() => ({
      status: 401,
      body: { error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret provided." },
    }));
    const wrong = { ...line, variables: { TEAMS_LOGIN_URL: login.url } };
    expect(await teams.probe(wrong)).toEqual({
      ok: false,
      error: {
        code: "FORBIDDEN",
        message: expect.stringMatching(/AADSTS7000215.*compare the app's id, its secret and the tenant/),
      },
    });
    await login.close();
    expect(await teams.probe({ ...line, variables: { TEAMS_LOGIN_URL: "http://127.0.0.1:9" } })).toMatchObject({
      error: { code: "UNAVAILABLE" },
    });
  });
});
