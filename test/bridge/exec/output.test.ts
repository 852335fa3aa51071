// What processes of an earlier bridge wrote may be a gigabyte in all: a bridge that begins reads of it what somebody asks for.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Output } from "../../../src/bridge/exec/output.ts";

const MB = 1024 * 1024;
const IO = "/proc/self/io";
let dir = "";
let path = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "skerry-output-"));
  path = join(dir, "out");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Bytes that this process has read, as the system counts them. */
function bytesRead(): number {
  return Number(/rchar: (\d+)/.exec(readFileSync(IO, "utf8"))?.[1]);
}

it.skipIf(!existsSync(IO))("is not read to know that it is there, and for its last words only its end", () => {
  const line = `${"x".repeat(1023)}\n`;
  writeFileSync(path, line.repeat(20 * 1024));
  writeFileSync(`${path}.1`, `${line.repeat(10 * 1024)}the end`);
  const before = bytesRead();
  const output = Output.open(path);
  expect([output.bytes, output.keptBytes]).toEqual([30 * MB + 7, 30 * MB + 7]);
  expect(output.tail(7)).toBe("the end");
  expect(bytesRead() - before).toBeLessThan(MB);
  expect(output.log(-1, 10)).toEqual({ text: "the end", from: 30 * 1024, totalLines: 30 * 1024 + 1, totalBytes: 30 * MB + 7 });
});

it("is counted over its pieces as it was while it was written, with what was left out", () => {
  const output = Output.create(path);
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 80; count++) output.add(Buffer.from(line.repeat(1024)));
  output.add(Buffer.from("the end"));
  const asked = [
    [0, 1],
    [-2, 5],
    [70 * 1024, 1],
    [40 * 1024, 20_000],
  ] as const;
  const live = asked.map(([from, count]) => output.log(from, count));
  output.close();
  const again = Output.open(path);
  expect(asked.map(([from, count]) => again.log(from, count))).toEqual(
    live.map((part) => ({ ...part, totalBytes: again.bytes })),
  );
  expect(again.tail(7)).toBe("the end");
});

it("that is gone meanwhile is empty, and no failure", () => {
  writeFileSync(path, "a\nb\n");
  const output = Output.open(path);
  rmSync(path);
  expect(output.tail()).toBe("");
  expect(output.log(0, 10)).toMatchObject({ text: "", totalLines: 0 });
});
