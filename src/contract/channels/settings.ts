// The part of the settings that is about people and channels: who may write, in which groups, and how answers go out.
// Keys follow openclaw.json where the meaning is the same.
import * as z from "zod";

export const DIRECT_POLICIES = ["pairing", "allowlist", "open", "disabled"] as const;
export const GROUP_POLICIES = ["allowlist", "open", "disabled"] as const;
export const DM_SCOPES = ["main", "per-peer", "per-channel-peer"] as const;

const senders = z.array(z.string().min(1).max(256)).max(1000);
const agentId = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be an agent's id");
const accountId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, "account names are lower case letters, digits and -");
const tools = z.strictObject({ allow: z.array(z.string()).optional(), deny: z.array(z.string()).optional() });

const place = {
  enabled: z.boolean().optional(),
  requireMention: z.boolean().optional().describe("Answer only when spoken to; true unless said otherwise."),
  implicitMentions: z
    .strictObject({ threadParticipation: z.boolean().optional() })
    .optional()
    .describe("Whether all that follows in a thread is for it once it was spoken to there; true unless said otherwise."),
  allowFrom: senders.optional().describe("Who in it may speak; absent: everybody in it."),
  allowBots: z.boolean().optional().describe("Whether other programs are answered."),
  agentId: agentId.optional().describe("The agent that answers here."),
  systemPrompt: z.string().max(20_000).optional(),
  tools: tools.optional().describe("Narrows what the agent's own policy leaves."),
  historyLimit: z.int().min(0).max(200).optional().describe("Messages since the last answer that come along; 50 unless said."),
};
const group = z.strictObject({
  ...place,
  topics: z.record(z.string(), z.strictObject(place)).optional().describe("Topics or threads of the group by id."),
});

/** The same for a channel and for each of its accounts; an account's value wins. */
const account = {
  enabled: z.boolean().optional(),
  dmPolicy: z.enum(DIRECT_POLICIES).optional().describe("Who may write directly; pairing unless said otherwise."),
  allowFrom: senders.optional().describe('Senders who need no pairing; "*" with the policy open.'),
  groupPolicy: z.enum(GROUP_POLICIES).optional().describe("Which groups are heard; allowlist unless said otherwise."),
  groupAllowFrom: senders.optional().describe("Who may speak in groups; absent: everybody in an allowed group."),
  groups: z.record(z.string(), group).optional().describe('Allowed groups by id; "*" stands for all others.'),
  thread: z
    .strictObject({
      initialHistoryLimit: z.int().min(0).max(100).optional(),
    })
    .optional()
    .describe("Messages of a thread that its first answer there knows, where a bot can read them; 20 unless said, 0 for none."),
  agentId: agentId.optional(),
  streaming: z.enum(["off", "partial", "block"]).optional(),
  textChunkLimit: z.int().min(50).max(100_000).optional(),
  chunkMode: z.enum(["length", "paragraph"]).optional(),
  replyToMode: z.enum(["off", "first", "all"]).optional(),
  ackReaction: z.string().max(64).optional().describe('An emoji; "" for none.'),
  typing: z.boolean().optional(),
  humanDelay: z
    .union([z.enum(["off", "natural"]), z.strictObject({ minMs: z.int().min(0).max(20_000), maxMs: z.int().min(0).max(20_000) })])
    .optional(),
  debounceMs: z.int().min(0).max(10_000).optional(),
  mediaMaxMb: z.number().positive().max(100).optional(),
  home: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe("Id or name of the machine that holds this channel's line; unless said: the only one that does so."),
  line: z
    .strictObject({
      hold: z.boolean().optional().describe("Discord: whether a machine holds its gateway; true where there is one."),
      readReceipts: z.boolean().optional().describe("Whether senders see that a message was read; true unless said otherwise."),
      selfChat: z.boolean().optional().describe("WhatsApp, Signal, iMessage: whether notes to yourself are for the assistant."),
      autoJoin: z.enum(["allowlist", "always", "off"]).optional().describe("Matrix: which invitations are taken up."),
      encryption: z.boolean().optional().describe("Matrix: whether encrypted rooms are read; true unless said otherwise."),
    })
    .optional()
    .describe("What only the line at home understands."),
};
const channel = z.strictObject({ ...account, accounts: z.record(accountId, z.strictObject(account)).optional() });

export const channelsSettings = z
  .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), channel)
  .describe(
    "Channels by id: telegram, slack, discord, google-chat, teams, email, whatsapp-cloud, sms, whatsapp, signal, imessage, matrix.",
  );

export const sessionSettings = z.strictObject({
  dmScope: z
    .enum(DM_SCOPES)
    .optional()
    .describe("Which direct talks share a session; unless said: the owner's are main, everybody else has their own."),
  identityLinks: z
    .record(z.string(), senders)
    .optional()
    .describe('Accounts of one person, as channel:id: {"ann": ["telegram:42", "slack:U1"]}.'),
  sendPolicy: z
    .strictObject({
      default: z.enum(["allow", "deny"]).optional(),
      rules: z
        .array(
          z.strictObject({
            action: z.enum(["allow", "deny"]),
            match: z.strictObject({
              channel: z.string().optional(),
              kind: z.enum(["direct", "group"]).optional(),
              peer: z.string().optional(),
              agentId: agentId.optional(),
            }),
          }),
        )
        .max(200)
        .optional(),
    })
    .optional()
    .describe("Whom the agent may write to by itself; the first rule that matches counts."),
});

export const bindingsSettings = z
  .array(
    z.strictObject({
      agentId,
      match: z.strictObject({
        channel: z.string(),
        account: z.string().optional(),
        kind: z.enum(["direct", "group"]).optional(),
        peer: z.string().optional(),
        person: z.string().optional(),
      }),
    }),
  )
  .max(500)
  .describe("Which agent answers where: the most exact match counts, then the first.");

export const commandsSettings = z.strictObject({
  guests: z.array(z.string()).max(50).optional().describe("Slash commands that people other than the owner may use."),
});

export const groupChatSettings = z.strictObject({
  mentionPatterns: z
    .array(z.string().max(200))
    .max(20)
    .optional()
    .describe("Words (regular expressions) that count as a mention; absent: the agent's name."),
  historyLimit: z.int().min(0).max(200).optional(),
});

export type ChannelSettings = z.infer<typeof channel>;
export type GroupSettings = z.infer<typeof group>;
