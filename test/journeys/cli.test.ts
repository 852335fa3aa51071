// The command line's questions and settings against a started Skerry.
import { chmodSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { type Skerry, startSkerry } from "../support/runtime.ts";

let skerry: Skerry;

beforeAll(async () => {
  skerry = await startSkerry();
});
afterAll(() => skerry.stop());

async function run(...args: string[]): Promise<{ out: string; err: string; code: number | null }> {
  const env = { SKERRY_URL: skerry.url, SKERRY_TOKEN: skerry.token, SKERRY_STATE_DIR: skerry.stateDir };
  const ran = runCli(args, { env });
  const code = await ran.code;
  return { out: ran.out(), err: ran.err(), code };
}

describe("skerry", () => {
  test("sessions lists what was talked about, and finds words", async () => {
    await run("chat", "--session", "boats", "list the files");
    await run("chat", "--session", "tea", "what time is it?");
    const all = await run("sessions");
    expect(all.out).toContain("agent:main:boats");
    expect(all.out).toContain("agent:main:tea");
    const found = await run("sessions", "list", "the", "files");
    expect(found.out).toContain("agent:main:boats");
    expect(found.out).not.toContain("agent:main:tea");
    expect(JSON.parse((await run("--json", "sessions")).out)).toHaveLength(2);
  });

  test("models lists those that can be used, and all of them on request", async () => {
    const usable = await run("models");
    expect(usable.out).toContain("demo/demo");
    expect(usable.out).not.toContain("anthropic/claude-opus-4-6");
    expect((await run("models", "--all")).out).toContain("anthropic/claude-opus-4-6");
  });

  test("config sets, gets, removes, and keeps the old document when a value does not fit", async () => {
    expect((await run("config", "set", "agents.defaults.budget.perDayUsd", "3")).out).toContain("is now 3");
    expect((await run("config", "get", "agents.defaults.budget.perDayUsd")).out.trim()).toBe("3");
    const refused = await run("config", "set", "agents.defaults.model", "nonsense");
    expect(refused.code).not.toBe(0);
    expect(refused.err).toContain("agents.defaults.model");
    expect(JSON.parse((await run("--json", "config", "get")).out)).toEqual({
      agents: { defaults: { budget: { perDayUsd: 3 } } },
    });
    expect((await run("config", "set", "agents.defaults.budget", "null")).out).toContain("no longer set");
    expect((await run("config", "get", "agents.defaults.budget")).code).toBe(1);
    expect(JSON.parse((await run("config", "schema", "agents.defaults.budget.perDayUsd")).out)).toMatchObject({ type: "number" });
  });

  test("logs prints lines that a person can read", async () => {
    const { out, code } = await run("logs", "--limit", "20");
    expect(code).toBe(0);
    for (const line of out.trim().split("\n").filter(Boolean))
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT.* (debug|info|warn|error) /);
  });

  test("doctor says that all is well, and what to do when it is not", async () => {
    const well = await run("doctor");
    expect(well.out).toContain("✓ Skerry");
    expect(well.code).toBe(0);
    chmodSync(skerry.stateDir, 0o755);
    const loose = await run("doctor");
    chmodSync(skerry.stateDir, 0o700);
    expect(loose.out).toContain(`chmod 700 ${skerry.stateDir}`);
    expect(loose.code).toBe(1);
  });

  test("every command has a line of help, and the newer ones an example", async () => {
    const { out } = await run("--help");
    for (const command of ["chat", "status", "open", "sessions", "models", "config", "logs", "doctor", "start"])
      expect(out).toContain(command);
    for (const command of [
      ["sessions"],
      ["models"],
      ["config", "get"],
      ["config", "set"],
      ["config", "schema"],
      ["logs"],
      ["doctor"],
    ]) {
      expect((await run(...command, "--help")).out).toContain("Example: skerry");
    }
  });

  test("a number that is none is refused with a sentence", async () => {
    const { err, code } = await run("logs", "--limit", "many");
    expect(err).toContain("1 to 1000");
    expect(code).toBe(2);
  });
});
