// Devices: who is paired, with which scopes, and who asks to be. A device's token is computed from the owner's
// token, a random salt and a generation, so that it can be handed out again and nothing stored gives it away.
import type { ConnectParams } from "../../../contract/gateway.ts";
import { newId, newSecret } from "../../../contract/id.ts";
import { migrate, type Sql } from "../../storage/sql.ts";
import { isSameSecret, signText } from "./secrets.ts";

export const PAIRING_LIFE_MS = 3_600_000;
const MAX_PENDING = 50;
/** So that nobody keeps others from asking. */
const MAX_PENDING_OF_ADDRESS = 5;

export const DEVICES_SCHEMA = [
  `CREATE TABLE device_salt (salt TEXT NOT NULL);
CREATE TABLE devices (
  id TEXT NOT NULL, role TEXT NOT NULL, public_key TEXT NOT NULL, scopes TEXT NOT NULL, client TEXT NOT NULL, label TEXT,
  generation INTEGER NOT NULL, is_revoked INTEGER NOT NULL, paired_at INTEGER NOT NULL, token_at INTEGER NOT NULL,
  seen_at INTEGER NOT NULL, PRIMARY KEY (id, role)) WITHOUT ROWID;
CREATE TABLE pair_requests (
  id TEXT PRIMARY KEY, device_id TEXT NOT NULL, role TEXT NOT NULL, public_key TEXT NOT NULL, scopes TEXT NOT NULL,
  client TEXT NOT NULL, address TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE (device_id, role)) WITHOUT ROWID`,
  "ALTER TABLE devices ADD COLUMN owner_mark TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE devices ADD COLUMN address TEXT NOT NULL DEFAULT ''",
  "ALTER TABLE pair_requests ADD COLUMN commands TEXT NOT NULL DEFAULT '[]'",
  "ALTER TABLE pair_requests ADD COLUMN rejected_at INTEGER",
];

export type ClientInfo = ConnectParams["client"];

export interface Device {
  id: string;
  role: string;
  publicKey: string;
  scopes: string[];
  client: ClientInfo;
  label?: string;
  isRevoked: boolean;
  /** Of the owner's token under which it was paired: its bare signature counts only under the same one. */
  ownerMark: string;
  pairedAt: number;
  tokenAt: number;
  seenAt: number;
  /** Network address it was last seen from; empty: not known. */
  address: string;
}

export interface PairRequest {
  id: string;
  deviceId: string;
  role: string;
  publicKey: string;
  scopes: string[];
  client: ClientInfo;
  address: string;
  /** What a home would offer. */
  commands: string[];
  at: number;
}

interface DeviceRow {
  id: string;
  role: string;
  public_key: string;
  scopes: string;
  client: string;
  label: string | null;
  generation: number;
  is_revoked: number;
  owner_mark: string;
  paired_at: number;
  token_at: number;
  seen_at: number;
  address: string;
}

interface RequestRow {
  id: string;
  device_id: string;
  role: string;
  public_key: string;
  scopes: string;
  client: string;
  address: string;
  commands: string;
  at: number;
  rejected_at: number | null;
}

export class Devices {
  readonly #sql: Sql;
  readonly #ownerToken: () => string;

  constructor(sql: Sql, ownerToken: () => string) {
    this.#sql = sql;
    this.#ownerToken = ownerToken;
    migrate(sql, "devices", DEVICES_SCHEMA);
  }

  find(id: string, role: string): Device | undefined {
    const row = this.#sql.one<DeviceRow>("SELECT * FROM devices WHERE id = ? AND role = ?", id, role);
    return row && readDevice(row);
  }

  list(): Device[] {
    return this.#sql.all<DeviceRow>("SELECT * FROM devices ORDER BY paired_at DESC").map(readDevice);
  }

