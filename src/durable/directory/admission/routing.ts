// Which agent answers, and in which talk. Pure. The place's own agent goes before the bindings, the most exact binding
// before the others, the account's agent after them.
import type { Address } from "../../../contract/message.ts";
import { DEFAULT_AGENT_ID } from "../../../contract/session-key.ts";
import type { Settings } from "../../../contract/settings.ts";
import type { Identity } from "./identity.ts";
import { type AccountRules, accountOf, type PlaceRules } from "./rules.ts";
import { directRest, groupRest } from "./session-keys.ts";

type Binding = NonNullable<Settings["bindings"]>[number];

export function routeAgent(
  settings: Settings,
  from: Address,
  who: Identity,
  rules: AccountRules,
  place: PlaceRules | undefined,
): string {
  if (place?.agentId) return place.agentId;
  const fitting = (settings.bindings ?? []).filter((binding) => isFitting(binding, from, who));
  const [best] = fitting.toSorted((a, b) => exactness(b) - exactness(a));
  return best?.agentId ?? rules.agentId ?? DEFAULT_AGENT_ID;
}

function isFitting({ match }: Binding, from: Address, who: Identity): boolean {
  const { person, linkName } = who;
  const names = [person?.id, person?.name, linkName].filter((name) => name !== undefined);
  return (
    match.channel === from.channel &&
    (match.account === undefined || match.account === "*" || match.account === accountOf(from)) &&
    (match.kind === undefined || match.kind === (from.kind ?? "direct")) &&
    (match.peer === undefined || match.peer === from.peer || (from.kind !== "group" && match.peer === who.account.sender)) &&
    (match.person === undefined || names.includes(match.person))
  );
}

function exactness({ match }: Binding): number {
  const account = match.account !== undefined && match.account !== "*";
  return (match.peer ? 8 : 0) + (match.person ? 4 : 0) + (account ? 2 : 0) + (match.kind ? 1 : 0);
}

/** What follows the agent in the session's key. */
export async function chooseTalk(settings: Settings, from: Address, who: Identity): Promise<string> {
  if (from.kind === "group") return groupRest(from);
  const scope = settings.session?.dmScope;
  switch (scope) {
    case undefined:
      return who.person?.role === "owner" ? "main" : who.home;
    case "main":
      return "main";
    case "per-peer":
      return who.home;
    case "per-channel-peer":
      return directRest(who.account);
    default:
      return scope satisfies never;
  }
}
