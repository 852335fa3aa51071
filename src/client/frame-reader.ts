// Reads what came over the socket. Anything that is no frame of ours is passed over, never thrown at the screen.
import type { EventFrame, ResponseFrame } from "../contract/gateway.ts";

export function readFrame(data: unknown): ResponseFrame | EventFrame | undefined {
  if (typeof data !== "string") return undefined;
  let frame: unknown;
  try {
    frame = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof frame !== "object" || frame === null || !("type" in frame)) return undefined;
  if (frame.type === "res" && "id" in frame && typeof frame.id === "string" && "ok" in frame) return frame as ResponseFrame;
  if (frame.type === "event" && "event" in frame && typeof frame.event === "string") return frame as EventFrame;
  return undefined;
}
