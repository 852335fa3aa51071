// Signal by signal-cli at home. Looks stand beside the text, as stretches of it.

import { makeHomeChannel } from "./at-home.ts";
import { renderStyled } from "./styled-text.ts";

export const signal = makeHomeChannel({
  id: "signal",
  label: "Signal",
  maxText: 2000,
  render: renderStyled,
  cannot: {
    draft: "A Signal message that grows while it is written is marked as edited at each step.",
    pin: "Signal lets nobody pin a message by a linked device.",
    thread: "Signal has no threads.",
  },
});
