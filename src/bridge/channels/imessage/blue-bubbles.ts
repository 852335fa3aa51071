// BlueBubbles' server, by its REST interface. The password goes with every address it is asked at, so no address is ever said or logged.
import * as z from "zod";
import type { DeliveryOutcome } from "../../../contract/channels/delivery.ts";
import { readJson, type Web, wasNeverSent, writeTo } from "../web.ts";

const SEND_MS = 120_000;
const PAGE = 500;
/** More than anybody writes to it in the time in which it is news. */
const MOST_ROWS = 20_000;

/** `owner`: nothing goes before its owner has mended it. */
export type Refusal = { kind: "owner" | "refused" | "unanswered" | "unknown" | "missing"; reason: string };
export type Answer<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

const reply = z.object({
  message: z.string().catch(""),
  data: z.unknown().optional(),
  error: z
    .object({ message: z.string().catch("") })
    .nullish()
    .catch(undefined),
  metadata: z.object({ total: z.number() }).nullish().catch(undefined),
});

export interface ServerInfo {
  hasPrivateApi: boolean;
  own?: string;
}

export class BlueBubbles {
  readonly #web: Web;
  readonly #password: string;

  constructor(web: Web, password: string) {
    this.#web = web;
    this.#password = password;
  }

  async info(): Promise<Answer<ServerInfo>> {
    const answer = await this.ask("GET", "/server/info");
    if (!answer.ok) return answer;
    const info = z.object({
      private_api: z.boolean().nullish(),
      helper_connected: z.boolean().nullish(),
      detected_imessage: z.string().nullish(),
    });
    const read = info.safeParse(answer.value.data);
    if (!read.success) return refuse("refused", "What answers at BLUEBUBBLES_URL is no BlueBubbles server.");
    const { private_api, helper_connected, detected_imessage: own } = read.data;
    // An old one does not say whether its helper is there.
    return { ok: true, value: { hasPrivateApi: private_api === true && helper_connected !== false, ...(own ? { own } : {}) } };
  }

  /** The row of the newest message; 0: there is none. */
  async lastRow(): Promise<Answer<number>> {
    const answer = await this.ask("POST", "/message/query", { limit: 20, sort: "DESC", with: [] });
    if (!answer.ok) return answer;
    const rows = z.array(z.object({ originalROWID: z.number() })).safeParse(answer.value.data);
    return { ok: true, value: Math.max(0, ...(rows.data ?? []).map(({ originalROWID }) => originalROWID)) };
  }

  /** The messages after a row that were written since then. */
  async messagesAfter(row: number, since: number): Promise<Answer<unknown[]>> {
    const all: unknown[] = [];
    while (all.length < MOST_ROWS) {
      const answer = await this.ask("POST", "/message/query", {
        with: ["chat", "attachment"],
        where: [{ statement: "message.ROWID > :row", args: { row } }],
        sort: "ASC",
        after: Math.max(0, since),
        offset: all.length,
        limit: PAGE,
      });
      if (!answer.ok) return answer;
      const page = z.array(z.unknown()).safeParse(answer.value.data).data ?? [];
      all.push(...page);
      if (page.length < PAGE) break;
    }
    return { ok: true, value: all };
  }

  /** Writes the file to `path`. */
  async download(guid: string, path: string, maxBytes: number): Promise<Answer<undefined>> {
    if (guid === "." || guid === "..") return refuse("missing", "There is no file of this name.");
    try {
      const answer = await this.#web.fetch(this.#path(`/attachment/${encodeURIComponent(guid)}/download`), {
        timeoutMs: SEND_MS,
      });
      if (!answer.ok) {
        await answer.body?.cancel();
        return refuse(answer.status === 404 ? "missing" : "unanswered", "The Mac does not have the file any more.");
      }
      if (await writeTo(path, answer, maxBytes)) return { ok: true, value: undefined };
      return refuse("missing", "The file is larger than this channel takes.");
    } catch (error) {
      return { ok: false, refusal: refusalOfThrown(error) };
    }
  }

  async ask(method: string, path: string, body?: Record<string, unknown> | FormData): Promise<Answer<z.infer<typeof reply>>> {
    // No name of a message or chat leads to another of its addresses.
    if (/\/\.{1,2}(\/|$)/.test(path)) return refuse("missing", "There is nothing of this name.");
    const isForm = body instanceof FormData;
    try {
      const answer = await this.#web.fetch(this.#path(path), {
        method,
        timeoutMs: SEND_MS,
        ...(body === undefined ? {} : { body: isForm ? body : JSON.stringify(body) }),
        ...(body === undefined || isForm ? {} : { headers: { "content-type": "application/json" } }),
      });
      const read = reply.safeParse(await readJson(answer));
      if (answer.ok && read.success) return { ok: true, value: read.data };
      const said = read.data?.error?.message || read.data?.message || `status ${answer.status}`;
      if (answer.status === 401)
        return refuse("owner", "BlueBubbles does not take the password; give BLUEBUBBLES_PASSWORD anew.");
      if (answer.status === 404) return refuse("missing", said);
      if (answer.status === 502 || answer.status === 503 || answer.status === 504) return refuse("unanswered", said);
      if (answer.status >= 500 && isUncertain(said, read.data?.data))
        return refuse("unknown", `BlueBubbles: ${said.slice(0, 300)}`);
      return refuse(read.success ? "refused" : "unknown", `BlueBubbles refused it: ${said.slice(0, 300)}`);
    } catch (error) {
      return { ok: false, refusal: refusalOfThrown(error) };
    }
  }

  #path(path: string): string {
    return `/api/v1${path}?password=${encodeURIComponent(this.#password)}`;
  }
}

function refuse(kind: Refusal["kind"], reason: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { kind, reason } };
}

/** It gave the message to Messages, and did not see in time what became of it; where it saw a failure, the message comes with it. */
function isUncertain(said: string, data: unknown): boolean {
  return /after \d+ seconds|took (longer|too long)|timeout/i.test(said) || (!data && said.includes("See attached message"));
}

/** Before it left nothing happened; after that nobody knows. */
function refusalOfThrown(error: unknown): Refusal {
  if (wasNeverSent(error))
    return { kind: "unanswered", reason: "The BlueBubbles server does not answer just now; is the Mac awake?" };
  return { kind: "unknown", reason: "The BlueBubbles server broke off before it answered." };
}

export function outcomeOf({ kind, reason }: Refusal): DeliveryOutcome {
  if (kind === "unknown") return { outcome: "unknown", reason };
  return kind === "unanswered" || kind === "owner" ? { outcome: "unanswered", reason } : { outcome: "refused", reason };
}
