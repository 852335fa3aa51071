// What the rooms of Discord's servers are called, and which channel a thread hangs on: events name them by id alone. Bounded: the oldest
// are forgotten, and come again with the next session.
import type { GatewayDispatchPayload } from "discord-api-types/v10";

export interface Room {
  name?: string;
  parent?: string;
}

const MOST = 20_000;
const THREADS: readonly number[] = [10, 11, 12];

export class Rooms {
  readonly #known = new Map<string, Room>();

  of(id: string): Room | undefined {
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
        for (const room of d.threads ?? []) this.#keep(room as { id: string; type: number });
        return;
      case "CHANNEL_DELETE":
      case "THREAD_DELETE":
        this.#known.delete(d.id);
        return;
      default:
        return;
    }
  }

  #keep(room: { id: string; type: number; name?: string | null; parent_id?: string | null }): void {
    const { id, type, name, parent_id: parent } = room;
    this.#known.delete(id);
    this.#known.set(id, {
      ...(name ? { name: name.slice(0, 200) } : {}),
      ...(parent && THREADS.includes(type) ? { parent } : {}),
    });
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size > MOST) this.#known.delete(oldest);
  }
}
