// Small parts of the page's state: the address, commands, usage, times, titles.
import { describe, expect, it } from "vitest";
import { titleCall } from "../../src/web/state/call-title.ts";
import { commandWord, matchCommands } from "../../src/web/state/command-match.ts";
import { readRoute, writeRoute } from "../../src/web/state/route.ts";
import { titleOf } from "../../src/web/state/session-list.ts";
import { dayOf, describeDuration, learnClock, timeOf } from "../../src/web/state/times.ts";
import { describeUsage, groupDigits, readUsage, sumUsage } from "../../src/web/state/usage.ts";

describe("the address", () => {
  it.each(["agent:main:main", "agent:main:telegram:dm:42", "agent:main:a/b c?#%", "agent:main:шхера"])(
    "leads back to %s",
    (key) => {
      expect(readRoute(writeRoute({ room: "chat", rest: key }))).toEqual({ room: "chat", rest: key });
    },
  );

  it.each(["", "#", "#/nowhere/x", "#code=abc", "#/chat/%E0%A4%A"])("leads to the chat from %j", (hash) => {
    expect(readRoute(hash).room).toBe("chat");
  });
});

describe("slash commands", () => {
  const commands = ["new", "model", "models", "stop"].map((name) => ({ name, description: name, acceptsArgs: false }));

  it("are offered while their word is typed, and not in the middle of a text", () => {
    expect(commandWord("/")).toBe("");
    expect(commandWord("/Mo")).toBe("mo");
    expect(commandWord("/model x")).toBeUndefined();
    expect(commandWord("and/or")).toBeUndefined();
    expect(commandWord("/etc/hosts")).toBeUndefined();
  });

  it("come first when they begin with what was typed", () => {
    expect(matchCommands(commands, "mo").map(({ name }) => name)).toEqual(["model", "models"]);
    expect(matchCommands(commands, "od").map(({ name }) => name)).toEqual(["model", "models"]);
    expect(matchCommands(commands, "zz")).toEqual([]);
  });
});

describe("usage", () => {
  it("adds the steps of a turn, and an unknown price makes the sum unknown", () => {
    const first = readUsage({ input: 10, output: 2, cacheRead: 5, cacheWrite: 1, cost: { total: 0.01 } });
    const second = readUsage({ input: 1, output: 1 });
    expect(first).toEqual({ input: 16, output: 2, costUsd: 0.01 });
    expect(sumUsage(first, second ?? { input: 0, output: 0, costUsd: 0 })).toEqual({ input: 17, output: 3, costUsd: undefined });
  });

  it("is said in few words", () => {
    expect(describeUsage({ input: 1234, output: 5, costUsd: 0.0042 })).toBe("1,234 in, 5 out, $0.0042");
    expect(describeUsage({ input: 45_678, output: 5, costUsd: undefined })).toBe("45.7k in, 5 out");
  });

  it("survives nonsense", () => {
    expect(readUsage({ input: "many", output: null, cost: 7 })).toEqual({ input: 0, output: 0, costUsd: undefined });
  });
});

describe("times and titles", () => {
  it("sort sessions by day", () => {
    const now = new Date(2026, 4, 20, 12);
    const at = (days: number) => now.getTime() - days * 86_400_000;
    expect([0, 1, 3, 40].map((days) => dayOf(at(days), now))).toEqual(["Today", "Yesterday", "Earlier this week", "April 2026"]);
  });

  it("say the weekday of this week, and the day of what is older", () => {
    const now = new Date(2026, 4, 20, 12);
    expect(timeOf(new Date(2026, 4, 16, 9).getTime(), now)).toBe("Sat");
    expect(timeOf(new Date(2026, 4, 3, 9).getTime(), now)).toBe("May 3");
  });

  it.each(["en-US", "en-GB", "de-DE", "fr-FR", "ja-JP", "ko-KR", "ar-EG", "hi-IN", "fi-FI", "es-MX", "bg-BG"])(
    "are written as the browser writes them in %s, at every minute of a day",
    (language) => {
      const format = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
      const ask = (at: Date) => format.format(at);
      const write = learnClock(ask(new Date(2024, 0, 5, 5, 7)), ask(new Date(2024, 0, 5, 17, 7)), ask);
      for (let minute = 0; minute < 1_440; minute++) {
        const at = new Date(2026, 10, 3, 0, minute);
        expect(write(at)).toBe(ask(at));
      }
    },
  );

  it("group the digits of large numbers", () => {
    expect([0, 999, 1_000, 12_345, 1_234_567].map(groupDigits)).toEqual(["0", "999", "1,000", "12,345", "1,234,567"]);
  });

  it("say how long something took", () => {
    expect([4, 312, 4_200, 59_000, 61_000].map(describeDuration)).toEqual(["4 ms", "310 ms", "4.2 s", "59 s", "1 min 1 s"]);
  });

  it("name a call by what it does", () => {
    expect(titleCall("read", { path: "SOUL.md" })).toBe("Read SOUL.md");
    expect(titleCall("ls", {})).toBe("List the workspace");
    expect(titleCall("session_status", {})).toBe("Session status");
    expect(titleCall("exec", { command: `echo ${"x".repeat(200)}` })).toHaveLength(91);
    expect(titleCall("constructor", { path: 7 })).toBe("Constructor");
  });

  it("name a session by its label, its first words, or its key", () => {
    expect(titleOf({ key: "k", label: "Tides" }, "k")).toBe("Tides");
    expect(titleOf(undefined, "agent:main:main")).toBe("Main");
    expect(titleOf(undefined, "agent:main:web-1a2b")).toBe("New session");
    expect(titleOf(undefined, "agent:main:telegram:dm:42")).toBe("telegram:dm:42");
  });
});
