// Requests to the browser at the edge do not hang: each has a time, and says what to do when that is over. The platform is scripted.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { reachAddress } from "../../../../src/durable/session/browser/cdp.ts";
import { within } from "../../../../src/durable/session/browser/deadline.ts";
import {
  type BrowserBinding,
  endBrowser,
  type FetchUpgrade,
  reachBrowser,
  startBrowser,
} from "../../../../src/durable/session/browser/edge.ts";

const wish = { idleMs: 120_000, allowedDomains: [] };
let signals: AbortSignal[];

/** Answers nothing, as a platform in trouble; lets go when the signal says so. */
const hanging: FetchUpgrade = (_url, { signal } = {}) =>
  new Promise((_resolve, reject) => {
    if (!signal) return;
    signals.push(signal);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
const binding: BrowserBinding = { fetch: hanging };

beforeEach(() => {
  signals = [];
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("a browser at the edge that does not answer", () => {
  it.each([
    ["to its start", 45_000, () => startBrowser(binding, wish), /did not start within 45 seconds; try again in a minute/],
    ["to a line", 15_000, () => reachBrowser(binding, "id"), /did not answer within 15 seconds; try again in a moment/],
    ["to its end", 15_000, () => endBrowser(binding, "id"), /did not answer in time/],
  ])("%s is given up, with what to do", async (_what, ms, ask, said) => {
    const failure = expect(ask()).rejects.toThrow(said);
    await vi.advanceTimersByTimeAsync(ms - 1);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    await vi.advanceTimersByTimeAsync(1);
    await failure;
  });

  it("is not waited for when the person stops the turn; one that is starting is, since it costs time unseen", async () => {
    const stop = new AbortController();
    const failure = expect(reachBrowser(binding, "id", stop.signal)).rejects.toThrow("stopped");
    stop.abort(new Error("stopped"));
    await failure;
    await expect(reachBrowser(binding, "id", stop.signal)).rejects.toThrow("stopped");
    expect(signals).toHaveLength(1);
  });

  it("is none that is gone: what the platform refuses is no browser any more", async () => {
    const gone: BrowserBinding = { fetch: async () => new Response("no", { status: 404 }) };
    expect(await reachBrowser(gone, "id")).toBeUndefined();
    const broken: BrowserBinding = { fetch: () => Promise.reject(new TypeError("broken")) };
    expect(await reachBrowser(broken, "id")).toBeUndefined();
  });
});

it("a signal is quiet once there is an answer, also when the turn is stopped afterwards", async () => {
  const stop = new AbortController();
  let seen: AbortSignal | undefined;
  const ask = async (signal: AbortSignal) => {
    seen = signal;
    return "here";
  };
  expect(await within(1000, ask, stop.signal)).toBe("here");
  await vi.advanceTimersByTimeAsync(5000);
  stop.abort();
  expect(seen?.aborted).toBe(false);
});

it("an address that does not answer is given up", async () => {
  const failure = expect(reachAddress(hanging, "ws://browser.example/")).rejects.toThrow(
    "Nobody answers at the DevTools address",
  );
  await vi.advanceTimersByTimeAsync(10_000);
  await failure;
});
