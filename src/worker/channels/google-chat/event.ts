// What Google Chat posts, in either of its two forms, as one happening: the Chat API's own interaction events, and the
// events of a Google Workspace add-on (`chat.…Payload`). A field of a kind we do not know is left out, never an error.
import * as z from "zod";

const text = z.string().optional().catch(undefined);
const user = z.object({ name: z.string(), displayName: text, type: text }).optional().catch(undefined);
const thread = z.object({ name: text }).optional().catch(undefined);
const space = z
  .object({ name: z.string(), displayName: text, type: text, spaceType: text, spaceThreadingState: text })
  .optional()
  .catch(undefined);
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item.or(z.undefined()).catch(undefined))
    .transform((items) => items.filter((one) => one !== undefined))
    .optional()
    .catch(undefined);
const attachment = z.object({
  contentName: text,
  contentType: text,
  attachmentDataRef: z.object({ resourceName: text }).optional().catch(undefined),
  driveDataRef: z.object({ driveFileId: text }).optional().catch(undefined),
});
const annotation = z.object({
  type: text,
  userMention: z.object({ user }).optional().catch(undefined),
  slashCommand: z.object({ commandName: text }).optional().catch(undefined),
});
const commandId = z.coerce.string().optional().catch(undefined);
const message = z
  .object({
    name: text,
    text,
    argumentText: text,
    createTime: text,
    sender: user,
    thread,
    threadReply: z.boolean().optional().catch(undefined),
    space,
    attachment: list(attachment),
    attachedGifs: list(z.object({ uri: text })),
    annotations: list(annotation),
    slashCommand: z.object({ commandId }).optional().catch(undefined),
    quotedMessageMetadata: z
      .object({
        name: text,
        quotedMessageSnapshot: z.object({ text, sender: text }).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
  })
  .optional()
  .catch(undefined);
const metadata = z.object({ appCommandId: commandId }).optional().catch(undefined);
const parameters = z.record(z.string(), z.string()).optional().catch(undefined);

const classic = z.object({
  type: z.string(),
  eventTime: text,
  user,
  space,
  thread,
  message,
  action: z
    .object({ parameters: list(z.object({ key: z.string(), value: z.string() })) })
    .optional()
    .catch(undefined),
  common: z.object({ parameters }).optional().catch(undefined),
  appCommandMetadata: metadata,
});
const payload = z.object({ space, thread, message, appCommandMetadata: metadata }).optional().catch(undefined);
const addOn = z.object({
  commonEventObject: z.object({ parameters }).optional().catch(undefined),
  chat: z.object({
    user,
    space,
    eventTime: text,
    messagePayload: payload,
    appCommandPayload: payload,
    buttonClickedPayload: payload,
    addedToSpacePayload: payload,
    removedFromSpacePayload: payload,
  }),
});

export type ChatMessage = NonNullable<z.infer<typeof message>>;
export type ChatSpace = NonNullable<z.infer<typeof space>>;
export type ChatUser = NonNullable<z.infer<typeof user>>;

export interface Happening {
  kind: "message" | "pressed" | "added" | "removed" | "other";
  /** RFC 3339. */
  at: string | undefined;
  isAddOn: boolean;
  user: ChatUser | undefined;
  space: ChatSpace | undefined;
  message: ChatMessage | undefined;
  thread: string | undefined;
  /** Of a slash or quick command, as numbered in the app's configuration. */
  commandId: string | undefined;
  parameters: Record<string, string>;
}

const CLASSIC_KINDS: Record<string, Happening["kind"]> = {
  MESSAGE: "message",
  APP_COMMAND: "message",
  CARD_CLICKED: "pressed",
  ADDED_TO_SPACE: "added",
  REMOVED_FROM_SPACE: "removed",
};

/** SyntaxError: it is neither form. */
export function readHappening(body: string): Happening {
  const json: unknown = JSON.parse(body);
  const asAddOn = addOn.safeParse(json);
  if (asAddOn.success) return readAddOn(asAddOn.data);
  const asClassic = classic.safeParse(json);
  if (!asClassic.success) throw new SyntaxError("no event of Google Chat");
  const event = asClassic.data;
  const listed = Object.fromEntries((event.action?.parameters ?? []).map(({ key, value }) => [key, value]));
  return {
    kind: CLASSIC_KINDS[event.type] ?? "other",
    at: event.eventTime,
    isAddOn: false,
    user: event.user ?? event.message?.sender,
    space: event.space ?? event.message?.space,
    message: event.message,
    thread: event.message?.thread?.name ?? event.thread?.name,
    commandId: event.appCommandMetadata?.appCommandId ?? event.message?.slashCommand?.commandId,
    parameters: { ...event.common?.parameters, ...listed },
  };
}

function readAddOn({ chat, commonEventObject }: z.infer<typeof addOn>): Happening {
  const { messagePayload, appCommandPayload, buttonClickedPayload, addedToSpacePayload, removedFromSpacePayload } = chat;
  const said = messagePayload ?? appCommandPayload;
  const found = said ?? buttonClickedPayload ?? addedToSpacePayload ?? removedFromSpacePayload;
  return {
    kind: said
      ? "message"
      : buttonClickedPayload
        ? "pressed"
        : addedToSpacePayload
          ? "added"
          : removedFromSpacePayload
            ? "removed"
            : "other",
    at: chat.eventTime,
    isAddOn: true,
    user: chat.user ?? found?.message?.sender,
    space: found?.space ?? found?.message?.space ?? chat.space,
    message: found?.message,
    thread: found?.message?.thread?.name ?? found?.thread?.name,
    commandId: found?.appCommandMetadata?.appCommandId ?? found?.message?.slashCommand?.commandId,
    parameters: commonEventObject?.parameters ?? {},
  };
}
