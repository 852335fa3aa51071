// What a machine at home brings that holds Discord's gateway: its events word for word, with what else it knows of the place. Commands and
// buttons come so where no address is set for them: the same is read of them, and their first word goes out from here.
import type { APIInteraction } from "discord-api-types/v10";
import * as z from "zod";
import type { Inbound } from "../../../contract/channels/channel.ts";
import { readItems } from "../at-home/at-home.ts";
import type { Asked, Line } from "../channel.ts";
import { readDispatch } from "./gateway-events.ts";
import { readInteraction } from "./inbound.ts";
import { call } from "./rest.ts";

const gatewayEvent = z.object({
  t: z.string().max(64),
  d: z.record(z.string(), z.unknown()),
  key: z.string().max(256),
  botId: z.string().max(32),
  /** Of the event's channel. */
  room: z.object({ name: z.string().max(200).exactOptional(), parent: z.string().max(32).exactOptional() }).exactOptional(),
});
/** What its answer goes to. */
const waiting = z.object({ id: z.string().regex(/^\d{1,20}$/), token: z.string().min(1).max(1024), type: z.int() });

const ALREADY_ANSWERED = 40060;

/** @throws SyntaxError when it is not what the line brings. */
export function readGatewayPost(body: unknown, line: Line): (Inbound | Asked)[] {
  return readItems(body).flatMap((item) => {
    if (item.kind !== "raw") return [];
    const read = gatewayEvent.safeParse(item.body);
    if (!read.success) throw new SyntaxError(z.prettifyError(read.error).slice(0, 500));
    try {
      return readEvent(read.data, line);
    } catch (error) {
      // What cannot be read now never can be; brought again and again it would stop up all that follows.
      throw new SyntaxError(`${read.data.t}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
}

function readEvent({ t, d, key, botId, room }: z.infer<typeof gatewayEvent>, line: Line): (Inbound | Asked)[] {
  const { account } = line.account;
  if (t !== "INTERACTION_CREATE") return readDispatch({ t, d, key }, { botId, account, now: line.now(), roomOf: () => room });
  const { id, token } = waiting.parse(d);
  // Its type and what it brings are looked at one by one there.
  const { inbound, reply } = readInteraction(d as object as APIInteraction, account);
  const answer: Asked["answer"] = async (heard) => {
    const said = reply?.(heard);
    return said === undefined || answerFirst(line, id, token, (await said.json()) as object);
  };
  return [{ kind: "asked", inbound, answer }];
}

/** Within three seconds, or Discord says that nobody answered. */
async function answerFirst(line: Line, id: string, token: string, body: object): Promise<boolean> {
  const ask = () => call(line, { method: "POST", path: `/interactions/${id}/${encodeURIComponent(token)}/callback`, body });
  const first = await ask();
  const answer = "broke" in first ? await ask() : first;
  return answer.ok || ("code" in answer && answer.code === ALREADY_ANSWERED);
}
