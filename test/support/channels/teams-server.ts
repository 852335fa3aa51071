// In the Bot Connector's place, for what no third party has: Microsoft's token endpoint and the conversations that a bot
// writes to. Refuses what the Bot Framework's reference does not name. Reached through its gate.
import { type Answered, Gate, type Passed } from "./gate.ts";

export interface TeamsShown {
  id: string;
  text: string;
  attachments: { contentType: string; contentUrl?: string }[];
  /** How often it was changed, or grew. */
  changes: number;
}

export interface TeamsServer {
  gate: Gate;
  /** The address that activities name as their service. */
  service: string;
  /** Variables of a Skerry that speaks to it. */
  env: Record<string, string>;
  shown(conversation: string): TeamsShown[];
  /** Hands out these bytes under the service's address. */
  addFile(path: string, bytes: Uint8Array): string;
}

export const APP = "99999999-8888-7777-6666-555555555555";
export const TENANT = "11111111-2222-3333-4444-555555555555";
const PASSWORD = "client-secret";
const SCOPE = "https://api.botframework.com/.default";
const FIELDS = [
  "type",
  "id",
  "text",
  "textFormat",
  "attachments",
  "entities",
  "channelData",
  "from",
  "conversation",
  "replyToId",
];

interface Said {
  type?: string;
  text?: string;
  attachments?: TeamsShown["attachments"];
  channelData?: { streamType?: string; streamId?: string; streamSequence?: number };
  from?: { id?: string };
  conversation?: { id?: string };
}

export async function startTeams(): Promise<TeamsServer> {
  const gate = await Gate.start("http://127.0.0.1:1");
  const shown = new Map<string, TeamsShown[]>();
  const granted = new Set<string>();
  const files = new Map<string, Uint8Array>();
  let count = 0;

  const trade = ({ body }: Passed): Answered => {
    const form = new URLSearchParams(body.toString());
    const isRight =
      form.get("client_id") === APP &&
      form.get("client_secret") === PASSWORD &&
      form.get("scope") === SCOPE &&
      form.get("grant_type") === "client_credentials";
    if (!isRight) return json({ error: "invalid_client", error_description: "AADSTS7000215: Invalid client secret." }, 401);
    const token = `token-${granted.size + 1}`;
    granted.add(token);
    return json({ access_token: token, expires_in: 3599, token_type: "Bearer" });
  };

  const create = (conversation: string, said: Said): Answered => {
    const room = shown.get(conversation) ?? [];
    shown.set(conversation, room);
    const { streamType, streamId } = said.channelData ?? {};
    const stream = room.find(({ id }) => id === streamId);
    if (streamId !== undefined && !stream) return no(403, "ContentStreamNotAllowed");
    if (said.type === "typing" && streamType === undefined) return json({ id: `typing-${++count}` }, 201);
    const text = said.text ?? "";
    const attachments = said.attachments ?? [];
    if (text === "" && attachments.length === 0) return no(400, "An activity needs text or attachments.");
    if (stream) {
      Object.assign(stream, { text, attachments, changes: stream.changes + 1 });
      return json({ id: stream.id }, 202);
    }
    const message = { id: `17636${String(++count).padStart(8, "0")}`, text, attachments, changes: 0 };
    room.push(message);
    return json({ id: message.id }, 201);
  };

  gate.instead(/./, (asked) => {
    const { pathname } = new URL(asked.path, gate.url);
    if (pathname === `/${TENANT}/oauth2/v2.0/token`) return trade(asked);
    if (!granted.has((asked.headers.authorization ?? "").replace(/^Bearer /, ""))) return no(401, "Unauthorized");
    const file = files.get(pathname);
    if (file) return { body: file };
    const [, written = "", id] = /^\/emea\/v3\/conversations\/([^/]+)\/activities(?:\/([^/]+))?$/.exec(pathname) ?? [];
    const conversation = decodeURIComponent(written);
    if (conversation === "") return no(404, `Nothing is at ${asked.method} ${pathname}.`);
    const said = (asked.body.length > 0 ? JSON.parse(asked.body.toString()) : {}) as Said;
    const unknown = Object.keys(said).find((key) => !FIELDS.includes(key));
    if (unknown !== undefined) return no(400, `Unknown field ${unknown}.`);
    if (asked.method === "POST") {
      if (said.from?.id !== `28:${APP}` || said.conversation?.id !== conversation) return no(400, "The activity names others.");
      return create(conversation, said);
    }
    const message = shown.get(conversation)?.find((one) => one.id === decodeURIComponent(id ?? ""));
    if (!message || asked.method !== "PUT") return no(404, "Activity not found.");
    Object.assign(message, { text: said.text ?? "", changes: message.changes + 1 });
    return json({ id: message.id });
  });

  return {
    gate,
    service: `${gate.url}/emea/`,
    env: {
      TEAMS_API_URL: gate.url,
      TEAMS_LOGIN_URL: gate.url,
      TEAMS_APP_ID: APP,
      TEAMS_APP_PASSWORD: PASSWORD,
      TEAMS_TENANT_ID: TENANT,
    },
    shown: (conversation) => shown.get(conversation) ?? [],
    addFile(path, bytes) {
      files.set(`/emea/${path}`, bytes);
      return `${gate.url}/emea/${path}`;
    },
  };
}

function json(body: object, status = 200): Answered {
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
}

function no(status: number, message: string): Answered {
  return json({ error: { code: "X", message } }, status);
}
