// What goes out to Google Chat, request by request: a real token endpoint, and a server that stands in Google's place.
import { generateKeyPairSync } from "node:crypto";
import { importSPKI, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DeliveryAct, OutboxItem } from "../../../../src/contract/channels/delivery.ts";
import type { Address } from "../../../../src/contract/message.ts";
import type { Line } from "../../../../src/worker/channels/channel.ts";
import { googleChat } from "../../../../src/worker/channels/google-chat/google-chat.ts";
import { lineTo } from "../../../support/channels/platform-line.ts";
import { type Asked, type PlatformServer, startPlatform } from "../../../support/channels/platform-server.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const SPACE: Address = { channel: "google-chat", peer: "spaces/AAAAroom01", kind: "group" };
const DIRECT: Address = { channel: "google-chat", peer: "spaces/DMSPACE01", kind: "direct" };
const SENT = { name: "spaces/AAAAroom01/messages/T1.M1", thread: { name: "spaces/AAAAroom01/threads/T1" } };

/** Google's token endpoint. */
let tokens: PlatformServer;
let chat: PlatformServer;
let accounts = 0;
let line: Line;

beforeAll(async () => {
  tokens = await startPlatform(() => ({
    body: { access_token: `token-${tokens.asked.length}`, expires_in: 3599, token_type: "Bearer" },
  }));
  chat = await startPlatform(() => ({ body: SENT }));
});
afterAll(async () => {
  await Promise.all([tokens.close(), chat.close()]);
});
beforeEach(() => {
  accounts += 1;
  chat.asked.length = 0;
  tokens.asked.length = 0;
  line = lineTo({
    channel: "google-chat",
    base: chat.url,
    keys: { GOOGLE_CHAT_SERVICE_ACCOUNT: keyFile(`skerry-${accounts}@example.iam.gserviceaccount.com`) },
    variables: { GOOGLE_TOKEN_URL: `${tokens.url}/token` },
  });
});

function keyFile(email: string): string {
  // A key file names where it wants to be sent; that is not where it goes.
  return JSON.stringify({
    type: "service_account",
    client_email: email,
    private_key: privateKey,
    private_key_id: "k1",
    token_uri: "http://127.0.0.1:9/steal",
  });
}

let items = 0;
function itemOf(act: DeliveryAct, to: Address = SPACE): OutboxItem {
  items += 1;
  return { id: `out_${items}`, sessionKey: "s", agentId: "main", runId: "r", to, act, part: 0 };
}
const deliver = (act: DeliveryAct, to?: Address) => googleChat.deliver(itemOf(act, to), line);
const authorizationOf = ({ headers }: Asked) => headers.authorization;
const refusal = (status: number, message = "said no") => ({ status, body: { error: { code: status, message, status: "X" } } });

