// What a channel is: a platform we speak on, and the code that speaks it. It proves that a request comes from the
// platform, translates what it says into messages, and delivers what the house says. It holds no state.
import type { Message } from "../../contract/message.ts";
import type { DeliveryOutcome, OutboxItem } from "../../contract/ports.ts";
import type { Env } from "../../durable/env.ts";

export interface Channel {
  /** As in Address.channel. */
  id: string;
  /** Checks signature or secret over the raw body. Absent: the platform sends no requests to us. */
  prove?(request: Request, body: string, env: Env): Promise<boolean>;
  /** The messages in a proven request; none when it says nothing for us. */
  translate?(body: string, env: Env): Message[];
  deliver(item: OutboxItem, env: Env): Promise<DeliveryOutcome>;
}
