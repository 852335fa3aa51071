// A call's way to the owner's word: the question becomes a row of the Directory, and a message to the owner where they can be
// asked. It goes to this chat when the owner alone speaks here, else to where they were heard last in private; never to a
// group or a guest, and never twice.
import type { ApprovalsPort, AskedApproval } from "../../../contract/home/approval.ts";
import { APPROVAL_LIFE_MS, approvalToken } from "../../../contract/home/approval.ts";
import { type Address, isAnsweredInPlace } from "../../../contract/message.ts";
import { addressKey } from "../../agent/delivery.ts";
import type { ApprovalDesk } from "../../tools/port.ts";
import { outboxItem, spokenIn, targetsOf } from "../outgoing/places.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";
import { handsOf } from "./chosen-hands.ts";
import { writeQuestion } from "./question.ts";

export function approvalDesk(parts: SessionParts, turn: Turn, call: PlannedCall, callName: string): ApprovalDesk {
  const { sessionKey, agentId, directory, now } = parts.ports;
  const port: Pick<ApprovalsPort, "askApproval" | "withdrawApproval"> = directory;
  const idOf = (part: string) => `${callName}:${part}`;
  return {
    ask: async (part, { home, host, plan }) => {
      parts.wake.countInside();
      const asked = await port.askApproval({
        id: idOf(part),
        sessionKey,
        agentId,
        callId: call.rowId,
        runId: turn.runId,
        home,
        host,
        plan,
        expiresAt: now() + APPROVAL_LIFE_MS,
      });
      if (asked.state === "open") await tellOwner(parts, turn, asked);
      return { token: approvalToken(asked.id), until: asked.expiresAt };
    },
    withdraw: (part) => {
      parts.wake.countInside();
      return port.withdrawApproval(idOf(part));
    },
  };
}

/** The message by which a question was put: its id in the outbox. */
export function questionItemId(approvalId: string): string {
  return `${approvalId}:question`;
}

async function tellOwner(parts: SessionParts, turn: Turn, asked: AskedApproval): Promise<void> {
  if (!asked.goesToChats) return;
  const place = placeOfOwner(parts, turn, asked.ownerAt);
  if (!place) return;
  if (place.isHere) await parts.showing.makeWay(turn, addressKey(place.to));
  const act = { type: "text", ...writeQuestion(asked, { isHere: place.isHere, now: parts.now() }) } as const;
  const item = outboxItem(parts, { id: questionItemId(asked.id), runId: turn.runId, to: place.to, act });
  parts.commit(() => parts.outbox.add(item, parts.now()));
}

function placeOfOwner(
  parts: SessionParts,
  turn: Turn,
  ownerAt: Address | undefined,
): { to: Address; isHere: boolean } | undefined {
  const elsewhere = ownerAt && ownerAt.kind !== "group" ? { to: ownerAt, isHere: false } : undefined;
  if (handsOf(parts, turn)?.isOwner !== true) return elsewhere;
  const items = parts.inbox.ofTurn(turn.id);
  const [target] = targetsOf(spokenIn(turn, items));
  // The owner speaks at a screen: the question stands there, in the talk itself.
  if (!target) return turn.event.kind === "message" && isAnsweredInPlace(turn.event.message.from) ? undefined : elsewhere;
  const { from, sender } = target.message;
  return sender.isOwner && from.kind !== "group" ? { to: from, isHere: true } : elsewhere;
}
