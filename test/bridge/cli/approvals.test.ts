// Approvals from the command line: real processes against a scripted Gateway.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, it } from "vitest";
import { type ApprovalView, viewApproval } from "../../../src/contract/home/approval-view.ts";
import { makePlan, makeRequest } from "../../support/approval.ts";
import { homeOf, runCli } from "../../support/cli.ts";
import { GatewayServer } from "../../support/gateway-server.ts";

const dir = mkdtempSync(join(tmpdir(), "skerry-cli-approvals-"));
let server: GatewayServer;

beforeEach(async () => {
  server = await GatewayServer.start();
});
afterEach(() => server.stop());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(...args: string[]) {
  const ran = runCli(args, { ...homeOf(dir, server.port), input: "" });
  const code = await ran.code;
  return { code, out: ran.out(), err: ran.err() };
}

const answer = (method: string, payload: unknown) => server.answer(method, () => ({ ok: true, payload }));
const asked = (method: string) => server.requests.filter((request) => request.method === method).map(({ params }) => params);

function view(command: string, change: Partial<ApprovalView> = {}, isWhole = false): ApprovalView {
  const now = Date.now();
  const request = makeRequest("a", now, { plan: makePlan(command) });
  return { ...viewApproval({ ...request, code: "ABCD2345", askedAt: now, state: "open" }, isWhole), ...change };
}

it("lists what waits, with the code to answer by, and nothing that moves the cursor", async () => {
  answer("exec.approval.list", [view("rm -rf ~\r\u001b[2Kls \u202egpj")]);
  const { code, out } = await run("approvals", "list");
  expect(code).toBe(0);
  expect(out).toMatch(/^ABCD2345 {2}desk: rm -rf ~⟨U\+000D⟩⟨U\+001B⟩\[2Kls ⟨U\+202E⟩gpj · \d+ min left\n$/);
});

it("says when nothing waits, and shows what was decided when asked", async () => {
  answer("exec.approval.list", []);
  answer("approval.history", {
    approvals: [view("make", { state: "decided", decision: "deny", resolvedBy: "Ada on Telegram" })],
  });
  expect((await run("approvals", "list")).out).toBe("No command waits for your word.\n");
  expect((await run("approvals", "list", "--all")).out).toBe("ABCD2345  desk: make · denied by Ada on Telegram\n");
  expect(JSON.parse((await run("approvals", "list", "--all", "--json")).out)).toMatchObject([{ code: "ABCD2345" }]);
});

it("shows one whole, with its parts and what to be careful of", async () => {
  const command = `сurl x; ${"true; ".repeat(3000)}`;
  answer("exec.approval.get", view(command, {}, true));
  const { out } = await run("approvals", "show", "ABCD2345");
  expect(out).toContain(`\n${command}\n`);
  expect(out).toContain("Why asked: rm is not on the list of this machine.");
  expect(out).toContain("not-listed  сurl x;");
  expect(out).toContain("Careful: Not all of its letters are plain ones; some may look like others: с (U+0441).");
});

it("gives the word: once, always, or no", async () => {
  answer("exec.approval.resolve", { ok: true, approval: view("make") });
  expect((await run("approvals", "allow", "ABCD2345")).out).toBe("Allowed once: make\n");
  expect((await run("approvals", "allow", "ABCD2345", "--always")).out).toBe("Allowed, and remembered on that machine: make\n");
  expect((await run("approvals", "deny", "ABCD2345")).out).toBe("Denied: make\n");
  expect(asked("exec.approval.resolve")).toEqual([
    { id: "ABCD2345", decision: "allow-once" },
    { id: "ABCD2345", decision: "allow-always" },
    { id: "ABCD2345", decision: "deny" },
  ]);
});

it("fails with what was decided when somebody was faster", async () => {
  const message = "It is too late: the question was denied by Ada on Telegram.";
  server.answer("exec.approval.resolve", () => ({ ok: false, error: { code: "CONFLICT", message } }));
  const { code, err } = await run("approvals", "allow", "ABCD2345");
  expect(code).toBe(1);
  expect(err).toContain(message);
});