  /** Makes the device a paired one, or refreshes what is known of it. A revoked one starts with a new token. */
  async pair(
    device: { id: string; role: string; publicKey: string; scopes: readonly string[]; client: ClientInfo; address?: string },
    now: number,
  ): Promise<void> {
    const ownerMark = await this.ownerMark();
    this.#sql.transaction(() => {
      const known = this.#sql.one<DeviceRow>("SELECT * FROM devices WHERE id = ? AND role = ?", device.id, device.role);
      const scopes = [...new Set([...(known ? readDevice(known).scopes : []), ...device.scopes])].sort();
      this.#sql.run(
        "INSERT OR REPLACE INTO devices VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
        device.id,
        device.role,
        device.publicKey,
        JSON.stringify(known?.is_revoked ? device.scopes : scopes),
        JSON.stringify(device.client),
        known?.label ?? null,
        (known?.generation ?? 0) + (known?.is_revoked ? 1 : 0),
        known?.paired_at ?? now,
        known && !known.is_revoked ? known.token_at : now,
        now,
        ownerMark,
        device.address ?? known?.address ?? "",
      );
      this.#sql.run("DELETE FROM pair_requests WHERE device_id = ? AND role = ?", device.id, device.role);
    });
  }

  noteSeen(id: string, role: string, from: { params: { client: ClientInfo }; client: string }, now: number): void {
    this.#sql.run(
      "UPDATE devices SET seen_at = ?, client = ?, address = ? WHERE id = ? AND role = ?",
      now,
      JSON.stringify(from.params.client),
      from.client,
      id,
      role,
    );
  }

  async token(id: string, role: string): Promise<string | undefined> {
    const row = this.#sql.one<DeviceRow>("SELECT * FROM devices WHERE id = ? AND role = ?", id, role);
    if (!row || row.is_revoked) return undefined;
    return signText(`${this.#ownerToken()}\n${this.#salt()}`, `${id}|${role}|${row.generation}`);
  }

  /** Tells one owner's token from another without giving it away. */
  ownerMark(): Promise<string> {
    return signText(`${this.#ownerToken()}\n${this.#salt()}`, "owner");
  }

  async isToken(id: string, role: string, token: string): Promise<boolean> {
    const good = await this.token(id, role);
    return good !== undefined && (await isSameSecret(good, token));
  }

  /** The old token is worth nothing from now on. */
  rotate(id: string, role: string, now: number): boolean {
    return (
      this.#sql.run(
        "UPDATE devices SET generation = generation + 1, token_at = ? WHERE id = ? AND role = ? AND is_revoked = 0",
        now,
        id,
        role,
      ) > 0
    );
  }

  revoke(id: string, role: string): boolean {
    return (
      this.#sql.run("UPDATE devices SET is_revoked = 1, generation = generation + 1 WHERE id = ? AND role = ?", id, role) > 0
    );
  }

  remove(id: string): boolean {
    return this.#sql.run("DELETE FROM devices WHERE id = ?", id) > 0;
  }

  rename(id: string, label: string): boolean {
    return this.#sql.run("UPDATE devices SET label = ? WHERE id = ?", label, id) > 0;
  }

  /** Notes that an unknown device asks to be let in. One that was turned away is not heard again within the hour. */
  ask(
    request: Omit<PairRequest, "id" | "at">,
    now: number,
  ): { outcome: "waits"; request: PairRequest; isNew: boolean } | { outcome: "too-many" | "rejected" } {
    return this.#sql.transaction(() => {
      this.#sql.run("DELETE FROM pair_requests WHERE at <= ?", now - PAIRING_LIFE_MS);
      const known = this.#sql.one<RequestRow>(
        "SELECT * FROM pair_requests WHERE device_id = ? AND role = ?",
        request.deviceId,
        request.role,
      );
      if (known && known.rejected_at !== null) return { outcome: "rejected" };
      if (known && isSameWish(readRequest(known), request)) {
        this.#sql.run(
          "UPDATE pair_requests SET scopes = ?, client = ?, address = ?, commands = ? WHERE id = ?",
          JSON.stringify(request.scopes),
          JSON.stringify(request.client),
          request.address,
          JSON.stringify(request.commands),
          known.id,
        );
        return { outcome: "waits", request: { ...request, id: known.id, at: known.at }, isNew: false };
      }
      // Whoever approves what they have seen must not approve what it asks for by now.
      if (known) this.#sql.run("DELETE FROM pair_requests WHERE id = ?", known.id);
      const waiting = this.pending(now);
      const ofAddress = waiting.filter(({ address }) => address === request.address).length;
      if (waiting.length >= MAX_PENDING || ofAddress >= MAX_PENDING_OF_ADDRESS) return { outcome: "too-many" };
      const asked = { ...request, id: newId("pair", now), at: now };
      this.#sql.run(
        "INSERT INTO pair_requests VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        asked.id,
        asked.deviceId,
        asked.role,
        asked.publicKey,
        JSON.stringify(asked.scopes),
        JSON.stringify(asked.client),
        asked.address,
        now,
        JSON.stringify(asked.commands),
      );
      return { outcome: "waits", request: asked, isNew: true };
    });
  }

  pending(now: number): PairRequest[] {
    return this.#sql
      .all<RequestRow>("SELECT * FROM pair_requests WHERE at > ? AND rejected_at IS NULL ORDER BY at DESC", now - PAIRING_LIFE_MS)
      .map(readRequest);
  }

  /** Takes a request off the list; until its hour is over the device need not ask again. */
  reject(requestId: string, now: number): PairRequest | undefined {
    const found = this.pending(now).find((request) => request.id === requestId);
    if (found) this.#sql.run("UPDATE pair_requests SET rejected_at = ? WHERE id = ?", now, requestId);
    return found;
  }

  #salt(): string {
    const found = this.#sql.one<{ salt: string }>("SELECT salt FROM device_salt");
    if (found) return found.salt;
    const salt = newSecret();
    this.#sql.run("INSERT INTO device_salt VALUES (?)", salt);
    return salt;
  }
}

/** Whether it asks for the same under the same name. */
function isSameWish(one: PairRequest, other: Pick<PairRequest, "scopes" | "commands" | "client">): boolean {
  const wish = ({ scopes, commands, client }: typeof other) =>
    JSON.stringify([[...scopes].sort(), [...commands].sort(), client.displayName ?? client.id]);
  return wish(one) === wish(other);
}

function readDevice(row: DeviceRow): Device {
  return {
    id: row.id,
    role: row.role,
    publicKey: row.public_key,
    scopes: JSON.parse(row.scopes),
    client: JSON.parse(row.client),
    ...(row.label === null ? {} : { label: row.label }),
    isRevoked: row.is_revoked !== 0,
    ownerMark: row.owner_mark,
    pairedAt: row.paired_at,
    tokenAt: row.token_at,
    seenAt: row.seen_at,
    address: row.address,
  };
}

function readRequest(row: RequestRow): PairRequest {
  return {
    id: row.id,
    deviceId: row.device_id,
    role: row.role,
    publicKey: row.public_key,
    scopes: JSON.parse(row.scopes),
    client: JSON.parse(row.client),
    address: row.address,
    commands: JSON.parse(row.commands),
    at: row.at,
  };
}
