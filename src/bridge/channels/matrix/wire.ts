// What a homeserver answers, as far as it is read. Everything of it was written by strangers: each value is looked at before it is used.
import * as z from "zod";

export type Json = Record<string, unknown>;

const content = z.record(z.string(), z.unknown());

export const roomEvent = z.object({
  type: z.string().max(255),
  event_id: z.string().min(1).max(255),
  sender: z.string().min(1).max(255),
  origin_server_ts: z.number().catch(0),
  state_key: z.string().max(255).optional(),
  redacts: z.string().max(255).optional(),
  content: content.catch({}),
  unsigned: content.optional().catch(undefined),
});
export type RoomEvent = z.infer<typeof roomEvent>;

/** A state event of a room one was only invited to: it has no id. */
const strippedEvent = z.object({
  type: z.string().max(255),
  sender: z.string().max(255),
  state_key: z.string().max(255).catch(""),
  content: content.catch({}),
});
export type StrippedEvent = z.infer<typeof strippedEvent>;

const events = z.array(z.unknown()).catch([]);

/** Names and the like are one line each: what looks like more could be taken for somebody else's words. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}

const joinedRoom = z.object({
  summary: z
    .object({
      "m.heroes": z.array(z.string()).optional().catch(undefined),
      "m.joined_member_count": z.number().optional().catch(undefined),
      "m.invited_member_count": z.number().optional().catch(undefined),
    })
    .optional()
    .catch(undefined),
  state: z.object({ events }).optional(),
  timeline: z.object({ events, limited: z.boolean().optional(), prev_batch: z.string().optional() }).optional(),
});
export type JoinedRoom = z.infer<typeof joinedRoom>;

export const syncAnswer = z.object({
  next_batch: z.string().min(1),
  account_data: z.object({ events }).optional(),
  to_device: z.object({ events }).optional(),
  device_lists: z.object({ changed: z.array(z.string()).optional(), left: z.array(z.string()).optional() }).optional(),
  device_one_time_keys_count: z.record(z.string(), z.number()).optional(),
  device_unused_fallback_key_types: z.array(z.string()).optional(),
  rooms: z
    .object({
      join: z.record(z.string(), joinedRoom).optional(),
      invite: z.record(z.string(), z.object({ invite_state: z.object({ events }).optional() })).optional(),
      leave: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
export type SyncAnswer = z.infer<typeof syncAnswer>;

/** Those that can be read; the others say nothing. */
export function readEvents(of: { events: unknown[] } | undefined): RoomEvent[] {
  return (of?.events ?? []).flatMap((one) => {
    const read = roomEvent.safeParse(one);
    return read.success ? [read.data] : [];
  });
}

export function readStripped(of: { events: unknown[] } | undefined): StrippedEvent[] {
  return (of?.events ?? []).flatMap((one) => {
    const read = strippedEvent.safeParse(one);
    return read.success ? [read.data] : [];
  });
}

export function textIn(of: unknown, name: string): string | undefined {
  const value = inside(of, name);
  return typeof value === "string" ? value : undefined;
}

export function numberIn(of: unknown, name: string): number | undefined {
  const value = inside(of, name);
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}

export function inside(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null && Object.hasOwn(of, name) ? Reflect.get(of, name) : undefined;
}

export function objectIn(of: unknown, name: string): Json | undefined {
  const value = inside(of, name);
  return content.safeParse(value).data;
}

export function listIn(of: unknown, name: string): unknown[] {
  const value = inside(of, name);
  return Array.isArray(value) ? value.slice(0, 1000) : [];
}
