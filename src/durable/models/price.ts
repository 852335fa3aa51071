// What an answer cost: tokens times the price of the catalogue. An unknown price stays unknown, never zero.
import type { Spend, Usage } from "../../contract/entry.ts";
import type { ModelInfo, ModelReply, ModelRequest } from "./port.ts";

const PER_MILLION = 1_000_000;
/** Characters of one token, roughly, where a server does not count. */
const CHARACTERS_PER_TOKEN = 4;
/** What an image weighs, roughly. */
const TOKENS_PER_IMAGE = 1_200;

export function priceUsage(model: ModelInfo, usage: Usage): Spend {
  const { price } = model;
  if (!price) return { ...usage };
  const costUsd =
    (usage.input * price.input +
      usage.output * price.output +
      usage.cacheRead * price.cacheRead +
      usage.cacheWrite * price.cacheWrite) /
    PER_MILLION;
  return { ...usage, costUsd };
}

/** For servers that send no usage: so that budgets and compaction still have something to go by. */
export function estimateUsage(request: ModelRequest, reply: Pick<ModelReply, "text" | "calls">): Usage {
  let characters = request.system.stable.length + request.system.volatile.length;
  let images = 0;
  for (const tool of request.tools) characters += tool.description.length + 200;
  for (const message of request.messages) {
    if (message.role === "assistant") characters += message.text.length + sizeOfCalls(message.calls);
    else if (message.role === "tool") {
      characters += message.text.length;
      images += message.images.length;
    } else
      for (const part of message.parts) {
        if (part.type === "text") characters += part.text.length;
        else images += 1;
      }
  }
  return {
    input: Math.ceil(characters / CHARACTERS_PER_TOKEN) + images * TOKENS_PER_IMAGE,
    output: Math.ceil((reply.text.length + sizeOfCalls(reply.calls)) / CHARACTERS_PER_TOKEN),
    cacheRead: 0,
    cacheWrite: 0,
  };
}

function sizeOfCalls(calls: ModelReply["calls"]): number {
  return calls.length === 0 ? 0 : JSON.stringify(calls).length;
}
