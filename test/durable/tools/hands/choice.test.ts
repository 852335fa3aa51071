// What the owner chose, laid over the settings: in full in the owner's own turns, only as a narrowing in all others.
import { expect, test } from "vitest";
import { applyChoice, isLooser } from "../../../../src/durable/tools/hands/choice.ts";
import { makeHands } from "../../../support/hands.ts";

const owner = makeHands();
const guest = makeHands({ isOwner: false, mayElevate: false, isSandboxed: true });

test("the owner's choice counts in a turn that holds the owner's words alone", () => {
  const chosen = applyChoice([owner, owner], { elevation: "full", security: "full", ask: "off", host: "home", home: "nas" });
  expect(chosen).toMatchObject({
    elevation: "full",
    mayElevate: true,
    exec: { security: "full", ask: "off", host: "home", home: "nas" },
  });
});

test.each([
  ["a guest joined", [owner, guest]],
  ["a guest began and the owner joined", [guest, owner]],
  ["a guest spoke alone", [guest]],
] as const)("%s: it is not raised, not freer, and in the sandbox", (_case, briefs) => {
  const [first, ...rest] = briefs;
  expect(applyChoice([first, ...rest], { elevation: "full", security: "full", ask: "off" })).toMatchObject({
    elevation: "off",
    mayElevate: false,
    isOwner: false,
    isSandboxed: true,
    exec: { security: "allowlist", ask: "on-miss" },
  });
});

test("a stricter choice counts in everybody's turns", () => {
  expect(applyChoice([guest], { security: "deny", ask: "always" }).exec).toMatchObject({ security: "deny", ask: "always" });
});

test("what the settings deny stays denied, for the owner too", () => {
  const denied = makeHands({ exec: { ...owner.exec, security: "deny" } });
  expect(applyChoice([denied], { security: "full", elevation: "full" }).exec.security).toBe("deny");
});

test("only what lets more happen is a raise", () => {
  const policy = { security: "allowlist", ask: "on-miss" } as const;
  expect(isLooser({ security: "full" }, policy)).toBe(true);
  expect(isLooser({ ask: "off" }, policy)).toBe(true);
  expect(isLooser({ security: "deny", ask: "always", host: "home" }, policy)).toBe(false);
  expect(isLooser({}, policy)).toBe(false);
});
