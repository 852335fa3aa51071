// A message as the door would hand it over.
import type { Event, TurnWishes } from "../../src/contract/event.ts";
import type { Part } from "../../src/contract/message.ts";

export function messageEvent(text: string, id: string, wishes: TurnWishes = {}, channel = "webchat", files: Part[] = []): Event {
  return {
    kind: "message",
    id,
    message: {
      id,
      from: { channel, peer: "screen" },
      sender: { id: "owner", isOwner: true },
      parts: [{ type: "text", text }, ...files],
      sentAt: 0,
    },
    wishes,
  };
}
