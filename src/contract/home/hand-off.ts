// A tab in a person's hands, by a page of Skerry's own: what they see of it, what they do in it, and what comes of that. Where the
// browser stands makes no difference. A picture is worth something at this moment alone: nobody keeps it.
import * as z from "zod";
import { browserPolicy, handedTab } from "./browser.ts";

/** Longest text of one paste. */
const MOST_TEXT = 5000;

const place = z.number().min(0).max(1);
const point = { x: place, y: place };
const distance = z.number().min(-4000).max(4000);

/** Places are parts of the picture's width and height. */
export const handEvent = z.discriminatedUnion("kind", [
  z.object({ kind: z.enum(["down", "up", "move"]), ...point, clicks: z.int().min(1).max(3).optional() }),
  z.object({ kind: z.literal("wheel"), ...point, dx: distance, dy: distance }),
  /** As in the tool's `press`: `Enter`, `a`, `Control+A`. */
  z.object({ kind: z.literal("key"), key: z.string().min(1).max(40) }),
  z.object({ kind: z.literal("text"), text: z.string().min(1).max(MOST_TEXT) }),
  z.object({ kind: z.enum(["back", "reload"]) }),
]);
export type HandEvent = z.infer<typeof handEvent>;
export const handEvents = z.array(handEvent).min(1).max(64);

export const LONGEST_LOOK_MS = 4000;

const ofSeat = {
  sessionKey: z.string().min(1).max(512),
  profile: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/),
  policy: browserPolicy,
  handed: handedTab,
};

/** `since`: hash of the picture that is there already; answered as soon as there is another, or after `waitMs`. */
export const browserWatch = z.object({
  ...ofSeat,
  since: z.string().max(64).optional(),
  waitMs: z.int().min(0).max(LONGEST_LOOK_MS).default(0),
});
export type BrowserWatch = z.infer<typeof browserWatch>;

export const browserFrame = z.object({
  hash: z.string().max(64),
  /** JPEG, base64. Absent: it is still the one that was known. */
  picture: z.string().max(400_000).optional(),
  /** What the tab shows just now. */
  url: z.string().max(4096),
  /** What the page said or asked a moment ago in a window of its own (`confirm`), and how that was answered. */
  asked: z.string().max(400).optional(),
});
export type BrowserFrame = z.infer<typeof browserFrame>;

export const browserHand = z.object({ ...ofSeat, events: handEvents });
export type BrowserHand = z.infer<typeof browserHand>;
export const browserHanded = z.object({});

/** What a person asks of the page that was handed to them. */
export type HandOffWish =
  | { kind: "look"; since?: string; waitMs: number }
  | { kind: "do"; events: HandEvent[] }
  | { kind: "done" };

export type HandOffAnswer =
  /** `wish`: what the agent asked for, in its words. */
  | { outcome: "shown"; frame: BrowserFrame; wish: string; leftMs: number }
  /** It was done, or is handed back. */
  | { outcome: "taken" }
  /** Nobody waits for it any more: handed back, out of time, stopped. */
  | { outcome: "over" }
  | { outcome: "busy" }
  /** The browser, or the way to it. */
  | { outcome: "failed"; message: string };

/** Of a session. */
export interface HandOffPort {
  /** What a person does with the page that a call handed to them; `call` is what their link names it by. */
  handOff?(call: string, wish: HandOffWish): Promise<HandOffAnswer>;
}

/** Of the Directory. */
export interface OriginPort {
  /** Where the owner opened the page of this Skerry: `https://…` without a path. */
  noteOrigin?(origin: string): Promise<void>;
}
