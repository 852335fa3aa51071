// Channels: what is known of each platform before its code is loaded (one row each), and the words of their keys, health
// and state. The code that speaks is in worker/channels/<id>.

import type { Outcome } from "../errors.ts";
import type { Message } from "../message.ts";
import type { DeliveryStyle } from "./delivery.ts";
import type { DIRECT_POLICIES } from "./settings.ts";

/** A value that an account of a channel needs, named like its environment variable. */
export interface ChannelKey {
  name: string;
  label: string;
  /** Where a person finds it, in one sentence. */
  help: string;
  isSecret: boolean;
  isOptional?: boolean;
  /** Made by Skerry when it is absent. */
  isMade?: boolean;
}

export interface ChannelFacts {
  id: string;
  label: string;
  /** The platform's ids are in upper case throughout; absent: mixed or none. */
  idCase?: "upper";
  /** Characters of one message. */
  textLimit: number;
  streaming: DeliveryStyle["streaming"];
  /** Least time between edits, ms. */
  editEveryMs: number;
  showsTyping: boolean;
  canReact: boolean;
  /** Whether a thread is a talk of a few: who was spoken to in it goes on being meant. */
  hasTalkingThreads?: boolean;
  /** Whether a bot can read what was written in a thread before. */
  readsThreads?: boolean;
  /** Largest file from it, MiB. */
  mediaMaxMb: number;
  /** A machine at home holds its line. `needed`: nothing goes without one; `optional`: it hears more with one. */
  home?: "needed" | "optional";
  /** How an account is linked, where it has to be: by a code that is scanned, or one that is typed. */
  linking?: readonly ("qr" | "code")[];
  /** Who may write directly unless the settings say otherwise; absent: pairing. */
  directPolicy?: (typeof DIRECT_POLICIES)[number];
  /** Variable that names another server in the platform's place, and what it is without. */
  base?: { variable: string; address: string };
  keys: readonly ChannelKey[];
}

/** What a proven request says: something to answer, or something to know. */
export type Inbound = { kind: "message"; message: Message } | { kind: "notice"; message: Message };

/** All that the code of a channel needs of one account. Keys stay in memory: no row, no log and no frame may hold one. */
export interface ChannelAccount {
  channel: string;
  account: string;
  isEnabled: boolean;
  /** By ChannelKey.name. */
  keys: Record<string, string>;
  /** Keys that are needed and not there. */
  missing: string[];
  mediaMaxMb: number;
  /** Id or name of the machine that holds its line; absent: the only one that holds lines. */
  home?: string;
  /** Counts up with every change of keys or settings. */
  version: number;
}

export interface ChannelNote {
  channel: string;
  account: string;
  at: number;
  /**
   * `error`: in words its owner can act on. `fine`: it works (again). `waiting`: how many messages of a session cannot go out just now;
   * `since`: when the oldest of them was written.
   */
  note:
    | { kind: "in" }
    | { kind: "out" }
    | { kind: "fine"; text?: string }
    | { kind: "error"; text: string }
    | { kind: "waiting"; sessionKey: string; count: number; since: number };
}

export interface ChannelState {
  channel: string;
  label: string;
  account: string;
  isConfigured: boolean;
  isEnabled: boolean;
  missing: string[];
  /** Where its keys come from. */
  keysFrom: "stored" | "environment" | "none";
  /** When the latest of its stored keys was given. */
  keysSetAt?: number;
  directPolicy: string;
  groupPolicy: string;
  lastInAt?: number;
  lastOutAt?: number;
  /** The latest trouble; gone when it works again. */
  error?: { text: string; at: number };
  /** Messages that cannot go out just now and are tried again; `since`: when the oldest was written. */
  waiting?: { count: number; since: number };
  /** The talks that were written in last, newest first; empty after a restart. */
  lately: LateTalk[];
}

/** A talk that somebody wrote in. `name`: of the person or group, as the channel gives it. */
export interface LateTalk {
  sessionKey: string;
  name?: string;
  at: number;
}

/** One thing that was set up, or that a person has to do by hand at the platform. */
export interface SetupStep {
  state: "done" | "by-hand" | "failed";
  text: string;
}

/** What an owner does with a channel at its platform; an entry point of the Worker. */
export interface PlatformPort {
  /** Tells the platform where we are. `origin`: where this Skerry is reached from outside, without a path. */
  setUp(channel: string, account: string, origin: string): Promise<Outcome<SetupStep[]>>;
  takeDown(channel: string, account: string): Promise<Outcome<SetupStep[]>>;
  /** Names the bot that the keys belong to. */
  probe(channel: string, account: string): Promise<Outcome<string>>;
}

/**
 * What was decided about somebody who was not simply let in, and what the owner decided about those who waited. The same
 * decision counts up, its text is never kept.
 */
export interface AdmissionNote {
  at: number;
  channel: string;
  account: string;
  sender: string;
  name?: string;
  /** Groups: the platform's id of the place, and what it is called. */
  peer?: string;
  placeName?: string;
  outcome: "pair" | "ignore" | "approved" | "rejected" | "blocked";
  reason: string;
  times: number;
}

/** An account whose line a machine at home is to hold. */
export interface WantedLine {
  channel: string;
  account: string;
  /** Id or name of the machine; absent: the only one that holds lines. */
  home?: string;
  keys: Record<string, string>;
  mediaMaxMb: number;
  /** Of the platform, or of a server in its place. */
  base?: string;
  /** What the settings say that only the line understands. */
  options: Record<string, unknown>;
}

export interface ChannelDeskPort {
  /** Those that are set up and switched on. */
  wantedLines?(): Promise<WantedLine[]>;
  /** The latest decisions, newest first. */
  admissionNotes(limit?: number): Promise<AdmissionNote[]>;
  channelAccount(channel: string, account: string): Promise<ChannelAccount | undefined>;
  channelStates(): Promise<ChannelState[]>;
  /** Keeps keys sealed, as those of model providers; an empty value removes one. */
  setChannelKeys(channel: string, account: string, keys: Record<string, string>): Promise<Outcome<ChannelState>>;
  removeChannelAccount(channel: string, account: string): Promise<boolean>;
  noteChannel(note: ChannelNote): Promise<void>;
  /** The sessions with messages that wait for this account. */
  waitingSessions?(channel: string, account: string): Promise<string[]>;
}
