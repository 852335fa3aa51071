// What the Gateway says of people and of those who are not known, and in which words the room tells it.
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Desk } from "../../state/desk.ts";
import { readSettings, type SettingsDoc } from "../editing/document.ts";
import { read } from "../parts/fetched.ts";

/** Somebody's account on a channel. */
export interface SenderAccount {
  channel: string;
  accountId: string;
  senderId: string;
}

export interface PersonAccount extends SenderAccount {
  name?: string;
  approvedAtMs: number;
}

export interface PersonView {
  id: string;
  name: string;
  role: "owner" | "guest";
  accounts: readonly PersonAccount[];
  lastSeenAtMs?: number;
}

export interface BlockedView extends SenderAccount {
  name?: string;
  blockedAtMs: number;
}

export interface PairingView extends SenderAccount {
  code: string;
  senderName?: string;
  createdAtMs: number;
  expiresAtMs: number;
}

export interface Decision extends SenderAccount {
  senderName?: string;
  groupId?: string;
  groupName?: string;
  outcome: "pair" | "ignore" | "approved" | "rejected" | "blocked";
  reason: string;
  times: number;
  atMs: number;
}

export interface Acquaintance {
  requests: readonly PairingView[];
  people: readonly PersonView[];
  blocked: readonly BlockedView[];
  decisions: readonly Decision[];
  settings: SettingsDoc;
}

export async function readPeople(desk: Desk): Promise<Acquaintance> {
  const [{ requests }, { people, blocked }, { decisions }, settings] = await Promise.all([
    read<{ requests: PairingView[] }, "channels.pairing.list">(desk, "channels.pairing.list", {}),
    read<{ people: PersonView[]; blocked: BlockedView[] }, "people.list">(desk, "people.list", {}),
    read<{ decisions: Decision[] }, "channels.status">(desk, "channels.status", { limit: 200 }),
    readSettings(desk),
  ]);
  return { requests, people, blocked, decisions, settings };
}

/** “Telegram”, “Telegram, work”. */
export function channelOf({ channel, accountId }: Omit<SenderAccount, "senderId">): string {
  const label = channelFacts(channel)?.label ?? channel;
  return accountId === DEFAULT_ACCOUNT ? label : `${label}, ${accountId}`;
}

/** An account in a request. */
export function paramsOf({ channel, accountId, senderId }: SenderAccount): SenderAccount {
  return { channel, accountId, senderId };
}

export function keyOf({ channel, accountId, senderId }: SenderAccount): string {
  return `${channel}/${accountId}:${senderId}`;
}

/** Where somebody's direct talks go. */
export const SCOPES: Readonly<Record<string, readonly [label: string, note: string]>> = {
  "": [
    "Each person their own",
    "All your own accounts share the main talk; everybody else has one of their own, on all their accounts.",
  ],
  "per-peer": [
    "Each person their own, you too",
    "Your messengers share a talk of your own beside the main one; others as before.",
  ],
  "per-channel-peer": ["Each account its own", "Nothing is shared: a talk begun in one messenger does not go on in another."],
  main: [
    "One for everybody",
    "Everybody who is let in writes into the main talk and reads along what it knows. For households only.",
  ],
};