describe("as its service account", () => {
  it("trades a signed word for an access token, once an hour", async () => {
    await deliver({ type: "text", text: "one" });
    await deliver({ type: "text", text: "two" });
    expect(tokens.asked).toHaveLength(1);
    const form = new URLSearchParams(tokens.asked[0]?.text);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const { payload, protectedHeader } = await jwtVerify(form.get("assertion") ?? "", await importSPKI(publicKey, "RS256"), {
      issuer: `skerry-${accounts}@example.iam.gserviceaccount.com`,
      audience: `${tokens.url}/token`,
    });
    expect(protectedHeader).toEqual({ alg: "RS256", typ: "JWT", kid: "k1" });
    expect(payload["scope"]).toBe("https://www.googleapis.com/auth/chat.bot");
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect(chat.asked.map(authorizationOf)).toEqual(["Bearer token-1", "Bearer token-1"]);
  });

  it("asks for a new token when Google does not take the one it has", async () => {
    await deliver({ type: "text", text: "one" });
    chat.next(refusal(401, "Request had invalid authentication credentials."));
    expect((await deliver({ type: "text", text: "two" })).outcome).toBe("sent");
    expect(chat.asked.map(authorizationOf)).toEqual(["Bearer token-1", "Bearer token-1", "Bearer token-2"]);
  });

  it("says in words what is wrong with its key, and sends nothing", async () => {
    for (const key of ["", "{}", "no json", JSON.stringify({ client_email: "a@b.c", private_key: "" })]) {
      const broken = { ...line, account: { ...line.account, keys: { GOOGLE_CHAT_SERVICE_ACCOUNT: key } } };
      const outcome = await googleChat.deliver(itemOf({ type: "text", text: "x" }), broken);
      expect(outcome).toEqual({ outcome: "refused", reason: expect.stringMatching(/paste the whole JSON file/) });
    }
    expect(chat.asked).toEqual([]);
  });

  it("tries again later when no token is to be had, and gives up when it is refused", async () => {
    const silent = { ...line, variables: { GOOGLE_TOKEN_URL: "http://127.0.0.1:9/token" } };
    expect((await googleChat.deliver(itemOf({ type: "text", text: "x" }), silent)).outcome).toBe("unanswered");
    const refusing = await startPlatform(() => ({
      status: 400,
      body: { error: "invalid_grant", error_description: "Invalid JWT" },
    }));
    const refused = { ...line, variables: { GOOGLE_TOKEN_URL: refusing.url } };
    const outcome = await googleChat.deliver(itemOf({ type: "text", text: "x" }), refused);
    expect(outcome).toEqual({ outcome: "refused", reason: expect.stringContaining("Invalid JWT") });
    await refusing.close();
  });
});

describe("text", () => {
  it("is a new message in the space, in Chat's own markup, with the item's id", async () => {
    const item = itemOf({ type: "text", text: "**Hello**" });
    expect(await googleChat.deliver(item, line)).toEqual({ outcome: "sent", platformId: "T1.M1" });
    expect(chat.asked).toMatchObject([
      {
        method: "POST",
        path: `/v1/spaces/AAAAroom01/messages?requestId=${item.id}`,
        json: { text: "*Hello*", markupSyntax: "MARKUP_SYNTAX_CHAT" },
      },
    ]);
  });

  it("goes into the thread of the place, or of the message that it answers", async () => {
    await deliver({ type: "text", text: "a" }, { ...SPACE, thread: "T7" });
    await deliver({ type: "text", text: "b", replyTo: "T8.M8" });
    await deliver({ type: "text", text: "c", replyTo: "T8.M8" }, DIRECT);
    const threads = chat.asked.map(({ json }) => (json as { thread?: { name: string } }).thread?.name);
    expect(threads).toEqual(["spaces/AAAAroom01/threads/T7", "spaces/AAAAroom01/threads/T8", undefined]);
    expect(chat.asked[0]?.path).toContain("messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD");
  });

  it("has its buttons below, each with its value", async () => {
    const buttons = [[{ label: "Yes", value: "do it" }], [{ label: "No", value: "leave it" }]];
    await deliver({ type: "text", text: "Shall I?", buttons });
    expect(chat.asked[0]?.json).toEqual({
      text: "Shall I?",
      markupSyntax: "MARKUP_SYNTAX_CHAT",
      accessoryWidgets: [
        {
          buttonList: {
            buttons: [
              { text: "Yes", onClick: { action: { function: "skerry", parameters: [{ key: "skerry", value: "do it" }] } } },
            ],
          },
        },
        {
          buttonList: {
            buttons: [
              { text: "No", onClick: { action: { function: "skerry", parameters: [{ key: "skerry", value: "leave it" }] } } },
            ],
          },
        },
      ],
    });
  });

  it("has buttons that lead to the webhook where the app is an add-on", async () => {
    const webhook = "https://skerry.example/channels/google-chat";
    await deliver({ type: "text", text: "?", buttons: [[{ label: "Yes", value: "y" }]] }, { ...DIRECT, route: { webhook } });
    expect(JSON.stringify(chat.asked[0]?.json)).toContain(`"function":"${webhook}"`);
  });

  it("goes as plain words when Google cannot read the marks", async () => {
    chat.next(refusal(400, "Invalid JSON payload received. Unknown name markupSyntax"));
    const act: DeliveryAct = { type: "text", text: "**Hello** <users/all>", buttons: [[{ label: "Yes", value: "y" }]] };
    expect((await deliver(act)).outcome).toBe("sent");
    expect(chat.asked.at(-1)?.json).toEqual({ text: "Hello <\u200Busers/all>\n• Yes" });
  });

  it("takes the place of the draft, and comes as a message of its own when that is gone", async () => {
    await deliver({ type: "text", text: "done", replaces: "T1.D1" });
    expect(chat.asked).toMatchObject([{ method: "PATCH", path: "/v1/spaces/AAAAroom01/messages/T1.D1?updateMask=text" }]);
    chat.next(refusal(404, "Message not found"));
    expect((await deliver({ type: "text", text: "done", replaces: "T1.D1" })).outcome).toBe("sent");
    expect(chat.asked.map(({ method }) => method)).toEqual(["PATCH", "PATCH", "POST"]);
  });
});

