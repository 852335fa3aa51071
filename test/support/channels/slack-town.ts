// A third party's Slack (emulate): it keeps people, channels, messages and files, signs its events as Slack does, and posts
// them to `hook`. Who is named here can do there what a person can, with a token of their own.
import { Store } from "@emulators/core";
import { createEmulator, defineEmulator } from "emulate";
import { findPort } from "../runtime.ts";
import { SECRET } from "../slack.ts";

interface SlackPlugin {
  slackPlugin: {
    register(app: unknown, store: Store, webhooks: unknown, base: string, tokens: Map<string, unknown>): void;
    seed(store: Store, base: string): void;
  };
  seedFromConfig(store: Store, base: string, config: object): void;
}

export type SlackSaid = {
  ts: string;
  text: string;
  user: string;
  thread_ts?: string;
  reactions?: { name: string; users: string[] }[];
  files?: { id: string; size: number; name?: string; url_private?: string }[];
  blocks?: object[];
};

export type SlackAnswer = {
  ok: boolean;
  error?: string;
  ts: string;
  channel: { id: string };
  channels: { id: string; name: string }[];
  messages: SlackSaid[];
  user_id: string;
  upload_url: string;
  file_id: string;
};

export interface SlackPerson {
  /** Slack's own methods, as this person; throws when Slack says no. */
  does(method: string, args?: object): Promise<SlackAnswer>;
  id(): Promise<string>;
  /** The room of their direct messages with the bot. */
  direct(): Promise<string>;
  /** A message; answers its ts. */
  writes(channel: string, text: string, thread?: string): Promise<string>;
  sendsFile(channel: string, name: string, bytes: Uint8Array<ArrayBuffer>, words: string): Promise<void>;
  /** Every message of the room, oldest first. */
  sees(channel: string): Promise<SlackSaid[]>;
  /** The answers to a message, oldest first. */
  seesThread(channel: string, ts: string): Promise<SlackSaid[]>;
}

export interface SlackTown {
  /** Its own address, whatever it calls itself. */
  url: string;
  botId(): Promise<string>;
  channel(name: string): Promise<string>;
  person(name: string): SlackPerson;
  stop(): Promise<void>;
}

export const BOT_TOKEN = "xoxb-skerry";

export interface SlackTownOptions {
  /** Where its events go. */
  hook: string;
  people?: string[];
  port?: number;
  /** The address it gives for files, when it is reached through a gate. */
  base?: string;
}

export async function startSlackTown({ hook, people = ["ann"], ...options }: SlackTownOptions): Promise<SlackTown> {
  // The package offers no way in for the address of a webhook: this is its Slack, by the name it has in this version.
  const plugin = (await import("../../../node_modules/emulate/dist/dist-6ZQHD4DN.js" as string)) as SlackPlugin;
  const port = options.port ?? (await findPort());
  const url = `http://127.0.0.1:${port}`;
  const base = options.base ?? url;
  const store = new Store();
  const service = defineEmulator({
    name: "slack",
    state: () => ({}),
    setup({ app, webhooks }) {
      plugin.slackPlugin.register(app, store, webhooks, base, new Map());
      plugin.slackPlugin.seed(store, base);
      plugin.seedFromConfig(store, base, {
        signing_secret: SECRET,
        users: people.map((name) => ({ name, real_name: capital(name), email: `${name}@example.com` })),
        oauth_apps: [
          {
            client_id: "1.2",
            client_secret: "x",
            app_id: "A000000001",
            name: "Skerry",
            redirect_uris: ["http://localhost:1/cb"],
            scopes: ["chat:write"],
            bot_name: "skerry",
          },
        ],
        channels: [{ name: "town" }],
        tokens: [
          { token: BOT_TOKEN, user: "skerry", scopes: ["chat:write"] },
          ...people.map((name) => ({ token: `xoxp-${name}`, user: name, scopes: ["chat:write"] })),
        ],
      });
      const events = ["message", "reaction_added", "reaction_removed", "member_joined_channel", "file_shared"];
      webhooks.register({ url: hook, events, active: true, owner: "slack" });
    },
  });
  const emulator = await createEmulator({ service, port });
  const ask = async (token: string, method: string, args: object = {}): Promise<SlackAnswer> => {
    const answer = await fetch(`${url}/api/${method}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(args),
    });
    const said = (await answer.json()) as SlackAnswer;
    if (!said.ok) throw new Error(`${method}: ${said.error}`);
    return said;
  };
  const botId = async () => (await ask(BOT_TOKEN, "auth.test")).user_id;
  const person = (name: string): SlackPerson => {
    const does: SlackPerson["does"] = (method, args) => ask(`xoxp-${name}`, method, args);
    return {
      does,
      id: async () => (await does("auth.test")).user_id,
      direct: async () => (await does("conversations.open", { users: await botId() })).channel.id,
      async writes(channel, text, thread) {
        return (await does("chat.postMessage", { channel, text, ...(thread === undefined ? {} : { thread_ts: thread }) })).ts;
      },
      async sendsFile(channel, filename, bytes, words) {
        const place = await does("files.getUploadURLExternal", { filename, length: bytes.length });
        await fetch(place.upload_url, { method: "POST", body: bytes });
        await does("files.completeUploadExternal", {
          files: [{ id: place.file_id }],
          channel_id: channel,
          initial_comment: words,
        });
      },
      sees: async (channel) => (await does("conversations.history", { channel, limit: 200 })).messages.toReversed(),
      seesThread: async (channel, ts) => (await does("conversations.replies", { channel, ts })).messages.slice(1),
    };
  };
  return {
    url,
    botId,
    async channel(name) {
      const { channels } = await ask(BOT_TOKEN, "conversations.list");
      return channels.find((one) => one.name === name)?.id ?? "";
    },
    person,
    stop: () => emulator.close(),
  };
}

function capital(name: string): string {
  return `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`;
}
