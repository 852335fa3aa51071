// The command line as a person and a script meet it: real processes against a scripted Gateway.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { homeOf, runCli } from "../../support/cli.ts";
import { GatewayServer } from "../../support/gateway-server.ts";

const KEY = "agent:main:main";
const dir = mkdtempSync(join(tmpdir(), "skerry-cli-"));
let server: GatewayServer;

beforeEach(async () => {
  server = await GatewayServer.start();
});
afterEach(() => server.stop());
afterAll(() => rmSync(dir, { recursive: true, force: true }));

function run(args: string[], input = "", env: Record<string, string> = {}) {
  const home = homeOf(dir, server.port);
  return runCli(args, { ...home, env: { ...home.env, ...env }, input });
}

const chat = (runId: string, state: string, more: object = {}) => server.tell("chat", { sessionKey: KEY, runId, state, ...more });
const message = (text: string) => ({ role: "assistant", content: [{ type: "text", text }] });

/** Answers every message by a short turn with one call. */
function answerMessages(): void {
  server.answer("chat.send", (frame) => {
    const runId = String(frame.params["idempotencyKey"]);
    setTimeout(() => {
      const tool = { phase: "start", name: "read", toolCallId: "c1", args: {}, title: "Read USER.md" };
      chat(runId, "delta", { step: 1, offset: 0, deltaText: "Let me look." });
      server.tell("agent", { sessionKey: KEY, runId, stream: "tool", data: tool, ts: 1000 });
      const ended = { ...tool, phase: "result", outcome: "done", result: { content: [] } };
      server.tell("agent", { sessionKey: KEY, runId, stream: "tool", data: ended, ts: 1400 });
      chat(runId, "delta", { step: 2, offset: 0, deltaText: "You are Ada." });
      chat(runId, "final", { message: message("You are Ada."), usage: { input: 3, output: 4 } });
    }, 20);
    return { ok: true, payload: { runId, status: "started" } };
  });
}

const said = () =>
  server.requests.filter((request) => request.method === "chat.send").map((request) => request.params["message"]);

