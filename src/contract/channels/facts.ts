// The channels there are, one row each: what the house must know of a platform without loading its code.
// The code is in worker/channels; its list names the same ids.
import type { ChannelFacts } from "./channel.ts";

const MADE_SECRET = "Skerry makes it and tells the platform.";

export const CHANNEL_FACTS = [
  {
    id: "telegram",
    label: "Telegram",
    textLimit: 4096,
    streaming: "partial",
    editEveryMs: 1000,
    showsTyping: true,
    canReact: true,
    mediaMaxMb: 20,
    base: { variable: "TELEGRAM_API_ROOT", address: "https://api.telegram.org" },
    keys: [
      {
        name: "TELEGRAM_BOT_TOKEN",
        label: "Bot token",
        help: "Write /newbot to @BotFather in Telegram; it answers with the token.",
        isSecret: true,
      },
      { name: "TELEGRAM_WEBHOOK_SECRET", label: "Webhook secret", help: MADE_SECRET, isSecret: true, isMade: true },
    ],
  },
  {
    id: "slack",
    idCase: "upper",
    label: "Slack",
    hasTalkingThreads: true,
    readsThreads: true,
    textLimit: 4000,
    streaming: "partial",
    editEveryMs: 1200,
    showsTyping: true,
    canReact: true,
    mediaMaxMb: 20,
    base: { variable: "SLACK_API_URL", address: "https://slack.com/api/" },
    keys: [
      {
        name: "SLACK_BOT_TOKEN",
        label: "Bot token (xoxb-…)",
        help: "In your app at api.slack.com/apps, under OAuth & Permissions, after installing it to the workspace.",
        isSecret: true,
      },
      {
        name: "SLACK_SIGNING_SECRET",
        label: "Signing secret",
        help: "In your app at api.slack.com/apps, under Basic Information, App Credentials.",
        isSecret: true,
      },
    ],
  },
  {
    id: "discord",
    label: "Discord",
    readsThreads: true,
    textLimit: 2000,
    streaming: "partial",
    editEveryMs: 1500,
    showsTyping: true,
    canReact: true,
    mediaMaxMb: 10,
    base: { variable: "DISCORD_API_URL", address: "https://discord.com/api/v10" },
    keys: [
      {
        name: "DISCORD_BOT_TOKEN",
        label: "Bot token",
        help: "In your application at discord.com/developers/applications, under Bot, Reset Token.",
        isSecret: true,
      },
      {
        name: "DISCORD_PUBLIC_KEY",
        label: "Public key",
        help: "In your application at discord.com/developers/applications, under General Information.",
        isSecret: false,
      },
      {
        name: "DISCORD_APPLICATION_ID",
        label: "Application id",
        help: "In your application at discord.com/developers/applications, under General Information.",
        isSecret: false,
      },
    ],
  },
  {
    id: "google-chat",
    label: "Google Chat",
    textLimit: 4000,
    streaming: "partial",
    editEveryMs: 2000,
    showsTyping: false,
    canReact: false,
    mediaMaxMb: 20,
    base: { variable: "GOOGLE_CHAT_API_URL", address: "https://chat.googleapis.com" },
    keys: [
      {
        name: "GOOGLE_CHAT_SERVICE_ACCOUNT",
        label: "Service account (JSON)",
        help: "In the Google Cloud console, under IAM, Service accounts, Keys: create a JSON key and paste the whole file.",
        isSecret: true,
      },
      {
        name: "GOOGLE_CHAT_AUDIENCE",
        label: "Audience",
        help: "The webhook's address, or the project's number: whichever the Chat API's configuration page names as Authentication Audience.",
        isSecret: false,
      },
      {
        name: "GOOGLE_CHAT_PROJECT_NUMBER",
        label: "Project number",
        help: "On the first page of your project in the Google Cloud console; needed when the app is a Google Workspace add-on.",
        isSecret: false,
        isOptional: true,
      },
    ],
  },
  {
    id: "teams",
    label: "Microsoft Teams",
    textLimit: 4000,
    streaming: "partial",
    editEveryMs: 1500,
    showsTyping: true,
    canReact: false,
    mediaMaxMb: 20,
    base: { variable: "TEAMS_API_URL", address: "https://smba.trafficmanager.net/teams" },
    keys: [
      {
        name: "TEAMS_APP_ID",
        label: "Application (client) id",
        help: "In the Azure portal, in your Azure Bot under Configuration.",
        isSecret: false,
      },
      {
        name: "TEAMS_APP_PASSWORD",
        label: "Client secret",
        help: "In the Azure portal, in the bot's app registration under Certificates & secrets.",
        isSecret: true,
      },
      {
        name: "TEAMS_TENANT_ID",
        label: "Directory (tenant) id",
        help: "In the Azure portal, in the bot's app registration under Overview; leave it out for a multi-tenant bot.",
        isSecret: false,
        isOptional: true,
      },
    ],
  },
  {
    id: "email",
    label: "Email",
    // Whoever gets an answer may be somebody whose name was borrowed: no code is sent to strangers.
    directPolicy: "allowlist",
    textLimit: 100_000,
    streaming: "off",
    editEveryMs: 0,
    showsTyping: false,
    canReact: false,
    mediaMaxMb: 20,
    keys: [
      {
        name: "EMAIL_ADDRESS",
        label: "Its address",
        help: "An address of a domain of yours with Email Routing switched on, routed to this Worker.",
        isSecret: false,
      },
      {
        name: "EMAIL_NAME",
        label: "Name shown as sender",
        help: "What mail programs show beside the address; Skerry unless said otherwise.",
        isSecret: false,
        isOptional: true,
      },
    ],
  },
  {
    id: "whatsapp-cloud",
    label: "WhatsApp Cloud API",
    textLimit: 4096,
    streaming: "off",
    editEveryMs: 0,
    showsTyping: true,
    canReact: true,
    mediaMaxMb: 20,
    base: { variable: "WHATSAPP_API_URL", address: "https://graph.facebook.com/v25.0" },
    keys: [
      {
        name: "WHATSAPP_ACCESS_TOKEN",
        label: "Access token",
        help: "In your app at developers.facebook.com, under WhatsApp, API Setup; a system user's token does not expire.",
        isSecret: true,
      },
      {
        name: "WHATSAPP_PHONE_NUMBER_ID",
        label: "Phone number id",
        help: "In your app at developers.facebook.com, under WhatsApp, API Setup.",
        isSecret: false,
      },
      {
        name: "WHATSAPP_APP_SECRET",
        label: "App secret",
        help: "In your app at developers.facebook.com, under App settings, Basic.",
        isSecret: true,
      },
      {
        name: "WHATSAPP_VERIFY_TOKEN",
        label: "Verify token",
        help: "A word of your own choice; give the same one to WhatsApp under Configuration, Webhook, Verify token.",
        isSecret: true,
      },
    ],
  },
  {
    id: "sms",
    label: "SMS by Twilio",
    textLimit: 1600,
    streaming: "off",
    editEveryMs: 0,
    showsTyping: false,
    canReact: false,
    mediaMaxMb: 5,
    base: { variable: "TWILIO_API_URL", address: "https://api.twilio.com" },
    keys: [
      {
        name: "TWILIO_ACCOUNT_SID",
        label: "Account SID",
        help: "On the first page of console.twilio.com.",
        isSecret: false,
      },
      { name: "TWILIO_AUTH_TOKEN", label: "Auth token", help: "On the first page of console.twilio.com.", isSecret: true },
      {
        name: "TWILIO_PHONE_NUMBER",
        label: "Number",
        help: "The number you bought at console.twilio.com, with country code: +15551234567.",
        isSecret: false,
      },
      {
        name: "TWILIO_WEBHOOK_URL",
        label: "Webhook address",
        help: "Only behind a proxy: the address that Twilio calls, exactly as it stands in the number's settings.",
        isSecret: false,
        isOptional: true,
      },
    ],
  },
] as const satisfies readonly ChannelFacts[];

export type ChannelId = (typeof CHANNEL_FACTS)[number]["id"];

export const DEFAULT_ACCOUNT = "default";

export function channelFacts(id: string): ChannelFacts | undefined {
  return CHANNEL_FACTS.find((facts) => facts.id === id);
}

/** Variable of a key for an account beside the default one: TELEGRAM_BOT_TOKEN__WORK. */
export function variableOf(key: string, account: string): string {
  return account === DEFAULT_ACCOUNT ? key : `${key}__${account.toUpperCase().replaceAll("-", "_")}`;
}
