// Every tool, in the order the model sees them, and which of them a policy leaves. A new tool is one line here.
import type { Brief, ToolPolicy } from "../../contract/admission.ts";
import { usablePlaces } from "./browser/where.ts";
import { browser } from "./browser.ts";
import { edit } from "./edit.ts";
import { process } from "./hands/process.ts";
import { find, grep, ls } from "./lookup.ts";
import { memoryGet, memorySearch } from "./memory.ts";
import { message } from "./message.ts";
import type { AnyTool } from "./port.ts";
import { read } from "./read.ts";
import { sessionStatus } from "./session-status.ts";
import { exec } from "./shell/exec.ts";
import { webFetch } from "./web/fetch.ts";
import { write } from "./write.ts";

export { toolSpecs, validateInput } from "./input.ts";

export const tools: readonly AnyTool[] = [
  read,
  write,
  edit,
  ls,
  find,
  grep,
  exec,
  process,
  memorySearch,
  memoryGet,
  webFetch,
  browser,
  message,
  sessionStatus,
];

/** The tools of one turn: what the policy leaves and the place has a use for. */
export function toolsFor(brief: Pick<Brief, "tools" | "place" | "hasChannels" | "hands" | "browser">): AnyTool[] {
  const has = {
    channels: brief.place !== undefined || brief.hasChannels === true,
    home: brief.hands?.hasHomes === true,
    browser: usablePlaces(brief.browser, brief.hands, { canRise: true }).length > 0,
  };
  return selectTools(brief.tools)
    .filter(({ needs }) => needs === undefined || has[needs])
    .map((tool) => (has.home ? tool : (tool.withoutHome ?? tool)));
}

/**
 * The tools that a policy leaves: all, or those that `allow` (and `within`, where there is one) names, without those that
 * `deny` names.
 * Names are tool names, groups such as `group:fs`, or `*`; an unknown name matches nothing.
 */
export function selectTools(policy: ToolPolicy): AnyTool[] {
  const { allow, within, deny = [] } = policy;
  const isAmong = (tool: AnyTool, names: readonly string[] | undefined) => names === undefined || isNamed(tool, names);
  return tools.filter((tool) => isAmong(tool, allow) && isAmong(tool, within) && !isNamed(tool, deny));
}

function isNamed(tool: AnyTool, names: readonly string[]): boolean {
  return names.some((name) => name === "*" || name === tool.name || name === `group:${tool.group}`);
}
