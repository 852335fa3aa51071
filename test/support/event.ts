// A message as the door would hand it over.
import type { Event, TurnWishes } from "../../src/contract/event.ts";
import type { Message } from "../../src/contract/message.ts";

export function messageEvent(
  text: string,
  id: string,
  wishes: TurnWishes = {},
  channel = "webchat",
  change: Partial<Message> = {},
): Event & { kind: "message" } {
  return {
    kind: "message",
    id,
    message: {
      id,
      from: { channel, peer: "screen" },
      sender: { id: "owner", isOwner: true },
      parts: [{ type: "text", text }],
      sentAt: 0,
      ...change,
    },
    wishes,
  };
}
