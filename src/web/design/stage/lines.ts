// Made-up lines at home: one account of a channel in each phase that its line can be in, with what waits for it.
import { CHANNEL_FACTS } from "../../../contract/channels/facts.ts";
import type { AccountView, LineView } from "../../control/channels/channel.ts";
import type { LinkView } from "../../control/channels/link.ts";
import { type Answers, SILENCE } from "./staged-desk.ts";

const NOW = Date.now();
const MINUTE = 60_000;

const linked: AccountView = {
  accountId: "default",
  configured: true,
  enabled: true,
  missing: [],
  tokenSource: "stored",
  keysSetAtMs: NOW - 3 * 24 * 60 * MINUTE,
  dmPolicy: "pairing",
  groupPolicy: "allowlist",
  lastInboundAt: NOW - 40 * MINUTE,
  lastOutboundAt: NOW - 39 * MINUTE,
};
const bare: AccountView = { ...linked, configured: false, missing: ["KEY"], tokenSource: "none" };

export interface LineCase {
  label: string;
  channel: string;
  line: LineView;
  account?: Partial<AccountView>;
}

const held = (phase: string, said?: string, more: Partial<LineView> = {}): LineView => ({
  machine: "nas",
  phase,
  sinceMs: NOW - 12 * MINUTE,
  waiting: 0,
  ...(said === undefined ? {} : { said }),
  ...more,
});

/** In each phase, in the words of its driver. */
export const LINE_CASES: readonly LineCase[] = [
  {
    label: "No machine",
    channel: "whatsapp",
    line: { phase: "off", said: "This channel needs a machine at home: run skerry bridge on one, and let it in under Devices." },
  },
  {
    label: "Its packages are fetched",
    channel: "matrix",
    line: held("installing", "Its packages are fetched; that takes a minute."),
  },
  {
    label: "Unlinked",
    channel: "whatsapp",
    line: held("unlinked", "Link this machine: skerry channels login whatsapp, or under Channels in the page."),
    account: { lastError: "Link this machine: skerry channels login whatsapp, or under Channels in the page.", lastErrorAt: NOW },
  },
  { label: "Connecting", channel: "signal", line: held("connecting") },
  { label: "Open", channel: "imessage", line: held("open", undefined, { who: "olga@example.org" }) },
  {
    label: "Deaf",
    channel: "discord",
    line: held("deaf", "Discord has sent nothing for five minutes, not even a heartbeat; the line is begun anew."),
  },
  {
    label: "Down",
    channel: "signal",
    line: held("down", "signal-cli does not answer at http://nas.local:8080. It is tried again by itself.", {
      who: "+15557654321",
    }),
    account: { outboxWaiting: 3, outboxOldestAtMs: NOW - 12 * MINUTE },
  },
  {
    label: "Refused",
    channel: "matrix",
    line: held(
      "refused",
      "The homeserver does not take the access token any more. Give another one, or the password, under Give keys again.",
    ),
  },
  {
    label: "The machine is away",
    channel: "imessage",
    line: held("away", "nas is not connected just now.", {
      who: "olga@example.org",
      waiting: 2,
      waitingSinceMs: NOW - 26 * 60 * MINUTE,
    }),
    account: { outboxWaiting: 1, outboxOldestAtMs: NOW - 2 * MINUTE },
  },
  {
    label: "Messages wait on both sides",
    channel: "whatsapp",
    line: held("open", undefined, { who: "+15551234567", waiting: 14, waitingSinceMs: NOW - 3 * MINUTE }),
    account: { outboxWaiting: 1, outboxOldestAtMs: NOW - 3 * MINUTE },
  },
  {
    label: "Switched off",
    channel: "whatsapp",
    line: {
      phase: "off",
      said: "No machine holds this line yet. With several machines, name one in the settings: channels.<channel>.home.",
    },
    account: { enabled: false },
  },
];

function answersOf(cases: readonly LineCase[], link?: LinkView): Answers {
  const ids = CHANNEL_FACTS.map(({ id }) => id);
  const accountsOf = (id: string): AccountView[] => {
    const own = cases.filter(({ channel }) => channel === id);
    return own.map(({ line, account }, at) => ({
      ...linked,
      line,
      ...account,
      ...(at === 0 ? {} : { accountId: `number-${at + 1}` }),
    }));
  };
  const channelAccounts = Object.fromEntries(ids.map((id) => [id, accountsOf(id).length > 0 ? accountsOf(id) : [bare]]));
  return {
    "channels.status": { channelOrder: ids, channelAccounts, decisions: [] },
    "channels.groups": { groups: [] },
    "web.login.start": link ?? SILENCE,
    "web.login.wait": SILENCE,
  };
}

/** All of them in one list. */
export const allLines = (): Answers => answersOf(LINE_CASES);

export const oneLine = (one: LineCase): Answers => answersOf([one]);

const shown = (more: Partial<LinkView>): LinkView => ({
  connected: false,
  phase: "linking",
  message: "Scan this code with the app on your phone, under linked devices.",
  since: NOW,
  expiresAtMs: NOW + MINUTE,
  ...more,
});
const unlinked: LineCase = {
  label: "Unlinked",
  channel: "whatsapp",
  line: held("unlinked", "Link this machine with the app on your phone."),
};

/** Being linked by something to scan, or to type; and what has to be said of a try that failed. */
export const linkByQr = (): Answers =>
  answersOf(
    [unlinked],
    shown({
      qr: "https://wa.me/settings/linked_devices#2@made-up,for,the,page,of,the,design,with,as,many,letters,as,a,real,one,has,abcdefghijklmnopqrstuvwxyz0123456789",
    }),
  );
export const linkByCode = (): Answers =>
  answersOf(
    [unlinked],
    shown({ code: "ABCD-EFGH", message: "Type this code on your phone, under linked devices, Link with phone number." }),
  );
export const linkUnderWay = (): Answers => answersOf([unlinked], shown({ message: "It is being linked." }));
