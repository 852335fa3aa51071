// What the Gateway is told (live events toward the screens), and what the Worker's door asks of it: logins, tokens, codes.
// The faces that the objects show each other are RPC: compatible for one release. Add optional fields, never change or remove.
import type { LiveParcel } from "../live.ts";
import type { EventName } from "../methods.ts";

export interface GatewayPort {
  /** Live events toward the screens. Never throws, never waits for a screen. */
  publish(parcel: LiveParcel): Promise<void>;
  /**
   * The same, for as long as a turn runs: one LiveParcel a line, as JSON. One request however many deltas, where a
   * publish each would be a billed request each. Cancels the stream at once when nobody watches or waits.
   */
  follow(lines: ReadableStream<Uint8Array>): Promise<void>;
  /** Tells the screens of something that is no session's: who waits at the door, who is known now. */
  announce(event: EventName, payload: Record<string, unknown>): Promise<void>;
}

/** Proof that the door took from a request. `client` is the caller's network address, for the guess limit. */
export interface DoorProof {
  /** Owner's token, from a bearer header or a login form. */
  token?: string;
  /** Token of a paired device that may write; only where a door says that one will do. */
  deviceToken?: string;
  /** Token of a paired home; only at the door of homes. */
  homeToken?: string;
  /** One-time code of a login link. */
  code?: string;
  /** Secret of the login cookie. */
  login?: string;
  /** What Cloudflare Access added to the request; only from our own page. */
  assertion?: string;
  client: string;
  /** What the browser says it is: shown in the list of logins, never believed. */
  userAgent?: string;
}

/** `locked`: too many wrong guesses from this address. */
export type DoorAnswer<T> =
  | ({ outcome: "welcome" } & T)
  | { outcome: "refused"; reason: string }
  | { outcome: "locked"; retryAfterMs: number };

type DoorWay = "token" | "login" | "device" | "access" | "home";
/** What the Worker asks of the Gateway for its own HTTP requests. */
export interface DoorPort {
  /** Trades a token or a one-time code for a login. */
  login(proof: DoorProof): Promise<DoorAnswer<{ secret: string; expiresAt: number }>>;
  /** Ends the login, and the sockets of whoever came by it or by the assertion. `by`: what there was to end. */
  logout(proof: DoorProof): Promise<{ by: "access" | "login" | "none" }>;
  /** Whether the token, the device's token, the login or the assertion is good. */
  check(proof: DoorProof): Promise<DoorAnswer<{ by: DoorWay; homeId?: string; expiresAt?: number }>>;
  /** Mints a one-time login code for whoever proves to be the owner. */
  mintCode(proof: DoorProof): Promise<DoorAnswer<{ code: string; expiresAt: number }>>;
  /** Says good-bye to every screen before the process ends. */
  announceShutdown(reason: string, restartExpectedMs?: number): Promise<void>;
}
