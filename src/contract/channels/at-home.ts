// Channels whose line a machine at home holds (WhatsApp, Signal, …): what the bridge is told of an account, what it tells of the line,
// and what it brings. Both ends read with these schemas. Times are ms, sizes bytes.
import * as z from "zod";

/** How long a message that arrived at home may wait for Skerry before it is no news any more. */
export const INBOUND_LIFE_MS = 14 * 24 * 3_600_000;

const channelId = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);
const accountId = z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/);
const platformId = z.string().min(1).max(512);
const text = z.string().max(200_000);

export const ofAccount = { channel: channelId, account: accountId };

export const address = z.object({
  channel: channelId,
  account: accountId.exactOptional(),
  peer: platformId,
  thread: platformId.exactOptional(),
  kind: z.enum(["direct", "group"]).exactOptional(),
  route: z.record(z.string().max(64), z.string().max(4096)).exactOptional(),
});

export const mediaRef = z.object({
  key: z.string().max(256),
  type: z.string().max(256),
  size: z.int().min(0),
  name: z.string().max(512).exactOptional(),
});

export const remoteMedia = z.object({
  handle: z.string().min(1).max(8192),
  kind: z.enum(["image", "audio", "voice", "video", "sticker", "file"]),
  name: z.string().max(512).exactOptional(),
  type: z.string().max(256).exactOptional(),
  size: z.number().min(0).exactOptional(),
  durationS: z.number().min(0).exactOptional(),
});

/** Contract/message.ts, as it comes from home: texts and handles of files; who is the owner is never the machine's to say. */
const homeMessage = z.object({
  id: platformId,
  from: address,
  sender: z.object({ id: platformId, name: z.string().max(512).exactOptional() }),
  parts: z.array(z.object({ type: z.literal("text"), text })).max(20),
  sentAt: z.number(),
  platformId: platformId.exactOptional(),
  attachments: z.array(remoteMedia).max(50).exactOptional(),
  quoted: z
    .object({
      platformId,
      text: text.exactOptional(),
      author: z.string().max(512).exactOptional(),
      isOurs: z.boolean().exactOptional(),
    })
    .exactOptional(),
  isToUs: z.boolean().exactOptional(),
  isFromBot: z.boolean().exactOptional(),
  placeName: z.string().max(512).exactOptional(),
  joinAs: z.string().max(512).exactOptional(),
});
/** What the platform said, word for word, where the Worker's channel reads it; `id` is the same when it is repeated. */
const homeRaw = z.object({ kind: z.literal("raw"), id: platformId, body: z.record(z.string(), z.unknown()) });
const homeItem = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("message"), message: homeMessage }),
  z.object({ kind: z.literal("notice"), message: homeMessage }),
  homeRaw,
]);
/** All that a line may bring. */
export type HomeItem = z.infer<typeof homeItem>;
/** What somebody said or did, in our words. */
export type HomeInbound = Exclude<HomeItem, { kind: "raw" }>;

export function isSaid(item: HomeItem): item is HomeInbound {
  return item.kind !== "raw";
}

export function idOfItem(item: HomeItem): string {
  return item.kind === "raw" ? item.id : item.message.id;
}

/** One delivery of the bridge, in the order in which it arrived there. */
export const homePost = z.object({ items: z.array(homeItem).min(1).max(50) });

/** What a bridge holds: one account of one channel. `keys` by their variables' names. */
export const heldAccount = z.object({
  ...ofAccount,
  keys: z.record(z.string(), z.string()),
  mediaMaxMb: z.number().positive(),
  /** Of the platform, or of a server in its place; absent: there is only the platform's own. */
  base: z.string().max(2048).exactOptional(),
  /** Settings of this channel that only its line understands. */
  options: z.record(z.string(), z.unknown()),
});
export type HeldAccount = z.infer<typeof heldAccount>;
export const heldAccounts = z.object({ accounts: z.array(heldAccount) });

export const LINE_PHASES = ["off", "installing", "unlinked", "linking", "connecting", "open", "deaf", "down", "refused"] as const;

/**
 * How a line is. `unlinked`: the account has to be linked first. `linking`: the owner is shown a code. `down`: it is tried again by
 * itself. `refused`: the platform said no, and only the owner can mend it.
 */
export const lineState = z.object({
  ...ofAccount,
  phase: z.enum(LINE_PHASES),
  /** Since when it is in this phase. */
  since: z.number(),
  /** In words: the trouble and what to do, or who it is. */
  said: z.string().max(500).exactOptional(),
  /** The account's own name at the platform: a number, an address, a user id. */
  who: z.string().max(256).exactOptional(),
  lastInAt: z.number().exactOptional(),
  lastOutAt: z.number().exactOptional(),
  /** Messages that arrived at home and are not with Skerry yet. */
  waiting: z.int().min(0),
  /** Since when the oldest of them waits. */
  waitingSince: z.number().exactOptional(),
  /** What the owner is shown to link the account, while it holds. */
  link: z.object({ kind: z.enum(["qr", "code"]), text: z.string().max(4096), until: z.number() }).exactOptional(),
});
export type LineState = z.infer<typeof lineState>;

/** `channel.lines`: how all lines of the machine are. */
export const lineStates = z.object({ lines: z.array(lineState).max(64) });
