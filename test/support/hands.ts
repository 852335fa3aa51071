// What a session's brief says of its hands, as the Directory makes it for the owner's own main session.
import type { HandsBrief } from "../../src/contract/home/hands.ts";

export function makeHands(change: Partial<HandsBrief> = {}): HandsBrief {
  return {
    hasHomes: true,
    isSandboxed: false,
    sandbox: { key: "agent:main:main", network: "none", workspace: "none", memoryMb: 1024, cpus: 1, pids: 256, env: {} },
    exec: { host: "auto", security: "allowlist", ask: "on-miss", timeoutMs: 1_800_000, yieldMs: 10_000 },
    mayElevate: true,
    isOwner: true,
    ...change,
  };
}
