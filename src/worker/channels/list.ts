// Every channel, one line each. Its code, and its platform's library, load when it is first spoken to.
import type { ChannelId } from "../../contract/channels/facts.ts";
import type { Channel } from "./channel.ts";

const CHANNELS: Record<ChannelId, () => Promise<Channel>> = {
  telegram: async () => (await import("./telegram/telegram.ts")).telegram,
  slack: async () => (await import("./slack/slack.ts")).slack,
  discord: async () => (await import("./discord/discord.ts")).discord,
  "google-chat": async () => (await import("./google-chat/google-chat.ts")).googleChat,
  teams: async () => (await import("./teams/teams.ts")).teams,
  email: async () => (await import("./email/email.ts")).email,
  "whatsapp-cloud": async () => (await import("./whatsapp-cloud/whatsapp-cloud.ts")).whatsappCloud,
  sms: async () => (await import("./sms/sms.ts")).sms,
  whatsapp: async () => (await import("./at-home/whatsapp.ts")).whatsapp,
  signal: async () => (await import("./at-home/signal.ts")).signal,
  imessage: async () => (await import("./at-home/imessage.ts")).imessage,
  matrix: async () => (await import("./at-home/matrix.ts")).matrix,
};

export function findChannel(id: string): Promise<Channel> | undefined {
  return Object.entries(CHANNELS).find(([known]) => known === id)?.[1]();
}
