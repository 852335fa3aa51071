// The page and other screens. What they are told comes as live events over the Gateway socket and stands in the
// transcript, so a delivery has nothing left to do.
import type { Channel } from "./channel.ts";

export const webchat: Channel = {
  id: "webchat",
  deliver: async () => ({ outcome: "sent" }),
};
