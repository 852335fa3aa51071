// Channels whose lines machines at home hold: linking an account with what the owner is shown, ending the link, and how the lines are.
// What is shown (a code to scan or to type) passes through and is kept nowhere.
import QRCode from "qrcode";
import { type LineState, lineState, lineStates } from "../../../../contract/channels/at-home.ts";
import type { ChannelState } from "../../../../contract/channels/channel.ts";
import { channelFacts, DEFAULT_ACCOUNT } from "../../../../contract/channels/facts.ts";
import { GatewayError } from "../../../../contract/errors.ts";
import type { HomeAnswer } from "../../../../contract/home/port.ts";
import type { View } from "../../live/views.ts";
import { type Handlers, type House, invalid, notFound, unwrap } from "../method.ts";

type LinesMethod = "web.login.start" | "web.login.wait" | "channels.logout" | "channels.stop" | "channels.start";

const HOLDS = "channel.send";
/** What a machine may take to reach its platform. */
const LINK_MS = 20_000;

export const lines: Handlers<LinesMethod> = {
  "web.login.start": async ({ channel, accountId: account = DEFAULT_ACCOUNT, force = false, phone }, { house }) => {
    const meant = await mustBeLinked(house, channel, account);
    const params = {
      channel: meant.channel,
      account,
      isAnew: force,
      ...(phone === undefined ? {} : { phone: readNumber(phone) }),
    };
    return viewLink(readState(await ask(house, meant, "channel.link", params)));
  },

  "web.login.wait": async ({ channel, accountId: account = DEFAULT_ACCOUNT, since, timeoutMs = LINK_MS }, { house }) => {
    const meant = await mustBeLinked(house, channel, account);
    const waitMs = Math.min(timeoutMs, LINK_MS - 2_000);
    const params = { channel: meant.channel, account, waitMs, ...(since === undefined ? {} : { since }) };
    return viewLink(readState(await ask(house, meant, "channel.look", params)));
  },

  "channels.logout": async ({ channel, accountId: account = DEFAULT_ACCOUNT }, { house }) => {
    const meant = await mustBeLinked(house, channel, account);
    read(await ask(house, meant, "channel.unlink", { channel, account }));
    house.tell("channels.changed", { channel, accountId: account }, "readers");
    return { channel, accountId: account, cleared: true, loggedOut: true };
  },

  "channels.stop": async ({ channel, accountId }, { house }) => {
    await turn(house, { channel, accountId, isOn: false });
    return { channel, ...(accountId === undefined ? {} : { accountId }), stopped: true };
  },

  "channels.start": async ({ channel, accountId }, { house }) => {
    await turn(house, { channel, accountId, isOn: true });
    return { channel, ...(accountId === undefined ? {} : { accountId }), started: true };
  },
};

/** As people write it, with blanks and dashes. */
function readNumber(phone: string): string {
  const number = phone.replace(/[\s()./-]/g, "").replace(/^00/, "+");
  if (!/^\+\d{6,15}$/.test(number)) throw invalid("Write the number with its country code, for example +1 555 123 4567.");
  return number;
}

/** On or off, kept in the settings. Without an account the channel with all its accounts. */
async function turn(
  house: House,
  { channel, accountId, isOn }: { channel: string; accountId: string | undefined; isOn: boolean },
): Promise<void> {
  const label = channelFacts(channel)?.label;
  const states = (await house.directory.channelStates()).filter((state) => state.channel === channel);
  if (label === undefined || !states.some(({ account }) => account === (accountId ?? DEFAULT_ACCOUNT))) {
    throw notFound(`There is no account "${accountId ?? DEFAULT_ACCOUNT}" of ${channel}.`);
  }
  const { settings, hash } = await house.directory.settings();
  const isAllOff = settings.channels?.[channel]?.enabled === false;
  if (isOn && accountId !== undefined && isAllOff) {
    throw invalid(`${label} is switched off with all its accounts; start it without naming one.`);
  }
  const change = { enabled: isOn ? null : false };
  const own = accountId === undefined ? change : { accounts: { [accountId]: change } };
  const { hash: changed } = unwrap(await house.directory.patchSettings({ channels: { [channel]: own } }, hash));
  house.tell("config.changed", { hash: changed }, "readers");
  house.tell("channels.changed", { channel, ...(accountId === undefined ? {} : { accountId }) }, "readers");
  await refreshLines(house);
}

/** Machines ask anew which lines are theirs. */
export async function refreshLines(house: House): Promise<void> {
  const holders = house.homes.homesKnown.list().filter((home) => home.isConnected && home.commands.includes("channel.refresh"));
  await Promise.all(
    holders.map(({ id }) =>
      house.homes.callHome({
        id: `refresh-${crypto.randomUUID()}`,
        home: id,
        command: "channel.refresh",
        params: {},
        timeoutMs: 1_000,
        waitMs: 0,
      }),
    ),
  );
}

/** A machine says how its lines are. What cannot be read is answered all the same: it would say it again for ever. */
export function hearLines(house: House, home: string, said: unknown): { handled: boolean; reason?: string } {
  const { commands = [] } = house.homes.homesKnown.list().find(({ id }) => id === home) ?? {};
  if (!commands.includes(HOLDS)) return { handled: false, reason: "this machine holds no lines" };
  const states = lineStates.safeParse(said);
  if (!states.success) return { handled: false, reason: "not readable" };
  for (const changed of house.homes.lines.hear(home, states.data.lines)) noteLine(house, changed);
  return { handled: true };
}

