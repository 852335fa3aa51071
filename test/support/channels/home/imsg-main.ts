// The program imsg as far as a line asks it, written from its published interface (docs/rpc.md, docs/json.md and the handlers of 0.9): it is
// run as `imsg status --json` and `imsg rpc`. The first argument is the folder of an ImsgMac, which is its Mac: the book of messages and
// what is switched on there. One request after the other, as it does; what its handlers refuse is refused here.
import { appendFileSync, existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { isReaction, type MacRow, type MacSettings, readBook, writeRow } from "./imsg-mac.ts";

type Params = Record<string, unknown>;

const [dir = ".", command] = process.argv.slice(2);
const settings = (): MacSettings => JSON.parse(readFileSync(join(dir, "settings.json"), "utf8"));
const say = (frame: Record<string, unknown>) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...frame })}\n`);

class Refusal extends Error {
  readonly code: number;
  constructor(code: number, data: string) {
    super(data);
    this.code = code;
  }
}
const invalid = (data: string) => new Refusal(-32602, data);
const WORDS: Record<number, string> = { [-32601]: "Method not found", [-32602]: "Invalid params", [-32603]: "Internal error" };

if (settings().isGone) {
  console.error("dyld: imsg cannot be loaded");
  process.exit(1);
}
if (command === "status") {
  const { hasBridge, sip } = settings();
  console.log(JSON.stringify({ version: "0.9.0", basic_features: true, advanced_features: hasBridge, sip, rpc_methods: [] }));
} else {
  appendFileSync(join(dir, "pids"), `${process.pid}\n`);
  let last = Promise.resolve();
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      last = last.then(() => answer(line));
    })
    .on("close", () => process.exit(0));
}

async function answer(line: string): Promise<void> {
  let id: unknown = null;
  try {
    const { id: given, method, params = {} } = JSON.parse(line) as { id?: unknown; method: string; params?: Params };
    id = given;
    appendFileSync(join(dir, "asked.jsonl"), `${JSON.stringify({ what: method, body: params })}\n`);
    const now = settings();
    if (now.noAccess) {
      throw new Refusal(
        -32603,
        "unable to open database file (code: 14)\n\n⚠️  Permission Error: Cannot access Messages database\n\nThe Messages database requires Full Disk Access permission.",
      );
    }
    if (now.isMute) return;
    say({ id, result: await act(method, params, now) });
  } catch (error) {
    const { code, message } = error instanceof Refusal ? error : new Refusal(-32603, String(error));
    say({ id, error: { code, message: WORDS[code] ?? "Error", data: message } });
  }
}

async function act(method: string, params: Params, { hasBridge, isDeaf, noAutomation }: MacSettings): Promise<unknown> {
  const bridged = () => {
    if (!hasBridge) throw new Refusal(-32603, "bridge not ready: run imsg launch");
  };
  switch (method) {
    case "chats.list":
      return { chats: chats().slice(0, Number(params["limit"] ?? 20)) };
    case "messages.history": {
      const rows = readBook(dir).filter((row) => row.chat_id === params["chat_id"] && !isReaction(row));
      return { messages: rows.toReversed().slice(0, Number(params["limit"] ?? 50)) };
    }
    case "watch.subscribe":
      watch(params, isDeaf === true);
      return { subscription: 1 };
    case "send": {
      const { text = "", file = "", to = "" } = params as Record<string, string>;
      const chat = params["chat_guid"] ?? params["chat_id"] ?? params["chat_identifier"];
      if (to !== "" && chat !== undefined) throw invalid("use to or chat_*; not both");
      if (to === "" && chat === undefined) throw invalid("to is required for direct sends");
      if (text === "" && file === "") throw invalid("text or file is required");
      if (noAutomation) throw new Refusal(-32603, "AppleScript failed: Not authorized to send Apple events to Messages. (-1743)");
      const { id, guid } = post(String(chat ?? `iMessage;-;${to}`), text, file);
      if (hasBridge) return { ok: true, transport: "bridge", guid };
      return { ok: true, transport: "applescript", ...(file === "" ? { id, guid } : {}) };
    }
    case "send.rich": {
      bridged();
      const { guid } = post(chatOf(params), String(params["text"] ?? ""), "", params["reply_to"]);
      return { ok: true, guid, message_id: guid };
    }
    case "send.attachment": {
      bridged();
      if (!params["file"]) throw invalid("file is required");
      const { guid } = post(chatOf(params), "", String(params["file"]));
      return { ok: true, guid, message_id: guid };
    }
    case "tapback": {
      bridged();
      chatOf(params);
      messageOf(params);
      const known = ["love", "like", "dislike", "laugh", "emphasize", "question"].includes(String(params["reaction"]));
      if (!known) throw invalid(`unsupported tapback reaction ${params["reaction"]}`);
      return { ok: true, reaction: `${params["remove"] ? "remove-" : ""}${params["reaction"]}` };
    }
    case "message.edit":
      if (!params["text"]) throw invalid("text is required");
      bridged();
      chatOf(params);
      messageOf(params);
      return { ok: true };
    case "message.unsend":
      bridged();
      chatOf(params);
      messageOf(params);
      return { ok: true };
    case "typing":
    case "read":
      if (params["to"] === undefined && params["chat_guid"] === undefined) throw invalid("to is required");
      bridged();
      return { ok: true };
    default:
      throw new Refusal(-32601, method);
  }
}

function chatOf(params: Params): string {
  const chat = params["chat_guid"];
  if (typeof chat !== "string" || chat === "") throw invalid("chat_guid, chat_identifier, or chat_id is required");
  return chat;
}

function messageOf(params: Params): void {
  const named = params["message_id"] ?? params["message_guid"];
  if (!named) throw invalid("message_id or message_guid is required");
  if (!readBook(dir).some(({ guid }) => guid === named)) throw new Refusal(-32603, "message not found");
}

function chats(): Record<string, unknown>[] {
  const byChat = new Map(readBook(dir).map((row) => [row.chat_id, row]));
  return [...byChat.values()]
    .toSorted((a, b) => b.id - a.id)
    .map((row) => ({
      id: row.chat_id,
      identifier: row.chat_identifier,
      guid: row.chat_guid,
      name: row.chat_name,
      service: "iMessage",
      last_message_at: row.created_at,
      participants: row.participants,
      is_group: row.is_group,
    }));
}

/** What is sent stands in the book, and is told as everything there. */
function post(chat: string, text: string, file: string, reply?: unknown): MacRow {
  if (file !== "" && !existsSync(file)) throw new Refusal(-32603, `file not found: ${file}`);
  const sent = file === "" ? undefined : { name: file.split("/").at(-1) ?? "", bytes: readFileSync(file).toString("base64") };
  if (sent) appendFileSync(join(dir, "uploads.jsonl"), `${JSON.stringify(sent)}\n`);
  const attachments = sent
    ? [
        {
          filename: file,
          transfer_name: sent.name,
          uti: "public.data",
          mime_type: "application/octet-stream",
          total_bytes: statSync(file).size,
          is_sticker: false,
          original_path: file,
          missing: false,
        },
      ]
    : [];
  return writeRow(dir, {
    ...{ chat_guid: chat, text, sender: "", is_from_me: true, destination_caller_id: "skerry@example.org", attachments },
    ...(reply ? { thread_originator_guid: String(reply) } : {}),
  });
}

function watch({ since_rowid, include_reactions, attachments }: Params, isDeaf: boolean): void {
  const book = readBook(dir);
  let at = Number(since_rowid ?? 0);
  if (at === 0) at = book.at(-1)?.id ?? 0;
  setInterval(() => {
    if (isDeaf || settings().noAccess) return;
    for (const row of readBook(dir)
      .filter(({ id }) => id > at)
      .slice(0, 100)) {
      at = row.id;
      if (isReaction(row) && include_reactions !== true) continue;
      const message = attachments === true ? row : { ...row, attachments: [] };
      say({ method: "message", params: { subscription: 1, message } });
    }
  }, 30);
}
