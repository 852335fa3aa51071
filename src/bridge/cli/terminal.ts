// What the command line writes: answers to the standard output, everything else (calls, states, errors) beside it.
import { styleText } from "node:util";
import type { CallItem } from "../../client/view-items.ts";

type Style = Parameters<typeof styleText>[0];

export interface Streams {
  out: NodeJS.WritableStream & { isTTY?: boolean };
  err: NodeJS.WritableStream & { isTTY?: boolean };
}

export class Terminal {
  readonly #streams: Streams;
  readonly #isPlain: boolean;
  #isLineOpen = false;

  constructor(streams: Streams, environment: NodeJS.ProcessEnv) {
    this.#streams = streams;
    this.#isPlain = Boolean(environment["NO_COLOR"]);
  }

  /** Whether a person watches the answer come in. */
  get isWatched(): boolean {
    return this.#streams.out.isTTY === true;
  }

  /** Adds to the answer. */
  stream(text: string): void {
    const shown = this.isWatched ? withoutControls(text) : text;
    if (shown === "") return;
    this.#streams.out.write(shown);
    this.#isLineOpen = !shown.endsWith("\n");
  }

  /** A whole text of its own on the standard output. */
  print(text: string): void {
    this.endLine();
    this.stream(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** A line beside the answer, for people. */
  remark(text: string, style: Style = "dim"): void {
    if (this.isWatched) this.endLine();
    const line = withoutControls(text);
    this.#streams.err.write(`${this.#streams.err.isTTY && !this.#isPlain ? styleText(style, line) : line}\n`);
  }

  showCall(call: CallItem): void {
    const title = call.title ?? call.name;
    if (call.state === "running") {
      this.remark(`  · ${title}`);
      return;
    }
    const took = call.startedAt && call.endedAt ? ` (${((call.endedAt - call.startedAt) / 1000).toFixed(1)} s)` : "";
    if (call.state === "done") this.remark(`  ✓ ${title}${took}`);
    else this.remark(`  ✗ ${title}: ${call.state}${took}`, "yellow");
  }

  endLine(): void {
    if (!this.#isLineOpen) return;
    this.#streams.out.write("\n");
    this.#isLineOpen = false;
  }
}

/** A model's text must not steer the terminal: escape and control characters go, line breaks and tabs stay. */
export function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it removes
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