/** The channel's own health knows of it, too: it is what `channels.status` and chats are told. */
function noteLine(house: House, { channel, account, phase, said, who }: LineState): void {
  const isBad = phase === "refused" || phase === "unlinked" || phase === "deaf" || phase === "down";
  const at = house.now();
  if (isBad) {
    const text = said ?? `The line is ${phase}.`;
    house.directory.noteChannel({ channel, account, at, note: { kind: "error", text } }).catch(() => undefined);
  } else if (phase === "open") {
    house.directory
      .noteChannel({ channel, account, at, note: { kind: "fine", ...(who ? { text: who } : {}) } })
      .catch(() => undefined);
    resendWaiting(house, channel, account).catch((error: unknown) => {
      house.log.add("warn", "what waits for a line is not sent yet", { channel, account, reason: String(error) });
    });
  }
  house.tell("channels.changed", { channel, accountId: account, phase }, "readers");
}

/** The line is open (again): what waits for it goes out now, not when it is tried the next time. */
async function resendWaiting(house: House, channel: string, account: string): Promise<void> {
  const sessions = (await house.directory.waitingSessions?.(channel, account)) ?? [];
  await Promise.all(sessions.map((key) => house.session(key).resend?.(channel, account)));
}

/** How a channel's line at home is, for lists; undefined: it has none. */
export function viewLine(house: House, { channel, account, isConfigured }: ChannelState): View | undefined {
  const facts = channelFacts(channel);
  if (facts?.home === undefined || !isConfigured) return undefined;
  const held = house.homes.lines.list().find(({ state }) => state.channel === channel && state.account === account);
  const homes = house.homes.homesKnown.list();
  const home = homes.find(({ id }) => id === held?.home);
  if (!held || !home) {
    if (facts.home === "optional") return undefined;
    const hasHolder = homes.some(({ commands }) => commands.includes(HOLDS));
    const said = hasHolder
      ? "No machine holds this line yet. With several machines, name one in the settings: channels.<channel>.home."
      : "This channel needs a machine at home: run skerry bridge on one, and let it in under Devices.";
    return { phase: "off", said };
  }
  const { phase, said, since, who, waiting, waitingSince, lastInAt, lastOutAt } = held.state;
  return {
    machine: home.name,
    phase: home.isConnected ? phase : "away",
    sinceMs: since,
    ...(home.isConnected ? (said === undefined ? {} : { said }) : { said: `${home.name} is not connected just now.` }),
    ...(who === undefined ? {} : { who }),
    waiting,
    ...(waitingSince === undefined ? {} : { waitingSinceMs: waitingSince }),
    ...(lastInAt === undefined ? {} : { lastInboundAt: lastInAt }),
    ...(lastOutAt === undefined ? {} : { lastOutboundAt: lastOutAt }),
  };
}

async function mustBeLinked(
  house: House,
  wanted: string | undefined,
  account: string,
): Promise<{ channel: string; home?: string }> {
  const known = (await house.directory.wantedLines?.()) ?? [];
  const linkable = known.filter((line) => channelFacts(line.channel)?.linking !== undefined && line.account === account);
  const channel = wanted ?? (linkable.length === 1 ? linkable[0]?.channel : undefined);
  if (channel === undefined) throw invalid("Say which channel is to be linked, for example whatsapp.");
  const line = known.find((one) => one.channel === channel && one.account === account);
  if (line) return { channel, ...(line.home === undefined ? {} : { home: line.home }) };
  const label = channelFacts(channel)?.label ?? channel;
  throw new GatewayError({
    code: "NOT_LINKED",
    message: `${label} is not set up or switched off; add it first: skerry channels add ${channel}.`,
  });
}

function ask(
  house: House,
  { home }: { home?: string },
  command: "channel.link" | "channel.look" | "channel.unlink",
  params: Record<string, unknown>,
): Promise<HomeAnswer> {
  const id = `line-${crypto.randomUUID()}`;
  const whom = home === undefined ? {} : { home };
  return house.homes.callHome({ id, ...whom, command, params, timeoutMs: LINK_MS, waitMs: LINK_MS });
}

function readState(answer: HomeAnswer): LineState {
  const state = lineState.safeParse(read(answer));
  if (!state.success) throw new GatewayError({ code: "UNAVAILABLE", message: "The machine answered what cannot be read." });
  return state.data;
}

function read(answer: HomeAnswer): unknown {
  switch (answer.outcome) {
    case "answered":
      return answer.payload;
    case "refused":
      return unwrap({ ok: false, error: { code: "UNAVAILABLE", message: answer.message } });
    case "unreachable":
    case "interrupted":
      return unwrap({ ok: false, error: { code: "UNAVAILABLE", message: answer.reason } });
    case "pending":
      return unwrap({ ok: false, error: { code: "AGENT_TIMEOUT", message: `${answer.home} did not answer in time.` } });
    default:
      return answer satisfies never;
  }
}

async function viewLink({ phase, since, said, who, link }: LineState): Promise<View> {
  const connected = phase === "open";
  const message =
    said ?? (connected ? `Linked${who ? ` as ${who}` : ""}.` : link ? LINK_WORDS[link.kind] : "It is being linked.");
  return {
    connected,
    phase,
    message,
    since,
    ...(who === undefined ? {} : { who }),
    ...(link?.kind === "qr" ? { qr: link.text, qrDataUrl: await dataUrlOf(link.text) } : {}),
    ...(link?.kind === "code" ? { code: link.text } : {}),
    ...(link ? { expiresAtMs: link.until } : {}),
  };
}

const LINK_WORDS = {
  qr: "Scan this code with the app on your phone, under linked devices.",
  code: "Type this code on your phone, under linked devices, Link with phone number.",
} as const;

async function dataUrlOf(text: string): Promise<string> {
  const svg = await QRCode.toString(text, { type: "svg", margin: 2 });
  return `data:image/svg+xml;base64,${btoa(svg)}`;
}
