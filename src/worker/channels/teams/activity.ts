// What the Bot Framework posts: an Activity of Teams, as far as it is read here. A field of another kind than it should be
// is left out, never an error.
import * as z from "zod";

const text = z.string().optional().catch(undefined);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item.or(z.undefined()).catch(undefined))
    .transform((items) => items.filter((one) => one !== undefined))
    .optional()
    .catch(undefined);
const party = z.object({ id: z.string(), name: text, aadObjectId: text, role: text });
const named = z.object({ id: text, name: text }).optional().catch(undefined);
const attachment = z.object({ contentType: z.string(), contentUrl: text, name: text, content: z.unknown().optional() });
const uploadInfo = z.object({ uploadUrl: text, contentUrl: text, name: text, uniqueId: text, fileType: text });

const activity = z.object({
  type: z.string(),
  id: text,
  timestamp: text,
  serviceUrl: z.string(),
  channelId: z.string(),
  from: party,
  recipient: party.optional().catch(undefined),
  conversation: z.object({ id: z.string().min(1), conversationType: text, tenantId: text, name: text }),
  text,
  name: text,
  action: text,
  replyToId: text,
  attachments: list(attachment),
  entities: list(z.object({ type: z.string(), text, mentioned: party.optional().catch(undefined) })),
  value: z.record(z.string(), z.unknown()).optional().catch(undefined),
  membersAdded: list(party),
  membersRemoved: list(party),
  reactionsAdded: list(z.object({ type: z.string() })),
  reactionsRemoved: list(z.object({ type: z.string() })),
  channelData: z.object({ eventType: text, tenant: named, team: named, channel: named }).optional().catch(undefined),
});

const consent = z.object({
  action: z.string(),
  context: z.object({ key: z.string(), name: z.string(), signature: z.string() }),
  uploadInfo: uploadInfo.optional().catch(undefined),
});

export type Activity = z.infer<typeof activity>;
export type Party = z.infer<typeof party>;
export type Attachment = z.infer<typeof attachment>;
export type Consent = z.infer<typeof consent>;

/** SyntaxError: it is none. */
export function readActivity(body: string): Activity {
  const read = activity.safeParse(JSON.parse(body));
  if (!read.success) throw new SyntaxError("no activity of the Bot Framework");
  return read.data;
}

/** A person's word on a file that we offered; undefined: it is no answer to a card of ours. */
export function readConsent({ type, name, value }: Activity): Consent | undefined {
  if (type !== "invoke" || name !== "fileConsent/invoke") return undefined;
  return consent.safeParse(value).data;
}

export function tenantOf({ channelData, conversation }: Activity): string | undefined {
  return channelData?.tenant?.id ?? conversation.tenantId;
}
