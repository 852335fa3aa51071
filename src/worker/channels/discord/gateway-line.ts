// What a machine at home brings that holds Discord's gateway: its events word for word, with what else it knows of the place.
import * as z from "zod";
import type { Inbound } from "../../../contract/channels/channel.ts";
import { readItems } from "../at-home/at-home.ts";
import type { Line } from "../channel.ts";
import { readDispatch } from "./gateway-events.ts";

const gatewayEvent = z.object({
  t: z.string().max(64),
  d: z.record(z.string(), z.unknown()),
  key: z.string().max(256),
  botId: z.string().max(32),
  /** Of the event's channel. */
  room: z.object({ name: z.string().max(200).exactOptional(), parent: z.string().max(32).exactOptional() }).exactOptional(),
});

/** @throws SyntaxError when it is not what the line brings. */
export function readGatewayPost(body: unknown, line: Line): Inbound[] {
  return readItems(body).flatMap((item) => {
    if (item.kind !== "raw") return [];
    const read = gatewayEvent.safeParse(item.body);
    if (!read.success) throw new SyntaxError(z.prettifyError(read.error).slice(0, 500));
    const { t, d, key, botId, room } = read.data;
    return readDispatch({ t, d, key }, { botId, account: line.account.account, now: line.now(), roomOf: () => room });
  });
}
