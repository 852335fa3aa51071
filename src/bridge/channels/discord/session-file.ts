// Where in Discord's row of events this machine is: kept on disk, so that a bridge that was started anew is told what it missed. What the
// library learned counts only as far as it is kept here.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SessionInfo } from "@discordjs/ws";
import * as z from "zod";
import { type HeardMark, heardMark, markHeard } from "./missed.ts";

const kept = z.object({
  info: z
    .object({ resumeURL: z.url(), sequence: z.int(), sessionId: z.string(), shardCount: z.int(), shardId: z.int() })
    .nullable(),
  botId: z.string(),
  /** When the line was last started anew because it was deaf. */
  deafAt: z.number().default(0),
  heard: z.array(heardMark).default([]),
});

const WRITE_AFTER_MS = 500;

export class SessionFile {
  readonly #path: string;
  #info: SessionInfo | null = null;
  #sequence: number | undefined;
  #botId = "";
  #deafAt = 0;
  #heard: HeardMark[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(dir: string) {
    this.#path = join(dir, "session.json");
    try {
      const read = kept.parse(JSON.parse(readFileSync(this.#path, "utf8")));
      this.#info = read.info;
      this.#sequence = read.info?.sequence;
      this.#botId = read.botId;
      this.#deafAt = read.deafAt;
      this.#heard = read.heard;
    } catch {
      // There is none, or none that can be read: a new session is begun.
    }
  }

  get botId(): string {
    return this.#botId;
  }

  get id(): string {
    return this.#info?.sessionId ?? "";
  }

  get deafAt(): number {
    return this.#deafAt;
  }

  /** Up to where rooms were heard, by whichever session. */
  get heard(): readonly HeardMark[] {
    return this.#heard;
  }

  read(): SessionInfo | null {
    return this.#info && this.#sequence !== undefined ? { ...this.#info, sequence: this.#sequence } : null;
  }

  /** Null: the session is over. */
  learn(info: SessionInfo | null): void {
    if (info?.sessionId !== this.#info?.sessionId) this.#sequence = info?.sequence;
    this.#info = info;
    this.#writeSoon();
  }

  keepBot(id: string): void {
    this.#botId = id;
    this.#writeSoon();
  }

  keepDeaf(at: number): void {
    this.#deafAt = at;
    this.#writeSoon();
  }

  /** This message is kept on this machine. */
  keepHeard(message: Record<string, unknown>): void {
    this.#heard = markHeard(this.#heard, message);
    this.#writeSoon();
  }

  /** All up to this event of this session is kept on this machine. */
  keep(session: string, sequence: number): void {
    if (session !== this.id) return;
    this.#sequence = sequence;
    this.#writeSoon();
  }

  /** What was learned is on disk now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const body = { info: this.read(), botId: this.#botId, deafAt: this.#deafAt, heard: this.#heard };
    writeFileSync(`${this.#path}.new`, JSON.stringify(body), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #writeSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      try {
        this.flush();
      } catch {
        // The next event tries again; until then more is told anew than need be.
      }
    }, WRITE_AFTER_MS);
  }
}
