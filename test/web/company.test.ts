// Who else is here and who writes: told only to somebody, repeated while it goes on, forgotten when it stops.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClientState } from "../../src/client/gateway-client.ts";
import { Company } from "../../src/web/talk/company.ts";

const someone = (instanceId: string, change: object = {}) => ({
  instanceId,
  host: "WebChat",
  mode: "webchat",
  reason: "connect",
  ...change,
});
let asked: unknown[];
let company: Company;
const line = {
  state: { phase: "ready" } as ClientState,
  request: async <T>(_method: string, params: unknown): Promise<T> => {
    asked.push(params);
    return {} as T;
  },
};
const writing = (id: string, sessionKey: string, typing: boolean, deviceFamily = "computer") =>
  company.hear({ type: "event", event: "session.typing", payload: { sessionKey, typing, actor: { id, deviceFamily } } });

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  company = new Company(line, "me");
});
afterEach(() => {
  vi.useRealTimers();
});

describe("others", () => {
  it("are all that are connected but this page", () => {
    company.load([someone("me"), someone("other"), someone("gone", { reason: "disconnect" })]);
    expect(company.others.map(({ instanceId }) => instanceId)).toEqual(["other"]);
  });

  it("who write are shown in their session alone, until they stop or say it no more", () => {
    company.load([someone("me"), someone("phone")]);
    writing("phone", "a", true, "phone");
    expect([company.writingIn("a"), company.writingIn("b")]).toEqual(["phone", undefined]);
    writing("phone", "a", false);
    expect(company.writingIn("a")).toBeUndefined();
    writing("phone", "a", true);
    vi.advanceTimersByTime(6_100);
    expect(company.writingIn("a")).toBeUndefined();
  });

  it("who leave write no more", () => {
    company.load([someone("me"), someone("other")]);
    writing("other", "a", true);
    company.load([someone("me")]);
    expect(company.writingIn("a")).toBeUndefined();
  });
});

describe("writing here", () => {
  it("is told to nobody when nobody is there", () => {
    company.load([someone("me")]);
    company.noteWriting("a", true);
    expect(asked).toEqual([]);
  });

  it("is told at once, again every few seconds, and when it ends", () => {
    company.load([someone("me"), someone("other")]);
    for (let key = 0; key < 40; key++) {
      company.noteWriting("a", true);
      vi.advanceTimersByTime(100);
    }
    company.noteWriting("a", false);
    company.noteWriting("a", false);
    expect(asked).toEqual([
      { sessionKey: "a", typing: true },
      { sessionKey: "a", typing: true },
      { sessionKey: "a", typing: false },
    ]);
  });
});
