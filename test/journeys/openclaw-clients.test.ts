// OpenClaw's own command line and terminal against a started Skerry, unchanged. Where OpenClaw is not installed this
// is skipped, and test/worker/recorded-clients.workers.test.ts stands in for it. OPENCLAW_BIN names its program.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canRun, findOpenClaw } from "../support/openclaw.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const run = promisify(execFile);
const openclaw = findOpenClaw();
const hasTmux = canRun("tmux", ["-V"]);
if (!openclaw) console.log("skipped: OpenClaw is not installed (set OPENCLAW_BIN to its program to run this)");
else if (!hasTmux) console.log("skipped in part: the terminal needs tmux, which is not installed");

describe.skipIf(!openclaw)("OpenClaw's clients", () => {
  const [program = "", ...first] = openclaw ?? [];
  const home = mkdtempSync(join(tmpdir(), "openclaw-home-"));
  const env = { PATH: process.env["PATH"], HOME: home, TERM: "xterm-256color", LANG: "C.UTF-8" };
  let skerry: Skerry;
  let target: string[];

  beforeAll(async () => {
    skerry = await startSkerry();
    target = ["--url", skerry.url.replace(/^http/, "ws"), "--token", skerry.token];
  });
  afterAll(async () => {
    await skerry?.stop();
    rmSync(home, { recursive: true, force: true });
  });

  async function call(method: string, params: object = {}, ...flags: string[]) {
    const args = [...first, "gateway", "call", method, ...target, "--json", "--params", JSON.stringify(params), ...flags];
    const { stdout } = await run(program, args, { env, timeout: 60_000 });
    return JSON.parse(stdout.slice(stdout.indexOf("{")));
  }

  test("the command line asks for health, sends a message and reads the answer in the history", async () => {
    expect(await call("health")).toMatchObject({ ok: true });
    const asked = { message: "what time is it?", sessionKey: "agent:main:cli", idempotencyKey: "cli-1" };
    const answer = await call("agent", asked, "--expect-final");
    expect(answer).toMatchObject({ runId: "cli-1", status: "ok" });
    const said = answer.result.payloads[0].text;
    expect(said).toMatch(/\d\d:\d\d/);
    const { messages } = await call("chat.history", { sessionKey: "agent:main:cli" });
    expect(messages[0]).toMatchObject({ role: "user", content: "what time is it?" });
    expect(messages.at(-1).content).toEqual([{ type: "text", text: said }]);
  });

  test("the command line is refused with a wrong token", async () => {
    const args = [...first, "gateway", "call", "health", "--url", target[1] ?? "", "--token", "wrong", "--json"];
    const failed = await run(program, args, { env, timeout: 60_000 }).catch((error: { stdout: string; stderr: string }) => error);
    expect(`${failed.stdout}${failed.stderr}`).toMatch(/token mismatch/);
  });

  test.skipIf(!hasTmux)("the terminal shows the answer to what is typed, and comes back after a crash", async () => {
    const server = `skerry-${process.pid}`;
    const tmux = async (...args: string[]) => (await run("tmux", ["-L", server, ...args], { env })).stdout;
    const quoted = [program, ...first, "tui", ...target].map((word) => `'${word}'`).join(" ");
    const shows = async (wanted: RegExp) => {
      let screen = "";
      for (const deadline = Date.now() + 40_000; Date.now() < deadline; ) {
        screen = await tmux("capture-pane", "-p", "-t", "main");
        if (wanted.test(screen)) return;
        await new Promise((done) => setTimeout(done, 200));
      }
      throw new Error(`The terminal never showed ${wanted}:\n${screen}`);
    };
    const type = (text: string) => tmux("send-keys", "-t", "main", text, "Enter");

    await tmux("new-session", "-d", "-s", "main", "-x", "140", "-y", "50", quoted);
    try {
      await shows(/connected \| idle/);
      await type("run echo sum $((40+2))");
      await shows(/sum 42/);
      await type("/status");
      await shows(/demo\/demo/);

      const { stateDir, port, token } = skerry;
      await skerry.kill();
      skerry = await startSkerry({ stateDir, port, env: { SKERRY_TOKEN: token } });
      await shows(/reconnected/);
      await type("what time is it?");
      await shows(/It is .*\d\d:\d\d/);
    } finally {
      await tmux("kill-server").catch(() => "");
    }
  });
});
