// Channels: how they are, their keys, what is done at the platform, and the strangers who wait on them. A key comes in and
// never goes out. Only who may do everything can make somebody an owner.
import type { ChannelState, LateTalk } from "../../../contract/channels/channel.ts";
import { CHANNEL_FACTS, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { newId } from "../../../contract/id.ts";
import type { Address } from "../../../contract/message.ts";
import { type Pairing, WELCOME } from "../../../contract/people.ts";
import { DEFAULT_AGENT_ID, mainSessionKey } from "../../../contract/session-key.ts";
import type { View } from "../live/views.ts";
import { isAdmin } from "./chat.ts";
import { refreshLines, viewLine } from "./home/lines.ts";
import { type Handlers, type House, invalid, notFound, unwrap } from "./method.ts";
import { viewPerson } from "./people.ts";

/** Who wrote longer ago is not there any more. */
const LATELY_MS = 10 * 60_000;

type ChannelsMethod =
  | "channels.status"
  | "channels.groups"
  | "channels.add"
  | "channels.remove"
  | "channels.connect"
  | "channels.test"
  | "channels.pairing.list"
  | "channels.pairing.approve"
  | "channels.pairing.dismiss";

export const channels: Handlers<ChannelsMethod> = {
  "channels.status": async (params, { house }) => {
    const [all, decisions] = await Promise.all([house.directory.channelStates(), house.directory.admissionNotes(params.limit)]);
    const states = all.filter((state) => params.channel === undefined || state.channel === params.channel);
    const order = CHANNEL_FACTS.map(({ id }) => id).filter((id) => states.some((state) => state.channel === id));
    const accounts = new Map<string, View[]>();
    for (const state of states) {
      const probe = params.probe && state.isConfigured ? await probeAccount(house, state) : undefined;
      const known = accounts.get(state.channel) ?? [];
      const talks = await Promise.all(state.lately.map((talk) => viewLate(house, talk)));
      const line = viewLine(house, state);
      const view = {
        ...viewState(state),
        ...(line ? { line } : {}),
        talks: talks.filter((talk) => talk !== undefined),
        ...(probe ? { probe } : {}),
      };
      accounts.set(state.channel, [...known, view]);
    }
    return {
      ts: house.now(),
      channelOrder: order,
      channelLabels: Object.fromEntries(states.map(({ channel, label }) => [channel, label])),
      channels: Object.fromEntries([...accounts].map(([id, views]) => [id, views[0]])),
      channelAccounts: Object.fromEntries(accounts),
      channelDefaultAccountId: Object.fromEntries(order.map((id) => [id, DEFAULT_ACCOUNT])),
      decisions: decisions
        .filter((note) => params.channel === undefined || note.channel === params.channel)
        .map(({ at, account, sender, name, peer, placeName, ...note }) => ({
          ...note,
          accountId: account,
          senderId: sender,
          ...(name ? { senderName: name } : {}),
          ...(peer ? { groupId: peer } : {}),
          ...(placeName ? { groupName: placeName } : {}),
          atMs: at,
        })),
    };
  },

  "channels.groups": async (params, { house }) => ({
    groups: (await house.directory.seenGroups())
      .filter((group) => isMeant(group, params))
      .map(({ channel, account = DEFAULT_ACCOUNT, peer, name, isHeard, seenAt }) => ({
        channel,
        accountId: account,
        groupId: peer,
        ...(name ? { name } : {}),
        isHeard,
        lastSeenAtMs: seenAt,
      })),
  }),

  "channels.add": async (params, { house }) => {
    const { channel, keys } = params;
    const state = unwrap(await house.directory.setChannelKeys(channel, params.accountId ?? DEFAULT_ACCOUNT, keys));
    await tellChanged(house);
    return { channel, ...viewState(state) };
  },

  "channels.remove": async (params, { house }) => {
    const { channel, accountId = DEFAULT_ACCOUNT } = params;
    const state = mustFind(await house.directory.channelStates(), channel, accountId);
    // While its keys are still there; what cannot be taken down must not keep the keys.
    const down = state.isConfigured ? await house.platform.takeDown(channel, accountId) : undefined;
    const removed = await house.directory.removeChannelAccount(channel, accountId);
    await tellChanged(house);
    const left = (await house.directory.channelStates()).find((one) => one.channel === channel && one.account === accountId);
    const failed = down && !down.ok ? [{ state: "failed", text: down.error.message }] : [];
    return { channel, accountId, removed, steps: down?.ok ? down.value : failed, keysLeft: left?.keysFrom === "environment" };
  },

  "channels.connect": async (params, { house }) => {
    const { channel, accountId = DEFAULT_ACCOUNT } = params;
    // Makes the secrets that Skerry makes itself, where the other keys come from variables.
    const state = unwrap(await house.directory.setChannelKeys(channel, accountId, {}));
    const steps = unwrap(await house.platform.setUp(channel, accountId, new URL(params.url).origin));
    await tellChanged(house);
    return { channel, ...viewState(state), steps };
  },

  "channels.test": async (params, { house }) => {
    const { channel, accountId = DEFAULT_ACCOUNT } = params;
    const bot = unwrap(await house.platform.probe(channel, accountId));
    if (params.to === undefined) return { channel, accountId, bot };
    const wanted: Address = (await isPerson(house, params.to))
      ? { channel: "", peer: params.to }
      : { channel, peer: params.to, ...(params.accountId ? { account: params.accountId } : {}) };
    const permission = await house.directory.maySend({ agentId: DEFAULT_AGENT_ID, sessionKey: mainSessionKey(), to: wanted });
    if (permission.outcome === "denied") throw invalid(permission.reason);
    const sent = await sendText(house, permission.to, "This is a test from your Skerry. Everything works this far.");
    return { channel, accountId, bot, sent };
  },

  "channels.pairing.list": async (params, { house }) => {
    const waiting = await house.directory.pairings();
    return { requests: waiting.filter((pairing) => isMeant(pairing, params)).map(viewPairing) };
  },

  "channels.pairing.approve": async (params, call) => {
    const { house } = call;
    const code = await readCode(params, house);
    const known = await house.directory.people();
    const mayName = isAdmin(call) || known.some(({ id, role }) => role === "guest" && id === params.as);
    if (params.as !== undefined && params.as !== "guest" && !mayName) {
      throw invalid('Without the scope operator.admin only "guest" or the id of a guest can be named.');
    }
    const hadOwner = known.some(({ role, accounts }) => role === "owner" && accounts.length > 0);
    const approved = unwrap(await house.directory.approvePairing(code, params.as ?? (isAdmin(call) ? undefined : "guest")));
    const { pairing, person, to } = approved;
    const notification = !params.notify || !to ? "not-requested" : (await sendText(house, to, WELCOME)).outcome;
    return {
      ...viewPairing(pairing),
      person: viewPerson(person),
      becameOwner: !hadOwner && person.role === "owner",
      notification,
    };
  },

  "channels.pairing.dismiss": async (params, { house }) =>
    viewPairing(unwrap(await house.directory.rejectPairing(await readCode(params, house)))),
};

async function tellChanged(house: House): Promise<void> {
  house.tell("config.changed", { reason: "channels" }, "readers");
  await refreshLines(house);
}

interface Meant {
  channel?: string | undefined;
  accountId?: string | undefined;
}

function isMeant(one: { channel: string; account?: string }, { channel, accountId }: Meant): boolean {
  return (
    (channel === undefined || one.channel === channel) &&
    (accountId === undefined || (one.account ?? DEFAULT_ACCOUNT) === accountId)
  );
}

/** A code that waits elsewhere than was said is refused, so that a slip lets nobody in; a wrong one is the Directory's to count. */
async function readCode(params: Meant & { code?: string | undefined; requestId?: string | undefined }, house: House) {
  const code = params.code ?? params.requestId;
  if (code === undefined) throw invalid("Give the code: it is in channels.pairing.list and in what the stranger was told.");
  const wanted = code.toUpperCase().replace(/[\s-]/g, "");
  const pairing = (await house.directory.pairings()).find((candidate) => candidate.code === wanted);
  if (pairing && !isMeant(pairing, params)) {
    const account = pairing.account === undefined ? "" : `, account ${pairing.account}`;
    throw invalid(`That code belongs to ${pairing.channel}${account}.`);
  }
  return code;
}

async function isPerson(house: House, word: string): Promise<boolean> {
  const people = await house.directory.people();
  return people.some(({ id, name }) => id === word || name.toLowerCase() === word.toLowerCase());
}

async function probeAccount(house: House, { channel, account }: ChannelState): Promise<View> {
  const answer = await house.platform.probe(channel, account);
  return answer.ok ? { ok: true, bot: answer.value } : { ok: false, error: answer.error.message };
}

async function sendText(house: House, to: Address, text: string): Promise<{ outcome: string; reason?: string }> {
  const id = newId("out", house.now());
  const sent = await house.delivery.send({
    id,
    sessionKey: "",
    agentId: "",
    runId: id,
    to,
    act: { type: "text", text },
    part: 0,
  });
  return sent.outcome === "sent" ? { outcome: "sent" } : { outcome: "failed", reason: sent.reason };
}

function mustFind(states: readonly ChannelState[], channel: string, account: string): ChannelState {
  const state = states.find((one) => one.channel === channel && one.account === account);
  if (!state) throw notFound(`There is no account "${account}" of ${channel}.`);
  return state;
}

/** How an account is: whether its owner has anything to do, and what, in words. */
export interface ChannelHealth {
  channel: string;
  label: string;
  accountId: string;
  isWell: boolean;
  said: string;
}

/** The accounts that somebody began to set up, in the order of the channels. */
export function readChannelHealth(house: House, states: readonly ChannelState[]): ChannelHealth[] {
  return states
    .filter(({ keysFrom, error }) => keysFrom !== "none" || error !== undefined)
    .map((state) => ({
      channel: state.channel,
      label: state.label,
      accountId: state.account,
      ...judgeWaiting(judgeHealth(state, viewLine(house, state)), state, house.now()),
    }));
}

type Judged = Pick<ChannelHealth, "isWell" | "said">;

/** Phases of a line that its owner has to look at, or that hold up what is said. */
const LINE_TROUBLE = ["off", "away", "unlinked", "deaf", "down", "refused"];

/** Whoever waits for an answer has to be known of, whatever else is said. */
function judgeWaiting(judged: Judged, { isEnabled, waiting }: ChannelState, now: number): Judged {
  if (!waiting || !isEnabled) return judged;
  const { count, since } = waiting;
  const minutes = Math.max(1, Math.round((now - since) / 60_000));
  const span = minutes < 120 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
  const what = count === 1 ? "1 answer has waited" : `${count} answers have waited`;
  return { isWell: false, said: `${judged.said.replace(/[.\s]*$/, "")}. ${what} for ${span}; tried again by itself.` };
}

function judgeHealth(state: ChannelState, line: View | undefined): Judged {
  const { channel, account, missing, error } = state;
  const named = account === DEFAULT_ACCOUNT ? channel : `${channel} --account ${account}`;
  if (!state.isEnabled) return { isWell: true, said: "switched off in the settings" };
  const phase = String(line?.["phase"] ?? "open");
  if (LINE_TROUBLE.includes(phase)) {
    const said = line?.["said"];
    return { isWell: false, said: typeof said === "string" ? said : (error?.text ?? `its line is ${phase}`) };
  }
  if (error) return { isWell: false, said: error.text };
  if (missing.length > 0)
    return { isWell: false, said: `needs ${missing.join(", ")}; give it with skerry channels add ${named}` };
  if (phase !== "open") return { isWell: true, said: `its line is ${phase}` };
  return { isWell: true, said: state.lastInAt === undefined ? "ready; nothing has come in yet" : "works" };
}

/** As health shows them: by channel, the first account in front, all of them beside it. */
export function viewChannelHealth(house: House, states: readonly ChannelState[]): View {
  const shown = readChannelHealth(house, states);
  const views = shown.map((one) => {
    const state = states.find(({ channel, account }) => channel === one.channel && account === one.accountId);
    return { ...one, view: { ...(state ? viewState(state) : {}), healthy: one.isWell, healthText: one.said } };
  });
  const byChannel = Map.groupBy(views, ({ channel }) => channel);
  return {
    channels: Object.fromEntries(
      [...byChannel].map(([channel, accounts]) => [
        channel,
        {
          ...accounts[0]?.view,
          accounts: Object.fromEntries(accounts.map(({ accountId, view }) => [accountId, view])),
        },
      ]),
    ),
    channelOrder: [...byChannel.keys()],
    channelLabels: Object.fromEntries(shown.map(({ channel, label }) => [channel, label])),
  };
}

/** "Telegram (work)". */
export function nameAccount({ label, accountId }: Pick<ChannelHealth, "label" | "accountId">): string {
  return accountId === DEFAULT_ACCOUNT ? label : `${label} (${accountId})`;
}

/** Somebody who is there: typed to while the turn that answers them runs. */
async function viewLate(house: House, { sessionKey, name, at }: LateTalk): Promise<View | undefined> {
  if (house.now() - at > LATELY_MS) return undefined;
  const row = await house.session(sessionKey).row();
  return { sessionKey, ...(name ? { name } : {}), lastSeenAtMs: at, isTyping: row?.status === "running" };
}

function viewState(state: ChannelState): View {
  return {
    accountId: state.account,
    configured: state.isConfigured,
    enabled: state.isEnabled,
    running: state.isConfigured && state.isEnabled,
    missing: state.missing,
    tokenSource: state.keysFrom,
    ...(state.keysSetAt === undefined ? {} : { keysSetAtMs: state.keysSetAt }),
    dmPolicy: state.directPolicy,
    groupPolicy: state.groupPolicy,
    ...(state.lastInAt === undefined ? {} : { lastInboundAt: state.lastInAt }),
    ...(state.lastOutAt === undefined ? {} : { lastOutboundAt: state.lastOutAt }),
    ...(state.error === undefined ? {} : { lastError: state.error.text, lastErrorAt: state.error.at }),
    ...(state.waiting === undefined ? {} : { outboxWaiting: state.waiting.count, outboxOldestAtMs: state.waiting.since }),
  };
}

function viewPairing(pairing: Pairing): View {
  return {
    requestId: pairing.code,
    code: pairing.code,
    channel: pairing.channel,
    accountId: pairing.account ?? DEFAULT_ACCOUNT,
    senderId: pairing.sender,
    ...(pairing.name === undefined ? {} : { senderName: pairing.name }),
    createdAtMs: pairing.createdAt,
    expiresAtMs: pairing.expiresAt,
  };
}
