// The part of a webhook's body that is read. Unknown fields stay, unknown kinds are told apart by `type`.
import * as z from "zod";

const text = z.string().max(70_000);
const media = z.looseObject({
  id: text,
  mime_type: text.optional(),
  caption: text.optional(),
  filename: text.optional(),
  voice: z.boolean().optional(),
});
const named = z.looseObject({
  id: text.optional(),
  title: text.optional(),
  name: text.optional(),
  body: text.optional(),
  response_json: text.optional(),
});

const content = {
  text: z.looseObject({ body: text }).optional(),
  image: media.optional(),
  video: media.optional(),
  audio: media.optional(),
  document: media.optional(),
  sticker: media.optional(),
  location: z
    .looseObject({ latitude: z.number(), longitude: z.number(), name: text.optional(), address: text.optional() })
    .optional(),
  contacts: z
    .array(
      z.looseObject({
        name: z.looseObject({ formatted_name: text.optional() }).optional(),
        phones: z.array(z.looseObject({ phone: text.optional() })).optional(),
        emails: z.array(z.looseObject({ email: text.optional() })).optional(),
      }),
    )
    .optional(),
  interactive: z
    .looseObject({ type: text, button_reply: named.optional(), list_reply: named.optional(), nfm_reply: named.optional() })
    .optional(),
  button: z.looseObject({ payload: text.optional(), text: text.optional() }).optional(),
  order: z
    .looseObject({
      text: text.optional(),
      product_items: z
        .array(
          z.looseObject({
            product_retailer_id: text.optional(),
            quantity: z.coerce.number().optional(),
            item_price: z.coerce.number().optional(),
            currency: text.optional(),
          }),
        )
        .optional(),
    })
    .optional(),
};

const context = z.looseObject({
  id: text.optional(),
  from: text.optional(),
  forwarded: z.boolean().optional(),
  frequently_forwarded: z.boolean().optional(),
});

const message = z.looseObject({
  id: text,
  from: text.optional(),
  from_user_id: text.optional(),
  group_id: text.optional(),
  timestamp: z.coerce.number(),
  type: text,
  context: context.optional(),
  reaction: z.looseObject({ message_id: text, emoji: text.optional() }).optional(),
  system: z.looseObject({ body: text.optional(), type: text.optional() }).optional(),
  edit: z.looseObject({ original_message_id: text, message: z.looseObject(content).optional() }).optional(),
  revoke: z.looseObject({ original_message_id: text }).optional(),
  unsupported: z.looseObject({ type: text.optional() }).optional(),
  ...content,
});

const status = z.looseObject({
  id: text,
  status: text,
  timestamp: z.coerce.number(),
  recipient_id: text.optional(),
  recipient_user_id: text.optional(),
  errors: z.array(z.record(z.string(), z.unknown())).optional(),
});

const value = z.looseObject({
  metadata: z.looseObject({ display_phone_number: text.optional(), phone_number_id: text }),
  contacts: z
    .array(
      z.looseObject({
        wa_id: text.optional(),
        user_id: text.optional(),
        profile: z.looseObject({ name: text.optional(), username: text.optional() }).optional(),
      }),
    )
    .optional(),
  messages: z.array(z.unknown()).optional(),
  statuses: z.array(z.unknown()).optional(),
});

export const payloadSchema = z.looseObject({
  object: z.literal("whatsapp_business_account"),
  entry: z.array(z.looseObject({ changes: z.array(z.looseObject({ field: text, value: z.unknown() })) })),
});

export type Said = z.infer<typeof message>;
export type Told = z.infer<typeof status>;
export type Value = Pick<z.infer<typeof value>, "metadata" | "contacts"> & { messages: Said[]; statuses: Told[] };

/** What is said to one number; a message that cannot be read leaves the others as they are. */
export function readValue(given: unknown): Value | undefined {
  const read = value.safeParse(given);
  if (!read.success) return undefined;
  return {
    ...read.data,
    messages: (read.data.messages ?? []).flatMap((one) => message.safeParse(one).data ?? []),
    statuses: (read.data.statuses ?? []).flatMap((one) => status.safeParse(one).data ?? []),
  };
}
