// How a place wants to be written to, for tests that cut texts.
import type { DeliveryStyle } from "../../../src/contract/channels/delivery.ts";

export function styleOf(textLimit: number): DeliveryStyle {
  return { streaming: "partial", textLimit, chunkMode: "length", replyTo: "off", showsTyping: false, editEveryMs: 2000 };
}
