// What the settings say of one account of a channel and of one group or topic in it. Pure. An account's value goes before
// its channel's, a topic's before its group's; tools that are forbidden add up.
import type { ToolPolicy } from "../../../contract/admission.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { ChannelSettings, GroupSettings } from "../../../contract/channels/settings.ts";
import type { Address } from "../../../contract/message.ts";
import type { Settings } from "../../../contract/settings.ts";

export type AccountRules = Omit<ChannelSettings, "accounts" | "enabled" | "dmPolicy" | "groupPolicy"> & {
  isEnabled: boolean;
  dmPolicy: NonNullable<ChannelSettings["dmPolicy"]>;
  groupPolicy: NonNullable<ChannelSettings["groupPolicy"]>;
};

export type PlaceRules = Omit<GroupSettings, "topics" | "enabled" | "tools"> & {
  /** Whether the settings name this group, or all others by "*". */
  isListed: boolean;
  isEnabled: boolean;
  tools?: ToolPolicy;
};

/** The value under a name that came from outside: what an object inherits is no setting. */
export function own<T>(record: Record<string, T> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

export function accountOf(from: { account?: string }): string {
  return from.account ?? DEFAULT_ACCOUNT;
}

/** A channel that the settings do not name pairs in direct talks and hears no group. */
export function readAccountRules(settings: Settings, channel: string, account: string): AccountRules {
  const { accounts, ...shared } = own(settings.channels, channel) ?? {};
  const single = own(accounts, account) ?? {};
  const rules = { ...shared, ...single };
  return {
    ...rules,
    isEnabled: shared.enabled !== false && single.enabled !== false,
    dmPolicy: rules.dmPolicy ?? channelFacts(channel)?.directPolicy ?? "pairing",
    groupPolicy: rules.groupPolicy ?? "allowlist",
  };
}

export function readPlaceRules(rules: AccountRules, from: Address): PlaceRules {
  const group = own(rules.groups, from.peer) ?? own(rules.groups, "*");
  const topic = from.thread === undefined ? undefined : own(group?.topics, from.thread);
  const { topics: _topics, tools: groupTools, ...shared } = group ?? {};
  const { tools: topicTools, ...single } = topic ?? {};
  const allow = topicTools?.allow ?? groupTools?.allow;
  const deny = [...(groupTools?.deny ?? []), ...(topicTools?.deny ?? [])];
  const tools = { ...(allow ? { allow } : {}), ...(deny.length > 0 ? { deny } : {}) };
  return {
    ...shared,
    ...single,
    isListed: group !== undefined,
    isEnabled: shared.enabled !== false && single.enabled !== false,
    ...(Object.keys(tools).length > 0 ? { tools } : {}),
  };
}

/** Narrows an agent's tools to those that a place leaves of them. */
export function narrowTools(agent: ToolPolicy, place: ToolPolicy | undefined): ToolPolicy {
  if (!place) return agent;
  const deny = [...(agent.deny ?? []), ...(place.deny ?? [])];
  return { ...agent, ...(place.allow ? { within: place.allow } : {}), ...(deny.length > 0 ? { deny } : {}) };
}

/** Whether a group is heard by its account's policy. */
export function isHeard(rules: { groupPolicy: string }, group: { isListed: boolean }): boolean {
  return rules.groupPolicy === "open" || group.isListed;
}
