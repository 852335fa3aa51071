// What becomes of paths: one canonical spelling, or a refusal; nothing leaves the workspace.
import fc from "fast-check";
import { expect, test } from "vitest";
import { GatewayError } from "../../../src/contract/errors.ts";
import { ancestorsOf, isWithin, normalizePath, parentOf } from "../../../src/durable/workspace/paths.ts";

function tryPath(path: string): string | undefined {
  try {
    return normalizePath(path);
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
}

test.each([
  ["notes/today.md", "notes/today.md"],
  ["./notes//today.md", "notes/today.md"],
  ["notes/", "notes"],
  ["", ""],
  [".", ""],
  ["/", ""],
  ["/workspace", ""],
  ["/workspace/SOUL.md", "SOUL.md"],
  ["e\u0301t\u00e9.md", "\u00e9t\u00e9.md"],
  [".hidden/..rc", ".hidden/..rc"],
])("%j is %j", (path, canonical) => {
  expect(normalizePath(path)).toBe(canonical);
});

test.each([
  ["..", "top of the workspace"],
  ["a/../b", "top of the workspace"],
  ["/workspace/../etc/passwd", "top of the workspace"],
  ["/etc/passwd", "outside of the workspace"],
  ["/workspaces/a", "outside of the workspace"],
  ["notes\\today.md", "backslash"],
  ["a\0b", "invisible"],
  ["a\nb", "invisible"],
  ["invoice\u202Efdp.exe", "invisible"],
  ["\uD83D", "invisible"],
  ["x".repeat(201), "too long"],
  ["d/".repeat(25), "too long"],
  ["abcdefgh/".repeat(20).repeat(4), "too long"],
])("%j is refused", (path, reason) => {
  expect(() => normalizePath(path)).toThrow(reason);
});

test("whatever is accepted is canonical: no empty, '.' or '..' name, no leading slash, unchanged by a second pass", () => {
  const piece = fc.oneof(
    fc.constantFrom("..", ".", "", "/", "workspace", "~", "%2e%2e", "\\", "a", "é"),
    fc.string({ unit: "binary" }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, isAbsolute) => {
      const path = tryPath((isAbsolute ? "/" : "") + pieces.join("/"));
      if (path === undefined || path === "") return;
      expect(path.split("/").filter((name) => name === "" || name === "." || name === "..")).toEqual([]);
      expect(normalizePath(path)).toBe(path);
      expect(new TextEncoder().encode(path).byteLength).toBeLessThanOrEqual(512);
    }),
    { numRuns: 2000 },
  );
});

test("a path lies within its parent and all its ancestors, and not within a sibling that begins alike", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{1,5}$/), { minLength: 2, maxLength: 6 }), (names) => {
      const path = names.join("/");
      for (const folder of ["", parentOf(path), ...ancestorsOf(path)]) expect(isWithin(path, folder)).toBe(true);
      expect(isWithin(`${parentOf(path)}x/y`, parentOf(path))).toBe(false);
      expect(ancestorsOf(path).at(-1)).toBe(parentOf(path));
    }),
  );
});
