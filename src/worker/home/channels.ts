// Channels whose lines a machine at home holds: which are its to hold, and what it brings of them. Answered with success only when
// everything it brought is stored; the machine keeps it until then, in its order.
import { type Context, Hono } from "hono";
import { heldAccounts } from "../../contract/channels/at-home.ts";
import type { Inbound, WantedLine } from "../../contract/channels/channel.ts";
import type { HomeRow } from "../../contract/home/port.ts";
import { type Intake, intake } from "../../durable/intake.ts";
import { directoryOf, gatewayOf, sessionOf } from "../../durable/stubs.ts";
import type { Asked, Channel, Line } from "../channels/channel.ts";
import { openLine } from "../channels/line.ts";
import { findChannel } from "../channels/list.ts";
import type { Door } from "../door.ts";
import { refuse } from "../errors.ts";
import { readUpTo } from "../media.ts";

/** By this command a machine says that it holds lines. */
const HOLDS = "channel.send";
const MOST_BODY_BYTES = 4 * 1024 * 1024;

export const channels = new Hono<Door>();

channels.get("/", async (c) => {
  const accounts = await heldBy(c);
  return c.json(heldAccounts.encode({ accounts: accounts.map(({ home: _home, ...account }) => account) }));
});

channels.post("/:channel/:account{[a-z0-9-]+}", async (c) => {
  const { channel: id, account } = c.req.param();
  const held = (await heldBy(c)).some((one) => one.channel === id && one.account === account);
  const channel = held ? await findChannel(id) : undefined;
  const line = channel && (await openLine(c.env, id, account, 0));
  if (!channel?.hear || !line) {
    return refuse(c, 403, "FORBIDDEN", `The line of ${id} (${account}) is not this machine's to hold; see Control, Channels.`);
  }
  const bytes = await readUpTo(c, MOST_BODY_BYTES);
  if (!bytes) return refuse(c, 413, "TOO_LARGE", "It brings more at once than fits; bring less.");
  const answer = hearAll(c, channel, line, new TextDecoder().decode(bytes));
  // Goes on when the machine hangs up: what was begun is stored, and its next try finds it there.
  c.executionCtx.waitUntil(answer.catch(() => undefined));
  return answer;
});

async function hearAll(c: Context<Door>, channel: Channel, line: Line, text: string): Promise<Response> {
  const ports = { directory: directoryOf(c.env), session: (key: string) => sessionOf(c.env, key) };
  try {
    const take = ({ kind, message }: Inbound) => intake(ports, message, {}, { isNotice: kind === "notice" });
    for (const one of (await channel.hear?.(JSON.parse(text), line)) ?? []) {
      if (one.kind === "asked") {
        const heard: Intake[] = [];
        for (const inbound of one.inbound) heard.push(await take(inbound));
        c.executionCtx.waitUntil(answerAsked(c, channel, line, one, heard));
      } else {
        const heard = await take(one);
        if (heard.outcome === "pair" && heard.reply !== undefined) greet(c, channel, line, heard, one.message);
      }
    }
    return c.json({ ok: true });
  } catch (error) {
    if (error instanceof SyntaxError) {
      return refuse(c, 400, "INVALID_REQUEST", `What the machine brought cannot be read: ${error.message}`);
    }
    console.error(`${channel.id}: a message from home was not stored`, error);
    return refuse(c, 503, "NOT_STORED", "The message could not be stored; bring it again in a moment.");
  }
}

/** Whoever waited too long is told the code all the same, where nobody else reads it. */
async function answerAsked(c: Context<Door>, channel: Channel, line: Line, asked: Asked, heard: Intake[]): Promise<void> {
  try {
    if (await asked.answer(heard)) return;
  } catch (error) {
    console.error(`${channel.id}: whoever waited was not answered`, error);
  }
  for (const [index, { message }] of asked.inbound.entries()) {
    const one = heard[index];
    if (one?.outcome === "pair" && one.reply !== undefined && message.from.kind !== "group")
      greet(c, channel, line, one, message);
  }
}

/** A stranger is told the code where they wrote. */
function greet(
  c: Context<Door>,
  channel: Channel,
  line: Line,
  { reply = "" }: Extract<Intake, { outcome: "pair" }>,
  { id, from }: { id: string; from: Parameters<Channel["deliver"]>[0]["to"] },
): void {
  const row = `pair:${id}`;
  const item = {
    id: row,
    sessionKey: "",
    agentId: "",
    runId: row,
    to: from,
    act: { type: "text" as const, text: reply },
    part: 0,
  };
  c.executionCtx.waitUntil(channel.deliver(item, line).then(() => undefined));
}

/** The accounts that are this machine's: it is named, or it is the only one that holds lines. */
async function heldBy(c: Context<Door>): Promise<WantedLine[]> {
  const [wanted = [], homes] = await Promise.all([directoryOf(c.env).wantedLines?.(), gatewayOf(c.env).homes()]);
  const holders = homes.filter(({ commands }) => commands.includes(HOLDS));
  const self = holders.find(({ id }) => id === c.get("homeId"));
  if (!self) return [];
  return wanted.filter((line) => isHeldBy(line, self, holders));
}

function isHeldBy({ home }: WantedLine, self: HomeRow, holders: readonly HomeRow[]): boolean {
  if (home === undefined) return holders.length === 1;
  return home === self.id || home.trim().toLowerCase() === self.name.toLowerCase();
}
