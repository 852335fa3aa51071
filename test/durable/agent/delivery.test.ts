import { describe, expect, test } from "vitest";
import type { DeliveryAct } from "../../../src/contract/channels/delivery.ts";
import { addressKey, afterDelivery, GIVE_UP_MS, isRepeatable } from "../../../src/durable/agent/delivery.ts";

const to = { channel: "telegram", peer: "42" };
const text: DeliveryAct = { type: "text", text: "hi" };
const react: DeliveryAct = { type: "react", message: "1", emoji: null };
const attempt = (act: DeliveryAct, attempts = 1, madeAt = 0) => ({ act, to, attempts, madeAt });

describe("after a delivery", () => {
  test("sent is sent, with the platform's id", () => {
    expect(afterDelivery({ outcome: "sent", platformId: "9" }, attempt(text), "Telegram", 0)).toEqual({
      state: "sent",
      platformId: "9",
    });
  });

  test("a refusal is not repeated, and said", () => {
    const after = afterDelivery({ outcome: "refused", reason: "bot was blocked" }, attempt(text), "Telegram", 0);
    expect(after).toMatchObject({ state: "refused", said: "Telegram did not take a message: bot was blocked." });
  });

  test("nobody answered: later and later, then the pause the platform asks for", () => {
    const at = (attempts: number, retryAfterMs?: number) =>
      afterDelivery(
        { outcome: "unanswered", reason: "down", ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
        attempt(text, attempts),
        "Telegram",
        1000,
      );
    expect([1, 2, 3, 20].map((attempts) => at(attempts))).toEqual(
      [2000, 3000, 5000, 301_000].map((nextAt) => ({ state: "pending", nextAt })),
    );
    expect(at(1, 17_000)).toEqual({ state: "pending", nextAt: 18_000 });
  });

  test("it is given up after an hour, and said; a trifle sooner and in silence", () => {
    const down = { outcome: "unanswered", reason: "down" } as const;
    expect(afterDelivery(down, attempt(text, 12), "Telegram", GIVE_UP_MS)).toMatchObject({
      state: "refused",
      said: expect.stringContaining("for an hour"),
    });
    const trifle = afterDelivery(down, attempt(react, 12), "Telegram", 120_000);
    expect(trifle).toMatchObject({ state: "refused" });
    expect(trifle).not.toHaveProperty("said");
  });

  test("what may have been sent is not repeated, unless twice is the same as once", () => {
    const unknown = { outcome: "unknown", reason: "reset" } as const;
    expect(afterDelivery(unknown, attempt(text), "Telegram", 0)).toMatchObject({
      state: "unknown",
      said: expect.stringContaining("not sent again"),
    });
    expect(afterDelivery(unknown, attempt({ ...text, replaces: "5" }), "Telegram", 0)).toMatchObject({ state: "pending" });
    expect(afterDelivery(unknown, attempt(react), "Telegram", 0)).toMatchObject({ state: "pending" });
    expect(isRepeatable({ type: "draft", text: "x" })).toBe(false);
    expect(isRepeatable({ type: "draft", text: "x", message: "1" })).toBe(true);
  });
});

test("an address is the same whatever its way back is, and another in another thread", () => {
  expect(addressKey({ ...to, route: { token: "a" } })).toBe(addressKey({ ...to, kind: "direct" }));
  expect(addressKey({ ...to, thread: "7" })).not.toBe(addressKey(to));
  expect(addressKey({ ...to, account: "work" })).not.toBe(addressKey(to));
});
