// What the settings say of one account of a channel, read and changed the way admission reads them: an account's value goes
// before its channel's. Pure; the settings document is the one place where any of it is kept.
import { DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import type { ChannelSettings, GroupSettings } from "../../../contract/channels/settings.ts";

type AccountRules = Omit<ChannelSettings, "accounts">;
type Groups = Readonly<Record<string, GroupSettings>>;

function readOwn(parsed: Record<string, unknown>, channel: string): ChannelSettings {
  const channels = parsed["channels"] as Record<string, ChannelSettings> | undefined;
  return (channels !== undefined && Object.hasOwn(channels, channel) ? channels[channel] : undefined) ?? {};
}

/** An account's own rules over those of its channel. */
export function readRules(parsed: Record<string, unknown>, channel: string, accountId: string): AccountRules {
  const { accounts = {}, ...shared } = readOwn(parsed, channel);
  return { ...shared, ...(Object.hasOwn(accounts, accountId) ? accounts[accountId] : {}) };
}

/** A merge patch of the settings for one account; null takes a value away. */
export function settingsPatch(channel: string, accountId: string, change: Record<string, unknown>): Record<string, unknown> {
  const own = accountId === DEFAULT_ACCOUNT ? change : { accounts: { [accountId]: change } };
  return { channels: { [channel]: own } };
}

export type GroupChange =
  | { kind: "hear" }
  | { kind: "ignore" }
  | { kind: "activation"; requireMention: boolean }
  | { kind: "agent"; agentId: string | undefined };

/** The patch that changes one group; `"*"` and an open policy let it be heard without being named. */
export function groupPatch(
  parsed: Record<string, unknown>,
  place: { channel: string; accountId: string; groupId: string },
  change: GroupChange,
): Record<string, unknown> {
  const { channel, accountId, groupId } = place;
  const { groups = {}, groupPolicy } = readRules(parsed, channel, accountId);
  const known = Object.hasOwn(groups, groupId) ? groups[groupId] : undefined;
  const isHeardUnnamed = groupPolicy === "open" || Object.hasOwn(groups, "*");
  const next = changeGroup(known, change, isHeardUnnamed);
  const isOwn = accountId === DEFAULT_ACCOUNT || ownGroups(parsed, channel, accountId) !== undefined;
  // The first group that an account names hides those of its channel: they come along.
  const written = isOwn ? { [groupId]: next } : { ...groups, [groupId]: next };
  return settingsPatch(channel, accountId, { groups: written });
}

function ownGroups(parsed: Record<string, unknown>, channel: string, accountId: string): Groups | undefined {
  const { accounts = {} } = readOwn(parsed, channel);
  return Object.hasOwn(accounts, accountId) ? accounts[accountId]?.groups : undefined;
}

function changeGroup(known: GroupSettings | undefined, change: GroupChange, isHeardUnnamed: boolean): object | null {
  switch (change.kind) {
    case "hear":
      return { enabled: null };
    case "ignore":
      return isHeardUnnamed || Object.keys(known ?? {}).some((name) => name !== "enabled") ? { enabled: false } : null;
    case "activation":
      return { requireMention: change.requireMention ? null : false };
    case "agent":
      return { agentId: change.agentId ?? null };
    default:
      return change satisfies never;
  }
}
