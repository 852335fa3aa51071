// What a program that speaks Signal for us can be asked: signal-cli's daemon or the container around it. Every answer says which of
// "it said no", "nobody answered", "it may have happened" and "the account is not linked any more" it is.
import type { TextStyle } from "../../../contract/channels/home-acts.ts";
import { wasNeverSent } from "../web.ts";

export type Failure =
  | { kind: "refused"; reason: string }
  | { kind: "unanswered"; reason: string; retryAfterMs?: number }
  | { kind: "unknown"; reason: string }
  | { kind: "unlinked"; reason: string };

export type Answer<T> = { ok: true; value: T } | { ok: false; failure: Failure };

/** `self`: note to self. */
export type Target = { kind: "person" | "group" | "self"; id: string };

export interface OutgoingFile {
  type: string;
  name: string;
  base64: string;
}

export interface Outgoing {
  text: string;
  styles: readonly TextStyle[];
  mentions: readonly { start: number; length: number; recipient: string }[];
  files: readonly OutgoingFile[];
  isVoice?: boolean;
  quote?: { sentAt: number; author: string; text: string };
  /** When the message that this one takes the place of was sent. */
  edits?: number;
}

export interface Listening {
  /** The stream stands. */
  stood(): void;
  /** Something came, were it only a sign of life. */
  onFrame(): void;
  /** Events as they are told; the next ones are not read before it resolves. */
  hear(events: unknown[]): Promise<void>;
}

export interface SignalApi {
  /** Of the program itself, as people name it. */
  label: string;
  /** Accounts it knows; undefined: it does not tell. */
  accounts(): Promise<Answer<string[] | undefined>>;
  /** Asks Signal itself, as nothing else does while all is quiet. `refused`: it cannot be asked so. */
  checkAccount(): Promise<Answer<undefined>>;
  /** Resolves with the reason when the stream has ended. */
  listen(listening: Listening, signal: AbortSignal): Promise<string>;
  /** When it was sent. */
  send(to: Target, message: Outgoing): Promise<Answer<number>>;
  poll(to: Target, question: string, options: readonly string[], isMultiple: boolean): Promise<Answer<number>>;
  react(to: Target, at: { sentAt: number; author: string }, emoji: string, isRemoved: boolean): Promise<Answer<undefined>>;
  delete(to: Target, sentAt: number): Promise<Answer<undefined>>;
  type(to: Target): Promise<Answer<undefined>>;
  markRead(recipient: string, sentAt: number): Promise<Answer<undefined>>;
  groupNames(): Promise<Answer<Map<string, string>>>;
  /** Writes the file to `path`. `refused`: it is gone, or larger. */
  fetchFile(id: string, from: Target, path: string, maxBytes: number): Promise<Answer<undefined>>;
  /** What is shown as a QR code; `finished` ends when it was scanned (with the number) or ran out. */
  beginLink(signal: AbortSignal): Promise<Answer<{ uri: string; finished: Promise<Answer<string | undefined>> }>>;
  /** Forgets the account's keys. */
  forget(): Promise<Answer<undefined>>;
}

const UNREACHED =
  /UnknownHost|ConnectException|No route to host|Network is unreachable|Not connected|ServerNotFound|Link request error/i;

/** What the words of signal-cli mean, whoever passes them on. */
export function failureOf(reason: string, number: string): Failure {
  const words = reason.replace(/\s+/g, " ").trim().slice(0, 500);
  if (isAboutUs(words, number)) {
    const said = `Signal does not know this device of ${number} any more; link it again.`;
    return { kind: "unlinked", reason: said };
  }
  if (/rate ?limit|captcha|proof required|\b413\b|\b429\b/i.test(words)) {
    return { kind: "unanswered", reason: `Signal wants fewer messages for a while: ${words}`, retryAfterMs: 15 * 60_000 };
  }
  if (UNREACHED.test(words)) {
    return { kind: "unanswered", reason: `signal-cli does not reach Signal just now: ${words}` };
  }
  if (/untrusted/i.test(words)) {
    const how = "compare the safety number on the phone, or trust it with signal-cli";
    return { kind: "refused", reason: `This person's safety number has changed; ${how}. (${words})` };
  }
  return { kind: "refused", reason: words === "" ? "signal-cli refused it without a reason." : words };
}

function isAboutUs(words: string, number: string): boolean {
  if (/AuthorizationFailed|Authorization failed|\[40[13]\]/i.test(words)) return true;
  if (/account does not exist|Failed to load the given account|valid account parameter/i.test(words)) return true;
  return words.includes(number) && /not registered/i.test(words);
}

/** A request that broke: before it left nothing happened; after that nobody knows. */
export function failureOfThrown(error: unknown, label: string): Failure {
  if (wasNeverSent(error)) {
    return { kind: "unanswered", reason: `${label} does not answer just now.`, retryAfterMs: 15_000 };
  }
  return { kind: "unknown", reason: `${label} broke off before it answered.` };
}
