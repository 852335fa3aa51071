// Made-up channels and people: accounts that do well and badly, strangers who wait, and what was decided about others.
import { CHANNEL_FACTS } from "../../../contract/channels/facts.ts";
import type { AccountView, ChannelsStatus, SeenGroup, Step } from "../../control/channels/channel.ts";
import type { LinkView } from "../../control/channels/link.ts";
import type { BlockedView, Decision, PairingView, PersonView } from "../../control/people/person.ts";
import { type Answers, refuse, SILENCE } from "./staged-desk.ts";

const NOW = Date.now();
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const bare: AccountView = {
  accountId: "default",
  configured: false,
  enabled: true,
  missing: ["KEY"],
  tokenSource: "none",
  dmPolicy: "pairing",
  groupPolicy: "allowlist",
};
const connected: AccountView = {
  ...bare,
  configured: true,
  missing: [],
  tokenSource: "stored",
  keysSetAtMs: NOW - 12 * DAY,
  lastInboundAt: NOW - 4 * MINUTE,
  lastOutboundAt: NOW - 3 * MINUTE,
};

const ACCOUNTS: Readonly<Record<string, readonly AccountView[]>> = {
  telegram: [
    {
      ...connected,
      talks: [
        { sessionKey: "agent:main:main", name: "Ada Lund", lastSeenAtMs: NOW, isTyping: true },
        { sessionKey: "agent:main:telegram:club", name: "جوقة الميناء", lastSeenAtMs: NOW - 4 * MINUTE, isTyping: false },
      ],
    },
    { ...connected, accountId: "work", tokenSource: "environment", dmPolicy: "allowlist", groupPolicy: "open" },
  ],
  slack: [
    {
      ...connected,
      lastError: "Slack refused the token: it was revoked. Install the app to the workspace again and give the new token.",
      lastErrorAt: NOW - 20 * MINUTE,
    },
  ],
  whatsapp: [
    {
      ...connected,
      line: {
        machine: "nas",
        phase: "unlinked",
        said: "WhatsApp ended the link of this machine: link it again.",
        who: "+15551234567",
        waiting: 0,
      },
    },
  ],
  signal: [{ ...connected, line: { machine: "nas", phase: "open", who: "+15557654321", waiting: 3 } }],
  email: [{ ...connected, enabled: false, dmPolicy: "allowlist" }],
};

function status(accounts: typeof ACCOUNTS): ChannelsStatus & { decisions: readonly Decision[] } {
  const ids = CHANNEL_FACTS.map(({ id }) => id);
  return {
    channelOrder: ids,
    channelAccounts: Object.fromEntries(ids.map((id) => [id, accounts[id] ?? [bare]])),
    decisions: [],
  };
}

const GROUPS: readonly SeenGroup[] = [
  { groupId: "-1001234567890", accountId: "default", name: "Sailing club", isHeard: true, lastSeenAtMs: NOW - 9 * MINUTE },
  { groupId: "-1009876543210", accountId: "default", name: "جوقة الميناء", isHeard: false, lastSeenAtMs: NOW - 2 * DAY },
];

const STEPS: readonly Step[] = [
  { state: "done", text: "Telegram sends updates to https://skerry.example.org/channels/telegram." },
  { state: "by-hand", text: "For groups: switch privacy mode off (@BotFather, /setprivacy)." },
  { state: "failed", text: "Not done: The menu of commands is set. Telegram says: Too Many Requests." },
];

const at = (senderId: string, channel = "telegram") => ({ channel, accountId: "default", senderId });

const REQUESTS: readonly PairingView[] = [
  { ...at("1007"), code: "K7PXM2QA", senderName: "Grace", createdAtMs: NOW - 4 * MINUTE, expiresAtMs: NOW + 56 * MINUTE },
  {
    ...at("U01HARBOUR", "slack"),
    code: "ZZ4TB9WC",
    senderName: "The harbour office, second floor, which writes on behalf of the harbour master and of his deputy",
    createdAtMs: NOW - 50 * MINUTE,
    expiresAtMs: NOW + 10 * MINUTE,
  },
];

const PEOPLE: readonly PersonView[] = [
  {
    id: "owner",
    name: "Olga",
    role: "owner",
    accounts: [
      { ...at("1001"), name: "Olga", approvedAtMs: NOW - 40 * DAY },
      { ...at("U01OLGA", "slack"), name: "olga.m", approvedAtMs: NOW - 20 * DAY },
    ],
    lastSeenAtMs: NOW - 4 * MINUTE,
  },
  {
    id: "gus",
    name: "Gus",
    role: "guest",
    accounts: [{ ...at("gus@post.example", "email"), approvedAtMs: NOW - 3 * DAY }],
  },
];

const BLOCKED: readonly BlockedView[] = [{ ...at("6660"), name: "Cheap charts", blockedAtMs: NOW - 2 * DAY }];

const decided = (
  senderId: string,
  senderName: string,
  outcome: Decision["outcome"],
  reason: string,
  ageMs: number,
): Decision => ({
  ...at(senderId),
  senderName,
  outcome,
  reason,
  times: 1,
  atMs: NOW - ageMs,
});
const DECISIONS: readonly Decision[] = [
  decided("1007", "Grace", "pair", "The sender is not known and waits to be let in.", 4 * MINUTE),
  {
    ...decided(
      "1002",
      "Gus",
      "ignore",
      "The group is not in groups (groupPolicy allowlist); add its id there to be heard in it.",
      2 * DAY,
    ),
    groupId: "-1009876543210",
    groupName: "جوقة الميناء",
    times: 14,
  },
  decided("6660", "Cheap charts", "blocked", "Blocked: heard nowhere on this account.", 2 * DAY),
  decided("1001", "Olga", "approved", "Let in as the owner.", 40 * DAY),
  decided("1009", "Eve", "rejected", "Turned down.", 41 * DAY),
  ...Array.from({ length: 20 }, (_, index) =>
    decided(
      `2${index}`,
      `Passer-by ${index + 1}`,
      "ignore",
      "A stranger wrote while as many as may be wait already.",
      (42 + index) * DAY,
    ),
  ),
];

const LINK: LinkView = {
  connected: false,
  phase: "linking",
  message: "Scan this code with the app on your phone, under linked devices.",
  since: NOW,
  qr: "2@made-up,for,the,page,of,the,design",
  expiresAtMs: NOW + MINUTE,
};

export const channelAnswers: Answers = {
  "channels.status": { ...status(ACCOUNTS), decisions: DECISIONS },
  "channels.groups": { groups: GROUPS },
  "channels.add": {},
  "channels.connect": { steps: STEPS },
  "channels.test": { bot: "@skerry_bot, webhook at https://skerry.example.org/channels/telegram, 0 updates waiting." },
  "web.login.start": LINK,
  "web.login.wait": SILENCE,
  "channels.remove": { steps: [], keysLeft: false },
  "channels.pairing.list": { requests: REQUESTS },
  "channels.pairing.approve": { notification: "sent" },
  "channels.pairing.dismiss": {},
  "people.list": { people: PEOPLE, blocked: BLOCKED },
  "people.link": {},
  "people.unlink": {},
  "people.rename": {},
  "people.forget": {},
  "people.block": {},
  "people.unblock": {},
};

export const noChannels: Answers = {
  "channels.status": status({}),
  "channels.groups": { groups: [] },
  "channels.test": refuse("Telegram does not know this token; copy it again from @BotFather.", { code: "FORBIDDEN" }),
  "channels.pairing.list": { requests: [] },
  "people.list": { people: [{ id: "owner", name: "Owner", role: "owner", accounts: [] }], blocked: [] },
};