describe("the other acts", () => {
  it("grow a draft in place", async () => {
    expect(await deliver({ type: "draft", text: "I am loo" })).toEqual({ outcome: "sent", platformId: "T1.M1" });
    await deliver({ type: "draft", text: "I am looking", message: "T1.M1" });
    expect(chat.asked).toMatchObject([{ method: "POST" }, { method: "PATCH", json: { text: "I am looking" } }]);
  });

  it("edit and delete, and what is gone is deleted", async () => {
    await deliver({ type: "edit", message: "T1.M1", text: "new" });
    await deliver({ type: "delete", message: "T1.M1" });
    chat.next(refusal(404));
    expect(await deliver({ type: "delete", message: "T1.M1" })).toEqual({ outcome: "sent" });
    expect(chat.asked.map(({ method, path }) => `${method} ${path.split("?")[0]}`)).toEqual([
      "PATCH /v1/spaces/AAAAroom01/messages/T1.M1",
      "DELETE /v1/spaces/AAAAroom01/messages/T1.M1",
      "DELETE /v1/spaces/AAAAroom01/messages/T1.M1",
    ]);
  });

  it("open a thread by its first message, or name the one that a message is in", async () => {
    expect(await deliver({ type: "thread", name: "Plans" })).toEqual({ outcome: "sent", platformId: "T1" });
    expect(await deliver({ type: "thread", name: "Plans", message: "T5.M6" })).toEqual({ outcome: "sent", platformId: "T5" });
    expect(chat.asked).toHaveLength(1);
  });

  it.each<DeliveryAct>([
    { type: "media", media: [] },
    { type: "poll", question: "?", options: ["a", "b"] },
    { type: "react", message: "T1.M1", emoji: "👍" },
    { type: "pin", message: "T1.M1", isPinned: true },
    { type: "typing" },
  ])("that Google lets no app do are refused in a sentence: $type", async (act) => {
    expect(await deliver(act)).toEqual({
      outcome: "refused",
      reason: expect.stringMatching(/^Google Chat .*\.$|; ask|, or give/),
    });
    expect(chat.asked).toEqual([]);
  });

  it("never leave the space: a name that leads elsewhere is refused", async () => {
    const odd = ["spaces/A/../B", "../spaces/A", "spaces/A?x=1", "users/1", ""];
    for (const peer of odd) expect((await deliver({ type: "text", text: "x" }, { ...SPACE, peer })).outcome).toBe("refused");
    for (const message of ["../../media", "a/b", "x?y", ""]) {
      expect((await deliver({ type: "edit", message, text: "x" })).outcome).toBe("refused");
      expect((await deliver({ type: "delete", message })).outcome).toBe("refused");
    }
    expect(chat.asked).toEqual([]);
  });
});

