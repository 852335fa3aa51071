// The pulse of a connection, with a clock of its own: when a silent one is asked, and when it counts as lost.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Pulse } from "../../src/client/pulse.ts";

const TICK_MS = 30_000;
let asked: number;
let lost: number;
let isWatched: boolean;
let isAnswering: boolean;
let pulse: Pulse;

beforeEach(() => {
  vi.useFakeTimers();
  [asked, lost, isWatched, isAnswering] = [0, 0, true, true];
  pulse = new Pulse({
    tickMs: TICK_MS,
    isWatched: () => isWatched,
    ask: () => {
      asked++;
      if (isAnswering) setTimeout(() => pulse.noteHeard(), 20);
    },
    lose: () => {
      lost++;
    },
  });
});
afterEach(() => {
  pulse.stop();
  vi.useRealTimers();
});

describe("a silent connection", () => {
  it("is asked within seconds while something goes on, and is lost within ten when it does not answer", () => {
    isAnswering = false;
    vi.advanceTimersByTime(6_100);
    expect(asked).toBe(1);
    vi.advanceTimersByTime(4_000);
    expect(lost).toBe(1);
  });

  it("is lost once, and asked no more", () => {
    isAnswering = false;
    vi.advanceTimersByTime(120_000);
    expect([asked, lost]).toEqual([1, 1]);
  });

  it("is asked ever so often as long as it answers, less often when nothing goes on", () => {
    vi.advanceTimersByTime(60_000);
    const busy = asked;
    vi.advanceTimersByTime(60_000);
    expect(busy).toBeGreaterThanOrEqual(10);
    expect(asked - busy).toBeLessThanOrEqual(5);
    expect(lost).toBe(0);
  });

  it("is not asked while nobody looks and ticks come", () => {
    isWatched = false;
    const ticks = setInterval(() => pulse.noteHeard(), TICK_MS);
    vi.advanceTimersByTime(300_000);
    clearInterval(ticks);
    expect(asked).toBe(0);
  });
});

describe("after a sleep", () => {
  it("it is asked with the first beat, though something was heard just before", () => {
    vi.advanceTimersByTime(1_900);
    pulse.noteHeard();
    vi.setSystemTime(Date.now() + 3_600_000);
    vi.advanceTimersByTime(200);
    expect(asked).toBe(1);
    expect(lost).toBe(0);
  });

  it("that came between question and answer it is asked anew instead of given up", () => {
    isAnswering = false;
    pulse.check();
    vi.setSystemTime(Date.now() + 3_600_000);
    isAnswering = true;
    vi.advanceTimersByTime(12_000);
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(lost).toBe(0);
  });
});
