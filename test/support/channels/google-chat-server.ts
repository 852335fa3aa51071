// In Google's place, for what no emulator has: the token endpoint, which checks the service account's signed word, and the
// part of the Chat API that an app writes by. Refuses what Google's reference does not name. Reached through its gate.
import { generateKeyPairSync, verify } from "node:crypto";
import { type Answered, Gate, type Passed } from "./gate.ts";

export interface ChatShown {
  name: string;
  text: string;
  thread?: string;
  /** How often it was changed. */
  changes: number;
}

export interface GoogleChatServer {
  gate: Gate;
  /** Variables of a Skerry that speaks to it. */
  env: Record<string, string>;
  /** What stands in a space, oldest first. */
  shown(space: string): ChatShown[];
  /** Hands out these bytes for an attachment's resource name. */
  addFile(resource: string, bytes: Uint8Array): void;
}

const EMAIL = "skerry@example.iam.gserviceaccount.com";
const SCOPE = "https://www.googleapis.com/auth/chat.bot";
const MAX_TEXT = 4096;
const FIELDS = ["text", "markupSyntax", "thread", "accessoryWidgets"];

export async function startGoogleChat(): Promise<GoogleChatServer> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  const gate = await Gate.start("http://127.0.0.1:1");
  const messages: ChatShown[] = [];
  const byRequest = new Map<string, ChatShown>();
  const granted = new Set<string>();
  const files = new Map<string, Uint8Array>();

  const trade = ({ body }: Passed): Answered => {
    const form = new URLSearchParams(body.toString());
    const [head = "", claims = "", signature = ""] = (form.get("assertion") ?? "").split(".");
    const isSigned = verify("RSA-SHA256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"));
    const said = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as Record<string, unknown>;
    const isRight = said["iss"] === EMAIL && said["aud"] === `${gate.url}/token` && said["scope"] === SCOPE;
    if (!isSigned || !isRight || form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer") {
      return json({ error: "invalid_grant", error_description: "Invalid JWT." }, 400);
    }
    const token = `token-${granted.size + 1}`;
    granted.add(token);
    return json({ access_token: token, expires_in: 3599, token_type: "Bearer" });
  };

  const create = (space: string, query: URLSearchParams, said: Record<string, unknown>): Answered => {
    const known = byRequest.get(query.get("requestId") ?? "");
    if (known) return json({ name: known.name });
    const wrong = check(said);
    if (wrong !== undefined) return no(400, wrong);
    const thread = (said["thread"] as { name?: string } | undefined)?.name;
    const name = `${space}/messages/T${messages.length}.M${messages.length}`;
    const message = { name, text: String(said["text"]), changes: 0, ...(thread === undefined ? {} : { thread }) };
    messages.push(message);
    byRequest.set(query.get("requestId") ?? name, message);
    return json({ name, thread: { name: thread ?? `${space}/threads/T${messages.length}` } });
  };

  const change = (name: string, query: URLSearchParams, said: Record<string, unknown>): Answered => {
    const message = messages.find((one) => one.name === name);
    if (!message) return no(404, "Message not found.");
    const wrong = query.get("updateMask")?.startsWith("text") ? check(said) : "updateMask is required.";
    if (wrong !== undefined) return no(400, wrong);
    message.text = String(said["text"]);
    message.changes += 1;
    return json({ name });
  };

  gate.instead(/./, (asked) => {
    const { pathname, searchParams: query } = new URL(asked.path, gate.url);
    if (pathname === "/token") return trade(asked);
    if (!granted.has((asked.headers.authorization ?? "").replace(/^Bearer /, ""))) return no(401, "Invalid credentials.");
    const file = files.get(decodeURIComponent(pathname.replace("/v1/media/", "")));
    if (file && query.get("alt") === "media") return { body: file };
    if (pathname === "/v1/spaces") return json({ spaces: [] });
    const [, space = "", id] = /^\/v1\/(spaces\/[\w-]+)\/messages(?:\/([\w.-]+))?$/.exec(pathname) ?? [];
    const said = asked.body.length > 0 ? (JSON.parse(asked.body.toString()) as Record<string, unknown>) : {};
    if (space !== "" && id === undefined && asked.method === "POST") return create(space, query, said);
    if (space !== "" && asked.method === "PATCH") return change(`${space}/messages/${id}`, query, said);
    return no(404, `Nothing is at ${asked.method} ${pathname}.`);
  });

  return {
    gate,
    env: {
      GOOGLE_CHAT_API_URL: gate.url,
      GOOGLE_TOKEN_URL: `${gate.url}/token`,
      GOOGLE_CHAT_SERVICE_ACCOUNT: JSON.stringify({
        type: "service_account",
        client_email: EMAIL,
        private_key: privateKey,
        private_key_id: "k1",
      }),
    },
    shown: (space) => messages.filter(({ name }) => name.startsWith(`${space}/messages/`)),
    addFile: (resource, bytes) => void files.set(resource, bytes),
  };
}

function check(said: Record<string, unknown>): string | undefined {
  const unknown = Object.keys(said).find((key) => !FIELDS.includes(key));
  if (unknown !== undefined) return `Unknown name "${unknown}".`;
  const { text } = said;
  if (typeof text !== "string" || text === "") return "Message cannot be empty.";
  return text.length > MAX_TEXT ? "Message is too long." : undefined;
}

function json(body: object, status = 200): Answered {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function no(code: number, message: string): Answered {
  return json({ error: { code, message, status: "X" } }, code);
}
