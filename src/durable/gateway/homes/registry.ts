// Which homes there are: what each declares, what of it was approved, when it was here last. Whether one is connected is
// not written down: its live socket says so. What a home declares beyond what was approved may not be called.
import type { HomeRow } from "../../../contract/home/port.ts";
import { migrate, type Sql } from "../../storage/sql.ts";

export const HOMES_SCHEMA = [
  `CREATE TABLE home (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, label TEXT, platform TEXT NOT NULL, version TEXT NOT NULL, instance TEXT NOT NULL,
    caps TEXT NOT NULL, declared TEXT NOT NULL, approved TEXT NOT NULL, permissions TEXT NOT NULL,
    connected_at INTEGER NOT NULL, seen_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  -- What was asked of a home, by which of its sockets. state: sent, answered. told: the session has heard of the answer.
  CREATE TABLE home_call (
    id TEXT PRIMARY KEY, home TEXT NOT NULL, line TEXT NOT NULL, command TEXT NOT NULL, state TEXT NOT NULL, reply_to TEXT, live TEXT,
    sent_at INTEGER NOT NULL, due_at INTEGER NOT NULL, answered_at INTEGER, answer TEXT, told INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX home_call_open ON home_call (due_at) WHERE state = 'sent';
  CREATE INDEX home_call_untold ON home_call (answered_at) WHERE state = 'answered' AND told = 0`,
];

/** What a home says of itself when it connects. */
export interface Arrival {
  id: string;
  name: string;
  platform: string;
  version: string;
  /** Of the installation: the same key from another one is a copied key. */
  instance: string;
  caps: string[];
  commands: string[];
  permissions: Record<string, unknown>;
}

interface HomeTableRow {
  id: string;
  name: string;
  label: string | null;
  platform: string;
  version: string;
  instance: string;
  caps: string;
  declared: string;
  approved: string;
  permissions: string;
  connected_at: number;
  seen_at: number;
}

export type Found = { outcome: "found"; home: HomeRow } | { outcome: "none"; reason: string };

export class Homes {
  readonly #sql: Sql;
  readonly #isConnected: (id: string) => boolean;

  constructor(sql: Sql, isConnected: (id: string) => boolean) {
    this.#sql = sql;
    this.#isConnected = isConnected;
    migrate(sql, "homes", HOMES_SCHEMA);
  }

  /** `approved`: commands that whoever let it in has seen. Of one that is known only what is new has to be approved. */
  arrive(arrival: Arrival, approved: readonly string[], now: number): HomeRow {
    const { id, name, platform, version, instance } = arrival;
    const known = this.#row(id);
    const may = new Set([...(known ? readList(known.approved) : []), ...approved]);
    this.#sql.run(
      "INSERT OR REPLACE INTO home VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id,
      name,
      known?.label ?? null,
      platform,
      version,
      instance || known?.instance || "",
      JSON.stringify(arrival.caps),
      JSON.stringify(arrival.commands),
      JSON.stringify([...may].sort()),
      JSON.stringify(arrival.permissions),
      now,
      now,
    );
    const row = this.find(id);
    if (!row) throw new Error("A home that was written is there.");
    return row;
  }

  /** The installation that used the key before (empty: not known), and what it said it can do. */
  arrivedAs(id: string): Pick<Arrival, "instance" | "caps"> {
    const row = this.#row(id);
    return row ? { instance: row.instance, caps: readList(row.caps) } : { instance: "", caps: [] };
  }

  noteSeen(id: string, now: number): void {
    this.#sql.run("UPDATE home SET seen_at = ? WHERE id = ?", now, id);
  }

  find(id: string): HomeRow | undefined {
    const row = this.#row(id);
    return row && this.#view(row);
  }

  list(): HomeRow[] {
    return this.#sql.all<HomeTableRow>("SELECT * FROM home ORDER BY connected_at DESC").map((row) => this.#view(row));
  }

  permissionsOf(id: string): Record<string, unknown> {
    const row = this.#row(id);
    return row ? JSON.parse(row.permissions) : {};
  }

  /** The home of that id or name, or the only connected one that may do it. */
  pick(wanted: string | undefined, command: string): Found {
    const homes = this.list();
    if (wanted !== undefined) {
      const lower = wanted.trim().toLowerCase();
      const named = homes.filter((home) => home.id === wanted || home.name.toLowerCase() === lower);
      const [home] = named;
      if (!home) return none(`There is no machine called "${wanted}". ${namesOf(homes)}`);
      if (named.length > 1) return none(`Several machines are called "${wanted}"; give the id of one.`);
      if (!home.isConnected) return none(`${home.name} is not connected just now; it was seen last ${when(home.seenAt)}.`);
      return this.#may(home, command);
    }
    const connected = homes.filter((home) => home.isConnected);
    if (homes.length === 0) return none("No machine is paired. Run skerry bridge on one at home.");
    if (connected.length === 0) return none(`No machine is connected just now. ${namesOf(homes)}`);
    const able = connected.filter((home) => home.commands.includes(command));
    const [home] = able;
    if (home && able.length === 1) return { outcome: "found", home };
    if (able.length > 1) return none(`Several machines can do that; say which. ${namesOf(able)}`);
    const waits = connected.find((other) => other.unapproved.includes(command));
    return waits ? this.#may(waits, command) : none(`No connected machine offers ${command}. ${namesOf(connected)}`);
  }

  /** What it declares may be called from now on; with `seen`, of what is new only that. */
  approve(id: string, seen?: readonly string[]): HomeRow | undefined {
    const row = this.#row(id);
    if (!row) return undefined;
    const before = readList(row.approved);
    const may = readList(row.declared).filter((command) => !seen || seen.includes(command) || before.includes(command));
    this.#sql.run("UPDATE home SET approved = ? WHERE id = ?", JSON.stringify(may.sort()), id);
    return this.find(id);
  }

  rename(id: string, label: string): boolean {
    return this.#sql.run("UPDATE home SET label = ? WHERE id = ?", label, id) > 0;
  }

  remove(id: string): boolean {
    return this.#sql.run("DELETE FROM home WHERE id = ?", id) > 0;
  }

  #may(home: HomeRow, command: string): Found {
    if (home.commands.includes(command)) return { outcome: "found", home };
    return none(
      home.unapproved.includes(command)
        ? `${home.name} offers ${command}, but that was not approved yet; approve it under Devices.`
        : `${home.name} does not offer ${command}.`,
    );
  }

  #row(id: string): HomeTableRow | undefined {
    return this.#sql.one<HomeTableRow>("SELECT * FROM home WHERE id = ?", id);
  }

  #view(row: HomeTableRow): HomeRow {
    const declared = readList(row.declared);
    const approved = new Set(readList(row.approved));
    const isConnected = this.#isConnected(row.id);
    return {
      id: row.id,
      name: row.label ?? row.name,
      platform: row.platform,
      version: row.version,
      isConnected,
      ...(isConnected ? { connectedAt: row.connected_at } : {}),
      seenAt: row.seen_at,
      caps: readList(row.caps),
      commands: declared.filter((command) => approved.has(command)),
      unapproved: declared.filter((command) => !approved.has(command)),
    };
  }
}

function none(reason: string): Found {
  return { outcome: "none", reason };
}

function namesOf(homes: readonly HomeRow[]): string {
  return homes.length === 0 ? "" : `Known: ${homes.map((home) => home.name).join(", ")}.`;
}

function when(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}

function readList(text: string): string[] {
  return JSON.parse(text);
}