describe("what became of it", () => {
  it.each([
    [403, "refused"],
    [404, "refused"],
    [429, "unanswered"],
    [500, "unanswered"],
    [503, "unanswered"],
    [504, "unanswered"],
  ])("%i is %s", async (status, outcome) => {
    chat.next(refusal(status));
    expect((await deliver({ type: "text", text: "x" })).outcome).toBe(outcome);
  });

  it("waits as long as Google asks", async () => {
    chat.next({ ...refusal(429), headers: { "retry-after": "7" } });
    expect(await deliver({ type: "text", text: "x" })).toMatchObject({ outcome: "unanswered", retryAfterMs: 7000 });
  });

  it("a send that broke off is sent again under the same id", async () => {
    const item = itemOf({ type: "text", text: "x" });
    chat.next({ isBroken: true });
    expect((await googleChat.deliver(item, line)).outcome).toBe("unanswered");
    expect((await googleChat.deliver(item, line)).outcome).toBe("sent");
    expect(chat.asked[0]?.path).toBe(chat.asked[1]?.path);
  });

  it("follows no redirect with its token", async () => {
    chat.next({ status: 302, headers: { location: "http://127.0.0.1:9/" } });
    expect((await deliver({ type: "text", text: "x" })).outcome).toBe("refused");
  });
});

describe("files and setting up", () => {
  it("fetches a file by its name", async () => {
    chat.next({ body: new Uint8Array([1, 2, 3]) });
    const fetched = await googleChat.fetchMedia?.({ handle: "spaces/A/attachments/B=x", kind: "image" }, line);
    expect(fetched).toEqual({ ok: true, value: { bytes: new Uint8Array([1, 2, 3]) } });
    expect(chat.asked[0]?.path).toBe("/v1/media/spaces/A/attachments/B%3Dx?alt=media");
  });

  it("reads no further than the account takes, and tells gone from unreachable", async () => {
    const small = { ...line, account: { ...line.account, mediaMaxMb: 1 / 1024 / 1024 } };
    chat.next({ body: new Uint8Array(10) }, refusal(404, "gone"), refusal(503));
    expect(await googleChat.fetchMedia?.({ handle: "a", kind: "file" }, small)).toMatchObject({
      ok: false,
      error: { code: "INVALID_REQUEST" },
    });
    expect(await googleChat.fetchMedia?.({ handle: "a", kind: "file" }, line)).toMatchObject({ error: { code: "NOT_FOUND" } });
    expect(await googleChat.fetchMedia?.({ handle: "a", kind: "file" }, line)).toMatchObject({ error: { code: "UNAVAILABLE" } });
  });

  it.each(["../../spaces", "a//b", "", "."])("fetches nothing by the name %j", async (handle) => {
    expect(await googleChat.fetchMedia?.({ handle, kind: "file" }, line)).toMatchObject({ ok: false });
    expect(chat.asked).toEqual([]);
  });

  it("names the account that the key belongs to", async () => {
    chat.next({ body: { spaces: [{}, {}] } });
    const value = `skerry-${accounts}@example.iam.gserviceaccount.com, in 2 spaces`;
    expect(await googleChat.probe(line)).toEqual({ ok: true, value });
  });

  it("says what to do when Google says no, and when nobody answers", async () => {
    chat.next(refusal(403, "Google Chat API has not been used in project 1 before or it is disabled."));
    expect(await googleChat.probe(line)).toEqual({
      ok: false,
      error: { code: "FORBIDDEN", message: expect.stringMatching(/disabled; see whether the Google Chat API is enabled\.$/) },
    });
    expect(await googleChat.probe({ ...line, base: "http://127.0.0.1:9" })).toMatchObject({ error: { code: "UNAVAILABLE" } });
  });

  it("says what is to be done by hand, with the address to paste", async () => {
    const address = "https://skerry.example/channels/google-chat";
    const keys = { ...line.account.keys, GOOGLE_CHAT_AUDIENCE: "123" };
    const steps = (await googleChat.connect?.(address, { ...line, account: { ...line.account, keys } })) ?? [];
    expect(steps.map(({ state }) => state)).toEqual(["done", "by-hand", "by-hand", "by-hand"]);
    expect(steps[1]?.text).toContain(address);
    expect(steps[2]?.text).toContain("Project Number");
    expect(steps[3]?.text).toContain("1 /new");
  });
});
