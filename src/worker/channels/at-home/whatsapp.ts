// WhatsApp by a linked device at home: an ordinary account, not a business one. Its marks are those of the Cloud API's channel.
import { renderMarkup } from "../whatsapp-cloud/markup.ts";
import { makeHomeChannel } from "./at-home.ts";

export const whatsapp = makeHomeChannel({
  id: "whatsapp",
  label: "WhatsApp",
  maxText: 4096,
  render: (markdown) => ({ text: renderMarkup(markdown) }),
  cannot: {
    draft: "A WhatsApp message that grows while it is written rings at each step.",
    thread: "WhatsApp has no threads.",
  },
});
