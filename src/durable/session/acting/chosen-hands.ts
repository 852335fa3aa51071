// What the running turn may do with its hands: the briefs of all that it was told, and what the owner chose for the session.
import type { HandsBrief } from "../../../contract/home/hands.ts";
import { applyChoice, type ChosenHands } from "../../tools/hands/choice.ts";
import type { SessionParts } from "../parts.ts";
import type { Turn } from "../rows/turns.ts";

/** Undefined: nothing is known of them, so that commands stay at the edge. */
export function handsOf(parts: SessionParts, turn: Turn): ChosenHands | undefined {
  const { hands } = turn.brief;
  if (!hands) return undefined;
  const others = parts.inbox.ofTurn(turn.id).flatMap(({ body }): HandsBrief[] => {
    if (!body) return [];
    // A message from before there were hands: whose it was cannot be told.
    return [body.brief.hands ?? { ...hands, isOwner: false, mayElevate: false, isSandboxed: true }];
  });
  return applyChoice([hands, ...others], parts.profile.get().hands ?? {});
}
