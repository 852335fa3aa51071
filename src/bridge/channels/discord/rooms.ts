// What the rooms of Discord's servers are called, and which channel a thread hangs on: events name them by id alone. Bounded: the oldest
// are forgotten. Those that are not known (after a resumed session none is) are asked for once.
import type { GatewayDispatchPayload } from "discord-api-types/v10";

export interface Room {
  name?: string;
  parent?: string;
}

const MOST = 20_000;
const THREADS: readonly number[] = [10, 11, 12];

export class Rooms {
  readonly #known = new Map<string, Room>();
  readonly #ask: (id: string) => Promise<unknown>;

  /** `ask`: what Discord says of a channel; undefined when it does not tell. @throws when nobody answered. */
  constructor(ask: (id: string) => Promise<unknown>) {
    this.#ask = ask;
  }

  /** Undefined: nobody answered what it is. */
  async find(id: string): Promise<Room | undefined> {
    const known = this.#known.get(id);
    if (known) return known;
    try {
      this.#keep({ ...((await this.#ask(id)) as object | undefined), id });
    } catch {
      return undefined;
    }
    return this.#known.get(id);
  }

  note({ t, d }: GatewayDispatchPayload): void {
    switch (t) {
      case "GUILD_CREATE":
        // Servers in Discord's place leave parts of it out.
        if ("channels" in d) for (const room of [...(d.channels ?? []), ...(d.threads ?? [])]) this.#keep(room);
        return;
      case "CHANNEL_CREATE":
      case "CHANNEL_UPDATE":
      case "THREAD_CREATE":
      case "THREAD_UPDATE":
        this.#keep(d);
        return;
      case "THREAD_LIST_SYNC":
        for (const room of d.threads ?? []) this.#keep(room);
        return;
      case "CHANNEL_DELETE":
      case "THREAD_DELETE":
        this.#known.delete(d.id);
        return;
      default:
        return;
    }
  }

  /** Its fields are what Discord says they are, or nothing. */
  #keep(room: object): void {
    const { id, type, name, parent_id: parent } = room as Record<string, unknown>;
    if (typeof id !== "string" || id.length > 32) return;
    this.#known.delete(id);
    this.#known.set(id, {
      ...(typeof name === "string" && name !== "" ? { name: name.slice(0, 200) } : {}),
      ...(typeof parent === "string" && parent.length <= 32 && THREADS.includes(Number(type)) ? { parent } : {}),
    });
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > MOST) this.#known.delete(oldest);
  }
}
