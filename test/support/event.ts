// A message as the door would hand it over.
import type { Event, TurnWishes } from "../../src/contract/event.ts";

export function messageEvent(text: string, id: string, wishes: TurnWishes = {}, channel = "webchat"): Event {
  return {
    kind: "message",
    id,
    message: {
      id,
      from: { channel, peer: "screen" },
      sender: { id: "owner", isOwner: true },
      parts: [{ type: "text", text }],
      sentAt: 0,
    },
    wishes,
  };
}
