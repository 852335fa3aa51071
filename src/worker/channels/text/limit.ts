// How long a text is, as the platform counts, and the split that most channels use: what a piece shows must fit.
import type { DeliveryStyle } from "../../../contract/channels/delivery.ts";
import { PLAIN, renderMarkdown } from "./render.ts";
import { splitMarkdown } from "./split.ts";

const WORDS = { ...PLAIN, quote: (inner: string) => inner };

/** Splits so that `measure` of each piece's rendering stays within the place's limit. What shows nothing (a fence with nothing in it) is no piece. */
export function splitToFit(
  text: string,
  style: Pick<DeliveryStyle, "textLimit" | "chunkMode">,
  render: (piece: string) => string,
  measure: (rendered: string) => number = (rendered) => rendered.length,
): string[] {
  const pieces = splitMarkdown(text, (piece) => measure(render(piece)) <= style.textLimit, style.chunkMode);
  return pieces.filter((piece) => renderMarkdown(piece, WORDS).trim() !== "");
}
