// A call's way to the owner's machines. What it asks there carries an id of its own, so that a call which is repeated after
// a crash gets the first answer; an answer that takes longer comes by `receive` and finds the waiting call.
import type { HomePort } from "../../../contract/home/port.ts";
import type { HomeDesk } from "../../tools/port.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";

export function homeDesk(parts: SessionParts, port: HomePort, turn: Turn, call: PlannedCall, callName: string): HomeDesk {
  const { sessionKey, agentId } = parts.ports;
  const idOf = (part: string) => `${callName}:${part}`;
  return {
    homes: () => {
      parts.wake.countInside();
      return port.homes();
    },
    call: async (part, wanted) => {
      const { signal } = parts.abort;
      if (signal.aborted) return { outcome: "unreachable", reason: "Nothing was asked of the machine: the turn was stopped." };
      parts.wake.countInside();
      // Whoever stops the turn does not wait for the machine: the call is answered as interrupted, at once.
      const callOff = () => void port.cancelCall(idOf(part)).catch(() => undefined);
      signal.addEventListener("abort", callOff, { once: true });
      try {
        return await port.callHome({
          ...wanted,
          id: idOf(part),
          replyTo: { sessionKey, callId: call.rowId },
          live: { sessionKey, agentId, runId: turn.runId, callId: call.id, name: call.name },
        });
      } finally {
        signal.removeEventListener("abort", callOff);
      }
    },
    cancel: (part) => {
      parts.wake.countInside();
      return port.cancelCall(idOf(part));
    },
    tokenOf: idOf,
  };
}
