// The latest log lines, for logs.tail. In memory, bounded; never with a secret or a message's text in it.
const MAX_LINES = 1000;

export type LogLevel = "info" | "warn" | "error";

export interface LogPage {
  cursor: number;
  size: number;
  lines: string[];
  truncated: boolean;
  reset: boolean;
}

export class LogRing {
  readonly #lines: string[] = [];
  /** Number of the line after the latest. */
  #end = 0;

  add(level: LogLevel, text: string, fields: Record<string, unknown> = {}, now: number = Date.now()): void {
    this.#lines.push(
      JSON.stringify({ time: new Date(now).toISOString(), level, subsystem: "gateway", message: text, ...fields }),
    );
    this.#end += 1;
    if (this.#lines.length > MAX_LINES) this.#lines.shift();
  }

  /** Lines from `cursor` on; without a cursor the newest. `reset`: the cursor's lines are gone, this is a new start. */
  tail(cursor: number | undefined, limit: number, maxBytes: number): LogPage {
    const start = this.#end - this.#lines.length;
    const isLost = cursor !== undefined && (cursor > this.#end || cursor < start);
    const from = cursor === undefined || isLost ? Math.max(start, this.#end - limit) : cursor;
    const lines: string[] = [];
    let bytes = 0;
    for (const line of this.#lines.slice(from - start)) {
      bytes += line.length + 1;
      if (lines.length >= limit || bytes > maxBytes) break;
      lines.push(line);
    }
    const end = from + lines.length;
    return { cursor: end, size: this.#end, lines, truncated: end < this.#end, reset: isLost };
  }
}
