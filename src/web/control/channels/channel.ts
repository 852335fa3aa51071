// What the Gateway says of channels, and in which words the room tells it.
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { Desk } from "../../state/desk.ts";
import { readSettings, type SettingsDoc } from "../editing/document.ts";
import { read } from "../parts/fetched.ts";
import { describeAgo, describeClock } from "../parts/words.ts";

export interface AccountView {
  accountId: string;
  configured: boolean;
  enabled: boolean;
  missing: readonly string[];
  tokenSource: "stored" | "environment" | "none";
  keysSetAtMs?: number;
  dmPolicy: string;
  groupPolicy: string;
  lastInboundAt?: number;
  lastOutboundAt?: number;
  lastError?: string;
  lastErrorAt?: number;
  /** Answers that cannot go out just now. */
  outboxWaiting?: number;
  outboxOldestAtMs?: number;
  /** Of a channel whose line a machine at home holds. */
  line?: LineView;
  /** Who wrote in the last minutes, newest first. */
  talks?: readonly { sessionKey: string; name?: string; lastSeenAtMs: number; isTyping: boolean }[];
}

export interface LineView {
  machine?: string;
  phase: string;
  said?: string;
  who?: string;
  sinceMs?: number;
  /** Messages at home that are not here yet. */
  waiting?: number;
  waitingSinceMs?: number;
}

export interface ChannelsStatus {
  channelOrder: readonly string[];
  channelAccounts: Readonly<Record<string, readonly AccountView[]>>;
}

export interface SeenGroup {
  groupId: string;
  accountId: string;
  name?: string;
  isHeard: boolean;
  lastSeenAtMs: number;
}

/** One thing that was done, or that a person has to do. */
export interface Step {
  state: "done" | "by-hand" | "failed";
  text: string;
}

/** All that the sheet of one channel shows. */
export interface ChannelFile {
  accounts: readonly AccountView[];
  groups: readonly SeenGroup[];
  settings: SettingsDoc;
  agents: readonly { id: string; name: string }[];
}

export async function readChannel(desk: Desk, channel: string): Promise<ChannelFile> {
  const [status, { groups }, settings, { agents }] = await Promise.all([
    read<ChannelsStatus, "channels.status">(desk, "channels.status", { channel, limit: 1 }),
    read<{ groups: SeenGroup[] }, "channels.groups">(desk, "channels.groups", { channel }),
    readSettings(desk),
    read<{ agents: { id: string; name: string }[] }, "agents.list">(desk, "agents.list", {}),
  ]);
  return { accounts: status.channelAccounts[channel] ?? [], groups, settings, agents };
}

export function labelOf(channel: string): string {
  return channelFacts(channel)?.label ?? channel;
}

/** “Telegram”, “Telegram, work”. */
export function nameOf(channel: string, accountId: string): string {
  return accountId === DEFAULT_ACCOUNT ? labelOf(channel) : `${labelOf(channel)}, ${accountId}`;
}

/** What names an account in a request. */
export function namedAccount(channel: string, accountId: string): { channel: string; accountId?: string } {
  return { channel, ...(accountId === DEFAULT_ACCOUNT ? {} : { accountId }) };
}

/** Whether somebody gave it keys, here or in variables. */
export function isSetUp(account: AccountView): boolean {
  return account.tokenSource !== "none" || account.lastError !== undefined;
}

export type Standing = { tone: "good" | "bad" | "plain"; text: string };

export function standingOf(account: AccountView): Standing {
  if (!account.enabled) return { tone: "plain", text: "switched off" };
  if (!account.configured) return { tone: "bad", text: "keys are missing" };
  if (account.line !== undefined && account.line.phase !== "open") return PHASES[account.line.phase] ?? PHASES.down;
  if (account.lastError !== undefined) return { tone: "bad", text: "needs a look" };
  return { tone: "good", text: "connected" };
}

/** How a line is that is not open. */
const PHASES: Record<string, Standing> & { down: Standing } = {
  off: { tone: "bad", text: "no machine" },
  away: { tone: "bad", text: "machine is away" },
  installing: { tone: "plain", text: "being set up" },
  connecting: { tone: "plain", text: "connecting" },
  unlinked: { tone: "bad", text: "to be linked" },
  linking: { tone: "plain", text: "being linked" },
  deaf: { tone: "bad", text: "hears nothing" },
  down: { tone: "bad", text: "down" },
  refused: { tone: "bad", text: "refused" },
};

/** Who holds the line, and as whom. */
export function describeLine({ machine, who }: LineView): string {
  const held = machine === undefined ? "No machine holds it" : `Held by ${machine}`;
  return `${held}${who === undefined ? "" : `, as ${who}`}.`;
}

/** What waits to go out, and what waits on the machine at home to come in; a sentence each. */
export function describeWaiting(
  { line, outboxWaiting = 0, outboxOldestAtMs }: AccountView,
  channel: string,
  now: number,
): string[] {
  const since = (at: number | undefined) => (at === undefined ? "" : ` since ${describeClock(at, now)}`);
  const said: string[] = [];
  if (outboxWaiting > 0) {
    const isOne = outboxWaiting === 1;
    const until = line && line.phase !== "open" ? "the line is back" : `${labelOf(channel)} takes ${isOne ? "it" : "them"}`;
    const answers = isOne ? "1 answer waits" : `${outboxWaiting} answers wait`;
    said.push(`${answers}${since(outboxOldestAtMs)}; ${isOne ? "it goes" : "they go"} out when ${until}.`);
  }
  const heard = line?.waiting ?? 0;
  if (heard > 0) {
    const messages = heard === 1 ? "1 message that came in waits" : `${heard} messages that came in wait`;
    const machine = line?.machine ?? "the machine at home";
    said.push(
      `${messages} on ${machine}${since(line?.waitingSinceMs)}; ${heard === 1 ? "it is" : "they are"} answered when ${line?.machine ?? "it"} reaches Skerry.`,
    );
  }
  return said;
}

/** When something last came in and went out. */
export function describeTraffic({ lastInboundAt, lastOutboundAt, talks = [] }: AccountView, now: number): string {
  const answered = talks.filter(({ isTyping }) => isTyping);
  if (answered.length > 0) return `Writing to ${answered.map(({ name }) => name ?? "somebody").join(", ")} now.`;
  if (lastInboundAt === undefined && lastOutboundAt === undefined) return "Nothing has come in yet.";
  const came = lastInboundAt === undefined ? "Nothing has come in yet" : `Last message ${describeAgo(lastInboundAt, now)}`;
  return lastOutboundAt === undefined ? `${came}.` : `${came}, last answer ${describeAgo(lastOutboundAt, now)}.`;
}

/** What goes on with somebody who is there. */
export function describePresence(talk: NonNullable<AccountView["talks"]>[number], now: number): string {
  return talk.isTyping ? "an answer is being written" : `wrote ${describeAgo(talk.lastSeenAtMs, now)}`;
}

/** Where the platform knocks. */
export function webhookOf(origin: string, channel: string, accountId: string): string {
  return `${origin}/channels/${channel}${accountId === DEFAULT_ACCOUNT ? "" : `/${accountId}`}`;
}

/** Whether an address is known on this machine or network alone, as far as its name tells. */
export function isNear(origin: string): boolean {
  if (!URL.canParse(origin)) return true;
  const { hostname } = new URL(origin);
  return (
    /^(?:localhost|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[(?:::1|f[cde]))/.test(hostname) ||
    !/[.:]/.test(hostname) ||
    /\.(?:local|localhost|internal|lan)$/.test(hostname)
  );
}
