import { describe, expect, test } from "vitest";
import { NO_SPEND } from "../../../src/contract/entry.ts";
import { findBreach, MAX_ATTEMPTS } from "../../../src/durable/agent/breakers.ts";
import { commands, parseCommand } from "../../../src/durable/agent/commands.ts";
import { buildSystemPrompt, formatNow } from "../../../src/durable/agent/prompt.ts";

const calm = { attempts: 0, steps: 1, wakesThisHour: 1, spend: NO_SPEND, startedAt: 0 };

describe("breakers", () => {
  test("let a calm turn go on", () => {
    expect(findBreach(calm, {}, 1000)).toBeUndefined();
  });

  test.each([
    ["attempts without progress", { attempts: MAX_ATTEMPTS }, {}, "cut off each time"],
    ["too many steps", { steps: 200 }, {}, "200 steps"],
    ["too many wakes", { wakesThisHour: 240 }, {}, "too often"],
    ["the turn's budget", { spend: { ...NO_SPEND, costUsd: 2 } }, { perTurnUsd: 1.5 }, "$1.50"],
    [
      "the turn's budget at an unknown price",
      { spend: { input: 400_000, output: 10_000, cacheRead: 0, cacheWrite: 0 } },
      { perTurnUsd: 1.5 },
      "$1.50",
    ],
    ["the day's budget", { spend: { ...NO_SPEND, costUsd: 0 } }, { leftTodayUsd: 0 }, "Today's budget"],
    ["the time limit", { timeoutMs: 500 }, {}, "time limit"],
  ])("park at %s and say why", (_name, change, budget, said) => {
    expect(findBreach({ ...calm, ...change }, budget, 1000)).toContain(said);
  });
});

describe("slash commands", () => {
  test.each([
    ["/status", { name: "status", args: "" }],
    ["  /Model anthropic/claude-opus-4-6 ", { name: "model", args: "anthropic/claude-opus-4-6" }],
    ["/new what about\nlunch?", { name: "new", args: "what about\nlunch?" }],
    ["/stop@skerry_bot", { name: "stop", args: "" }],
  ])("%j is a command", (text, command) => {
    expect(parseCommand(text)).toEqual(command);
  });

  test.each(["/etc/passwd is what?", "/unknown", "please /stop", "", "/"])("%j is ordinary text", (text) => {
    expect(parseCommand(text)).toBeUndefined();
  });

  test("each has a line of help and an example that parses to itself", () => {
    for (const command of commands) {
      expect(command.description.length).toBeGreaterThan(5);
      expect(parseCommand(command.example)?.name).toBe(command.name);
    }
  });
});

describe("the system prompt", () => {
  const bootstrap = {
    fingerprint: "f",
    files: [
      { name: "SOUL.md", text: "Be kind.", isMissing: false },
      { name: "USER.md", text: "", isMissing: true },
    ],
    skills: [
      { name: "weather", description: "Forecasts", path: "skills/weather/SKILL.md", source: "bundled" as const, isEnabled: true },
      { name: "secret", description: "Hidden", path: "skills/secret/SKILL.md", source: "bundled" as const, isEnabled: false },
    ],
    isFirstRun: false,
  };
  const facts = {
    agentName: "Skerry",
    sessionKey: "agent:main:main",
    channel: "webchat",
    timeZone: "Europe/Berlin",
    now: Date.UTC(2026, 10, 22, 12),
    toolNames: ["read"],
  };

  test("has the files and offered skills in the stable part and the clock behind the boundary", () => {
    const prompt = buildSystemPrompt(bootstrap, facts);
    expect(prompt.stable).toContain("# SOUL.md\nBe kind.");
    expect(prompt.stable).toContain("- weather: Forecasts");
    expect(prompt.stable).not.toContain("Hidden");
    expect(prompt.stable).not.toContain("2026");
    expect(prompt.volatile).toContain("Sunday, 22 November 2026 (Europe/Berlin)");
    expect(prompt.volatile).not.toContain("13:00");
  });

  test("stays the same from one minute to the next, so that it can be cached", () => {
    const later = buildSystemPrompt(bootstrap, { ...facts, now: facts.now + 60_000 });
    expect(later).toEqual(buildSystemPrompt(bootstrap, facts));
  });

  test("tells the time in the owner's zone", () => {
    expect(formatNow(facts.now, "Europe/Berlin")).toBe("Sunday, 22 November 2026, 13:00");
  });
});
