// Server-sent events, as signal-cli writes them: the data of whole events, by what arrived together. A line without an end is not kept.

/** One event: a long text and all that is told of its files stays far below. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

export class EventReader {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #data: string[] = [];

  /** @throws Error when an event is larger than any of signal-cli's. */
  read(chunk: Uint8Array): string[] {
    this.#rest += this.#decoder.decode(chunk, { stream: true });
    const lines = this.#rest.split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? "";
    const events: string[] = [];
    for (const line of lines) {
      if (line.startsWith("data:")) this.#data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && this.#data.length > 0) {
        events.push(this.#data.join("\n"));
        this.#data = [];
      }
    }
    const kept = this.#rest.length + this.#data.reduce((sum, { length }) => sum + length, 0);
    if (kept > MOST_CHARACTERS) throw new Error("An event of the stream is larger than it can be.");
    return events;
  }
}
