// Who is here: one entry per device or instance, told to screens. Connected ones stay; those who left are shown
// for five minutes. In memory: after a sleep it is rebuilt from the live sockets.
import type { ConnectParams } from "../../contract/gateway.ts";

export const PRESENCE_LIFE_MS = 5 * 60_000;
export const MAX_PRESENCE = 200;

export interface PresenceEntry {
  clientId: string;
  host: string;
  mode: string;
  version: string;
  platform: string;
  deviceFamily?: string;
  deviceId?: string;
  instanceId?: string;
  roles: string[];
  scopes: string[];
  reason: "connect" | "disconnect";
  onlineSince: number;
  text: string;
  ts: number;
}

interface Someone {
  connId: string;
  client: ConnectParams["client"];
  role: string;
  scopes: readonly string[];
  deviceId?: string | undefined;
}

export class Presence {
  readonly #entries = new Map<string, PresenceEntry & { connIds: Set<string> }>();
  /** Counts up with every change. */
  version = 1;

  join(someone: Someone, now: number): void {
    const { client } = someone;
    const key = client.instanceId ?? someone.deviceId ?? someone.connId;
    const known = this.#entries.get(key);
    const connIds = known?.connIds ?? new Set<string>();
    connIds.add(someone.connId);
    const host = client.displayName ?? client.id;
    this.#entries.delete(key);
    this.#entries.set(key, {
      clientId: client.id,
      host,
      mode: client.mode,
      version: client.version,
      platform: client.platform,
      ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
      ...(someone.deviceId === undefined ? {} : { deviceId: someone.deviceId }),
      ...(client.instanceId === undefined ? {} : { instanceId: client.instanceId }),
      roles: [someone.role],
      scopes: [...someone.scopes],
      reason: "connect",
      onlineSince: known?.reason === "connect" ? known.onlineSince : now,
      text: `${host} · ${client.mode} · ${client.platform}`,
      ts: now,
      connIds,
    });
    this.version += 1;
  }

  leave(connId: string, now: number): boolean {
    for (const entry of this.#entries.values()) {
      if (!entry.connIds.delete(connId)) continue;
      if (entry.connIds.size === 0) entry.reason = "disconnect";
      entry.ts = now;
      this.version += 1;
      return true;
    }
    return false;
  }

  /** Newest first. */
  list(now: number): PresenceEntry[] {
    for (const [key, entry] of this.#entries) {
      if (entry.connIds.size === 0 && now - entry.ts > PRESENCE_LIFE_MS) this.#entries.delete(key);
    }
    const away = [...this.#entries].filter(([, entry]) => entry.connIds.size === 0);
    for (const [key] of away.slice(0, Math.max(0, this.#entries.size - MAX_PRESENCE))) this.#entries.delete(key);
    return [...this.#entries.values()]
      .map(({ connIds: _connIds, ...entry }) => entry)
      .reverse()
      .slice(0, MAX_PRESENCE);
  }
}
