// The hands, whole: a started Skerry with the bridge inside, a model that calls exec, the owner who is asked over the Gateway,
// real processes on this machine and a real container for a session that is kept in the sandbox.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { DEFAULT_IMAGE } from "../../src/bridge/sandbox/image.ts";
import type { WireMessage } from "../../src/client/frames.ts";
import { imageArchive, skipReason, startEngine, type TestEngine } from "../support/engine.ts";
import type { Script } from "../support/model-server/script.ts";
import { ModelServer } from "../support/model-server/server.ts";
import { type Operator, openOperator, textsOf } from "../support/operator.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

const MAIN = "agent:main:main";
const LONG = { timeout: 15_000, interval: 100 };
const reason = skipReason();

let engine: TestEngine | undefined;
let model: ModelServer;
let skerry: Skerry;
let operator: Operator;
let home: string;

beforeAll(async () => {
  if (reason === undefined) {
    const archive = imageArchive();
    engine = await startEngine();
    await engine.importImage(DEFAULT_IMAGE, archive);
  }
  model = await ModelServer.start();
  home = mkdtempSync(join(tmpdir(), "skerry-hands-"));
  skerry = await startSkerry({
    env: {
      ANTHROPIC_API_KEY: "the-models-key",
      ANTHROPIC_BASE_URL: model.url,
      SKERRY_MODEL: "anthropic/claude-opus-4-6",
      SKERRY_BRIDGE: "on",
      HOME: home,
      ...(engine?.environment["DOCKER_HOST"] === undefined ? {} : { DOCKER_HOST: engine.environment["DOCKER_HOST"] }),
    },
  });
  operator = await openOperator(skerry);
}, 600_000);
afterAll(async () => {
  operator?.close();
  await skerry?.stop();
  await model?.stop();
  await engine?.stop();
  rmSync(home, { recursive: true, force: true });
}, 60_000);
beforeEach(() => model.reset());

interface Machine {
  connected: boolean;
  commands: string[];
  caps: string[];
}
const machines = async () => (await operator.client.request<{ nodes: Machine[] }>("node.list", {})).nodes;

interface Question {
  id: string;
  request: { command: string; sessionKey: string; reason: string };
}
/** Those that wait. */
const questions = () => operator.client.request<Question[]>("exec.approval.list", {});
/** The open question about this command. */
async function question(command: string): Promise<Question> {
  let found: Question | undefined;
  await expect
    .poll(async () => {
      found = (await questions()).find(({ request }) => request.command === command);
      return found !== undefined;
    }, LONG)
    .toBe(true);
  if (!found) throw new Error("There is none.");
  return found;
}
const decide = (id: string, decision: string) => operator.client.request("exec.approval.resolve", { id, decision });

/** Sends a message to which the model answers by these steps, the last of them with words. */
async function begin(key: string, ...steps: Script[]): Promise<string> {
  model.push(...steps);
  return operator.send(key, "do it");
}
const exec = (command: string, more: Record<string, unknown> = {}): Script => ({
  tool: "exec",
  args: { command, host: "home", ...more },
});
/** What the model read as the result of its latest call. */
const read = () => JSON.stringify(model.requests.at(-1)?.body);
const ends = (key: string, id: string): Promise<WireMessage[]> => operator.ended(key, id, 60_000);

