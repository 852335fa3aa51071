// How much thinking, in the words each OpenAI model takes: every generation accepts another set.
import type { ThinkingLevel } from "../../../contract/event.ts";

export type Effort = "none" | "minimal" | "low" | "medium" | "high" | "xhigh";

/** Absent: the model's own default is the nearest to what was asked. */
export function openAiEffort(level: ThinkingLevel, modelId: string): Effort | undefined {
  const version = Number(/^gpt-(\d+(?:\.\d+)?)/.exec(modelId)?.[1] ?? 0);
  if (version >= 5.1) {
    if (level === "off") return "none";
    if (level === "minimal") return "low";
    return level === "xhigh" && version < 5.2 && !modelId.includes("codex-max") ? "high" : level;
  }
  if (version >= 5) return level === "off" ? "minimal" : capped(level);
  if (level === "off" || level === "minimal") return "low";
  return capped(level);
}

function capped(level: Exclude<ThinkingLevel, "off">): Effort {
  return level === "xhigh" ? "high" : level;
}
