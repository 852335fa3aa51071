// Stands where Discord stands for what no emulator has: interactions with their "is thinking", their tokens and follow-ups,
// beside messages in channels. Keeps what was sent, refuses what Discord's published schemas refuse, and breaks when told to.
import {
  ApplicationCommandUpdateRequestSchema,
  ApplicationFormPartialSchema,
  CreateTextThreadWithMessageRequestSchema,
  CreateTextThreadWithoutMessageRequestSchema,
  IncomingWebhookInteractionRequestSchema,
  IncomingWebhookUpdateRequestPartialSchema,
  MessageCreateRequestSchema,
  MessageEditRequestPartialSchema,
} from "discord-api-spec/zod";

const LOADING = 128;

export interface Kept {
  id: string;
  /** A channel's id, or a token. */
  at: string;
  body: Record<string, unknown>;
  files: string[];
  flags: number;
  nonce?: unknown;
}

type Fault = { status: number; body?: unknown; headers?: Record<string, string> } | "break" | "break-after";

interface Asked {
  method: string;
  path: string;
  body: Record<string, unknown>;
  headers: Headers;
}

type Schema = typeof MessageCreateRequestSchema;

export class DiscordStandIn {
  readonly asked: Asked[] = [];
  readonly messages = new Map<string, Kept>();
  /** Original answers by token; a token that is not here is not known (yet). */
  readonly originals = new Map<string, string>();
  readonly #faults: { on: RegExp; fault: Fault }[] = [];
  #count = 0;

  /** The next request whose "METHOD path" fits goes wrong. */
  fail(on: RegExp, fault: Fault): void {
    this.#faults.push({ on, fault });
  }

  /** As when an interaction was answered with type 5. */
  think(token: string): string {
    return this.hear(token, { type: 5 });
  }

  /** What an interaction was answered with: from now on its token is good. */
  hear(token: string, { type, data = {} }: { type: number; data?: { flags?: number } }): string {
    const kept = this.#keep(token, data, [], (data.flags ?? 0) | (type === 5 ? LOADING : 0));
    this.originals.set(token, kept.id);
    return kept.id;
  }

  in(at: string): Kept[] {
    return [...this.messages.values()].filter((kept) => kept.at === at);
  }

  fetch: typeof fetch = async (input, init) => {
    const request = new Request(input as string, init);
    const path = new URL(request.url).pathname.replace(/^\/api\/v10/, "");
    const { body, files } = await readBody(request);
    const line = `${request.method} ${path}`;
    this.asked.push({ method: request.method, path, body, headers: request.headers });
    const index = this.#faults.findIndex(({ on }) => on.test(line));
    const [found] = index < 0 ? [] : this.#faults.splice(index, 1);
    if (found?.fault === "break") throw new TypeError("Network connection lost.");
    if (found && found.fault !== "break-after") {
      return Response.json(found.fault.body ?? {}, { status: found.fault.status, headers: found.fault.headers ?? {} });
    }
    const answer = this.#route(request.method, path.split("/").slice(1).map(decodeURIComponent), body, files);
    if (found) throw new TypeError("Network connection lost.");
    return answer;
  };

