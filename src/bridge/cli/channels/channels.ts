// `skerry channels …`: from nothing to a channel that answers (keys, webhook, first question to the platform), how the
// channels are, and taking one away.
import ipaddr from "ipaddr.js";
import type { GatewayClient } from "../../../client/gateway-client.ts";
import type { ChannelFacts, SetupStep } from "../../../contract/channels/channel.ts";
import { CHANNEL_FACTS, channelFacts, DEFAULT_ACCOUNT } from "../../../contract/channels/facts.ts";
import { GatewayError } from "../../../contract/errors.ts";
import { EXIT } from "../exit-code.ts";
import { askKey, type KeySources, readGivenKeys } from "../key-prompt.ts";
import { formatSpan, nameChannel, type Question, withClient } from "../question.ts";
import type { Terminal } from "../terminal.ts";

interface AccountView {
  accountId: string;
  configured: boolean;
  enabled: boolean;
  missing: string[];
  tokenSource: string;
  dmPolicy: string;
  groupPolicy: string;
  talks?: readonly { name?: string; isTyping: boolean }[];
  lastInboundAt?: number;
  lastOutboundAt?: number;
  lastError?: string;
  probe?: { ok: boolean; bot?: string; error?: string };
  line?: { phase: string; machine?: string; said?: string; waiting?: number; waitingSinceMs?: number };
  outboxWaiting?: number;
  outboxOldestAtMs?: number;
}

interface StatusView {
  channelOrder: string[];
  channelLabels: Record<string, string>;
  channelAccounts: Record<string, AccountView[]>;
  decisions: {
    channel: string;
    senderId: string;
    senderName?: string;
    groupId?: string;
    groupName?: string;
    outcome: string;
    reason: string;
    times: number;
    atMs: number;
  }[];
}

export interface AddOptions {
  account: string;
  /** Where the platform reaches Skerry, when that is not the address we talk to. */
  publicUrl?: string | undefined;
  isConnecting: boolean;
}

export async function addChannel(question: Question, id: string, options: AddOptions, sources: KeySources): Promise<number> {
  const facts = mustKnow(id);
  const { terminal } = question;
  const { account } = options;
  const named = { channel: id, ...(account === DEFAULT_ACCOUNT ? {} : { accountId: account }) };
  const given = readGivenKeys(facts, account, sources);
  return withClient(question, async (client) => {
    const before = await findAccount(client, id, account);
    const missing = before ? before.missing : facts.keys.filter((key) => !key.isOptional).map(({ name }) => name);
    const keys = await completeKeys(facts, given, missing, sources.piped === undefined && !question.isJson);
    const state = await client.request<AccountView & { channel: string }>("channels.add", { ...named, keys });
    const names = Object.keys(keys);
    if (!question.isJson)
      terminal.print(names.length > 0 ? `Kept, sealed: ${names.join(", ")}.` : "The keys that are there are used.");
    const url = options.publicUrl ?? question.reach.url;
    // A line at home needs nobody to reach us.
    const isReachable = facts.home === "needed" || options.publicUrl !== undefined || isPublic(url);
    let steps: SetupStep[] = [];
    if (options.isConnecting && isReachable) {
      ({ steps } = await client.request<{ steps: SetupStep[] }>("channels.connect", { ...named, url }));
    }
    const probe = await probeChannel(client, named);
    if (question.isJson) {
      terminal.print(JSON.stringify({ ...state, steps, isReachable, probe }));
    } else {
      showSteps(terminal, steps);
      if (options.isConnecting && !isReachable) terminal.remark(explainUnreachable(facts, url, id), "yellow");
      showProbe(terminal, facts, probe);
      if (!probe.ok && facts.linking) terminal.print(`Link the account: skerry channels login ${id}`);
      if (probe.ok)
        terminal.print(`Write to it on ${facts.label}: you get a code, and \`skerry pairing approve ${id} CODE\` lets you in.`);
    }
    return probe.ok && steps.every((step) => step.state !== "failed") ? EXIT.ok : EXIT.failed;
  });
}

/** What is still missing is asked of a person, and named to a script. */
async function completeKeys(facts: ChannelFacts, given: Record<string, string>, missing: string[], isPerson: boolean) {
  const keys = { ...given };
  const wanted = facts.keys.filter((key) => !key.isMade && keys[key.name] === undefined);
  const needed = wanted.filter((key) => missing.includes(key.name));
  if (!isPerson || !process.stdin.isTTY) {
    if (needed.length === 0) return keys;
    const names = needed.map(({ name }) => name).join(", ");
    const message = `${facts.label} still needs ${names}. Give each with --key NAME=value, in the environment, or piped in as NAME=value lines.`;
    throw new GatewayError({ code: "INVALID_REQUEST", message });
  }
  // With some given by hand, only what else is needed is asked.
  for (const key of Object.keys(given).length > 0 ? needed : wanted) {
    const isKnown = !key.isOptional && !missing.includes(key.name);
    const value = await askKey(key, isKnown);
    if (value !== "") keys[key.name] = value;
    else if (missing.includes(key.name)) {
      throw new GatewayError({
        code: "INVALID_REQUEST",
        message: `Without ${key.label} there is no ${facts.label}. Nothing was changed.`,
      });
    }
  }
  return keys;
}