describe("skerry chat, once", () => {
  it("writes the answer alone to the standard output, and calls beside it", async () => {
    answerMessages();
    const ran = run(["chat", "who", "am", "I?"]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toBe("You are Ada.\n");
    expect(ran.err()).toBe("  · Read USER.md\n  ✓ Read USER.md (0.4 s)\n");
    expect(said()).toEqual(["who am I?"]);
  });

  it("takes what is piped in as the message, or as what stands behind the question", async () => {
    answerMessages();
    expect(await run(["chat"], "from a pipe\n").code).toBe(0);
    expect(await run(["chat", "summarise:"], "a long text\n").code).toBe(0);
    expect(said()).toEqual(["from a pipe", "summarise:\n\na long text"]);
  });

  it("answers with one line of JSON when asked to", async () => {
    answerMessages();
    const ran = run(["--json", "chat", "--session", "work", "hi"]);
    server.answer("chat.send", (frame) => {
      const runId = String(frame.params["idempotencyKey"]);
      setTimeout(
        () =>
          server.tell("chat", {
            sessionKey: "agent:main:work",
            runId,
            state: "final",
            message: message("Hello."),
            usage: { input: 3 },
          }),
        10,
      );
      return { ok: true, payload: { runId, status: "started" } };
    });
    expect(await ran.code).toBe(0);
    expect(JSON.parse(ran.out())).toMatchObject({
      sessionKey: "agent:main:work",
      status: "done",
      text: "Hello.",
      usage: { input: 3 },
    });
    expect(ran.err()).toBe("");
  });

  it("passes commands through and prints their reply", async () => {
    server.answer("chat.send", () => ({ ok: true, payload: { runId: "r", status: "started", reply: "Model: demo" } }));
    const ran = run(["chat", "/model"]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toBe("Model: demo\n");
  });

  it("fails with the turn's own sentence and code 1", async () => {
    server.answer("chat.send", (frame) => {
      const runId = String(frame.params["idempotencyKey"]);
      setTimeout(() => chat(runId, "error", { errorMessage: "The model is overloaded; try again." }), 10);
      return { ok: true, payload: { runId, status: "started" } };
    });
    const ran = run(["chat", "hi"]);
    expect(await ran.code).toBe(1);
    expect(ran.out()).toBe("");
    expect(ran.err()).toBe("The model is overloaded; try again.\n");
  });

  it("outlasts a broken connection: sends again, and finds the answer in the history", async () => {
    let runId = "";
    server.answer("chat.send", (frame) => {
      runId = String(frame.params["idempotencyKey"]);
      setTimeout(() => server.cut(), 20);
      return { ok: true, payload: { runId, status: "started" } };
    });
    server.answer("chat.history", () => ({
      ok: true,
      payload: {
        sessionKey: KEY,
        messages: [
          { role: "user", content: "hi", __openclaw: { id: "e1", seq: 1, runId } },
          { ...message("The whole answer."), __openclaw: { id: "e2", seq: 2, kind: "assistant", step: 1 } },
        ],
      },
    }));
    const ran = run(["chat", "hi"]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toBe("The whole answer.\n");
    expect(ran.err()).toBe("Connection lost; trying again.\nConnected again.\n");
  });

  it("stops the turn at Ctrl-C, and leaves at the second", async () => {
    server.answer("chat.send", (frame) => ({ ok: true, payload: { runId: frame.params["idempotencyKey"], status: "started" } }));
    server.answer("chat.abort", () => ({ ok: true, payload: { ok: true } }));
    const ran = run(["chat", "a long task"]);
    await vi.waitFor(() => expect(said()).toHaveLength(1), { timeout: 8000 });
    await new Promise((done) => setTimeout(done, 100));
    ran.child.kill("SIGINT");
    await vi.waitFor(() => expect(server.methods()).toContain("chat.abort"), { timeout: 3000 });
    ran.child.kill("SIGINT");
    expect(await ran.code).toBe(130);
  });
});

describe("skerry status and open", () => {
  it("show how Skerry is", async () => {
    server.answer("status", () => ({
      ok: true,
      payload: {
        version: "1.2.3",
        uptimeMs: 7_200_000,
        model: { ref: "demo/demo", why: "no key is set", advice: "Set ANTHROPIC_API_KEY." },
        channels: [
          { channel: "slack", label: "Slack", accountId: "default", isWell: true, said: "works" },
          { channel: "slack", label: "Slack", accountId: "work", isWell: false, said: "Slack no longer takes this bot token." },
        ],
        sessions: { count: 1, recent: [{ key: KEY, updatedAt: Date.now() - 5000, displayName: "Boats\u001b[2J" }] },
      },
    }));
    const ran = run(["status"]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toContain(`Skerry   1.2.3 at http://127.0.0.1:${server.port}`);
    expect(ran.out()).toContain("Awake    2 h");
    expect(ran.out()).toContain("Model    demo/demo (no key is set)\n         Set ANTHROPIC_API_KEY.");
    expect(ran.out()).toContain("Channels\n  ✓ Slack · works\n  ✗ Slack (work) · Slack no longer takes this bot token.\n");
    expect(ran.out()).toContain(`${KEY} · 5 s ago · Boats`);
    const json = run(["status", "--json"]);
    expect(await json.code).toBe(0);
    expect(JSON.parse(json.out())).toMatchObject({ version: "1.2.3", url: `http://127.0.0.1:${server.port}` });
  });

  it("a channel in trouble is a finding of the doctor", async () => {
    const channels = [{ channel: "sms", label: "SMS", accountId: "default", isWell: false, said: "needs TWILIO_AUTH_TOKEN" }];
    server.answer("status", () => ({ ok: true, payload: { version: "1.2.3", model: { ref: "demo/demo" }, channels } }));
    server.answer("config.get", () => ({ ok: true, payload: { valid: true, hash: "h" } }));
    const ran = run(["doctor"]);
    expect(await ran.code).toBe(1);
    expect(ran.out()).toContain("✗ SMS: needs TWILIO_AUTH_TOKEN");
  });

  it("print a login link at the address that was asked", async () => {
    server.answer("auth.link", () => ({ ok: true, payload: { code: "abc", path: "/#code=abc", expiresAt: 1 } }));
    const ran = run(["open"]);
    expect(await ran.code).toBe(0);
    expect(ran.out()).toBe(`http://127.0.0.1:${server.port}/#code=abc\n`);
  });
});

describe("errors", () => {
  it("say in one sentence that nobody answers, with code 3", async () => {
    const ran = run(["status"], "", { SKERRY_URL: "http://127.0.0.1:1" });
    expect(await ran.code).toBe(3);
    expect(ran.err()).toMatch(/^Skerry cannot be reached\..*npm start starts it\.\n$/);
  });

  it("say that the token is wrong or missing, with code 4", async () => {
    const wrong = run(["status"], "", { SKERRY_TOKEN: "wrong" });
    expect(await wrong.code).toBe(4);
    expect(wrong.err()).toContain("Check --token or SKERRY_TOKEN.");
    const none = run(["status", "--url", "https://skerry.example"], "", { SKERRY_TOKEN: "" });
    expect(await none.code).toBe(4);
    expect(none.err()).toContain("A token is needed to speak to https://skerry.example.");
  });

  it("answer wrong use with code 2 and where help is", async () => {
    for (const args of [["bogus"], ["chat"], ["status", "--nope"], ["chat", "--session", "agent:", "hi"]]) {
      const ran = run(args);
      expect([args, await ran.code]).toEqual([args, 2]);
      expect(ran.err()).not.toContain("    at ");
    }
    const help = run(["--help"]);
    expect(await help.code).toBe(0);
    for (const command of ["chat", "status", "open", "start"]) expect(help.out()).toContain(command);
  });
});
