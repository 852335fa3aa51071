// In the runtime itself: the line to a browser outlives the time within which it had to be there. A signal that fires after the answer
// cuts the socket that came with it.
import { SELF } from "cloudflare:test";
import { expect, it } from "vitest";
import { reachAddress } from "../../../../src/durable/session/browser/cdp.ts";
import type { FetchUpgrade, LineSocket } from "../../../../src/durable/session/browser/edge.ts";

const HERE = "wss://skerry.test/";
const fetcher: FetchUpgrade = (url, init) => SELF.fetch(url, init);

function whenClosed(socket: LineSocket): Promise<string> {
  return new Promise((resolve) => {
    socket.addEventListener("close", () => resolve("closed"));
    socket.addEventListener("error", () => resolve("broken"));
  });
}

it("is not cut when its time to answer is over", { timeout: 60_000 }, async () => {
  const socket = await reachAddress(fetcher, HERE);
  const still = new Promise<string>((resolve) => setTimeout(resolve, 11_000, "open"));
  expect(await Promise.race([whenClosed(socket), still])).toBe("open");
  socket.close();
});
