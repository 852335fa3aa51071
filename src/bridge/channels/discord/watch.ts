// Whether Discord's gateway still says something. No event and no answered heartbeat for five minutes: the line is begun anew. Deaf is:
// heartbeats are answered, but no event came for ten minutes, and the channel that was written in last has something newer at Discord's HTTP
// interface. A deaf line is begun anew with a new session, at most once an hour.
import type { GatewayDispatchPayload } from "discord-api-types/v10";
import type { LineHost } from "../driver.ts";
import type { SessionFile } from "./session-file.ts";

const SILENT_MS = 5 * 60_000;
const QUIET_MS = 10 * 60_000;
const HOUR_MS = 3_600_000;
const LOOK_MS = 30_000;
/** What was written just now may still be on its way. */
const ON_ITS_WAY_MS = 60_000;
const EPOCH_MS = 1_420_070_400_000;

export interface WatchRequest {
  host: Pick<LineHost, "tell" | "now">;
  session: SessionFile;
  ask(path: `/${string}`): Promise<unknown>;
  end(why: string): void;
}

export class LineWatch {
  readonly #request: WatchRequest;
  #aliveAt: number;
  #heardAt: number;
  #last: { channel: string; id: bigint } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: WatchRequest) {
    this.#request = request;
    this.#aliveAt = request.host.now();
    this.#heardAt = this.#aliveAt;
  }

  start(): void {
    clearInterval(this.#timer);
    this.#aliveAt = this.#request.host.now();
    this.#timer = setInterval(() => void this.look(), LOOK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  noteAlive(): void {
    this.#aliveAt = this.#request.host.now();
  }

  noteHeard({ t, d }: GatewayDispatchPayload): void {
    this.noteAlive();
    this.#heardAt = this.#aliveAt;
    if (t !== "MESSAGE_CREATE" || !/^\d{1,20}$/.test(d.id) || !/^\d{1,20}$/.test(d.channel_id)) return;
    this.#last = { channel: d.channel_id, id: BigInt(d.id) };
  }

  async look(): Promise<void> {
    const { host, end } = this.#request;
    const now = host.now();
    if (now - this.#aliveAt > SILENT_MS) return end("nothing came from Discord for five minutes");
    if (now - this.#heardAt < QUIET_MS || !this.#last) return;
    this.#heardAt = now;
    if (await this.#hasNewer(this.#last, now)) this.#sayDeaf(now);
  }

  async #hasNewer({ channel, id }: { channel: string; id: bigint }, now: number): Promise<boolean> {
    // Where the bot may not read back, or nobody answers, nothing is known.
    const answer = await this.#request.ask(`/channels/${channel}/messages?after=${id}&limit=1`).catch(() => undefined);
    const [found] = Array.isArray(answer) ? (answer as { id?: unknown }[]) : [];
    if (typeof found?.id !== "string" || !/^\d{1,20}$/.test(found.id)) return false;
    const newer = BigInt(found.id);
    return newer > id && Number(newer >> 22n) + EPOCH_MS < now - ON_ITS_WAY_MS;
  }

  #sayDeaf(now: number): void {
    const { host, session, end } = this.#request;
    const said = "Discord has messages that its gateway does not bring";
    host.tell({ phase: "deaf", said: `${said}; the line begins anew, at most once an hour.` });
    if (now - session.deafAt < HOUR_MS) return;
    session.keepDeaf(now);
    session.learn(null);
    end(said);
  }
}
