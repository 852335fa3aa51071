// A message as the door would hand it over.
import type { Event, TurnWishes } from "../../src/contract/event.ts";
import type { Message, Part } from "../../src/contract/message.ts";

/** `files` come after the text; `change` is laid over the message. */
export function messageEvent(
  text: string,
  id: string,
  wishes: TurnWishes = {},
  channel = "webchat",
  { files = [], ...change }: Partial<Message> & { files?: Part[] } = {},
): Event & { kind: "message" } {
  return {
    kind: "message",
    id,
    message: {
      id,
      from: { channel, peer: "screen" },
      sender: { id: "owner", isOwner: true },
      parts: [{ type: "text", text }, ...files],
      sentAt: 0,
      ...change,
    },
    wishes,
  };
}
