// What a call is given to work with: ports of the session, each request counted against the wake.
import type { AnyTool, ToolContext } from "../../tools/port.ts";
import { browserPort } from "../browser/port.ts";
import { describeStatus } from "../describing.ts";
import { messageDesk } from "../outgoing/message-desk.ts";
import type { SessionParts } from "../parts.ts";
import type { PlannedCall } from "../rows/calls.ts";
import type { Turn } from "../rows/turns.ts";
import { approvalDesk } from "./approval-desk.ts";
import { nameOfCall } from "./call-name.ts";
import { handsOf } from "./chosen-hands.ts";
import { homeDesk } from "./home-desk.ts";

export async function contextOf(parts: SessionParts, turn: Turn, call: PlannedCall): Promise<ToolContext> {
  const { ports } = parts;
  const hands = handsOf(parts, turn);
  const { browser } = turn.brief;
  const name = await nameOfCall(call.rowId);
  return {
    agentId: ports.agentId,
    sessionKey: ports.sessionKey,
    callId: call.id,
    workspace: ports.workspace,
    status: async () => describeStatus(parts, turn.brief),
    fetch: (input, init) => {
      parts.wake.countOutside();
      return ports.fetchOutside(input, init);
    },
    storeMedia: (bytes, _type, name) => {
      parts.wake.countInside();
      return ports.storeMedia(new Uint8Array(bytes), name);
    },
    ...(ports.resolveHost ? { resolveHost: ports.resolveHost } : {}),
    ...(call.name === "message" ? { messages: messageDesk(parts, turn, call) } : {}),
    ...(hands ? { hands } : {}),
    approvals: approvalDesk(parts, turn, call, name),
    ...(call.name === "browser" && ports.browser && browser ? { browser: browserPort(parts, browser, turn, call) } : {}),
    ...(ports.home ? { home: homeDesk(parts, ports.home, turn, call, name) } : {}),
    allowedHosts: ports.allowedHosts,
    signal: parts.abort.signal,
    progress: (text) =>
      parts.publisher.tell({ type: "call-progress", callId: call.id, name: call.name, text: text.slice(-4000) }),
    now: ports.now,
    timeZone: turn.brief.timeZone,
  };
}

/** Whether the call may run again after it was cut off. */
export function mayRepeat(tool: AnyTool | undefined, input: () => Record<string, unknown>): boolean {
  if (!tool) return false;
  if (typeof tool.isRepeatable === "boolean") return tool.isRepeatable;
  try {
    return tool.isRepeatable(input());
  } catch {
    // What cannot be read was never run.
    return true;
  }
}
