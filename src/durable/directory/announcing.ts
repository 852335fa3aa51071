// Word to the screens of what changed among people and channels. Told when it can be: a page that misses it asks again.
import type { EventName } from "../../contract/methods.ts";
import type { GatewayPort } from "../../contract/ports/gateway.ts";

export async function announce(
  gateway: Pick<GatewayPort, "announce">,
  event: EventName,
  payload: Record<string, unknown>,
): Promise<void> {
  try {
    await gateway.announce(event, payload);
  } catch (error) {
    console.warn(`${event} was not told`, error);
  }
}