export async function removeChannel(question: Question, id: string, account: string): Promise<number> {
  const facts = mustKnow(id);
  const params = { channel: id, ...(account === DEFAULT_ACCOUNT ? {} : { accountId: account }) };
  const answer = await withClient(question, (client) =>
    client.request<{ removed: boolean; steps: SetupStep[]; keysLeft: boolean }>("channels.remove", params),
  );
  if (question.isJson) {
    question.terminal.print(JSON.stringify(answer));
    return EXIT.ok;
  }
  showSteps(question.terminal, answer.steps);
  question.terminal.print(answer.removed ? `The keys of ${facts.label} are gone.` : `No keys of ${facts.label} were kept here.`);
  if (answer.keysLeft) {
    question.terminal.remark(
      "Its keys stand in variables too: take them away where they are set, or set enabled to false.",
      "yellow",
    );
  }
  return EXIT.ok;
}

export async function showChannels(question: Question, id: string | undefined, isProbing: boolean): Promise<number> {
  if (id !== undefined) mustKnow(id);
  const params = { ...(id === undefined ? {} : { channel: id }), ...(isProbing ? { probe: true } : {}) };
  const status = await withClient(question, (client) => client.request<StatusView>("channels.status", params));
  if (question.isJson) {
    question.terminal.print(JSON.stringify(status));
    return EXIT.ok;
  }
  const rows = status.channelOrder.flatMap((channel) =>
    (status.channelAccounts[channel] ?? []).map((account) => ({
      channel,
      label: status.channelLabels[channel] ?? channel,
      account,
    })),
  );
  const isSetUp = ({ account }: (typeof rows)[number]) => account.tokenSource !== "none" || account.lastError !== undefined;
  const shown = id === undefined ? rows.filter(isSetUp) : rows;
  const others = rows.filter((row) => !shown.includes(row)).map(({ channel }) => channel);
  const { terminal } = question;
  if (shown.length > 0) terminal.print(shown.map(({ label, account }) => describeAccount(label, account)).join("\n"));
  if (others.length > 0) terminal.print(`Not set up: ${others.join(", ")}. skerry channels add <channel> does it.`);
  const lately = status.decisions.filter(({ outcome }) => outcome === "ignore" || outcome === "pair").slice(0, 5);
  if (lately.length > 0) {
    terminal.print(["Not let in lately:", ...lately.map(describeDecision)].join("\n"));
  }
  return shown.every(({ account }) => account.lastError === undefined && account.probe?.ok !== false) ? EXIT.ok : EXIT.failed;
}

function describeAccount(label: string, account: AccountView): string {
  const name = nameChannel({ label, accountId: account.accountId });
  const state = !account.configured
    ? `needs ${account.missing.join(", ")}`
    : account.enabled
      ? `ready, keys from ${account.tokenSource === "stored" ? "here" : "variables"}`
      : "switched off";
  const times = [
    ...(account.lastInboundAt === undefined ? [] : [`in ${formatSpan(Date.now() - account.lastInboundAt)} ago`]),
    ...(account.lastOutboundAt === undefined ? [] : [`out ${formatSpan(Date.now() - account.lastOutboundAt)} ago`]),
  ];
  const typing = (account.talks ?? []).filter(({ isTyping }) => isTyping).map(({ name }) => `writing to ${name ?? "somebody"}`);
  const { probe, line: held } = account;
  const asked = probe ? [probe.ok ? `answers as ${probe.bot}` : `does not answer: ${probe.error}`] : [];
  const policies = `direct ${account.dmPolicy}, groups ${account.groupPolicy}`;
  const holder = held ? [`line ${held.phase}${held.machine ? ` on ${held.machine}` : ""}`] : [];
  const line = [name, state, ...holder, policies, ...times, ...typing, ...asked].join(" · ");
  const trouble = account.lastError ?? (account.enabled && held && held.phase !== "open" ? held.said : undefined);
  return [line, ...(trouble === undefined ? [] : [`✗ ${trouble}`]), ...describeWaiting(account)].join("\n  ");
}

