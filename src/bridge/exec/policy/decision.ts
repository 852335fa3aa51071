// What becomes of a command: it runs, the owner is asked, or it is refused. Skerry's settings and this machine's own rules are
// each asked alone, and the stricter answer counts.
import type { ExecPolicy } from "../../../contract/home/commands.ts";

/** What a machine's own configuration says. */
export type MachineRules = { [K in keyof ExecPolicy]?: ExecPolicy[K] | undefined };

export type Ruling = "run" | "ask" | "refuse";

const STRICTER: Record<Ruling, number> = { run: 0, ask: 1, refuse: 2 };

export function rule(policy: ExecPolicy, own: MachineRules, isProved: boolean): Ruling {
  const rulings = [ruleAlone(policy, isProved), ruleAlone(complete(own), isProved)];
  return rulings.reduce((strict, one) => (STRICTER[one] > STRICTER[strict] ? one : strict));
}

function ruleAlone({ security, ask }: ExecPolicy, isProved: boolean): Ruling {
  switch (security) {
    case "deny":
      return "refuse";
    case "allowlist":
      if (isProved) return ask === "always" ? "ask" : "run";
      return ask === "off" ? "refuse" : "ask";
    case "full":
      return ask === "always" ? "ask" : "run";
    default:
      return security satisfies never;
  }
}

/** A machine that says nothing adds nothing; one that says half means the usual other half. */
function complete({ security = "full", ask }: MachineRules): ExecPolicy {
  return { security, ask: ask ?? (security === "allowlist" ? "on-miss" : "off") };
}
