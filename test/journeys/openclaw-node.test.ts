// OpenClaw's own node host in the place of our bridge, unchanged: let in by the owner, used by the agent's `exec`, under Skerry's
// policy and its own. Where OpenClaw is not installed this is skipped; test/durable/tools/hands/node-host.test.ts stands in.
import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { MethodName } from "../../src/contract/methods.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { findOpenClaw, type NodeHost, startNodeHost } from "../support/openclaw.ts";
import { type Operator, openOperator, textsOf } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const openclaw = findOpenClaw();
if (!openclaw) console.log("skipped: OpenClaw is not installed (set OPENCLAW_BIN to its program to run this)");

/** It takes long to start where the machine is busy. */
const START_MS = 120_000;
const KEY = "agent:main:main";

interface ListedNode {
  nodeId: string;
  displayName: string;
  connected: boolean;
  commands: string[];
  unapprovedCommands: string[];
}

interface Asked {
  id: string;
  code: string;
  request: { command: string; nodeName: string; cwd: string; reason: string };
}

describe.skipIf(!openclaw)("OpenClaw's node host", { timeout: START_MS }, () => {
  let model: ModelServer;
  let skerry: Skerry;
  let operator: Operator;
  let host: NodeHost;
  let dir: string;

  const request = <T>(method: MethodName, params: object) => operator.client.request<T>(method, params, { timeoutMs: 30_000 });
  const nodes = async () => (await request<{ nodes: ListedNode[] }>("node.list", {})).nodes;
  const asked = async () => (await request<Asked[]>("exec.approval.list", {})).filter((one) => one.request.nodeName === "shed");

  beforeAll(async () => {
    model = await ModelServer.start();
    dir = realpathSync(mkdtempSync(join(tmpdir(), "skerry-shed-")));
    const env = { ANTHROPIC_API_KEY: "test-key", ANTHROPIC_BASE_URL: model.url, SKERRY_MODEL: "anthropic/claude-opus-4-6" };
    skerry = await startSkerry({ env });
    operator = await openOperator(skerry);
    host = startNodeHost(openclaw ?? [], skerry.port, "shed");
  }, START_MS);
  beforeEach(() => model.reset());
  afterAll(async () => {
    await host?.stop();
    operator?.close();
    await skerry?.stop();
    await model?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  /** The model wants one command run there; answers the id of the run. */
  async function begin(command: string, more: object = {}): Promise<string> {
    model.reset();
    model.push({ tool: "exec", args: { command, host: "home", ...more } }, { say: "all done" });
    return operator.send(KEY, "do it");
  }

  /** What the model reads of the command in the end. */
  async function finish(runId: string): Promise<string> {
    expect(textsOf(await operator.ended(KEY, runId, 60_000), "assistant").at(-1)).toBe("all done");
    const results = JSON.stringify(model.requests.at(-1)?.body["messages"]);
    return results.slice(results.lastIndexOf("tool_result"));
  }

  async function answer(decision: "allow-once" | "allow-always" | "deny"): Promise<Asked> {
    await expect.poll(asked, { timeout: 30_000 }).toHaveLength(1);
    const [one] = await asked();
    if (!one) throw new Error("nothing is asked");
    await request("exec.approval.resolve", { id: one.id, decision });
    return one;
  }

  const patch = (exec: object) => request("config.patch", { patch: { tools: { exec } } });

  test("is in by itself once the owner has approved it, with the commands it offers", async () => {
    const pending = async () =>
      (await request<{ pending: { requestId: string; displayName: string; commands: string[] }[] }>("device.pair.list", {}))
        .pending;
    await expect.poll(pending, { timeout: START_MS }).toMatchObject([{ displayName: "shed", role: "node" }]);
    expect(await nodes()).toEqual([]);
    const [wish] = await pending();
    expect(wish?.commands).toEqual(expect.arrayContaining(["system.run", "system.run.prepare", "system.which"]));
    await request("device.pair.approve", { requestId: wish?.requestId });
    await expect
      .poll(nodes, { timeout: 60_000 })
      .toMatchObject([{ displayName: "shed", connected: true, unapprovedCommands: [] }]);
    expect((await nodes())[0]?.commands).toEqual(wish?.commands.toSorted());
  });

  test("answers a screen what does no harm, and is asked for nothing else by one", async () => {
    const invoke = (command: string, params: object) =>
      request<{ payload: unknown }>("node.invoke", { nodeId: "shed", command, params, idempotencyKey: crypto.randomUUID() });
    expect((await invoke("system.which", { bins: ["sh", "no-such-program"] })).payload).toEqual({
      bins: { sh: expect.stringMatching(/\/sh$/) },
    });
    await expect(invoke("system.run", { command: ["/bin/true"] })).rejects.toThrow("agent's tools alone");
    await expect(invoke("file.write", { path: join(dir, "x"), base64: "" })).rejects.toThrow("agent's tools alone");
    await expect(invoke("system.execApprovals.set", { file: {} })).rejects.toThrow("changed at that machine");
    await expect(invoke("mcp.tools.call.v1", {})).rejects.toThrow("gateway.nodes.commands.allow");
  });

  test("runs a command when the owner says so, as it was shown", async () => {
    const runId = await begin("pwd; printf '%s' \"$COLOUR\" > made; cat made; exit 3", {
      workdir: dir,
      env: { COLOUR: "it's red" },
    });
    const one = await answer("allow-once");
    expect(one.request).toMatchObject({ cwd: dir, nodeName: "shed", reason: expect.stringContaining("OpenClaw's node host") });
    expect(one.request.command).toContain("export COLOUR='it'\\''s red'\npwd;");
    const read = await finish(runId);
    expect(read).toContain(`${dir}\\nit's red`);
    expect(read).toContain("[Exit code 3.]");
  });

  test("runs nothing when the owner says no", async () => {
    const runId = await begin(`touch ${dir}/denied`);
    await answer("deny");
    expect(await finish(runId)).toContain("said no");
    expect(existsSync(join(dir, "denied"))).toBe(false);
  });

  test("is not asked for anything where commands are forbidden, or where nobody may be asked", async () => {
    await patch({ security: "deny" });
    expect(await finish(await begin(`touch ${dir}/denied`))).toContain("tools.exec.security is deny");
    await patch({ security: "allowlist", ask: "off" });
    expect(await finish(await begin(`touch ${dir}/denied`))).toContain("keeps no list of ours");
    await patch({ security: null, ask: null });
    expect(existsSync(join(dir, "denied"))).toBe(false);
    expect(await asked()).toEqual([]);
  });

  describe("with full security", () => {
    beforeAll(() => patch({ security: "full", ask: "off" }));
    afterAll(() => patch({ security: null, ask: null }));

    test("runs without a question, also longer than anybody waits in memory, and says what it cannot", async () => {
      const startedAt = Date.now();
      expect(await finish(await begin("echo begun; sleep 21; echo ended"))).toContain("begun\\nended");
      expect(Date.now() - startedAt).toBeGreaterThan(20_000);
      expect(await finish(await begin("sleep 5", { timeoutSeconds: 1 }))).toContain("longer than the 1 seconds");
      expect(await finish(await begin("true", { background: true }))).toContain("leave out background");
      expect(await finish(await begin("true", { workdir: join(dir, "nowhere") }))).toMatch(/does not exist|inaccessible/);
    });

    test("a stop ends the command there", async () => {
      const runId = await begin(`sleep 4; touch ${dir}/late`);
      await model.waitForRequests(1);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await request("chat.abort", { sessionKey: KEY, runId });
      await new Promise((resolve) => setTimeout(resolve, 5000));
      expect(existsSync(join(dir, "late"))).toBe(false);
    });

    test("what the machine's own owner wants to be asked is asked here, and then done as it was bound there", async () => {
      const file = join(dir, "approvals.json");
      writeFileSync(file, JSON.stringify({ version: 1, defaults: { security: "allowlist", ask: "on-miss" }, agents: {} }));
      await host.say("approvals", "set", "--file", file);
      mkdirSync(join(dir, "work"));
      const runId = await begin("touch word", { workdir: join(dir, "work") });
      const one = await answer("allow-once");
      expect(one.request).toMatchObject({ command: "touch word", cwd: join(dir, "work") });
      expect(await finish(runId)).not.toContain("Not run");
      expect(existsSync(join(dir, "work/word"))).toBe(true);

      const refused = await begin("touch never", { workdir: join(dir, "work") });
      await answer("deny");
      expect(await finish(refused)).toContain("said no");
      expect(existsSync(join(dir, "work/never"))).toBe(false);
      // It cannot hold a word to this one, so that none is asked for.
      expect(await finish(await begin(`touch ${dir}/never; ls | cat`))).toContain("cannot safely bind");
      expect(existsSync(join(dir, "never"))).toBe(false);
    });

    test("what the machine's own owner forbids stays forbidden", async () => {
      const file = join(dir, "approvals.json");
      writeFileSync(file, JSON.stringify({ version: 1, defaults: { security: "allowlist", ask: "off" }, agents: {} }));
      await host.say("approvals", "set", "--file", file);
      expect(await finish(await begin(`touch ${dir}/listed`))).toContain("not on the list that shed itself keeps");
      writeFileSync(file, JSON.stringify({ version: 1, defaults: { security: "deny" }, agents: {} }));
      await host.say("approvals", "set", "--file", file);
      expect(await finish(await begin(`touch ${dir}/listed`))).toContain("shed itself denies all commands");
      expect(existsSync(join(dir, "listed"))).toBe(false);
      expect(await asked()).toEqual([]);
    });
  });

  test("is out at once when it is removed", async () => {
    const [node] = await nodes();
    await request("node.pair.remove", { nodeId: node?.nodeId });
    await expect.poll(nodes).toEqual([]);
    // Without any machine the same tool is the shell at the edge, which reaches nothing here.
    await finish(await begin(`touch ${dir}/denied`));
    expect(existsSync(join(dir, "denied"))).toBe(false);
  });
});
