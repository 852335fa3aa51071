// Who is known, by which accounts, and how a stranger becomes known. Owned by the Directory.
import type { Outcome } from "./errors.ts";
import type { Address } from "./message.ts";

/** The owner's person has this id from the beginning; the first account that is approved becomes theirs. */
export const OWNER_ID = "owner";

/** What a stranger is told who was let in. */
export const WELCOME = "You are let in: write whenever you like.";

/** An account of a platform. `sender` is the platform's own id of the person. */
export interface PersonAccount {
  channel: string;
  account?: string;
  sender: string;
  name?: string;
  approvedAt: number;
}

export interface Person {
  id: string;
  name: string;
  role: "owner" | "guest";
  accounts: PersonAccount[];
  createdAt: number;
  lastSeenAt?: number;
}

/** A stranger who waits. */
export interface Pairing {
  channel: string;
  account?: string;
  /** 8 characters of A–Z and 2–9 without look-alikes. */
  code: string;
  sender: string;
  name?: string;
  createdAt: number;
  expiresAt: number;
}

/** Somebody who is heard nowhere on that account, whatever the policies say. */
export interface BlockedSender {
  channel: string;
  account?: string;
  sender: string;
  name?: string;
  blockedAt: number;
}

/** A group that was written in lately, heard or not. */
export interface SeenGroup {
  channel: string;
  account?: string;
  /** The platform's id, as the settings name it. */
  peer: string;
  name?: string;
  /** Whether the settings let it be heard now. */
  isHeard: boolean;
  seenAt: number;
}

/** An account as it is named from outside; absent `account`: the default one. */
export interface NamedAccount {
  channel: string;
  account?: string;
  sender: string;
}

export type PeopleChange =
  /** Makes two people one: the second one's accounts become the first one's. */
  | { kind: "link"; id: string; other: string }
  /** Makes one of a person's accounts somebody of their own, a guest with a talk of their own. */
  | { kind: "unlink"; account: NamedAccount }
  | { kind: "rename"; id: string; name: string }
  /** Takes an account's admission away; a person without accounts is forgotten, but for the owner. */
  | { kind: "forget"; account: NamedAccount }
  /** The same, and they are not heard again until that is taken back. The owner cannot be blocked. */
  | { kind: "block"; account: NamedAccount }
  | { kind: "unblock"; account: NamedAccount };

/** What the agent may do toward a place. `to` has its way back filled in; `sessionKey`: the talk that an answer from there goes to. */
export type SendPermission = { outcome: "allowed"; to: Address; sessionKey?: string } | { outcome: "denied"; reason: string };

/** Who wrote something, as far as a platform tells. */
export interface Author {
  id: string;
  isFromBot?: boolean;
}

export interface PeoplePort {
  people(): Promise<Person[]>;
  pairings(): Promise<Pairing[]>;
  /**
   * `as`: an earlier person whose account this is ("owner", an id, or a name that only one has), or "guest" for someone new;
   * absent: someone new, or the owner when no account of theirs was ever approved. `to`: where they wrote from.
   */
  approvePairing(code: string, as?: string): Promise<Outcome<{ pairing: Pairing; person: Person; to?: Address }>>;
  rejectPairing(code: string): Promise<Outcome<Pairing>>;
  /** Answers the person as they are then, where there is one. */
  changePeople(change: PeopleChange): Promise<Outcome<Person | undefined>>;
  blockedSenders(): Promise<BlockedSender[]>;
  /** Groups that were written in, latest first. */
  seenGroups(): Promise<SeenGroup[]>;
  /** Whose words in this group may reach a model, in the order in which they are asked about. Nothing is kept of it. */
  mayBeHeard(request: { from: Address; authors: readonly Author[] }): Promise<boolean[]>;
  /**
   * May this agent, in this session, write there? By the send policy and who is known. With an empty channel the peer is
   * "owner" or a person's id or name, and the way they were last heard on is taken.
   */
  maySend(request: { agentId: string; sessionKey: string; to: Address }): Promise<SendPermission>;
}
