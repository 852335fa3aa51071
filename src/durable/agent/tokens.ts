// How many tokens something takes, before a provider has counted them. One estimate, used everywhere.
import type { ModelMessage, ModelPart } from "../models/port.ts";

/** About four characters a token in Latin scripts, fewer in others; errs toward more. */
export function estimateTokens(text: string): number {
  let wide = 0;
  for (let index = 0; index < text.length; index += 8) if (text.charCodeAt(index) > 0x2e7f) wide += 8;
  return Math.ceil((text.length - Math.min(wide, text.length)) / 3.6 + Math.min(wide, text.length) / 1.3);
}

const IMAGE_TOKENS = 1600;
/** A page of a PDF is counted as its text and as a picture; pages weigh about 40 kB. */
const PDF_PAGE_BASE64 = 55_000;
const PDF_PAGE_TOKENS = 2500;

export function estimateMessageTokens(message: ModelMessage): number {
  switch (message.role) {
    case "user":
      return message.parts.reduce((sum, part) => sum + estimatePartTokens(part), 4);
    case "assistant":
      return message.calls.reduce(
        (sum, call) => sum + estimateTokens(JSON.stringify(call.args)) + 12,
        estimateTokens(message.text) + message.thinking.reduce((sum, thought) => sum + estimateTokens(thought.text), 4),
      );
    case "tool":
      return estimateTokens(message.text) + message.images.length * IMAGE_TOKENS + 8;
    default:
      return message satisfies never;
  }
}

function estimatePartTokens(part: ModelPart): number {
  switch (part.type) {
    case "text":
      return estimateTokens(part.text);
    case "image":
      return IMAGE_TOKENS;
    case "document":
      return Math.max(1, Math.round(part.base64.length / PDF_PAGE_BASE64)) * PDF_PAGE_TOKENS;
    default:
      return part satisfies never;
  }
}
