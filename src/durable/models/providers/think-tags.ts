// Tells thinking from answer where a model writes both into its text: <think>…</think> at the very beginning.
// Text elsewhere is left alone, also when it speaks of the tag.
import type { ModelDelta } from "../port.ts";

const OPEN = "<think>";
const CLOSE = "</think>";

export class ThinkTags {
  private state: "before" | "inside" | "gap" | "after" = "before";
  private held = "";

  take(text: string): ModelDelta[] {
    if (this.state === "after") return [{ type: "text", delta: text }];
    this.held += text;
    if (this.state === "gap") return this.takeGap();
    if (this.state === "before") {
      const start = this.held.trimStart();
      if (start.length < OPEN.length && OPEN.startsWith(start)) return [];
      if (!start.startsWith(OPEN)) return this.release("text");
      this.state = "inside";
      this.held = start.slice(OPEN.length);
    }
    return this.takeInside();
  }

  /** What is still held when the stream ends. */
  end(): ModelDelta[] {
    return this.held === "" ? [] : this.release(this.state === "inside" ? "thinking" : "text");
  }

  private takeInside(): ModelDelta[] {
    const close = this.held.indexOf(CLOSE);
    if (close < 0) {
      const tail = partialTail(this.held);
      const delta = this.held.slice(0, this.held.length - tail);
      this.held = this.held.slice(this.held.length - tail);
      return delta === "" ? [] : [{ type: "thinking", delta }];
    }
    const thinking = this.held.slice(0, close);
    this.held = this.held.slice(close + CLOSE.length);
    this.state = "gap";
    const made: ModelDelta[] = thinking === "" ? [] : [{ type: "thinking", delta: thinking }];
    return [...made, ...this.takeGap()];
  }

  /** Blank lines between thinking and answer belong to neither. */
  private takeGap(): ModelDelta[] {
    this.held = this.held.trimStart();
    return this.held === "" ? [] : this.release("text");
  }

  private release(type: "text" | "thinking"): ModelDelta[] {
    const delta = this.held;
    this.held = "";
    if (type === "text") this.state = "after";
    return [{ type, delta }];
  }
}

/** How much of the end may be the beginning of the closing tag. */
function partialTail(text: string): number {
  for (let length = Math.min(CLOSE.length - 1, text.length); length > 0; length -= 1) {
    if (CLOSE.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}
