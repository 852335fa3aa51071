// How long a text is, as the platform counts, and the split that most channels use: what a piece shows must fit.
import type { DeliveryStyle } from "../../../contract/channels/delivery.ts";
import { splitMarkdown } from "./split.ts";

/** Splits so that `measure` of each piece's rendering stays within the place's limit. */
export function splitToFit(
  text: string,
  style: Pick<DeliveryStyle, "textLimit" | "chunkMode">,
  render: (piece: string) => string,
  measure: (rendered: string) => number = (rendered) => rendered.length,
): string[] {
  return splitMarkdown(text, (piece) => measure(render(piece)) <= style.textLimit, style.chunkMode);
}
