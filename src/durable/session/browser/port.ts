// A call's way to the browsers of its talk, and to the person while one is theirs.
import { ToolFailure } from "../../../contract/errors.ts";
import type { BrowserBrief } from "../../../contract/home/browser-settings.ts";
import type { Address } from "../../../contract/message.ts";
import { addressKey } from "../../agent/delivery.ts";
import { HAND_OFF, tagOf } from "../../hand-off-link.ts";
import type { BrowserPort } from "../../tools/port.ts";
import { outboxItem, presentTarget } from "../outgoing/places.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";

export function browserPort(parts: SessionParts, brief: BrowserBrief, turn: Turn, call: PlannedCall): BrowserPort {
  return {
    brief,
    do: (place, task) => parts.browsers.do(place, task, brief),
    isHandedBack: (place, task) => parts.browsers.isHandedBack(place, task, brief),
    linkTo: async (endsAt) => {
      const { origin } = brief;
      const { sealLink } = parts.ports.browser ?? {};
      if (origin === undefined || !sealLink) return undefined;
      return `${origin}/browser/${await sealLink({ call: await tagOf(call.rowId), endsAt })}`;
    },
    mayTell: () => void personOf(parts, turn),
    tell: (text) => tellPerson(parts, turn, call, text),
  };
}

/** Undefined: at a screen. @throws ToolFailure in a group. */
function personOf(parts: SessionParts, turn: Turn): Address | undefined {
  const to = presentTarget(parts, turn)?.message.from;
  if (to?.kind !== "group") return to;
  throw new ToolFailure(
    "A browser is not handed over in a group, where everybody would have it. Ask the person to write to you directly.",
  );
}

/** In the talk itself, and as a message where its person is. */
async function tellPerson(parts: SessionParts, turn: Turn, call: PlannedCall, text: string): Promise<void> {
  const to = personOf(parts, turn);
  if (to) await parts.showing.makeWay(turn, addressKey(to));
  const entry = parts.commit(() => {
    if (to) {
      const item = outboxItem(parts, { id: `${call.rowId}:hand-off`, runId: turn.runId, to, act: { type: "text", text } });
      parts.outbox.add(item, parts.now());
    }
    return parts.transcript.add({ kind: "note", turnId: turn.id, text, label: HAND_OFF, isForModel: false }, parts.now());
  });
  parts.publisher.tell({ type: "entry", entry });
}
