// Calls of Skerry to a machine that has its own troubles: a full disk, an answer that is too large, an end in the middle of a call.
import { expect, it } from "vitest";
import { Calls } from "../../../src/bridge/home/calls.ts";
import { Spool } from "../../../src/bridge/home/spool.ts";
import type { HomeCommands, Transfer } from "../../../src/bridge/home-command.ts";
import type { SandboxStatus } from "../../../src/contract/home/commands.ts";

const noTransfer: Transfer = {
  give: () => Promise.reject(new Error("not here")),
  take: () => Promise.reject(new Error("not here")),
};
const status = (image: string): SandboxStatus => ({ image, hasImage: false, containers: [] });

function openCalls(run: NonNullable<HomeCommands["sandbox.status"]>, spool = new Spool(":memory:")) {
  const sent: { callId: string; body: Record<string, unknown> }[] = [];
  const line = { isUp: true };
  const calls = new Calls({
    spool,
    commands: { "sandbox.status": run },
    transfer: noTransfer,
    now: Date.now,
    send: async (answer) => {
      if (!line.isUp) throw new Error("not connected");
      sent.push(answer);
    },
    progress: () => {},
    log: () => {},
  });
  const take = (id: string) => calls.take({ id, command: "sandbox.status", paramsJSON: "{}" });
  return { calls, spool, sent, line, take };
}

/** As the spool answers on a full disk. */
class FullSpool extends Spool {
  override begin(): boolean {
    throw new Error("database or disk is full");
  }
}

it("are refused, not lost, when they cannot be written down", async () => {
  let runs = 0;
  const { calls, sent, take } = openCalls(async () => status(String(++runs)), new FullSpool(":memory:"));
  take("a");
  await expect.poll(() => sent).toHaveLength(1);
  expect(sent).toMatchObject([{ callId: "a", body: { ok: false, error: { code: "DISK_FULL" } } }]);
  expect(runs).toBe(0);
  expect(calls.known()).toEqual([]);
});

it("are not begun again when their answer was taken before", async () => {
  let runs = 0;
  const { sent, take } = openCalls(async () => status(String(++runs)));
  take("a");
  await expect.poll(() => sent).toHaveLength(1);
  const again = () => {
    take("a");
    return sent.length;
  };
  await expect.poll(again).toBeGreaterThan(1);
  expect(sent[1]).toMatchObject({ callId: "a", body: { ok: false, error: { code: "CONFLICT" } } });
  expect(runs).toBe(1);
});

it("are answered as too large when their answer is", async () => {
  const { sent, take } = openCalls(async () => status("x".repeat(26_000_000)));
  take("a");
  await expect.poll(() => sent).toHaveLength(1);
  expect(sent).toMatchObject([{ body: { ok: false, error: { code: "TOO_LARGE" } } }]);
  expect(JSON.stringify(sent).length).toBeLessThan(1000);
});

it("fail in at most four thousand characters", async () => {
  const { sent, take } = openCalls(() => Promise.reject(new Error("m".repeat(30_000_000))));
  take("a");
  await expect.poll(() => sent).toHaveLength(1);
  const error = sent[0]?.body["error"];
  expect(error).toMatchObject({ code: "FAILED" });
  expect(JSON.stringify(error).length).toBeLessThan(4100);
});

it("that end after the bridge trouble nobody", async () => {
  const gate = Promise.withResolvers<void>();
  const { calls, spool, line, take } = openCalls(async () => {
    await gate.promise;
    return status("late");
  });
  take("a");
  calls.stop();
  spool.close();
  line.isUp = false;
  gate.resolve();
  // An error that nobody catches would fail this test.
  await new Promise((resolve) => setTimeout(resolve, 50));
});

it("say which answers Skerry has not taken", async () => {
  const { calls, sent, line, take } = openCalls(async () => status("here"));
  line.isUp = false;
  take("a");
  await expect.poll(() => calls.known()).toEqual(["a"]);
  expect(await calls.sendKept()).toBe(false);
  line.isUp = true;
  expect(await calls.sendKept()).toBe(true);
  expect(sent.map(({ callId }) => callId)).toEqual(["a"]);
  expect(calls.known()).toEqual([]);
});
