// process: what a session left running on a machine is reached only while the session may reach the machine itself.
import { expect, test } from "vitest";
import type { Elevation } from "../../../../src/contract/home/hands.ts";
import { process } from "../../../../src/durable/tools/hands/process.ts";
import type { HomeDesk } from "../../../../src/durable/tools/port.ts";
import { makeHands } from "../../../support/hands.ts";
import { makeContext, NO_WORKSPACE } from "../context.ts";

const state = { state: "running", processId: "p", startedAt: 1, output: "", outputBytes: 0 };
const { exec } = makeHands();

async function asked(action: "list" | "write", hands: Parameters<typeof makeHands>[0] | undefined, elevation: Elevation = "off") {
  const calls: Record<string, unknown>[] = [];
  const home: HomeDesk = {
    homes: async () => [],
    call: async (_part, { params }) => {
      calls.push(params);
      return { outcome: "answered", home: "desk", payload: action === "list" ? { processes: [] } : state };
    },
    cancel: async () => {},
    tokenOf: (part) => part,
  };
  const context = makeContext(NO_WORKSPACE, { home, ...(hands ? { hands: { ...makeHands(hands), elevation } } : {}) });
  await process.run(action === "list" ? { action } : { action, id: "p", data: "x" }, context);
  return calls[0]?.["mayReachHome"];
}

test.each(["list", "write"] as const)("%s says whether this turn may reach the machine itself", async (action) => {
  expect(await asked(action, {})).toBe(true);
  expect(await asked(action, { isSandboxed: true })).toBe(false);
  expect(await asked(action, { isSandboxed: true }, "on")).toBe(true);
  expect(await asked(action, { isSandboxed: true, mayElevate: false }, "on")).toBe(false);
  expect(await asked(action, { exec: { ...exec, security: "deny" } }, "full")).toBe(false);
  expect(await asked(action, undefined)).toBe(false);
});
