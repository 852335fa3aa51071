// What was allowed for always and counts: not where what it would run can be changed without a question.
import { expect, it } from "vitest";
import { keepTrusted } from "../../../src/bridge/exec/trust.ts";

const OPEN = "/home/me/Skerry";
const options = {
  writableFiles: ["/home/you/other/Makefile"],
  expose: async (path: string) => ({
    real: path,
    isOpen: `${path}/`.startsWith(`${OPEN}/`),
    holdsOpen: `${OPEN}/`.startsWith(path === "/" ? "/" : `${path}/`),
  }),
};
const isTrusted = async (path: string, workdir: string, ...args: string[]) =>
  (await keepTrusted([{ path, args, isExact: true, workdir }], options)).length > 0;

it.each([
  ["/usr/bin/pytest-3", "/home/me"],
  ["/usr/bin/pytest", "/home/me/proj", "../"],
  ["/usr/bin/pytest", "/home/me/proj", "../Skerry/test_a.py::test_b"],
  ["/usr/bin/npm", "/home/me", "--prefix=Skerry/x", "test"],
  ["/usr/bin/npm", "/home/me", "exec", "file:Skerry/x"],
  ["/usr/bin/make", "/home/me", "-fSkerry/Makefile"],
  ["/usr/bin/make", "/srv", "-C", "/home/you/other"],
  ["/usr/bin/make", "/home/you/other"],
  ["/usr/bin/go", "/home/me", "run", "./Skerry/..."],
])("%s in %s with %j %j is not", async (path, workdir, ...args) => {
  expect(await isTrusted(path, workdir, ...args.filter((arg) => arg !== undefined))).toBe(false);
});

it.each([
  ["/usr/bin/pytest", "/home/me/proj", "tests"],
  ["/usr/bin/npm", "/home/me", "test"],
  ["/usr/bin/git", "/home/me/proj", "add", "."],
  ["/usr/bin/rm", "/home/me", "-f", "gone"],
])("%s in %s with %j %j is", async (path, workdir, ...args) => {
  expect(await isTrusted(path, workdir, ...args.filter((arg) => arg !== undefined))).toBe(true);
});

it("a program that may be run anywhere is", async () => {
  expect(await keepTrusted([{ path: "/usr/bin/ls" }], options)).toHaveLength(1);
});
