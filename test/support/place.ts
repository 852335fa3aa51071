// A place on a channel, as a brief describes it: a direct talk without streaming unless the test says otherwise.
import type { PlaceBrief } from "../../src/contract/admission.ts";
import type { DeliveryStyle } from "../../src/contract/channels/delivery.ts";

export function makePlace({
  style,
  ...change
}: Partial<Omit<PlaceBrief, "style">> & { style?: Partial<DeliveryStyle> } = {}): PlaceBrief {
  return {
    kind: "direct",
    activation: "mention",
    isAddressed: true,
    historyLimit: 50,
    debounceMs: 0,
    ...change,
    style: {
      streaming: "off",
      textLimit: 4096,
      chunkMode: "length",
      replyTo: "off",
      showsTyping: false,
      editEveryMs: 50,
      ...style,
    },
  };
}
