// What the message tool of a running turn may reach: the Directory's word on who is known and permitted, the way out under
// ids of this call, and the talk of another place, which is told what was written there.
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { addressKey } from "../../agent/delivery.ts";
import type { MessageDesk } from "../../tools/port.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";
import { deliverBefore } from "./delivering.ts";
import { outboxItem, presentTarget, styleOf } from "./places.ts";
import { withinTime } from "./time-limit.ts";

const SEND_MS = 60_000;
/** How long a message of the tool waits for what was said before it at the same place. */
const WAY_MS = 20_000;
const NOTE_CHARS = 4000;

export function messageDesk(parts: SessionParts, turn: Turn, call: PlannedCall): MessageDesk {
  const target = presentTarget(parts, turn);
  const { ports } = parts;
  const itemId = (part: number) => `${call.rowId}:m${part}`;
  return {
    ...(target
      ? {
          here: {
            address: target.message.from,
            ...(target.message.platformId === undefined ? {} : { messageId: target.message.platformId }),
          },
        }
      : {}),
    people: () => {
      parts.wake.countInside();
      return ports.directory.people();
    },
    permit: (to) => {
      parts.wake.countInside();
      return ports.directory.maySend({ agentId: ports.agentId, sessionKey: ports.sessionKey, to });
    },
    plan: (to, text) => {
      parts.wake.countInside();
      const facts = channelFacts(to.channel);
      const style = target ? styleOf(target) : undefined;
      const own = style && target?.message.from.channel === to.channel ? style : undefined;
      return ports.delivery.plan(
        to,
        text,
        own ?? {
          streaming: "off",
          textLimit: facts?.textLimit ?? NOTE_CHARS,
          chunkMode: "length",
          replyTo: "off",
          showsTyping: false,
          editEveryMs: facts?.editEveryMs ?? 1000,
        },
      );
    },
    send: async (to, act, part) => {
      if (act.type === "text" || act.type === "media" || act.type === "poll") {
        const address = addressKey(to);
        await parts.showing.makeWay(turn, address);
        await deliverBefore(parts, address, WAY_MS);
      }
      parts.wake.countOutside();
      const item = outboxItem(parts, { id: itemId(part), runId: turn.runId, to, act, part });
      const unknown = (reason: string) => ({ outcome: "unknown" as const, reason });
      return withinTime(
        ports.delivery.send(item).catch((error: unknown) => unknown(error instanceof Error ? error.message : String(error))),
        SEND_MS,
        () => unknown("nobody said within a minute whether it was taken"),
      );
    },
    read: (from, limit) => {
      parts.wake.countOutside();
      return ports.delivery.read(from, limit);
    },
    note: (to, sessionKey, text) => {
      if (sessionKey === ports.sessionKey) return Promise.resolve();
      parts.wake.countInside();
      const id = `${call.rowId}:note`;
      const place = `${to.channel}${to.account && to.account !== DEFAULT_ACCOUNT ? `@${to.account}` : ""}:${to.peer}`;
      return ports.noteElsewhere(sessionKey, {
        kind: "notice",
        id,
        message: {
          id,
          from: to,
          sender: { id: ports.agentId, name: turn.brief.agentName, isOwner: false },
          parts: [
            {
              type: "text",
              text: `You wrote to ${place}, from the session ${ports.sessionKey}: ${text.slice(0, NOTE_CHARS)}`,
            },
          ],
          sentAt: parts.now(),
        },
      });
    },
  };
}
