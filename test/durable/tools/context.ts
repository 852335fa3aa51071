// What a tool is handed in these tests: a workspace, a clock that stands still, and no private host allowed.
import type { WorkspacePort } from "../../../src/contract/ports/workspace.ts";
import type { ToolContext } from "../../../src/durable/tools/port.ts";

const NOW = Date.UTC(2026, 6, 1, 12, 30, 0);

export function makeContext(workspace: WorkspacePort, changes: Partial<ToolContext> = {}): ToolContext {
  return {
    agentId: "main",
    sessionKey: "agent:main:main",
    callId: "call_1",
    workspace,
    status: async () => ({ model: "test/model" }),
    fetch,
    allowedHosts: [],
    signal: new AbortController().signal,
    progress: () => {},
    now: () => NOW,
    timeZone: "Europe/Berlin",
    ...changes,
  };
}

/** A workspace for tools that need none: every use fails the test. */
export const NO_WORKSPACE = new Proxy({} as WorkspacePort, {
  get(_target, name) {
    throw new Error(`The workspace was used: ${String(name)}`);
  },
});