describe("the machine beside Skerry", () => {
  test("offers its commands, and a sandbox where there is an engine", async () => {
    await expect.poll(async () => (await machines()).filter(({ connected }) => connected).length, LONG).toBe(1);
    const [machine] = await machines();
    expect(machine?.commands).toEqual(
      expect.arrayContaining(["exec.start", "process.poll", "files.read", "files.give", "sandbox.status"]),
    );
    expect(machine?.caps).toContain("exec");
    expect(machine?.caps.includes("sandbox")).toBe(engine !== undefined);
  });

  test("does what is harmless without a question", async () => {
    const id = await begin(MAIN, exec("echo hello | tr a-z A-Z"), { say: "done" });
    expect(textsOf(await ends(MAIN, id), "assistant").at(-1)).toBe("done");
    expect(read()).toContain("HELLO");
    expect(await questions()).toEqual([]);
  });

  test("asks about anything else, runs it when the owner allows it, and shows its output as it comes", async () => {
    const command = "for i in 1 2 3 4; do echo step $i; sleep 0.6; done; echo made > made.txt";
    operator.frames.length = 0;
    const id = await begin(MAIN, exec(command), { say: "it is made" });
    const asked = await question(command);
    expect(asked.request).toMatchObject({ sessionKey: MAIN, reason: expect.stringContaining("cannot be proved") });
    expect(existsSync(join(home, "made.txt"))).toBe(false);
    await decide(asked.id, "allow-once");
    expect(textsOf(await ends(MAIN, id), "assistant").at(-1)).toBe("it is made");
    expect(readFileSync(join(home, "made.txt"), "utf8")).toBe("made\n");
    expect(read()).toContain("step 4");
    const shown = operator.frames.map((frame) => JSON.stringify(frame)).filter((text) => text.includes("step 1"));
    expect(shown.some((text) => !text.includes("step 4"))).toBe(true);
  });

  test("asks again for the same line: once was once", async () => {
    const command = "for i in 1 2 3 4; do echo step $i; sleep 0.6; done; echo made > made.txt";
    const id = await begin(MAIN, exec(command), { say: "I was told no" });
    await decide((await question(command)).id, "deny");
    await ends(MAIN, id);
    expect(read()).toMatch(/Not run: .* said no/);
  });

  test("does not run what the owner denies", async () => {
    const id = await begin(MAIN, exec("touch denied.txt"), { say: "as you wish" });
    await decide((await question("touch denied.txt")).id, "deny");
    expect(textsOf(await ends(MAIN, id), "assistant").at(-1)).toBe("as you wish");
    expect(read()).toContain("Not run");
    expect(existsSync(join(home, "denied.txt"))).toBe(false);
  });

  test("asks no more about a program that is allowed for always", async () => {
    const first = await begin(MAIN, exec("ls /etc/hostname"), { say: "first" });
    await decide((await question("ls /etc/hostname")).id, "allow-always");
    await ends(MAIN, first);
    expect(read()).toContain("/etc/hostname");
    const second = await begin(MAIN, exec("ls /etc/passwd | wc -l"), { say: "second" });
    expect(textsOf(await ends(MAIN, second), "assistant").at(-1)).toBe("second");
    expect(await questions()).toEqual([]);
  });

  test("gives the command nothing of Skerry's", async () => {
    const id = await begin(MAIN, exec("env"), { say: "looked" });
    await decide((await question("env")).id, "allow-once");
    await ends(MAIN, id);
    expect(read()).toContain("PATH=/usr/local/sbin");
    expect(read()).not.toContain("the-models-key");
    expect(read()).not.toContain(skerry.token);
  });

  test("lets a command go on in the background, to be looked at and ended", async () => {
    const command = "echo began; read line; echo got $line; sleep 300";
    const first = await begin(MAIN, exec(command, { background: true }), { say: "it runs" });
    await decide((await question(command)).id, "allow-once");
    await ends(MAIN, first);
    const [, id = ""] = /Still running as process ([\w.]+)/.exec(read()) ?? [];
    expect(id).not.toBe("");
    const wrote = await begin(MAIN, { tool: "process", args: { action: "write", id, data: "words\n" } }, { say: "wrote" });
    await ends(MAIN, wrote);
    const polled = await begin(MAIN, { tool: "process", args: { action: "poll", id, waitSeconds: 1 } }, { say: "looked" });
    await ends(MAIN, polled);
    expect(read()).toContain("got words");
    const killed = await begin(MAIN, { tool: "process", args: { action: "kill", id } }, { say: "ended" });
    await ends(MAIN, killed);
    expect(read()).toContain("process kill");
  });

  test("wrote down every one of them", () => {
    const db = new DatabaseSync(join(skerry.stateDir, "bridge/exec/exec.db"), { readOnly: true });
    const rows = db.prepare("SELECT command, verdict, approval, exit FROM audit ORDER BY id").all();
    db.close();
    const of = (command: string) => rows.filter((row) => row["command"] === command);
    expect(of("echo hello | tr a-z A-Z")).toMatchObject([
      { verdict: expect.stringMatching(/^ran/), approval: null, exit: "exit 0" },
    ]);
    expect(of("touch denied.txt")).toMatchObject([{ verdict: expect.stringMatching(/^asked/), exit: "not run" }]);
    expect(of("ls /etc/hostname").at(-1)).toMatchObject({ approval: expect.stringContaining("allow-always"), exit: "exit 0" });
  });
});

describe.skipIf(reason !== undefined)("a session that is kept in the sandbox", () => {
  const GUEST = "agent:main:guest";

  test("runs its commands in a container, without a question and without this machine in sight", async () => {
    const command = `id -u; cat /proc/1/comm; ls ${home} 2>&1; echo written > /workspace/x && cat /workspace/x`;
    const id = await begin(GUEST, { tool: "exec", args: { command } }, { say: "done inside" });
    expect(textsOf(await ends(GUEST, id), "assistant").at(-1)).toBe("done inside");
    expect(read()).toContain("written");
    expect(read()).toMatch(/No such file or directory/);
    expect(read()).not.toContain("made.txt");
    expect((await questions()).filter(({ request }) => request.sessionKey === GUEST)).toEqual([]);
  });

  test("may not reach the machine itself", async () => {
    const id = await begin(GUEST, exec("echo out"), { say: "kept in" });
    await ends(GUEST, id);
    expect(read()).toContain("kept in the sandbox");
  });

  test("finds what it left there, and other sessions do not", async () => {
    const id = await begin(GUEST, { tool: "exec", args: { command: "cat /workspace/x" } }, { say: "found" });
    await ends(GUEST, id);
    expect(read()).toContain("written");
    const other = await begin("agent:main:other", { tool: "exec", args: { command: "cat /workspace/x" } }, { say: "not found" });
    await ends("agent:main:other", other);
    expect(read()).toContain("No such file");
  });
});
