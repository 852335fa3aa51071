// Messages of channels and a Directory's door over plain SQLite, for tests of admission.
import type { Address, Message } from "../../src/contract/message.ts";
import type { Settings } from "../../src/contract/settings.ts";
import type { KnownPeople } from "../../src/durable/directory/admission/identity.ts";
import { Admissions } from "../../src/durable/directory/admissions.ts";
import { ChannelAccounts } from "../../src/durable/directory/channels/channel-accounts.ts";
import { SealedKeys } from "../../src/durable/directory/keys/sealed-keys.ts";
import { DIRECTORY_SCHEMA } from "../../src/durable/directory/schema.ts";
import { DeferredWrites } from "../../src/durable/storage/deferred-writes.ts";
import { migrate, type Sql } from "../../src/durable/storage/sql.ts";
import { openTestSql } from "./sqlite.ts";

export const NOBODY: KnownPeople = {
  find: () => undefined,
  findBySender: () => undefined,
  isHome: () => false,
  isBlocked: () => false,
};

export function says(
  sender: string,
  text = "hello",
  more: Partial<Omit<Message, "from">> & { from?: Partial<Address> } = {},
): Message {
  const { from, ...rest } = more;
  return {
    id: `m-${sender}-${text}`,
    from: { channel: "telegram", peer: sender, ...from },
    // A door may claim what it wants: on a channel it counts for nothing.
    sender: { id: sender, name: `Name ${sender}`, isOwner: true },
    parts: [{ type: "text", text }],
    sentAt: 0,
    ...rest,
  };
}

export function inGroup(
  sender: string,
  text = "hello",
  more: Partial<Omit<Message, "from">> & { from?: Partial<Address> } = {},
): Message {
  return says(sender, text, { ...more, from: { peer: "-100", kind: "group", ...more.from } });
}

export interface TestDoor {
  door: Admissions;
  accounts: ChannelAccounts;
  sql: Sql;
  told: { event: string; payload: Record<string, unknown> }[];
  clock: { now: number };
  settings: { current: Settings };
  /** The same rows, as after a restart. */
  reopen(): Promise<TestDoor>;
}

export async function openDoor(settings: Settings = {}, variables: Record<string, string> = {}): Promise<TestDoor> {
  const sql = openTestSql();
  migrate(sql, "directory", DIRECTORY_SCHEMA);
  return build(sql, { current: settings }, variables, { now: 1_000_000 });
}

async function build(
  sql: Sql,
  settings: { current: Settings },
  variables: Record<string, string>,
  clock: { now: number },
): Promise<TestDoor> {
  const keys = new SealedKeys(sql, "owner-token");
  await keys.open();
  const accounts = new ChannelAccounts(sql, {
    settings: () => ({ settings: settings.current, version: 0 }),
    variables: { TELEGRAM_BOT_TOKEN: "1:a", TELEGRAM_WEBHOOK_SECRET: "s", ...variables },
    keys,
  });
  const told: TestDoor["told"] = [];
  const door = new Admissions({
    sql,
    settings: () => settings.current,
    accounts,
    writes: new DeferredWrites((work) => sql.transaction(work)),
    announce: (event, payload) => told.push({ event, payload }),
    now: () => clock.now,
  });
  return { door, accounts, sql, told, clock, settings, reopen: () => build(sql, settings, variables, clock) };
}

/** Lets a stranger in and answers the person they are now. */
export async function letIn(door: Admissions, sender: string, as?: string, channel = "telegram") {
  const asked = await door.admit(says(sender, "hello", { from: { channel, peer: sender } }), {});
  if (asked.outcome !== "pair") throw new Error(`${sender} is no stranger: ${asked.reason}`);
  const approved = await door.approvePairing(asked.code, as);
  if (!approved.ok) throw new Error(approved.error.message);
  return approved.value.person;
}
