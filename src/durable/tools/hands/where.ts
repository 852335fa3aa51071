// Where a command of a session runs: in the shell at the edge, in a sandbox on one of the owner's machines, or on the machine
// itself. What was asked for, what the settings say and what is there; never further out than the session may go.

import { ToolFailure } from "../../../contract/errors.ts";
import type { Place } from "../../../contract/home/commands.ts";
import type { ExecHost } from "../../../contract/home/hands.ts";
import type { HomeRow } from "../../../contract/home/port.ts";
import type { ToolContext } from "../port.ts";

export type Where = { host: "edge" } | { host: "sandbox" | "home"; place: Place; home?: string };

const OFFERS = "exec.start";

/** @throws ToolFailure when it may not, or cannot, run where it was asked to. */
export async function chooseWhere(
  wanted: { host?: ExecHost | undefined; machine?: string | undefined },
  context: ToolContext,
): Promise<Where> {
  const { hands, home: desk } = context;
  const host = wanted.host ?? hands?.exec.host ?? "auto";
  if (host === "edge") return { host };
  if (!hands || !desk) {
    if (host === "auto") return { host: "edge" };
    throw new ToolFailure("No machine of the owner can be reached from here; leave host out to run at the edge.");
  }
  const named = wanted.machine ?? hands.exec.home;
  const home = named === undefined ? {} : { home: named };
  if (host === "home") return { host, place: mayLeave(context), ...home };
  const inSandbox = { host: "sandbox", place: sandboxOf(hands, context.agentId) } as const;
  const isWanted = host === "sandbox";
  if (isWanted && named !== undefined) return { ...inSandbox, home: named };
  if (!isWanted && (!hands.isSandboxed || isRaised(context))) return { host: "edge" };
  // By itself a sandboxed session uses the sandbox where there is one; else the shell at the edge, which reaches nothing either.
  const able = (await desk.homes()).find(
    (row) => row.isConnected && row.caps.includes("sandbox") && row.commands.includes(OFFERS) && isMeant(row, named),
  );
  if (able) return { ...inSandbox, home: able.id };
  // Where none is known to have one, a machine is asked all the same, and says what is missing.
  return isWanted ? inSandbox : { host: "edge" };
}

/** What the owner's settings allow there; a raised session needs fewer words, or none. */
export function policyFor({ hands }: ToolContext): {
  security: "deny" | "allowlist" | "full";
  ask: "off" | "on-miss" | "always";
} {
  if (!hands) return { security: "deny", ask: "off" };
  const { security, ask } = hands.exec;
  if (security === "deny" || !hands.mayElevate) return { security, ask };
  switch (hands.elevation) {
    case "full":
      return { security: "full", ask: "off" };
    case "ask":
      return { security, ask: "always" };
    case "on":
    case "off":
      return { security, ask };
    default:
      return hands.elevation satisfies never;
  }
}

export function sandboxOf(hands: NonNullable<ToolContext["hands"]>, agentId: string): Place {
  return { kind: "sandbox", agentId, ...hands.sandbox };
}

/** Whether this turn may have anything done on a machine itself: also to what it left running there before. */
export function mayReachHome(context: ToolContext): boolean {
  const { hands } = context;
  return hands !== undefined && hands.exec.security !== "deny" && (!hands.isSandboxed || isRaised(context));
}

/** @throws ToolFailure for a session that is kept in the sandbox, or where the owner forbids it. */
function mayLeave(context: ToolContext): Place {
  const { hands } = context;
  if (!hands || hands.exec.security === "deny") {
    throw new ToolFailure("The settings forbid commands on the machine itself (tools.exec.security is deny).");
  }
  if (hands.isSandboxed && !isRaised(context)) {
    throw new ToolFailure(
      "This session is kept in the sandbox: use host sandbox, or ask the owner for /elevated on, which lets it reach the machine.",
    );
  }
  return { kind: "home" };
}

function isRaised({ hands }: ToolContext): boolean {
  return hands?.mayElevate === true && hands.elevation !== "off";
}

export function isMeant(row: HomeRow, named: string | undefined): boolean {
  return named === undefined || row.id === named || row.name.toLowerCase() === named.toLowerCase();
}
