// iMessage by a Mac at home. Its messages know no marks: words alone.
import { PLAIN, renderMarkdown } from "../text/render.ts";
import { makeHomeChannel } from "./at-home.ts";

export const imessage = makeHomeChannel({
  id: "imessage",
  label: "iMessage",
  maxText: 4000,
  render: (markdown) => ({ text: renderMarkdown(markdown, PLAIN) }),
  cannot: {
    poll: "iMessage has no polls that a program could make; ask in words.",
    draft: "An iMessage does not grow while it is written.",
    pin: "iMessage lets no program pin a message.",
    thread: "iMessage opens no threads by themselves; answer a message instead.",
  },
});
