// The line to the Gateway as a stream: one RPC that lasts as long as it is open.
import type { LiveParcel } from "../../../contract/live.ts";
import type { GatewayPort } from "../../../contract/ports/gateway.ts";
import type { LiveLine } from "./publisher.ts";

/** More than this on the way means that the Gateway does not read: the line is given up. */
const MAX_BYTES_UNDERWAY = 4_000_000;

export function openLine(gateway: Pick<GatewayPort, "follow">): LiveLine {
  const { readable, writable } = new IdentityTransformStream();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  let underway = 0;
  const hangUp = (reason: unknown) => writer.abort(reason).catch(() => undefined);
  gateway.follow(readable).then(() => hangUp(new Error("nobody watches")), hangUp);
  return {
    async write(parcel: LiveParcel) {
      const bytes = encoder.encode(`${JSON.stringify(parcel)}\n`);
      underway += bytes.length;
      if (underway > MAX_BYTES_UNDERWAY) await hangUp(new Error("the Gateway does not read"));
      await writer.write(bytes);
      underway -= bytes.length;
    },
    close() {
      writer.close().catch(() => undefined);
    },
  };
}
