// What a bridge tells by itself, as the payload of a `node.event`.
import * as z from "zod";

/** `process.ended`: a command that its session knows as running has ended. Told once, by its own id. */
export const processEnded = z.object({
  sessionKey: z.string().min(1).max(512),
  processId: z.string().min(1).max(200),
  /** As it was asked for. */
  command: z.string().max(100_000),
  exitCode: z.int().optional(),
  signal: z.string().max(64).optional(),
  /** Why it was ended, in words. */
  endedBy: z.string().max(2000).optional(),
  /** The last of its output. */
  tail: z.string().max(100_000),
});
export type ProcessEnded = z.infer<typeof processEnded>;
