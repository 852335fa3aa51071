// What the owner chose for a session, laid over what the settings say. Pure. A turn that holds anybody else's words takes of a
// choice only what makes it stricter: nobody rides on what the owner allowed.
import type { ExecPolicy } from "../../../contract/home/commands.ts";
import type { Elevation, HandsBrief, HandsChoice } from "../../../contract/home/hands.ts";
import { EXEC_ASKS, EXEC_SECURITIES } from "../../../contract/home/settings.ts";

export type ChosenHands = HandsBrief & { elevation: Elevation };

/** `briefs`: of everything that the turn was told, the one it began with first. */
export function applyChoice(briefs: readonly [HandsBrief, ...HandsBrief[]], choice: HandsChoice): ChosenHands {
  const [first] = briefs;
  const mayElevate = briefs.every((brief) => brief.mayElevate);
  const { security, ask } = first.exec;
  const { host = first.exec.host, home = first.exec.home } = choice;
  return {
    ...first,
    isOwner: briefs.every((brief) => brief.isOwner),
    mayElevate,
    isSandboxed: briefs.some((brief) => brief.isSandboxed),
    exec: {
      ...first.exec,
      host,
      ...(home === undefined ? {} : { home }),
      security: pickSecurity(security, choice.security, mayElevate),
      ask: pickAsk(ask, choice.ask, mayElevate),
    },
    elevation: mayElevate ? (choice.elevation ?? "off") : "off",
  };
}

/** Whether a choice lets more happen than the settings do: that is the same as raising the session. */
export function isLooser(choice: HandsChoice, { security, ask }: ExecPolicy): boolean {
  return (
    (choice.security !== undefined && rankOf(EXEC_SECURITIES, choice.security) > rankOf(EXEC_SECURITIES, security)) ||
    (choice.ask !== undefined && rankOf(EXEC_ASKS, choice.ask) < rankOf(EXEC_ASKS, ask))
  );
}

function pickSecurity(set: ExecPolicy["security"], chosen: ExecPolicy["security"] | undefined, isFree: boolean) {
  // What the settings deny stays denied.
  if (chosen === undefined || set === "deny") return set;
  return isFree || rankOf(EXEC_SECURITIES, chosen) < rankOf(EXEC_SECURITIES, set) ? chosen : set;
}

function pickAsk(set: ExecPolicy["ask"], chosen: ExecPolicy["ask"] | undefined, isFree: boolean) {
  if (chosen === undefined) return set;
  return isFree || rankOf(EXEC_ASKS, chosen) > rankOf(EXEC_ASKS, set) ? chosen : set;
}

/** Both lists begin with the least: least that may run, least that is asked. */
function rankOf<T>(order: readonly T[], word: T): number {
  return order.indexOf(word);
}