  #route(method: string, at: string[], body: Record<string, unknown>, files: string[]): Response {
    const [first = "", second = "", third = "", fourth, fifth, sixth] = at;
    if (first === "webhooks") return this.#webhook(method, third, fifth, body, files);
    if (`${first}/${second}/${third}` === "users/@me/channels") return Response.json({ id: `dm${body["recipient_id"]}` });
    if (first === "applications" && third === "commands") {
      const wrong = (body as unknown as unknown[]).map((one) => check(ApplicationCommandUpdateRequestSchema, one)).find(Boolean);
      return wrong ? invalid(wrong) : Response.json(body);
    }
    if (first === "applications") return checked(ApplicationFormPartialSchema, body, () => Response.json({ ...body }));
    if (first !== "channels") return no(404, 0, "404: Not Found");
    if (third === "typing") return new Response(null, { status: 204 });
    if (third === "threads") return checked(CreateTextThreadWithoutMessageRequestSchema, body, () => this.#made("thread"));
    if (third === "messages" && fifth === "threads") {
      return checked(CreateTextThreadWithMessageRequestSchema, body, () => Response.json({ id: fourth }));
    }
    if (third === "messages" && fourth === "pins") return this.#of(second, fifth, () => new Response(null, { status: 204 }));
    if (third === "messages" && fifth === "reactions" && sixth)
      return this.#of(second, fourth, () => new Response(null, { status: 204 }));
    if (third === "messages" && fourth === undefined) {
      if (method === "GET")
        return Response.json(
          this.in(second)
            .map(({ id, body: said }) => ({ id, ...said }))
            .toReversed(),
        );
      return checked(MessageCreateRequestSchema, body, () => this.#create(second, body, files));
    }
    return this.#of(second, fourth, (kept) => this.#change(method, kept, body, files, MessageEditRequestPartialSchema));
  }

  #webhook(method: string, token: string, name: string | undefined, body: Record<string, unknown>, files: string[]): Response {
    const original = this.originals.get(token);
    if (original === undefined) return no(404, 10015, "Unknown Webhook");
    if (name === undefined) {
      return checked(IncomingWebhookInteractionRequestSchema, body, () =>
        Response.json(this.#keep(token, body, files, Number(body["flags"] ?? 0))),
      );
    }
    const id = name === "@original" ? original : name;
    return this.#of(token, id, (kept) => this.#change(method, kept, body, files, IncomingWebhookUpdateRequestPartialSchema));
  }

  #change(method: string, kept: Kept, body: Record<string, unknown>, files: string[], schema: Schema): Response {
    if (method === "GET") return Response.json({ id: kept.id, flags: kept.flags, ...kept.body });
    if (method === "DELETE") {
      this.messages.delete(kept.id);
      return new Response(null, { status: 204 });
    }
    return checked(schema, body, () => {
      const changed = {
        ...kept,
        body: { ...kept.body, ...body },
        files: [...kept.files, ...files],
        flags: kept.flags & ~LOADING,
      };
      this.messages.set(kept.id, changed);
      return Response.json({ id: kept.id, flags: changed.flags });
    });
  }

  #create(channel: string, body: Record<string, unknown>, files: string[]): Response {
    const { nonce } = body;
    const same = body["enforce_nonce"] === true ? this.in(channel).find((kept) => kept.nonce === nonce) : undefined;
    if (typeof body["content"] === "string" && body["content"].length > 2000) return invalid("Must be 2000 or fewer in length.");
    if (!body["content"] && !body["poll"] && files.length === 0) return no(400, 50006, "Cannot send an empty message");
    return Response.json(same ?? this.#keep(channel, body, files, 0, nonce));
  }

  #keep(at: string, body: Record<string, unknown>, files: string[], flags: number, nonce?: unknown): Kept {
    this.#count += 1;
    const id = String(1440000000000000000n + BigInt(this.#count));
    const kept = { id, at, body, files, flags, ...(nonce === undefined ? {} : { nonce }) };
    this.messages.set(id, kept);
    return kept;
  }

  #made(kind: string): Response {
    this.#count += 1;
    return Response.json({ id: `${kind}${this.#count}` }, { status: 201 });
  }

  #of(at: string, id: string | undefined, act: (kept: Kept) => Response): Response {
    const kept = this.messages.get(id ?? "");
    return kept && kept.at === at ? act(kept) : no(404, 10008, "Unknown Message");
  }
}

async function readBody(request: Request): Promise<{ body: Record<string, unknown>; files: string[] }> {
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("multipart/form-data")) {
    const form = await request.formData();
    const files = [...form.entries()].flatMap(([name, value]) => (name.startsWith("files[") ? [(value as File).name] : []));
    return { body: JSON.parse(String(form.get("payload_json"))), files };
  }
  const text = await request.text();
  return { body: text === "" ? {} : JSON.parse(text), files: [] };
}

function check(schema: Schema, body: unknown): string | undefined {
  const unknown = Object.keys(body as object).find((key) => !(key in schema.shape));
  if (unknown !== undefined) return `${unknown} is not known here`;
  const issue = schema.safeParse(body).error?.issues[0];
  return issue && `${issue.path.join(".")}: ${issue.message}`;
}

function checked(schema: Schema, body: unknown, act: () => Response): Response {
  const wrong = check(schema, body);
  return wrong === undefined ? act() : invalid(wrong);
}

function invalid(message: string): Response {
  return Response.json(
    { code: 50035, message: "Invalid Form Body", errors: { body: { _errors: [{ code: "INVALID", message }] } } },
    { status: 400 },
  );
}

function no(status: number, code: number, message: string): Response {
  return Response.json({ code, message }, { status });
}