/** What waits to go out, and what waits on the machine at home. */
function describeWaiting({ line, outboxWaiting = 0, outboxOldestAtMs }: AccountView): string[] {
  const out = outboxWaiting === 1 ? "1 answer waits" : `${outboxWaiting} answers wait`;
  const heard = line?.waiting === 1 ? "1 message that came in waits" : `${line?.waiting} messages that came in wait`;
  const it = outboxWaiting === 1 ? "it goes" : "they go";
  const until = line && line.phase !== "open" ? "when the line is back" : "when the platform takes them";
  return [
    ...(outboxWaiting === 0 ? [] : [`⧗ ${out} ${since(outboxOldestAtMs)}; ${it} out ${until}`]),
    ...(line?.waiting ? [`⧗ ${heard} ${since(line.waitingSinceMs)} on ${line.machine ?? "the machine at home"} for Skerry`] : []),
  ];
}

function since(at: number | undefined): string {
  return at === undefined ? "" : `since ${new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}`;
}

function describeDecision(decision: StatusView["decisions"][number]): string {
  const { channel, senderId, senderName, groupId, groupName, reason, times, atMs } = decision;
  const sender = senderName ? `${senderName}, ${channel}:${senderId}` : `${channel}:${senderId}`;
  const group = groupId === undefined ? "" : ` in the group ${groupName ? `${groupName}, ` : ""}${groupId}`;
  const who = `${sender}${group}`;
  return `  ${who}${times > 1 ? ` (${times} times)` : ""}, ${formatSpan(Date.now() - atMs)} ago: ${reason}`;
}

export async function testChannel(question: Question, id: string, account: string, to: string | undefined): Promise<number> {
  const facts = mustKnow(id);
  const params = { channel: id, ...(account === DEFAULT_ACCOUNT ? {} : { accountId: account }), ...(to ? { to } : {}) };
  const probe = await withClient(question, (client) => probeChannel(client, params));
  if (question.isJson) question.terminal.print(JSON.stringify(probe));
  else showProbe(question.terminal, facts, probe);
  return probe.ok && probe.sent?.outcome !== "failed" ? EXIT.ok : EXIT.failed;
}

type Probe = { ok: true; bot: string; sent?: { outcome: string; reason?: string } } | { ok: false; error: string };

/** A platform that says no is an answer, not a failure of ours. */
async function probeChannel(client: GatewayClient, params: Record<string, string>): Promise<Probe> {
  try {
    const { bot, sent } = await client.request<{ bot: string; sent?: { outcome: string; reason?: string } }>(
      "channels.test",
      params,
    );
    return { ok: true, bot, ...(sent ? { sent } : {}) };
  } catch (error) {
    if (!(error instanceof GatewayError) || error.data.code === "FORBIDDEN") throw error;
    return { ok: false, error: error.data.message };
  }
}

function showProbe(terminal: Terminal, facts: ChannelFacts, probe: Probe): void {
  if (!probe.ok) {
    terminal.remark(`✗ ${facts.label}: ${probe.error}`, "red");
    return;
  }
  terminal.print(`✓ ${facts.label} answers: ${probe.bot}`);
  if (probe.sent?.outcome === "sent") terminal.print("✓ A test message is sent.");
  else if (probe.sent) terminal.remark(`✗ The test message was not sent: ${probe.sent.reason ?? "no reason was given"}`, "red");
}

function showSteps(terminal: Terminal, steps: readonly SetupStep[]): void {
  for (const { state, text } of steps) {
    if (state === "done") terminal.print(`✓ ${text}`);
    else if (state === "by-hand") terminal.print(`☞ By hand: ${text}`);
    else terminal.remark(`✗ ${text}`, "red");
  }
}

async function findAccount(client: GatewayClient, channel: string, account: string): Promise<AccountView | undefined> {
  const { channelAccounts } = await client.request<StatusView>("channels.status", { channel });
  return channelAccounts[channel]?.find(({ accountId }) => accountId === account);
}

function mustKnow(id: string): ChannelFacts {
  const facts = channelFacts(id);
  if (facts) return facts;
  const message = `There is no channel "${id}". Channels: ${CHANNEL_FACTS.map((one) => one.id).join(", ")}.`;
  throw new GatewayError({ code: "INVALID_REQUEST", message });
}

/** Whether somebody elsewhere can reach the address. */
function isPublic(url: string): boolean {
  const { hostname } = new URL(url);
  const address = hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(address)) return ipaddr.process(address).range() === "unicast";
  return address.includes(".") && !/(^|\.)(localhost|local|internal|lan)$/.test(address);
}

function explainUnreachable(facts: ChannelFacts, url: string, id: string): string {
  return (
    `${facts.label} cannot reach ${url}: that address is only known on this machine or network. Deploy Skerry (npm run deploy) and ` +
    `run this command with --url and the deployed address, or give a tunnel's address: skerry channels add ${id} --public-url https://…`
  );
}
