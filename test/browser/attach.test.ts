// A page that does not answer is asked again and again: no look at it may leave a line, or ears, behind.
import { expect, test } from "vitest";
import { Connection } from "../../src/browser/connection.ts";
import { Cdp, type CdpLine } from "../../src/browser/line.ts";
import { addTab, newState } from "../../src/browser/state.ts";
import { Talk } from "../../src/browser/talk.ts";

test("a tab that cannot be attached to is let go of again", async () => {
  const asked: string[] = [];
  const line: CdpLine = {
    send(text) {
      const { id, method } = JSON.parse(text) as { id: number; method: string };
      asked.push(method);
      const answer =
        method === "Runtime.enable" ? { error: { message: "it hangs" } } : { result: { sessionId: `s${asked.length}` } };
      queueMicrotask(() => line.onText?.(JSON.stringify({ id, ...answer })));
    },
    close: () => undefined,
  };
  const connection = await Connection.open(new Cdp(line), {
    policy: { allowedHosts: [], allowedDomains: [], mayEvaluate: false },
    hasProxy: true,
  });
  const targetInfo = { targetId: "T", type: "page", url: "https://example.com/" };
  line.onText?.(JSON.stringify({ method: "Target.targetCreated", params: { targetInfo } }));
  const state = newState();
  state.current = addTab(state, "T").id;
  const talk = new Talk(connection, state);
  for (let round = 0; round < 5; round++) await expect(talk.page()).rejects.toThrow("it hangs");
  const count = (method: string) => asked.filter((one) => one === method).length;
  expect(count("Target.attachToTarget")).toBe(5);
  expect(count("Target.detachFromTarget")).toBe(5);
});
