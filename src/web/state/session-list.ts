// The sessions at the side, newest first, kept fresh by the Gateway's news of them.
import type { SessionSummary } from "../../client/frames.ts";
import type { GatewayClient } from "../../client/gateway-client.ts";
import type { EventFrame } from "../../contract/gateway.ts";
import { Signal } from "./signal.ts";

const LIMIT = 200;

export class SessionList extends Signal {
  readonly #client: GatewayClient;
  #rows: readonly SessionSummary[] = [];
  #isLoaded = false;

  constructor(client: GatewayClient) {
    super();
    this.#client = client;
  }

  get rows(): readonly SessionSummary[] {
    return this.#rows;
  }
  get isLoaded(): boolean {
    return this.#isLoaded;
  }

  find(key: string): SessionSummary | undefined {
    return this.#rows.find((row) => row.key === key);
  }

  async load(): Promise<void> {
    const answer = await this.#client.request<{ sessions?: SessionSummary[] }>("sessions.subscribe", { limit: LIMIT });
    this.#rows = sortRows(answer.sessions ?? []);
    this.#isLoaded = true;
    this.tell();
  }

  /** Answers the row that changed. */
  hear(frame: EventFrame): SessionSummary | undefined {
    if (frame.event !== "sessions.changed") return undefined;
    const { sessionKey, reason, session } = frame.payload as { sessionKey: string; reason?: string; session?: SessionSummary };
    const others = this.#rows.filter((row) => row.key !== sessionKey);
    // What programs ask alone is no talk; it has a list of its own in the control rooms.
    if (reason === "delete" || session?.isBackground) this.#rows = others;
    else if (session) this.#rows = sortRows([session, ...others]);
    else return undefined;
    this.tell();
    return session;
  }

  async remove(key: string): Promise<void> {
    await this.#client.request("sessions.delete", { key });
    this.#rows = this.#rows.filter((row) => row.key !== key);
    this.tell();
  }
}

function sortRows(rows: readonly SessionSummary[]): SessionSummary[] {
  return rows.toSorted((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0));
}

/** What a session is called: its name, the first words said in it, or what its key says. */
export function titleOf(row: SessionSummary | undefined, key: string): string {
  const named = row?.label ?? row?.displayName;
  if (named) return named;
  const rest = key.split(":").slice(2).join(":");
  if (rest === "main") return "Main";
  return rest.startsWith("web-") || rest === "" ? "New session" : rest;
}
